/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of verifications and how long they took. Pure: it is told the times. */
#include "rules/tally.h"
#include "attr.h"

/* From the time of a verification on an idle machine up to the time that the module waits. */
static const uint64_t bounds_us[TALLY_BUCKETS] = { 10,   25,    50,     100,     250,
                                                   1000, 10000, 100000, 1000000, 2000000 };

void tally_count(struct tally *t, bool confirming, enum reason reason) {
        t->counts[confirming][(unsigned) reason < _REASON_MAX ? reason : REASON_STORE]++;
}

uint64_t tally_bound_ns(size_t i) {
        return i < TALLY_BUCKETS ? bounds_us[i] * 1000 : UINT64_MAX;
}

void tally_time(struct tally *t, uint64_t began_ns, uint64_t ended_ns) {
        uint64_t took = ended_ns > began_ns ? ended_ns - began_ns : 0;
        size_t i = 0;

        while (took > tally_bound_ns(i))
                i++;
        t->buckets[i]++;
        t->sum_ns += took;
}

enum tally_verdict tally_verdict(enum reason reason) {
        enum verdict verdict = verdict_of(reason);

        return verdict == VERDICT_ALLOW      ? TALLY_ACCEPTED
               : verdict == VERDICT_INTERNAL ? TALLY_UNDECIDED
                                             : TALLY_REFUSED;
}

const char *tally_verdict_name(enum tally_verdict verdict) {
        static const char *const names[] = { [TALLY_ACCEPTED] = "accepted",
                                             [TALLY_REFUSED] = "refused",
                                             [TALLY_UNDECIDED] = "undecided" };
        _Static_assert(ARRAY_LEN(names) == _TALLY_VERDICT_MAX, "a name for each");

        return names[(unsigned) verdict < _TALLY_VERDICT_MAX ? verdict : TALLY_UNDECIDED];
}

uint64_t tally_sum(const struct tally *t, enum tally_verdict verdict) {
        uint64_t sum = 0;

        for (enum reason reason = REASON_NONE; reason < _REASON_MAX; reason++)
                if (tally_verdict(reason) == verdict)
                        sum += t->counts[false][reason] + t->counts[true][reason];
        return sum;
}
