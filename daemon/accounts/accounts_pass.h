/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a pass over the accounts has come, as a state. Pure: it takes an event and says what has
 * to be done. accounts.c does it. */
#pragma once

#include <stdbool.h>

#include "attr.h"

enum accounts_pass_state {
        ACCOUNTS_PASS_IDLE = 0,
        ACCOUNTS_PASS_READING, /* the writer thread reads the files */
        ACCOUNTS_PASS_ASKING,  /* a helper asks directories */
        /* the same, and the writer thread reads the files beside it */
        ACCOUNTS_PASS_ASKING_READING,
        /* the writer thread writes the answers */
        ACCOUNTS_PASS_WRITING,
        ACCOUNTS_PASS_STOPPED,
        _ACCOUNTS_PASS_STATE_MAX,
};

enum accounts_pass_event {
        ACCOUNTS_PASS_CHANGED, /* a file */
        ACCOUNTS_PASS_REFRESH, /* everybody is to be looked at */
        ACCOUNTS_PASS_READ,
        ACCOUNTS_PASS_NOT_READ,  /* the writer thread took no job */
        ACCOUNTS_PASS_ANSWERED,  /* by the helper, or it was given up */
        ACCOUNTS_PASS_NOT_ASKED, /* no helper could be started */
        ACCOUNTS_PASS_WRITTEN,
        ACCOUNTS_PASS_NOT_WRITTEN, /* the writer thread took no job */
        ACCOUNTS_PASS_STOP,
        _ACCOUNTS_PASS_EVENT_MAX,
};

/* What has to be done, the lowest number first. */
enum accounts_pass_act {
        /* drop the list, and tell those who wait for the end of a pass */
        ACCOUNTS_PASS_END = 1,
        ACCOUNTS_PASS_ASK = 2,   /* the next users of the list */
        ACCOUNTS_PASS_WRITE = 4, /* the answers that are in the list */
        ACCOUNTS_PASS_READ_FILES = 8,
        /* the same, and list everybody who is in no file */
        ACCOUNTS_PASS_READ_ALL = 16,
};

/* Zeroed at first. */
struct accounts_pass {
        enum accounts_pass_state state;
        bool changed, everybody; /* what has to be read next */
};

/* The list of the users that directories are asked for. */
struct accounts_pass_list {
        bool left; /* some have not been asked for yet */
        bool any;  /* it is not empty */
};

/**
 * accounts_pass_step(pass, event, list): brings ${pass} to its next state. ${list} is what is on
 * the list after ${event}. Returns what has to be done (enum accounts_pass_act). If that cannot be
 * begun, say so with the event for it.
 */
unsigned accounts_pass_step(struct accounts_pass *pass, enum accounts_pass_event event,
                            struct accounts_pass_list list) _must_check_;
