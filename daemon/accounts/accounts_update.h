/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares what the store knows of the owners of keys with what the files of this host and the
 * directories say, and does to the keys what follows. Runs on the writer thread. Asks nobody. */
#pragma once

#include "accounts/accounts_directory.h"
#include "accounts/accounts_files.h"
#include "accounts/accounts_realms.h"
#include "store/store.h"

struct accounts_holds;
struct accounts_look;
struct accounts_taking;

/* Where the accounts of this host are, and which group administers; (gid_t) -1: none. */
struct accounts_source {
        const char *etc;
        gid_t admin_group;
        struct accounts_files_memory *memory; /* the writer thread's; NULL: none */
        /* of the configuration; borrowed for as long as the writer thread may use them. NULL: none
         */
        const struct realms *realms;
        struct accounts_realms_memory *lists; /* the writer thread's; NULL: none */
};

/* Users that the files do not settle. */
struct accounts_update {
        const char *etc;
        gid_t admin_group;                    /* (gid_t) -1: none */
        struct accounts_files_memory *memory; /* NULL: none */
        struct accounts_holds *holds;         /* NULL: none */
        /* both as in struct accounts_source */
        const struct realms *realms;
        struct accounts_realms_memory *lists;
        /* look for users who are not known, too */
        bool newcomers;
        /* the same, and ask for all that are in no file */
        bool everybody;
        /* a file was not believed, and may be later without a change */
        bool again;
        bool changed; /* what a verification looks at */
        /* nothing is known yet of a user on the list */
        bool unknown;
        size_t n, room;
        /* owned; ACCOUNT_UNKNOWN as long as there is no answer */
        struct accounts_directory_answer *asked;
        /* an account was written by others during the look, so there must be another one */
        bool overtaken;
        /* owned; what is under way, or NULL */
        struct accounts_look *look;
        struct accounts_taking *taking;
};

/**
 * accounts_update_read_step(facts, writer):
 * Reads the files, writes what is new, and lists in ${facts} the users to ask for. Each call does a
 * bounded part of that, and others may change the store between two calls. Returns 1 when there is
 * more to do; 0; a negative errno when something could not be read or written. Then the error is
 * logged, and the rest stays as it was.
 * accounts_update_read(facts, writer): all of it.
 */
int accounts_update_read_step(struct accounts_update *facts, struct store *writer) _must_check_;
int accounts_update_read(struct accounts_update *facts, struct store *writer);

/**
 * accounts_update_start(writer, source):
 * Call it at the start of the daemon, before a user may log in: no login is decided by what was
 * true when the last daemon ended. Where the files are still those that the accounts were compared
 * with then, nothing is read, and the start is quick however many accounts there are. Otherwise it
 * is accounts_update_look().
 *
 * accounts_update_look(writer, source): reads the files, and looks for users who are not known yet.
 * It asks nobody.
 * Returns 1 when a directory has still to be asked for a user who was not known; 0; a
 * negative errno as above.
 */
int accounts_update_start(struct store *writer, const struct accounts_source *source);
int accounts_update_look(struct store *writer, const struct accounts_source *source);

/**
 * accounts_update_had_group(writer): whether there was a group that administers when the accounts
 * were last compared with the files, or an account is known that was in it.
 */
bool accounts_update_had_group(struct store *writer);

/**
 * accounts_update_removed(writer, source, user, record):
 * userdel or an administrator says that ${user} was removed. Nothing follows while the passwd file
 * has such a user, or the realm of REALM:NAME. When it has none, and directories have said that
 * there is none, the user's keys end: no grace has to pass, and it does not matter how many others
 * are gone. Then ${record} is written, with the user and the number of keys. When directories have
 * not answered yet, the keys are refused until they have, and end then, or when the user comes back
 * into the passwd file. That is a new account, even with the same number. Returns 0; -EEXIST when
 * the store knows the user as one of a directory, so that the report counts for nothing; another
 * negative errno. When the files could not be read, or with -EEXIST, ${source}->memory says why.
 */
int accounts_update_removed(struct store *writer, const struct accounts_source *source,
                            const char *user, struct audit_record *record) _must_check_;

/**
 * accounts_update_expired(writer, source, user, record):
 * An administrator says that the password of ${user} is meant to be expired or locked. When it is
 * so by the files, or, for a user of a directory, by what the store knows, the keys that end with
 * it end: no time has to pass, and it does not matter how many others are. Then ${record} is
 * written. Otherwise nothing happens. Returns as above.
 */
int accounts_update_expired(struct store *writer, const struct accounts_source *source,
                            const char *user, struct audit_record *record) _must_check_;

/**
 * accounts_update_take_step(facts, writer): writes what the answers say, and ends the keys of users
 * that are gone for good. Users without an answer stay as they were. When too many were found gone
 * at once, here or in accounts_update_read(), none of their keys end, and the log says so. Each
 * call does a bounded part. Returns 1 when there is more to do; 0; a negative errno, which is
 * logged.
 * accounts_update_take(facts, writer): all of it.
 */
int accounts_update_take_step(struct accounts_update *facts, struct store *writer) _must_check_;
void accounts_update_take(struct accounts_update *facts, struct store *writer);

/**
 * accounts_update_append(facts, more): puts the users of ${more} behind those of ${facts}. 0;
 * -ENOMEM.
 */
int accounts_update_append(struct accounts_update *facts,
                           const struct accounts_update *more) _must_check_;

/**
 * accounts_update_done(facts): frees what it owns.
 */
void accounts_update_done(struct accounts_update *facts);
