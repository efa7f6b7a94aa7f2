/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts that are found gone at one look, and those whose passwords are not good any more. When
 * they are many, a file or a directory is at fault until an administrator says that it is meant, so
 * none of their keys end by themselves. */
#pragma once

#include "record.h"
#include "store/store.h"

#define ACCOUNTS_VANISHED_NAMED 5
/* What goes in this time after many did goes with them. */
#define ACCOUNTS_HOLD_S 86400

/* What this process knows of such looks. Zeroed at first. The writer thread's. */
struct accounts_holds {
        /* it has had a whole look at the files, and at the answers of directories */
        bool files, directories;
        /* clock_ticks() when many were last found, accounts and passwords; 0: never */
        uint64_t at[2];
};

/* Zeroed at first, but for ${passwords}. */
struct accounts_vanished {
        bool passwords; /* the accounts are there */
        size_t n;       /* that live keys depend on */
        bool others;    /* some are held already */
        char names[ACCOUNTS_VANISHED_NAMED * (2 * WIRE_USER_MAX + 4)];
};

/**
 * accounts_vanished_add(vanished, writer, name): the account ${name}, or its password, is gone. It
 * counts when live keys depend on it. Returns 0, or an error of the store.
 */
int accounts_vanished_add(struct accounts_vanished *vanished, struct store *writer,
                          const char *name) _must_check_;

/**
 * accounts_vanished_all(vanished, writer, holds, first):
 * All were counted. While some are held already, one more is too many within ${ACCOUNTS_HOLD_S},
 * and at the ${first} look of a process, from which that time counts anew: the process before may
 * have held the others a moment ago, or was killed meanwhile. Later, those that are held wait for
 * an administrator by themselves. Without ${holds}, which may be NULL, every look is such a first
 * one. 0, or an error of the store.
 */
int accounts_vanished_all(struct accounts_vanished *vanished, struct store *writer,
                          struct accounts_holds *holds, bool first) _must_check_;

/**
 * accounts_vanished_many(vanished): whether these are too many. All that this look finds gone are
 * held then. Know it before the first of them is written, so that no end of this process leaves
 * some that are not held.
 */
bool accounts_vanished_many(const struct accounts_vanished *vanished);

/**
 * accounts_vanished_say(vanished): the log says so when they are many.
 */
void accounts_vanished_say(const struct accounts_vanished *vanished);
