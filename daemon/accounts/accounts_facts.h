/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store knows of the keys' users is compared with what the files of this host and the
 * directories say, and what follows is done to their keys. On the writer thread; asks nobody. */
#pragma once

#include "accounts/account_look.h"
#include "store/store.h"

/* One user to be asked of a directory, and the answer. */
struct accounts_asked {
        /* the name in asked; ACCOUNT_UNKNOWN as long as there is no answer */
        struct account_look look;
};

/* Those whom the files do not settle. */
struct accounts_facts {
        const char *etc;
        gid_t admin_group; /* (gid_t) -1: none */
        /* ask for all that are in no file, and look for users of whom nothing is known */
        bool everybody;
        bool changed; /* what a verification looks at */
        size_t n, room;
        struct accounts_asked *asked; /* owned */
};

/**
 * accounts_facts_read(facts, writer):
 * Reads the files, writes what is new, and gathers in ${facts} whom to ask. What cannot be read
 * or written is said, and stays as it was.
 */
void accounts_facts_read(struct accounts_facts *facts, struct store *writer);

/**
 * accounts_facts_look(writer, etc, admin_group):
 * accounts_facts_read() alone, before anybody may log in: so that no login is decided by what
 * was true when the last daemon ended.
 */
void accounts_facts_look(struct store *writer, const char *etc, gid_t admin_group);

/**
 * accounts_facts_take(facts, writer): writes what the answers say. Users without one stay as
 * they were.
 */
void accounts_facts_take(struct accounts_facts *facts, struct store *writer);

/**
 * accounts_facts_append(facts, more): those whom ${more} asks for are asked for behind the
 * others of ${facts}. 0; -ENOMEM.
 */
int accounts_facts_append(struct accounts_facts *facts,
                          const struct accounts_facts *more) _must_check_;

/**
 * accounts_facts_done(facts): frees what it owns.
 */
void accounts_facts_done(struct accounts_facts *facts);
