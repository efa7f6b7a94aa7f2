/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of events for the audit log, and what was taken from it. */
#pragma once

#include "unit_record.h"

#include "rules/fold.h"

#define NOW   INT64_C(1800000000)
#define TAKEN 256
/* more than a table has */
#define KEPT (3 * FOLD_ENTRIES_MAX)

struct world {
        struct fold *fold;
        int64_t now;
        struct audit_record taken[KEPT];
        size_t n_taken;
        uint64_t rows, events; /* taken since the start */
        unsigned mine;         /* rows of a_day()'s other user */
};

static inline int make(void **state) {
        struct world *w = calloc(1, sizeof(*w));

        if (!w || fold_new(&w->fold) < 0)
                return -1;
        w->now = NOW;
        *state = w;
        return 0;
}

static inline int drop(void **state) {
        struct world *w = *state;

        fold_free(w->fold);
        free(w);
        return 0;
}

static inline struct audit_record refusal(uid_t uid, const char *key, const char *service) {
        struct audit_record record = unit_refusal();

        record.uid = uid;
        (void) snprintf(record.key, sizeof(record.key), "%s", key);
        (void) snprintf(record.service, sizeof(record.service), "%s", service);
        return record;
}

static inline struct audit_record guess(uid_t uid, unsigned id, unsigned service) {
        struct audit_record record = refusal(uid, "", "");

        (void) snprintf(record.key, sizeof(record.key), "%010u", id);
        (void) snprintf(record.service, sizeof(record.service), "service%u", service);
        (void) snprintf(record.rhost, sizeof(record.rhost), "2001:db8::%x", id & 0xffff);
        memcpy(record.reason, "unknown-key", 12);
        record.owner_uid = AUDIT_NOBODY;
        return record;
}

static inline struct audit_record login(uid_t uid, unsigned id) {
        struct audit_record record = guess(uid, id, 0);

        memcpy(record.verdict, "accepted", 9);
        record.reason[0] = '\0';
        record.owner_uid = 1000;
        return record;
}

/* The same key from another address. */
static inline struct audit_record from(struct audit_record record, unsigned address) {
        (void) snprintf(record.rhost, sizeof(record.rhost), "2001:db8:1::%x", address);
        return record;
}

/* About a key of this owner. */
static inline struct audit_record of_owner(struct audit_record record, uid_t owner) {
        record.owner_uid = owner;
        return record;
}

/* All that is due, in one go or several. */
static inline size_t take(struct world *w, bool all) {
        size_t n;

        w->n_taken = 0;
        while ((n = fold_take(w->fold, w->now, all, w->taken + w->n_taken, TAKEN)) > 0) {
                w->n_taken += n;
                assert_in_range(w->n_taken, n, KEPT - TAKEN);
                for (size_t i = w->n_taken - n; i < w->n_taken; i++) {
                        assert_in_range(w->taken[i].at, 1, w->taken[i].until);
                        assert_in_range(w->taken[i].count, 1, UINT64_MAX);
                        w->events += w->taken[i].count;
                        w->mine +=
                                w->taken[i].uid == 110 && strncmp(w->taken[i].key, "mine", 4) == 0;
                }
                if (n < TAKEN)
                        break;
        }
        w->rows += w->n_taken;
        return w->n_taken;
}

static inline void note(struct world *w, struct audit_record record) {
        fold_note(w->fold, &record, w->now);
}

#define test_fold(f) cmocka_unit_test_setup_teardown(f, make, drop)
