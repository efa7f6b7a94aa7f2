/* SPDX-License-Identifier: BSD-2-Clause */
/* Sweeps of a store of the test's own, with a clock that is a variable. */
#pragma once

#include "unit_store.h"

#include "keys/facts.h"
#include "keys/sweep.h"
#include "parse.h"
#include "rules/expiry.h"
#include "rules/policy.h"
#include "store/store_account.h"
#include "store/store_key.h"

#define T0       INT64_C(1800000000)
#define NEVER    INT64_MAX
#define DAY      PARSE_DAY_S
#define LIFETIME (30 * DAY)

static inline void unit_sweep_set_policy(struct unit_store *s, const char *name, int64_t value,
                                         int64_t at) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, name, value, at), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* --- Keys, and when they end --- */

struct unit_sweep_life {
        const char *why;
        int64_t made, expires, bound, retires; /* from T0; 0: none */
        int64_t ends;                          /* from T0 */
};

static inline int64_t unit_sweep_from_t0(int64_t at) {
        return at != 0 ? T0 + at : 0;
}

static inline struct key_record unit_sweep_make_key(unsigned i,
                                                    const struct unit_sweep_life *life) {
        struct key_record key;
        char id[KEYTEXT_ID_LEN + 1];

        (void) snprintf(id, sizeof(id), "%010u", i % 100000);
        key = unit_key(id, "alice");
        key.created_at = key.updated_at = T0 + life->made;
        key.expires_at = unit_sweep_from_t0(life->expires);
        key.bound_at = unit_sweep_from_t0(life->bound);
        key.retires_at = unit_sweep_from_t0(life->retires);
        return key;
}

static inline int unit_sweep_make(void **state) {
        if (unit_store_make(state) < 0)
                return -1;
        unit_sweep_set_policy(*state, "lifetime", LIFETIME, T0 - 100 * DAY);
        unit_sweep_set_policy(*state, "retention", 90 * DAY, T0);
        return 0;
}

/* Sweeps until there is no more to do. Returns how many runs that took. */
static inline unsigned unit_sweep_run_all(struct unit_store *s, int64_t now, struct sweep *sweep) {
        unsigned n = 0;
        uint64_t expired = 0, ended = 0, purged = 0;

        do {
                assert_int_equal(sweep_run(s->writer, now, sweep), 0);
                expired += sweep->expired;
                ended += sweep->ended;
                purged += sweep->purged;
                assert_in_range(++n, 1, 1000);
        } while (sweep->more);
        sweep->expired = expired;
        sweep->ended = ended;
        sweep->purged = purged;
        assert_true(sweep->next_at > now); /* else a daemon would never rest */
        return n;
}

#define unit_test_with_sweep(f)                                                                    \
        cmocka_unit_test_setup_teardown(f, unit_sweep_make, unit_store_remove)
