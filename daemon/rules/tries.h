/* SPDX-License-Identifier: BSD-2-Clause */
/* How often passwords may be guessed: a few times for each asking uid, and more often, by all
 * together, for each user. Pure over the time that it is given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRIES_WINDOW_S INT64_C(900)
#define TRIES_PER_PEER 5
/* more, so that no uid can by itself keep a user from getting a key */
#define TRIES_PER_USER 20
#define TRIES_PEERS    256
#define TRIES_USERS    1024

struct tries_slot {
        int64_t since; /* when the first of them failed */
        unsigned failed;
};

/* Zeroes with a seed that nobody knows are a table without failures. Two that share a slot share
 * its count: a peer can be refused for another's failures, and never have more tries for it. */
struct tries {
        uint64_t seed;
        struct tries_slot peers[TRIES_PEERS], users[TRIES_USERS];
};

/**
 * tries_may(tries, peer, user, now):
 * Whether the uid ${peer} may try a password for the name ${user}, in whatever letter case, at
 * ${now} (seconds of any clock that does not go back): 0, or in how many seconds it may.
 * Failures of uid 0, which needs no password, count for the user only.
 */
int64_t tries_may(const struct tries *tries, uid_t peer, const char *user, int64_t now);

/**
 * tries_failed(tries, peer, user, now), tries_succeeded(tries, peer):
 * Counts a failure; forgets those of the peer, but not those for a user: somebody else may have
 * made them.
 */
void tries_failed(struct tries *tries, uid_t peer, const char *user, int64_t now);
void tries_succeeded(struct tries *tries, uid_t peer);
