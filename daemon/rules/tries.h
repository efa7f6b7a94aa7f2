/* SPDX-License-Identifier: BSD-2-Clause */
/* How often passwords may be guessed, and how many are checked at one time. A try has an asker: the
 * asking uid, and for uid 0 the source for which it asks. Wrong passwords are counted for each
 * asker and name, so nobody uses up the tries of another asker, whatever the name. A count for a
 * name alone would let anybody lock that user out. Pure: it is told the time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRIES_WINDOW_S INT64_C(900)
/* of one asker for one name, and for all names together */
#define TRIES_PER_NAME  5
#define TRIES_PER_ASKER 20
/* of a block of uids (share.h), whose users do not all belong to one person */
#define TRIES_PER_RANGE 100
#define TRIES_MAX       1024

struct tries_asker {
        uid_t uid;
        /* Of uid 0: on whose behalf it asks, such as an address. "" when it did not say so. */
        const char *source;
};

/* One asker's wrong passwords for one name. None: the place is free. */
struct tries_entry {
        uid_t uid;
        uint64_t source, name; /* hashes */
        int64_t since;         /* when the first of them was tried */
        unsigned failed;
};

/* All zero but for a seed that nobody can guess. When all places are taken, the oldest entry is
 * forgotten. The bound of a block of uids makes that a matter of many blocks. */
struct tries {
        uint64_t seed;
        struct tries_entry entries[TRIES_MAX];
};

/* Passwords that are checked at one time, for uid 0 and for all others. Neither waits for the
 * other. One asker has one call at a time. */
#define TRIES_AT_ONCE_ROOT      4
#define TRIES_AT_ONCE_OTHERS    6
#define TRIES_AT_ONCE_PER_RANGE 2 /* calls of a block of uids */
_Static_assert(1 + 2 * TRIES_AT_ONCE_PER_RANGE < TRIES_AT_ONCE_OTHERS,
               "a user with a uid and two blocks leaves a place for another user");

/* What the calls that have not ended leave to one more. All zero when there are none. */
struct tries_beside {
        unsigned root, others; /* passwords that are checked */
        unsigned same_range;   /* calls */
        bool same_asker;
};

/**
 * tries_add_beside(beside, mine, other, checked):
 * Adds a call of ${other} to what is beside a call of ${mine}. ${checked}: its password is checked
 * now, and else its refusal is delayed.
 * tries_has_place(beside, mine): whether a password of ${mine} may be checked beside these.
 */
void tries_add_beside(struct tries_beside *beside, const struct tries_asker *mine,
                      const struct tries_asker *other, bool checked);
bool tries_has_place(const struct tries_beside *beside, const struct tries_asker *mine);

/**
 * tries_may(tries, asker, user, now):
 * Returns 0 when ${asker} may try a password for the name ${user} at ${now} (seconds of any clock
 * that does not go back), else in how many seconds it may. Names that differ only in letter case
 * are one name.
 */
int64_t tries_may(const struct tries *tries, const struct tries_asker *asker, const char *user,
                  int64_t now);

/**
 * tries_failed(tries, asker, user, now), tries_succeeded(tries, asker, user):
 * The first counts a wrong password. The second forgets those of ${asker} for this name, and no
 * others.
 */
void tries_failed(struct tries *tries, const struct tries_asker *asker, const char *user,
                  int64_t now);
void tries_succeeded(struct tries *tries, const struct tries_asker *asker, const char *user);
