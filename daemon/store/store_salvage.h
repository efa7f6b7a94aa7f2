/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a sound store from a damaged one. Nothing that was revoked or removed comes back: a key
 * about which the damaged files disagree is revoked in the new store. */
#pragma once

#include "store/store_check.h"

/* in the state directory, while it is being made */
#define STORE_SALVAGE_NAME STORE_FILE_NAME ".salvaged"

struct store_salvage {
        uint64_t keys; /* in the new store */
        uint64_t lost; /* keys that can no longer be read */
        /* Neither the keys nor an index of all of them can be read to the end: more may be lost. */
        bool unknown;
        /* keys that count as revoked now: another part of the files says that they had ended, or
         * had another secret */
        uint64_t doubtful;
        /* certificates and revocation lists are lost, all of them */
        bool certificates;
        /* Policies that are older than the audit log says: nobody logs in by the new store before a
         * person has said what they are. Which they are, for people. */
        int policies;
        char policy_names[STORE_CHECK_NAMES_LEN];
        /* what was known of imports is lost */
        bool others;
        /* some of what was known of accounts and uses is lost */
        bool known;
        /* The seal of the audit log cannot be read. So all of the log is lost, and nobody can say
         * whether this was the newest store of the host. */
        bool unsealed;
        /* the records of the audit log that are lost; 0: none */
        int64_t audit_from, audit_to;
};

/* What became of a key. */
enum store_salvage_key {
        STORE_SALVAGE_LOST,
        STORE_SALVAGE_DOUBTFUL,
};

/* The seal of the audit log, and who is told of single keys (or NULL). ${owner} is NULL where it is
 * not known. */
struct store_salvage_for {
        store_seal_fn *seal;
        void *seal_userdata;
        void (*tell)(enum store_salvage_key what, const char *id, const char *owner,
                     void *userdata);
        void *userdata;
};

/**
 * store_salvage(path, to, now, hooks, ret):
 * Fills the empty file ${to}, whose mode it keeps, with what can be read of the database ${path}.
 * What is read of that database is what a login would find, and is not changed: its log is moved
 * into it, and that is all. The audit log of the new store ends with a record of what is lost. It
 * goes on from the seal of the old one. Nobody else may use the database.
 * Returns 0 when ${to} is on disk; -EUCLEAN when nothing can be saved, because policies, peppers or
 * the schema cannot be read; -EBUSY; an error of the store.
 */
int store_salvage(const char *path, const char *to, int64_t now,
                  const struct store_salvage_for *hooks, struct store_salvage *ret) _must_check_;

/**
 * store_salvage_is_whole(s): whether all is there that says who may log in.
 */
bool store_salvage_is_whole(const struct store_salvage *s) _must_check_;

/**
 * store_salvage_say(s, out, size): what is lost, for people, in one line; "nothing is lost".
 */
void store_salvage_say(const struct store_salvage *s, char *out, size_t size);
