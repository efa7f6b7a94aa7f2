/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a record from the loop into the audit log: nothing is lost when it cannot be
 * written. What a record says is not known here. */
#include "unit_audit.h"
#include "unit_record.h"

static struct audit_record record_of(const char *verdict) {
        struct audit_record record = unit_refusal();

        record.at = record.until = NOW;
        record.count = 1;
        (void) snprintf(record.verdict, sizeof(record.verdict), "%s", verdict);
        return record;
}

/* Until this trigger is dropped, no record can be written. */
static void fill_disk(const struct unit_audit *f) {
        unit_sql(f->w.store->path, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT "
                                   "raise(ABORT, 'full'); END");
}

static void test_what_cannot_be_written_is_kept(void **state) {
        struct unit_audit *f = *state;
        struct audit_record record = record_of("accepted");

        fill_disk(f);
        audit_note(f->audit, &record, NOW);
        unit_audit_flush(f, NOW);
        record = record_of("refused");
        for (unsigned i = 0; i < 1000; i++)
                audit_note(f->audit, &record, NOW);
        for (int64_t now = NOW; now < NOW + 20; now += 2)
                unit_audit_flush(f, now);
        assert_int_equal(unit_audit_number(f, "count(*)"), 0);
        unit_sql(f->w.store->path, "DROP TRIGGER full");
        unit_audit_flush(f, NOW + 20);
        assert_int_equal(unit_audit_number(f, "count(*)"), 1);
        unit_audit_flush(f, NOW + 20);
        assert_int_equal(unit_audit_number(f, "count(*)"), 2);
        assert_int_equal(unit_audit_number(f, "sum(count)"), 1001);
}

static void end(struct unit_audit *f) {
        audit_finish(f->audit, f->w.worker, NOW);
        unit_worker_stop(&f->w);
}

static void test_at_the_end_all_is_written(void **state) {
        struct unit_audit *f = *state;
        struct audit_record record = record_of("refused");

        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(record.key, sizeof(record.key), "k%09u", i);
                record.uid = 0;
                audit_note(f->audit, &record, NOW);
        }
        unit_audit_flush(f, NOW); /* one batch of them */
        for (unsigned i = 0; i < 1000; i++)
                audit_note(f->audit, &record, NOW);
        /* one that is on its way when the end comes */
        audit_flush(f->audit, f->w.worker, NOW);
        audit_note(f->audit, &record, NOW);
        end(f);
        assert_int_equal(unit_audit_number(f, "sum(count)"), 2001);
        assert_int_equal(unit_audit_number(f, "count(*)"), 1000);
}

static void test_the_end_tries_once_more(void **state) {
        struct unit_audit *f = *state;
        struct audit_record record = record_of("refused");

        fill_disk(f);
        audit_note(f->audit, &record, NOW);
        unit_audit_flush(f, NOW);
        unit_sql(f->w.store->path, "DROP TRIGGER full");
        audit_note(f->audit, &record, NOW);
        end(f);
        assert_int_equal(unit_audit_number(f, "sum(count)"), 2);
}

static void test_the_end_comes_even_when_nothing_can_be_written(void **state) {
        struct unit_audit *f = *state;
        struct audit_record record = record_of("refused");

        fill_disk(f);
        audit_note(f->audit, &record, NOW);
        unit_audit_flush(f, NOW);
        audit_note(f->audit, &record, NOW);
        end(f);
        assert_int_equal(unit_audit_number(f, "count(*)"), 0);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(audit_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_audit(test_what_cannot_be_written_is_kept),
                unit_test_with_audit(test_at_the_end_all_is_written),
                unit_test_with_audit(test_the_end_tries_once_more),
                unit_test_with_audit(test_the_end_comes_even_when_nothing_can_be_written),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
