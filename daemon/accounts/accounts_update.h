/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store knows of the keys' users is compared with what the files of this host and the
 * directories say, and what follows is done to their keys. On the writer thread; asks nobody. */
#pragma once

#include "accounts/accounts_directory.h"
#include "store/store.h"

/* Where the accounts of this host are, and which group administers; (gid_t) -1: none. */
struct accounts_source {
        const char *etc;
        gid_t admin_group;
};

/* Those whom the files do not settle. */
struct accounts_update {
        const char *etc;
        gid_t admin_group; /* (gid_t) -1: none */
        /* look for users of whom nothing is known, too */
        bool newcomers;
        /* the same, and ask for all that are in no file */
        bool everybody;
        bool changed; /* what a verification looks at */
        /* nothing is known yet of some who are to be asked for */
        bool unknown;
        size_t n, room;
        /* owned; ACCOUNT_UNKNOWN as long as there is no answer */
        struct accounts_directory_answer *asked;
};

/**
 * accounts_update_read(facts, writer):
 * Reads the files, writes what is new, and gathers in ${facts} whom to ask. Returns 0; a negative
 * errno when something could not be read or written: that is logged, and all stays as it was.
 */
int accounts_update_read(struct accounts_update *facts, struct store *writer);

/**
 * accounts_update_look(writer, source):
 * Reads the files and looks for users of whom nothing is known, and asks nobody. To be called
 * before anybody may log in: when the daemon starts, so that no login is decided by what was true
 * when the last daemon ended, and when keys of others have come, before that is acknowledged.
 * Returns 1 when a directory has still to be asked for somebody of whom nothing was known; 0; a
 * negative errno as above.
 */
int accounts_update_look(struct store *writer, const struct accounts_source *source);

/**
 * accounts_update_take(facts, writer): writes what the answers say. Users without one stay as
 * they were.
 */
void accounts_update_take(struct accounts_update *facts, struct store *writer);

/**
 * accounts_update_append(facts, more): those whom ${more} asks for are asked for behind the
 * others of ${facts}. 0; -ENOMEM.
 */
int accounts_update_append(struct accounts_update *facts,
                           const struct accounts_update *more) _must_check_;

/**
 * accounts_update_done(facts): frees what it owns.
 */
void accounts_update_done(struct accounts_update *facts);
