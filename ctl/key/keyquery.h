/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the daemon that match the options of a command. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"
#include "key/keyfields.h"
#include "keytext.h"

struct keys {
        struct key *key;
        size_t n, room;
};

/* What the daemon says of a place in a list: an id, and what the list is sorted by. */
#define KEYQUERY_AFTER_LEN 512

/* Which keys to ask for, besides those that the options linked, search, service and from name. */
struct keyquery {
        const struct args *args;
        const char *owner, *status;                        /* NULL: any */
        int64_t expires_before, ends_before, unused_since; /* 0: any */
        uint64_t most;                                     /* at most so many, in their order */
        const char *sort;                                  /* a property; NULL: by id */
        bool reverse;                                      /* with sort alone */
        char after[KEYQUERY_AFTER_LEN];                    /* an id, or what the daemon said */
};

/**
 * keyquery_read(args, ret):
 * Reads the options owner, status, expires-before and unused-since. ${ret} borrows from ${args}.
 * Returns CTL_OK, or CTL_USAGE after a message on stderr.
 */
enum exit_code keyquery_read(const struct args *args, struct keyquery *ret) _must_check_;

/**
 * keyquery_none(query): says on stderr that no key matches. Returns CTL_OK; CTL_NOT_FOUND when
 * there is no user with the name of the owner.
 */
enum exit_code keyquery_none(const struct keyquery *query);

/**
 * keyquery_fetch(query, keys):
 * Appends the keys of ${query} to ${keys}, in the order of their ids or in that of the query. The
 * last answer may bring more keys than ${query} asks for. The caller frees them by
 * keyquery_done(), also after an error. Returns CTL_OK, or another code after a message on stderr.
 */
enum exit_code keyquery_fetch(const struct keyquery *query, struct keys *keys) _must_check_;
void keyquery_done(struct keys *keys);
