/* SPDX-License-Identifier: BSD-2-Clause */
/* How often the same thing is said in the log: a peer that asks a thousand times a second must
 * neither fill the disk nor hide the others. Pure over the time that it is given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LIMITS_SLOTS    1024
#define LIMITS_BURST    20
#define LIMITS_WINDOW_S 10

struct limits_slot {
        uint64_t what;
        int64_t since;
        unsigned said;
        unsigned kept; /* back */
};

struct limits {
        struct limits_slot slots[LIMITS_SLOTS];
};

/**
 * limits_say(limits, what, now, ret_kept):
 * Whether ${what} (a hash of who and why) may be said at ${now} (UNIX seconds): ${LIMITS_BURST}
 * times in a window, then no more until the next window; ${ret_kept} is then how many were kept
 * back in the last one. Two that share a slot only say more, never less.
 */
bool limits_say(struct limits *limits, uint64_t what, int64_t now, unsigned *ret_kept);

/**
 * limits_hash(hash, text): adds a text to a hash (FNV-1a), for ${what} above; begin with 0.
 */
uint64_t limits_hash(uint64_t hash, const char *text);
