/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loop gathers for the audit log, a writer thread that writes it, and the table that it
 * is written to. */
#pragma once

#include "unit_store.h"

#include "keys/audit.h"

#define NOW INT64_C(1800000000)

struct unit_audit {
        struct unit_store *store;
        sd_event *event;
        struct worker *worker;
        struct audit *audit;
        unsigned batches;
};

static inline void unit_audit_on_done(void *userdata) {
        ((struct unit_audit *) userdata)->batches++;
}

static inline int unit_audit_make(void **state) {
        struct unit_audit *f = calloc(1, sizeof(*f));
        void *store = NULL;

        if (!f || unit_store_make(&store) < 0 || sd_event_new(&f->event) < 0 ||
            audit_new(&f->audit) < 0)
                return -1;
        f->store = store;
        if (worker_new(&f->worker, f->event, f->store->writer, unit_audit_on_done, f) < 0)
                return -1;
        f->store->writer = NULL; /* the worker's */
        *state = f;
        return 0;
}

static inline int unit_audit_drop(void **state) {
        struct unit_audit *f = *state;
        void *store = f->store;

        worker_free(f->worker);
        audit_free(f->audit);
        sd_event_unref(f->event);
        free(f);
        return unit_store_remove(&store);
}

/* Flushes, and waits for the answer; there must be something to flush. */
static inline void unit_audit_flush(struct unit_audit *f, int64_t now) {
        unsigned before = f->batches;

        audit_flush(f->audit, f->worker, now);
        while (f->batches == before)
                assert_in_range(sd_event_run(f->event, UINT64_MAX), 0, 1);
}

static inline int64_t unit_audit_number(const struct unit_audit *f, const char *what) {
        char sql[300];

        (void) snprintf(sql, sizeof(sql), "SELECT %s FROM audit WHERE event <> 'begun'", what);
        return unit_sql_number(f->store->path, sql);
}

#define unit_test_with_audit(f) cmocka_unit_test_setup_teardown(f, unit_audit_make, unit_audit_drop)
