/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit log in the store: whatever an attacker who lacks the key does to it is found. What the
 * log records is in test_store_audit.c. */
#include "unit_audit_log.h"

static void test_every_altered_column_is_found(void **state) {
        static const char *const columns[] = { "at",      "until",     "count",     "uid",
                                               "pid",     "owner_uid", "login_uid", "event",
                                               "verdict", "door",      "key",       "user",
                                               "service", "rhost",     "reason",    "detail",
                                               "hash" };
        struct unit_store *s = *state;
        char sql[200];

        unit_audit_log_fill(s, 6);
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM pragma_table_info('audit')"),
                ARRAY_LEN(columns) + 1);
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
                for (int64_t seq = 1; seq <= 7; seq += 3) {
                        bool hash = strcmp(columns[i], "hash") == 0;

                        unit_sql(s->path, "CREATE TABLE kept AS SELECT * FROM audit");
                        (void) snprintf(sql, sizeof(sql),
                                        "UPDATE audit SET %s = %s%s WHERE seq = %lld", columns[i],
                                        hash ? "zeroblob(32)" : columns[i],
                                        hash    ? ""
                                        : i < 7 ? " + 1"
                                                : " || 'x'",
                                        (long long) seq);
                        unit_sql(s->path, sql);
                        unit_audit_log_check_is(sql, s, AUDIT_ALTERED, seq);
                        unit_sql(s->path, "DELETE FROM audit; INSERT INTO audit SELECT * FROM "
                                          "kept; DROP TABLE kept");
                        unit_audit_log_check_is("put back", s, AUDIT_INTACT, 0);
                }
}

/* What somebody with the database and without the key can do, and the fault that is found. */
static const struct {
        const char *sql;
        enum audit_fault fault;
        int64_t bad;
} forgeries[] = {
        { "DELETE FROM audit WHERE seq = 1", AUDIT_MISSING, 1 },
        { "DELETE FROM audit WHERE seq = 4", AUDIT_MISSING, 4 },
        { "DELETE FROM audit WHERE seq = 7", AUDIT_MISSING, 7 },
        { "DELETE FROM audit WHERE seq > 3", AUDIT_MISSING, 4 },
        { "DELETE FROM audit", AUDIT_MISSING, 1 },
        /* with new numbers, to hide the gap */
        { "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4",
          AUDIT_ALTERED, 4 },
        { "UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;"
          "UPDATE audit SET seq = 4 WHERE seq = 99",
          AUDIT_ALTERED, 3 },
        { "INSERT INTO audit SELECT 8, at, until, count, uid, pid, owner_uid, event, "
          "verdict, door, key, user, service, rhost, reason, detail, hash, login_uid "
          "FROM audit WHERE seq = 7",
          AUDIT_ALTERED, 8 },
        { "INSERT INTO audit SELECT 0, at, until, count, uid, pid, owner_uid, event, "
          "verdict, door, key, user, service, rhost, reason, detail, hash, login_uid "
          "FROM audit WHERE seq = 7",
          AUDIT_MISSING, 1 },
        { "UPDATE audit SET uid = -1 WHERE seq = 5", AUDIT_ALTERED, 5 },
        /* Odd records have a login uid. */
        { "UPDATE audit SET login_uid = 4242 WHERE seq = 4", AUDIT_ALTERED, 4 },
        { "UPDATE audit SET login_uid = 4242 WHERE seq = 5", AUDIT_ALTERED, 5 },
        { "UPDATE audit SET login_uid = -1 WHERE seq = 5", AUDIT_ALTERED, 5 },
        { "UPDATE audit SET login_uid = -2 WHERE seq = 4", AUDIT_ALTERED, 4 },
        { "UPDATE audit SET detail = replace(hex(zeroblob(500)), '0', 'x') WHERE seq = 5",
          AUDIT_ALTERED, 5 },
        { "UPDATE audit SET hash = x'' WHERE seq = 5", AUDIT_ALTERED, 5 },
        /* the next text gets what one text loses */
        { "UPDATE audit SET user = 'alic', service = 'eimap' WHERE seq = 5", AUDIT_ALTERED, 5 },
        /* with the ends of the chain moved along, as far as that is possible without the
         * key */
        { "DELETE FROM audit WHERE seq = 7; UPDATE audit_chain SET head_seq = 6,"
          " head_hash = (SELECT hash FROM audit WHERE seq = 6)",
          AUDIT_UNSEALED, 6 },
        { "UPDATE audit_chain SET base_seq = 1, base_hash = (SELECT hash FROM audit WHERE "
          "seq = 1);"
          "DELETE FROM audit WHERE seq = 1",
          AUDIT_UNSEALED, 7 },
        { "DELETE FROM audit; UPDATE audit_chain SET base_seq = 7, base_hash = head_hash",
          AUDIT_UNSEALED, 7 },
        { "DELETE FROM audit_chain", AUDIT_UNSEALED, 7 },
        { "UPDATE audit_chain SET mac = x''", AUDIT_UNSEALED, 7 },
        { "UPDATE audit_chain SET mac = zeroblob(32)", AUDIT_UNSEALED, 7 },
        { "UPDATE audit_chain SET base_seq = 9223372036854775807", AUDIT_UNSEALED, 7 },
        { "UPDATE audit_chain SET base_seq = 0, base_hash = zeroblob(32), head_seq = 0, "
          "head_hash = "
          "zeroblob(32),"
          " mac = zeroblob(32)",
          AUDIT_UNSEALED, 7 },
        /* as the schema makes it */
        { "DELETE FROM audit; UPDATE audit_chain SET base_seq = 0, base_hash = "
          "zeroblob(32), head_seq = 0, head_hash = zeroblob(32), mac = zeroblob(32)",
          AUDIT_UNSEALED, 0 },
};

static void test_whatever_is_done_without_the_key_is_found(void **state) {
        struct unit_store *s = *state;

        unit_audit_log_fill(s, 6);
        unit_sql(s->path, "CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE chain AS SELECT "
                          "* FROM audit_chain");
        for (size_t i = 0; i < ARRAY_LEN(forgeries); i++) {
                struct audit_record record = unit_audit_log_record_at(NOW + 1000);

                unit_sql(s->path, forgeries[i].sql);
                unit_audit_log_check_is(forgeries[i].sql, s, forgeries[i].fault, forgeries[i].bad);
                /* Later records are still written, and cover nothing up. */
                unit_audit_log_add(s, &record);
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_audit_add(s->writer, &record), 0);
                assert_int_equal(store_audit_add(s->writer, &record), 0);
                assert_int_equal(store_commit(s->writer), 0);
                assert_int_not_equal(unit_audit_log_check_by(s, 100).fault, AUDIT_INTACT);
                unit_sql(s->path, "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;DELETE "
                                  "FROM audit_chain; INSERT INTO audit_chain SELECT * FROM chain");
                unit_audit_log_check_is("put back", s, AUDIT_INTACT, 0);
        }
}

/* Otherwise a wiped log would be what this host has seen last. */
static void test_a_broken_log_has_no_mark(void **state) {
        struct unit_store *s = *state;
        struct audit_mark mark;

        unit_audit_log_fill(s, 3);
        assert_int_equal(store_audit_mark(s->writer, 0, &mark), 0);
        unit_sql(s->path, "UPDATE audit_chain SET mac = zeroblob(32)");
        assert_int_equal(store_audit_mark(s->writer, 0, &mark), -EBADMSG);
        assert_int_equal(store_audit_mark(s->writer, 4, &mark), 0);
}

static void test_a_log_of_another_key_is_not_ours(void **state) {
        struct unit_store *s = *state;
        uint64_t other = 4711;

        unit_audit_log_fill(s, 3);
        store_set_seal(s->writer, unit_seal, &other);
        unit_audit_log_check_is("another key", s, AUDIT_ALTERED, 1);
}

/* A record that we sealed, for this very place, but in another history of the same database, for
 * example in a backup. */
static void test_a_record_of_another_history_is_found(void **state) {
        struct audit_record record = unit_audit_log_record_at(NOW + 1000);
        struct unit_store *s = *state;

        unit_audit_log_fill(s, 3);
        unit_sql(s->path, "CREATE TABLE chain AS SELECT * FROM audit_chain");
        unit_audit_log_add(s, &record);
        unit_sql(s->path,
                 "CREATE TABLE kept AS SELECT * FROM audit WHERE seq = 5; DELETE FROM audit WHERE "
                 "seq = 5;DELETE FROM audit_chain; INSERT INTO audit_chain SELECT * FROM chain");
        unit_audit_log_check_is("back to four", s, AUDIT_INTACT, 0);
        record.count = 99;
        unit_audit_log_add(s, &record);
        unit_audit_log_add(s, &record);
        unit_audit_log_check_is("another history", s, AUDIT_INTACT, 0);
        unit_sql(s->path, "DELETE FROM audit WHERE seq = 5; INSERT INTO audit SELECT * FROM kept");
        unit_audit_log_check_is("the fifth of the first history", s, AUDIT_ALTERED, 6);
}

static void test_a_record_that_vanishes_between_two_pieces_is_found(void **state) {
        struct unit_store *s = *state;
        struct audit_check check;

        unit_audit_log_fill(s, 6);
        assert_int_equal(store_audit_verify(s->writer, 0, 3, &check), 0);
        assert_int_equal(check.next, 3);
        unit_sql(s->path, "DELETE FROM audit WHERE seq = 3");
        assert_int_equal(store_audit_verify(s->writer, 3, 3, &check), 0);
        assert_int_equal(check.fault, AUDIT_MISSING);
        assert_int_equal(check.bad, 3);
}

/* Nothing comes behind the largest number, not even in the same transaction. */
static void test_a_row_with_the_largest_number_is_not_passed(void **state) {
        struct audit_record record = unit_audit_log_record_at(NOW + 1000);
        struct unit_store *s = *state;

        unit_sql(
                s->path,
                "INSERT INTO audit SELECT 4611686018427387904, at, until, count, uid, pid, "
                "owner_uid, event, verdict, door, key, user, service, rhost, reason, detail, hash, "
                "login_uid FROM audit WHERE seq = 1");
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_audit_add(s->writer, &record), -EUCLEAN);
        store_rollback(s->writer);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_every_altered_column_is_found),
                unit_test_with_store(test_whatever_is_done_without_the_key_is_found),
                unit_test_with_store(test_a_broken_log_has_no_mark),
                unit_test_with_store(test_a_log_of_another_key_is_not_ours),
                unit_test_with_store(test_a_record_of_another_history_is_found),
                unit_test_with_store(test_a_record_that_vanishes_between_two_pieces_is_found),
                unit_test_with_store(test_a_row_with_the_largest_number_is_not_passed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
