/* SPDX-License-Identifier: BSD-2-Clause */
/* How often passwords may be guessed: a few times by each asking uid, and some more times by all
 * uids together for each user. Pure: it is told the time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRIES_WINDOW_S INT64_C(900)
#define TRIES_PER_PEER 5
/* larger, so that one uid alone cannot keep a user from getting a key */
#define TRIES_PER_USER 20
#define TRIES_PEERS    256
#define TRIES_USERS    1024

struct tries_slot {
        int64_t since; /* when the first of them failed */
        unsigned failed;
};

/* A table without failures is all zero but for a seed that nobody can guess. Two that share a
 * slot share its count. So a uid can be refused for the failures of another one, but never has
 * more tries. */
struct tries {
        uint64_t seed;
        struct tries_slot peers[TRIES_PEERS], users[TRIES_USERS];
};

/**
 * tries_may(tries, peer, user, now):
 * Returns 0 when the uid ${peer} may try a password for the name ${user} at ${now} (seconds of any
 * clock that does not go back), else in how many seconds it may. Names that differ only in letter
 * case are one name. Failures of uid 0, which needs no password, count for the user only.
 */
int64_t tries_may(const struct tries *tries, uid_t peer, const char *user, int64_t now);

/**
 * tries_failed(tries, peer, user, now), tries_succeeded(tries, peer):
 * The first counts a failure. The second forgets the failures of ${peer}, but not those for a user,
 * which another uid may have made.
 */
void tries_failed(struct tries *tries, uid_t peer, const char *user, int64_t now);
void tries_succeeded(struct tries *tries, uid_t peer);
