/* SPDX-License-Identifier: BSD-2-Clause */
/* How often the same may be said in the log. Must not know what is said: it sees a hash. Pure:
 * it is told the time. */
#include "rules/loglimit.h"

bool loglimit_say(struct loglimit *limits, uint64_t what, int64_t now, unsigned *ret_kept) {
        struct loglimit_slot *slot = &limits->slots[what % LOGLIMIT_SLOTS];

        *ret_kept = 0;
        if (slot->what != what || now < slot->since || now >= slot->since + LOGLIMIT_WINDOW_S) {
                if (slot->what == what)
                        *ret_kept = slot->kept;
                *slot = (struct loglimit_slot){ .what = what, .since = now };
        }
        if (slot->said >= LOGLIMIT_BURST) {
                slot->kept++;
                return false;
        }
        slot->said++;
        return true;
}

uint64_t loglimit_hash(uint64_t hash, const char *text) {
        if (hash == 0)
                hash = UINT64_C(0xcbf29ce484222325);
        for (; *text; text++)
                hash = (hash ^ (uint8_t) *text) * UINT64_C(0x100000001b3);
        return hash;
}
