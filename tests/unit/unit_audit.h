/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loop gathers for the audit log, a writer thread that writes it, and the table that it
 * is written to. */
#pragma once

#include "unit_worker.h"

#include "keys/audit.h"

#define NOW INT64_C(1800000000)

struct unit_audit {
        struct unit_worker w;
        struct audit *audit;
};

static inline int unit_audit_make(void **state) {
        struct unit_audit *f = calloc(1, sizeof(*f));

        if (!f || unit_worker_make(&f->w) < 0 || audit_new(&f->audit) < 0)
                return -1;
        *state = f;
        return unit_worker_start(&f->w);
}

static inline int unit_audit_drop(void **state) {
        struct unit_audit *f = *state;
        int r;

        unit_worker_stop(&f->w);
        audit_free(f->audit);
        r = unit_worker_drop(&f->w);
        free(f);
        return r;
}

/* Flushes, and waits for the answer; there must be something to flush. */
static inline void unit_audit_flush(struct unit_audit *f, int64_t now) {
        unsigned before = f->w.batches;

        audit_flush(f->audit, f->w.worker, now);
        unit_worker_wait(&f->w, f->w.batches != before);
}

static inline int64_t unit_audit_number(const struct unit_audit *f, const char *what) {
        char sql[300];

        (void) snprintf(sql, sizeof(sql), "SELECT %s FROM audit WHERE event <> 'begun'", what);
        return unit_sql_number(f->w.store->path, sql);
}

#define unit_test_with_audit(f) cmocka_unit_test_setup_teardown(f, unit_audit_make, unit_audit_drop)
