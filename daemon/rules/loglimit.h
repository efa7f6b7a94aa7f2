/* SPDX-License-Identifier: BSD-2-Clause */
/* How often the same thing is said in the log. A client that asks a thousand times a second must
 * neither fill the disk nor hide the others. It is told the time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

#define LOGLIMIT_SLOTS    1024
#define LOGLIMIT_BURST    20
#define LOGLIMIT_WINDOW_S 10
/* lines of one origin in a window, whatever they say */
#define LOGLIMIT_ORIGIN_BURST 500
/* lines of one asking uid about the keys of all owners */
#define LOGLIMIT_UID_BURST 4000

struct loglimit_slot {
        uint64_t what;
        int64_t since;
        unsigned said;
        unsigned kept; /* back */
};

struct loglimit {
        uint64_t seed;
        /* kept back and not told of yet; of these, those that no slot counts any more */
        uint64_t kept, homeless;
        int64_t told_at; /* by loglimit_left_out() */
        struct loglimit_slot slots[LOGLIMIT_SLOTS];
        /* all lines of the origins that share a place */
        struct loglimit_origin {
                int64_t since;
                unsigned said;
        } origins[LOGLIMIT_SLOTS], uids[LOGLIMIT_SLOTS];
};

/**
 * loglimit_init(limits): makes ${limits} empty and draws a seed for it. Without one a client could
 * work out which of its keys share a slot. 0; -EIO.
 */
int loglimit_init(struct loglimit *limits) _must_check_;

/**
 * loglimit_of_uid(uid), loglimit_of_owner(uid, owner):
 * The origin of a line: the asking uid with its block (share.h), or what it asks about the keys of
 * one owner. A service asks for everybody, so one owner must not use up what it may say. Uid 0 by
 * itself is LOGLIMIT_NO_ORIGIN.
 */
#define LOGLIMIT_NO_ORIGIN UINT64_C(0)
uint64_t loglimit_of_uid(uid_t uid);
uint64_t loglimit_of_owner(uid_t uid, uid_t owner);

/**
 * loglimit_number(owner): a number in the place of a uid for an owner who has none. Two may share
 * it, and then what may be said of them.
 */
uid_t loglimit_number(const char *owner);

/**
 * loglimit_say(limits, origin, what, now, ret_kept):
 * Whether ${what} (a hash of who and why) may be said at ${now} (UNIX seconds): ${LOGLIMIT_BURST}
 * times in a window, then no more until the next window. ${ret_kept} is how many were kept back in
 * the last window: 0 where it may not be said, because nobody would tell of them. When two things
 * share a slot, more is said, up to ${LOGLIMIT_ORIGIN_BURST} of the ${origin} in a window, and
 * ${LOGLIMIT_UID_BURST} of an asking uid other than 0 about all owners. LOGLIMIT_NO_ORIGIN has no
 * such bound.
 */
bool loglimit_say(struct loglimit *limits, uint64_t origin, uint64_t what, int64_t now,
                  unsigned *ret_kept);

/**
 * loglimit_left_out(limits, now, last):
 * How many lines were kept back that nobody has told of, and from now on somebody has: those of
 * windows that are over, and of things that have lost their slot to others or may not be said.
 * Nothing is said within
 * a window after the last time. At the ${last} time all are told of. Costs nothing while there are
 * none.
 */
uint64_t loglimit_left_out(struct loglimit *limits, int64_t now, bool last);

/**
 * loglimit_hash(hash, text): adds a text to a hash (FNV-1a), for ${what} above; begin with 0.
 */
uint64_t loglimit_hash(uint64_t hash, const char *text);

/**
 * loglimit_mix(seed, what): a hash of a number. Without ${seed} nobody can tell which numbers have
 * the same remainder.
 */
uint64_t loglimit_mix(uint64_t seed, uint64_t what);
