/* SPDX-License-Identifier: BSD-2-Clause */
#include "rules/limits.h"

bool limits_say(struct limits *limits, uint64_t what, int64_t now, unsigned *ret_kept) {
        struct limits_slot *slot = &limits->slots[what % LIMITS_SLOTS];

        *ret_kept = 0;
        if (slot->what != what || now < slot->since || now >= slot->since + LIMITS_WINDOW_S) {
                if (slot->what == what)
                        *ret_kept = slot->kept;
                *slot = (struct limits_slot){ .what = what, .since = now };
        }
        if (slot->said >= LIMITS_BURST) {
                slot->kept++;
                return false;
        }
        slot->said++;
        return true;
}

uint64_t limits_hash(uint64_t hash, const char *text) {
        if (hash == 0)
                hash = UINT64_C(0xcbf29ce484222325);
        for (; *text; text++)
                hash = (hash ^ (uint8_t) *text) * UINT64_C(0x100000001b3);
        return hash;
}
