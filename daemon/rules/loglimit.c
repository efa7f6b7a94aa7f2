/* SPDX-License-Identifier: BSD-2-Clause */
/* How often the same may be said in the log. Must not know what is said: it sees a hash.
 * It is told the time. */
#include <errno.h>
#include <stddef.h>
#include <sys/random.h>

#include "rules/loglimit.h"
#include "rules/share.h"

int loglimit_init(struct loglimit *limits) {
        *limits = (struct loglimit){};
        return getrandom(&limits->seed, sizeof(limits->seed), 0) == sizeof(limits->seed) ? 0 : -EIO;
}

/* The finalizer of splitmix64: each bit of the seed changes half of the bits of the result. */
uint64_t loglimit_mix(uint64_t seed, uint64_t what) {
        uint64_t x = what ^ seed;

        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        x ^= seed << 32 | seed >> 32;
        x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
        return x ^ x >> 30;
}

static size_t place_of(const struct loglimit *limits, uint64_t what) {
        return loglimit_mix(limits->seed, what) % LOGLIMIT_SLOTS;
}

static bool is_over(int64_t since, int64_t now) {
        return now < since || now >= since + LOGLIMIT_WINDOW_S;
}

uint64_t loglimit_of_uid(uid_t uid) {
        return share_range(uid);
}

uint64_t loglimit_of_owner(uid_t uid, uid_t owner) {
        return ((uint64_t) owner + 1) << 32 | share_range(uid);
}

uid_t loglimit_number(const char *owner) {
        return (uid_t) (loglimit_hash(0, owner) >> 32) & INT32_MAX;
}

static bool count(struct loglimit_origin *all, unsigned most, int64_t now) {
        if (is_over(all->since, now))
                *all = (struct loglimit_origin){ .since = now };
        if (all->said >= most)
                return false;
        all->said++;
        return true;
}

static bool may_say_more(struct loglimit *limits, uint64_t origin, int64_t now) {
        uint64_t uid = origin & UINT32_MAX;

        if (origin == LOGLIMIT_NO_ORIGIN)
                return true;
        if (!count(&limits->origins[place_of(limits, origin)], LOGLIMIT_ORIGIN_BURST, now))
                return false;
        return uid == 0 || origin == uid ||
               count(&limits->uids[place_of(limits, uid)], LOGLIMIT_UID_BURST, now);
}

bool loglimit_say(struct loglimit *limits, uint64_t origin, uint64_t what, int64_t now,
                  unsigned *ret_kept) {
        struct loglimit_slot *slot = &limits->slots[place_of(limits, what)];
        unsigned before = 0;

        *ret_kept = 0;
        if (slot->what != what || is_over(slot->since, now)) {
                if (slot->what == what)
                        before = slot->kept;
                else
                        limits->homeless += slot->kept;
                *slot = (struct loglimit_slot){ .what = what, .since = now };
        }
        if (slot->said >= LOGLIMIT_BURST || !may_say_more(limits, origin, now)) {
                /* No line tells of it, so loglimit_left_out() does. */
                limits->homeless += before;
                slot->kept++;
                limits->kept++;
                return false;
        }
        *ret_kept = before;
        limits->kept -= before;
        slot->said++;
        return true;
}

uint64_t loglimit_left_out(struct loglimit *limits, int64_t now, bool last) {
        uint64_t n = limits->homeless;

        if (limits->kept == 0 || (!last && !is_over(limits->told_at, now)))
                return 0;
        for (size_t i = 0; i < LOGLIMIT_SLOTS; i++) {
                struct loglimit_slot *slot = &limits->slots[i];

                if (!last && !is_over(slot->since, now))
                        continue;
                n += slot->kept;
                slot->kept = 0;
        }
        limits->kept -= n;
        limits->homeless = 0;
        if (n > 0)
                limits->told_at = now;
        return n;
}

uint64_t loglimit_hash(uint64_t hash, const char *text) {
        if (hash == 0)
                hash = UINT64_C(0xcbf29ce484222325);
        for (; *text; text++)
                hash = (hash ^ (uint8_t) *text) * UINT64_C(0x100000001b3);
        return hash;
}
