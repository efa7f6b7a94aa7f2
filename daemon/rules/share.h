/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets a place when there are not enough for all. A user can have thousands of subordinate uids
 * (subuid(5), containers), so a bound for each uid is not enough. Uids above 65535 also share one
 * for each block of 65536. A range of subordinate uids has mostly 65536 and lies in two blocks. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SHARE_BLOCK ((uid_t) 65536)

/* Places in a table of connections. */
struct share_limits {
        size_t all;
        size_t root;    /* of these, only for uid 0 */
        size_t per_uid; /* for any other uid */
        /* for a block of uids above 65535; less than half of the others' places */
        size_t per_range;
};

/* instead of an index */
#define SHARE_FREE -1
#define SHARE_NONE -2

/**
 * share_range(uid):
 * A number that is the same for all uids that are counted as one user's: a uid below 65536 itself,
 * and the first uid of its block for any other.
 */
uid_t share_range(uid_t uid);

/**
 * share_find(uids, n, uid, limits):
 * A connection of ${uid} wants a place in a table that has ${n} connections, of ${uids}, the oldest
 * first. Returns SHARE_FREE when there is one. Else it returns the index of the connection that
 * must give its place: the oldest of this uid or block when that has its share, and the oldest of
 * the user who has most when the table is full. So nobody keeps out a user who has fewer
 * connections. Root gives no place to others. SHARE_NONE: root has all of them.
 */
ssize_t share_find(const uid_t *uids, size_t n, uid_t uid, const struct share_limits *limits);
