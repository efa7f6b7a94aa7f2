/* SPDX-License-Identifier: BSD-2-Clause */
/* How often the same thing is said in the log. A client that asks a thousand times a second must
 * neither fill the disk nor hide the others. Pure: it is told the time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOGLIMIT_SLOTS    1024
#define LOGLIMIT_BURST    20
#define LOGLIMIT_WINDOW_S 10

struct loglimit_slot {
        uint64_t what;
        int64_t since;
        unsigned said;
        unsigned kept; /* back */
};

struct loglimit {
        struct loglimit_slot slots[LOGLIMIT_SLOTS];
};

/**
 * loglimit_say(limits, what, now, ret_kept):
 * Whether ${what} (a hash of who and why) may be said at ${now} (UNIX seconds): ${LOGLIMIT_BURST}
 * times in a window, then no more until the next window. ${ret_kept} is how many were kept back in
 * the last window. When two things share a slot, more is said, never less.
 */
bool loglimit_say(struct loglimit *limits, uint64_t what, int64_t now, unsigned *ret_kept);

/**
 * loglimit_hash(hash, text): adds a text to a hash (FNV-1a), for ${what} above; begin with 0.
 */
uint64_t loglimit_hash(uint64_t hash, const char *text);
