/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the audit log, and checks of the whole of it. */
#pragma once

#include "unit_record.h"
#include "unit_store.h"

#include "store/store_audit.h"
#include "store/store_stmt.h"

#define NOW INT64_C(1800000000)

/* A record without an empty column. */
static inline struct audit_record unit_audit_log_record_at(int64_t at) {
        struct audit_record record = unit_refusal();

        record.at = at;
        record.until = at + 5;
        record.count = 3;
        (void) snprintf(record.detail, sizeof(record.detail), "for user 'bob'");
        return record;
}

static inline void unit_audit_log_add(struct unit_store *s, const struct audit_record *record) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, record), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* n records at NOW, NOW + 100 and so on. The record that begins the log has the number 1, so they
 * have the numbers 2 to n + 1. Those with odd numbers have a login uid. */
static inline void unit_audit_log_fill(struct unit_store *s, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                struct audit_record record = unit_audit_log_record_at(NOW + 100 * i);

                record.has_login = i % 2 == 1;
                record.login_uid = record.has_login ? 1000 + i : 0;
                unit_audit_log_add(s, &record);
        }
}

/* Checks the whole log in pieces of ${most} records. */
static inline struct audit_check unit_audit_log_check_by(struct unit_store *s, size_t most) {
        struct audit_check check = {};
        uint64_t n = 0;
        int64_t after;

        do {
                after = check.next;
                assert_int_equal(store_audit_verify(s->writer, after, most, &check), 0);
                assert_in_range(check.n, 0, most);
                n += check.n;
        } while (check.fault == AUDIT_INTACT && check.next > after);
        check.n = n;
        return check;
}

static inline void unit_audit_log_check_is(const char *row, struct unit_store *s,
                                           enum audit_fault fault, int64_t bad) {
        for (size_t most = 1; most < 20; most += 3) {
                struct audit_check check = unit_audit_log_check_by(s, most);

                unit_int(row, check.fault, fault);
                unit_int(row, check.bad, bad);
        }
}
