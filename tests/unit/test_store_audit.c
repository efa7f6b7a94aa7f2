/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit log in the store: what was written comes back, and whatever is done to it by others
 * is found out. */
#include "unit_store.h"

#include "store/store_audit.h"
#include "store/store_stmt.h"

#define NOW INT64_C(1800000000)

static struct audit_record record_at(int64_t at) {
        return (struct audit_record){ .at = at,
                                      .until = at + 5,
                                      .count = 3,
                                      .uid = 110,
                                      .pid = 77,
                                      .owner_uid = 1000,
                                      .event = "login",
                                      .verdict = "refused",
                                      .door = "verify",
                                      .key = "aaaaaaaaaa",
                                      .user = "alice",
                                      .service = "imap",
                                      .rhost = "192.0.2.7",
                                      .reason = "revoked",
                                      .detail = "for user 'bob'" };
}

static void add(struct unit_store *s, const struct audit_record *record) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, record), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* n records at NOW, NOW + 100 and so on; behind the one that begins the log, so they have the
 * numbers 2 to n + 1. */
static void fill(struct unit_store *s, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                struct audit_record record = record_at(NOW + 100 * i);

                add(s, &record);
        }
}

struct seen {
        struct audit_record records[32];
        size_t n, stop_at;
};

static int see(const struct audit_record *record, void *userdata) {
        struct seen *seen = userdata;

        assert_in_range(seen->n, 0, ARRAY_LEN(seen->records) - 1);
        seen->records[seen->n++] = *record;
        return seen->n == seen->stop_at;
}

static size_t count(struct unit_store *s, const struct audit_filter *filter) {
        struct seen seen = {};
        int64_t next = -1;

        assert_int_equal(store_audit_each(s->writer, filter, 1000, see, &seen, &next), 0);
        assert_int_equal(next, 0);
        return seen.n;
}

/* The whole log in pieces of ${most}. */
static struct audit_check check_by(struct unit_store *s, size_t most) {
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

static void check_is(const char *row, struct unit_store *s, enum audit_fault fault, int64_t bad) {
        for (size_t most = 1; most < 20; most += 3) {
                struct audit_check check = check_by(s, most);

                unit_int(row, check.fault, fault);
                unit_int(row, check.bad, bad);
        }
}

/* --- Writing and reading --- */

static void test_a_new_log_is_empty_and_intact(void **state) {
        struct unit_store *s = *state;
        int64_t head = -1;

        assert_int_equal(count(s, &(struct audit_filter){}), 0);
        assert_int_equal(store_audit_head(s->writer, &head), 0);
        assert_int_equal(head, 0);
        check_is("empty", s, AUDIT_INTACT, 0);
        assert_int_equal(store_audit_purge(s->writer, INT64_MAX, 100), 0);
}

static void test_what_was_written_comes_back(void **state) {
        struct unit_store *s = *state;
        struct audit_record want = record_at(NOW), least = {};
        struct seen seen = {};
        int64_t next, head;

        memset(want.user, 'u', sizeof(want.user) - 1);
        memset(want.service, 's', sizeof(want.service) - 1);
        memset(want.rhost, 'r', sizeof(want.rhost) - 1);
        memset(want.detail, 'd', sizeof(want.detail) - 1);
        memset(want.event, 'e', sizeof(want.event) - 1);
        memset(want.verdict, 'v', sizeof(want.verdict) - 1);
        memset(want.door, 'o', sizeof(want.door) - 1);
        memset(want.reason, 'n', sizeof(want.reason) - 1);
        want.uid = AUDIT_NOBODY;
        want.owner_uid = 4294967294;
        want.count = UINT64_C(1) << 40;
        add(s, &want);
        add(s, &least);
        assert_int_equal(
                store_audit_each(s->writer, &(struct audit_filter){}, 1000, see, &seen, &next), 0);
        assert_int_equal(seen.n, 3);
        assert_int_equal(seen.records[0].seq, 1);
        assert_string_equal(seen.records[0].event, "begun");
        want.seq = 2;
        assert_memory_equal(&seen.records[1], &want, sizeof(want));
        least.seq = 3;
        assert_memory_equal(&seen.records[2], &least, sizeof(least));
        assert_int_equal(store_audit_head(s->writer, &head), 0);
        assert_int_equal(head, 3);
        check_is("written", s, AUDIT_INTACT, 0);
}

static void test_without_a_seal_nothing_is_written(void **state) {
        struct unit_store *s = *state;
        struct audit_record record = record_at(NOW);
        struct audit_check check;

        store_set_seal(s->writer, NULL, NULL);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), -ENOKEY);
        assert_int_equal(store_audit_purge(s->writer, NOW, 1), -ENOKEY);
        store_rollback(s->writer);
        assert_int_equal(store_audit_verify(s->writer, 0, 1, &check), -ENOKEY);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), 0);
}

static void test_a_record_is_there_with_its_transaction(void **state) {
        struct unit_store *s = *state;
        struct audit_record record = record_at(NOW);

        fill(s, 1);
        assert_int_equal(s->shared.audit_seq, 2);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(s->shared.audit_seq, 2);
        store_rollback(s->writer);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        assert_int_equal(s->shared.audit_seq, 2);
        check_is("rolled back", s, AUDIT_INTACT, 0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        assert_int_equal(s->shared.audit_seq, 3);
        assert_int_equal(unit_sql_number(s->path, "SELECT max(seq) FROM audit"), 3);
}

static void test_filters(void **state) {
        static const struct {
                const char *name;
                struct audit_filter filter;
                size_t n;
        } rows[] = {
                { "all", {}, 5 }, /* with the one that begins it */
                { "key", { .key = "aaaaaaaaaa" }, 3 },
                { "another key", { .key = "bbbbbbbbbb" }, 1 },
                { "no such key", { .key = "cccccccccc" }, 0 },
                { "no key at all", { .key = "" }, 0 },
                { "user", { .user = "alice" }, 3 },
                { "user of that number", { .user = "alice", .own = true, .owner_uid = 1000 }, 2 },
                { "user of another number",
                  { .user = "alice", .own = true, .owner_uid = 1001 },
                  0 },
                { "number 0", { .own = true, .owner_uid = 0 }, 0 },
                { "half a name", { .user = "ali" }, 0 },
                { "service", { .service = "sshd" }, 1 },
                { "verdict", { .verdict = "accepted" }, 1 },
                { "key and user", { .key = "bbbbbbbbbb", .user = "alice" }, 0 },
                { "key and service", { .key = "aaaaaaaaaa", .service = "sshd" }, 1 },
                { "since the beginning of the last", { .since = NOW + 300 }, 1 },
                { "since the end of the last", { .since = NOW + 305 }, 1 },
                { "since later", { .since = NOW + 306 }, 0 },
                { "until before", { .until = NOW - 1 }, 0 },
                { "until the first", { .until = NOW }, 2 },
                { "in the middle of one", { .since = NOW + 102, .until = NOW + 103 }, 1 },
                { "after", { .after = 3 }, 2 },
                { "after the last", { .after = 5 }, 0 },
                { "of a key after", { .key = "aaaaaaaaaa", .after = 2 }, 2 },
        };
        struct unit_store *s = *state;
        struct audit_record record = record_at(NOW);

        add(s, &record);
        record = record_at(NOW + 100);
        memcpy(record.service, "sshd", 5);
        memcpy(record.verdict, "accepted", 9);
        add(s, &record);
        record = record_at(NOW + 200);
        memcpy(record.key, "bbbbbbbbbb", 11);
        memcpy(record.user, "bob", 4);
        add(s, &record);
        record = record_at(NOW + 300);
        record.owner_uid = AUDIT_NOBODY; /* claimed to be alice */
        add(s, &record);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].name, count(s, &rows[i].filter), rows[i].n);
}

static void test_looking_is_bounded_and_goes_on_where_it_ended(void **state) {
        struct unit_store *s = *state;
        struct audit_filter filter = { .service = "none" };
        struct seen seen = {};
        unsigned calls = 0;
        int64_t next;

        fill(s, 9);
        do {
                assert_int_equal(store_audit_each(s->writer, &filter, 3, see, &seen, &next), 0);
                assert_int_equal(next == 0 || next == filter.after + 3, true);
                filter.after = next;
                calls++;
        } while (next > 0);
        assert_int_equal(calls, 4);
        assert_int_equal(seen.n, 0);

        filter = (struct audit_filter){};
        seen.stop_at = 4;
        assert_int_equal(store_audit_each(s->writer, &filter, 100, see, &seen, &next), 0);
        assert_int_equal(seen.n, 4);
        assert_int_equal(next, 4);
}

static void test_filters_by_key_and_user_have_an_index(void **state) {
        static const enum stmt which[] = { STMT_AUDIT_EACH_OF_KEY, STMT_AUDIT_EACH_OF_USER };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(which); i++) {
                char sql[1024];
                sqlite3_stmt *stmt = NULL;

                (void) snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s",
                                sqlite3_sql(store_stmt(s->writer, which[i])));
                assert_int_equal(sqlite3_prepare_v2(s->writer->db, sql, -1, &stmt, NULL),
                                 SQLITE_OK);
                assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
                assert_non_null(
                        strstr((const char *) sqlite3_column_text(stmt, 3), "USING INDEX audit_"));
                assert_int_equal(sqlite3_step(stmt), SQLITE_DONE); /* and nothing is sorted */
                assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        }
}

/* --- What others do to it --- */

static void test_every_altered_column_is_found(void **state) {
        static const char *const columns[] = { "at",    "until",     "count",  "uid",
                                               "pid",   "owner_uid", "event",  "verdict",
                                               "door",  "key",       "user",   "service",
                                               "rhost", "reason",    "detail", "hash" };
        struct unit_store *s = *state;
        char sql[200];

        fill(s, 6);
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
                                        : i < 6 ? " + 1"
                                                : " || 'x'",
                                        (long long) seq);
                        unit_sql(s->path, sql);
                        check_is(sql, s, AUDIT_ALTERED, seq);
                        unit_sql(s->path, "DELETE FROM audit; INSERT INTO audit SELECT * FROM "
                                          "kept; DROP TABLE kept");
                        check_is("put back", s, AUDIT_INTACT, 0);
                }
}

static void test_whatever_is_done_without_the_key_is_found(void **state) {
        static const struct {
                const char *sql;
                enum audit_fault fault;
                int64_t bad;
        } rows[] = {
                { "DELETE FROM audit WHERE seq = 1", AUDIT_MISSING, 1 },
                { "DELETE FROM audit WHERE seq = 4", AUDIT_MISSING, 4 },
                { "DELETE FROM audit WHERE seq = 7", AUDIT_MISSING, 7 },
                { "DELETE FROM audit WHERE seq > 3", AUDIT_MISSING, 4 },
                { "DELETE FROM audit", AUDIT_MISSING, 1 },
                /* numbered anew to hide the gap */
                { "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4",
                  AUDIT_ALTERED, 4 },
                { "UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;"
                  "UPDATE audit SET seq = 4 WHERE seq = 99",
                  AUDIT_ALTERED, 3 },
                { "INSERT INTO audit SELECT 8, at, until, count, uid, pid, owner_uid, event, "
                  "verdict, door, "
                  "key, user,"
                  " service, rhost, reason, detail, hash FROM audit WHERE seq = 7",
                  AUDIT_ALTERED, 8 },
                { "INSERT INTO audit SELECT 0, at, until, count, uid, pid, owner_uid, event, "
                  "verdict, door, "
                  "key, user,"
                  " service, rhost, reason, detail, hash FROM audit WHERE seq = 7",
                  AUDIT_MISSING, 1 },
                { "UPDATE audit SET uid = -1 WHERE seq = 5", AUDIT_ALTERED, 5 },
                { "UPDATE audit SET detail = replace(hex(zeroblob(500)), '0', 'x') WHERE seq = 5",
                  AUDIT_ALTERED, 5 },
                { "UPDATE audit SET hash = x'' WHERE seq = 5", AUDIT_ALTERED, 5 },
                /* what one text loses the next one gets */
                { "UPDATE audit SET user = 'alic', service = 'eimap' WHERE seq = 5", AUDIT_ALTERED,
                  5 },
                /* with the ends of the chain moved along, as far as that can be done without the
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
        };
        struct unit_store *s = *state;

        fill(s, 6);
        unit_sql(s->path, "CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE chain AS SELECT "
                          "* FROM audit_chain");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct audit_record record = record_at(NOW + 1000);

                unit_sql(s->path, rows[i].sql);
                check_is(rows[i].sql, s, rows[i].fault, rows[i].bad);
                /* What follows is written all the same, and covers nothing up. */
                add(s, &record);
                add(s, &record);
                assert_int_not_equal(check_by(s, 100).fault, AUDIT_INTACT);
                unit_sql(s->path, "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;DELETE "
                                  "FROM audit_chain; INSERT INTO audit_chain SELECT * FROM chain");
                check_is("put back", s, AUDIT_INTACT, 0);
        }
}

static void test_a_log_of_another_key_is_not_ours(void **state) {
        struct unit_store *s = *state;
        uint64_t other = 4711;

        fill(s, 3);
        store_set_seal(s->writer, unit_seal, &other);
        check_is("another key", s, AUDIT_ALTERED, 1);
}

/* A record that was sealed by us, for its very place, but in another history of the same
 * database: in a backup, say. */
static void test_a_record_of_another_history_is_found(void **state) {
        struct audit_record record = record_at(NOW + 1000);
        struct unit_store *s = *state;

        fill(s, 3);
        unit_sql(s->path, "CREATE TABLE chain AS SELECT * FROM audit_chain");
        add(s, &record);
        unit_sql(s->path,
                 "CREATE TABLE kept AS SELECT * FROM audit WHERE seq = 5; DELETE FROM audit WHERE "
                 "seq = 5;DELETE FROM audit_chain; INSERT INTO audit_chain SELECT * FROM chain");
        check_is("back to four", s, AUDIT_INTACT, 0);
        record.count = 99;
        add(s, &record);
        add(s, &record);
        check_is("another history", s, AUDIT_INTACT, 0);
        unit_sql(s->path, "DELETE FROM audit WHERE seq = 5; INSERT INTO audit SELECT * FROM kept");
        check_is("the fifth of the first history", s, AUDIT_ALTERED, 6);
}

static void test_a_record_that_vanishes_between_two_pieces_is_found(void **state) {
        struct unit_store *s = *state;
        struct audit_check check;

        fill(s, 6);
        assert_int_equal(store_audit_verify(s->writer, 0, 3, &check), 0);
        assert_int_equal(check.next, 3);
        unit_sql(s->path, "DELETE FROM audit WHERE seq = 3");
        assert_int_equal(store_audit_verify(s->writer, 3, 3, &check), 0);
        assert_int_equal(check.fault, AUDIT_MISSING);
        assert_int_equal(check.bad, 3);
}

/* --- Purge --- */

static int purge(struct unit_store *s, int64_t before, int64_t most) {
        int r;

        assert_int_equal(store_begin(s->writer), 0);
        r = store_audit_purge(s->writer, before, most);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        return r;
}

static void test_the_oldest_go_and_the_rest_is_still_whole(void **state) {
        struct unit_store *s = *state;

        /* 2 lasts until NOW + 5, 3 until NOW + 105 */
        fill(s, 6);
        /* even the first one lasted until NOW */
        assert_int_equal(purge(s, NOW - 1, 100), 0);
        assert_int_equal(purge(s, NOW + 5, 1), 1);
        assert_int_equal(purge(s, NOW + 5, 100), 1);
        assert_int_equal(purge(s, NOW + 104, 100), 0);
        assert_int_equal(purge(s, NOW + 105, 100), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 4);
        check_is("purged", s, AUDIT_INTACT, 0);
        unit_sql(s->path, "DELETE FROM audit WHERE seq = 4");
        check_is("one more", s, AUDIT_MISSING, 4);
}

static void test_an_emptied_log_goes_on_counting(void **state) {
        struct unit_store *s = *state;

        fill(s, 3);
        assert_int_equal(purge(s, INT64_MAX, 100), 4);
        check_is("emptied", s, AUDIT_INTACT, 0);
        fill(s, 2);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 5);
        check_is("filled again", s, AUDIT_INTACT, 0);
}

/* A late record of an old event keeps its place, and a younger one before it keeps it from being
 * purged. */
static void test_a_purge_stops_at_the_first_that_is_not_old(void **state) {
        struct unit_store *s = *state;
        struct audit_record record = record_at(NOW + 1000);

        add(s, &record);
        record = record_at(NOW);
        add(s, &record);
        assert_int_equal(purge(s, NOW + 500, 100), 0);
        assert_int_equal(purge(s, NOW + 2000, 100), 3);
}

static void test_a_purge_mends_nothing(void **state) {
        struct unit_store *s = *state;

        fill(s, 6);
        unit_sql(s->path, "UPDATE audit_chain SET mac = zeroblob(32)");
        assert_int_equal(purge(s, NOW + 106, 100), 3);
        check_is("purged", s, AUDIT_UNSEALED, 7);
        unit_sql(s->path, "UPDATE audit SET hash = x'' WHERE seq = 4");
        assert_int_equal(purge(s, NOW + 206, 1), 1);
        assert_int_not_equal(check_by(s, 100).fault, AUDIT_INTACT);
}

/* A check that was begun before a purge goes on behind it. */
static void test_a_check_survives_a_purge(void **state) {
        struct unit_store *s = *state;
        struct audit_check check;

        fill(s, 6);
        assert_int_equal(store_audit_verify(s->writer, 0, 2, &check), 0);
        assert_int_equal(check.next, 2);
        assert_int_equal(purge(s, NOW + 306, 100), 5);
        assert_int_equal(store_audit_verify(s->writer, check.next, 100, &check), 0);
        assert_int_equal(check.fault, AUDIT_INTACT);
        assert_int_equal(check.next, 0);
        assert_int_equal(check.n, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_a_new_log_is_empty_and_intact),
                unit_test_with_store(test_what_was_written_comes_back),
                unit_test_with_store(test_without_a_seal_nothing_is_written),
                unit_test_with_store(test_a_record_is_there_with_its_transaction),
                unit_test_with_store(test_filters),
                unit_test_with_store(test_looking_is_bounded_and_goes_on_where_it_ended),
                unit_test_with_store(test_filters_by_key_and_user_have_an_index),
                unit_test_with_store(test_every_altered_column_is_found),
                unit_test_with_store(test_whatever_is_done_without_the_key_is_found),
                unit_test_with_store(test_a_log_of_another_key_is_not_ours),
                unit_test_with_store(test_a_record_of_another_history_is_found),
                unit_test_with_store(test_a_record_that_vanishes_between_two_pieces_is_found),
                unit_test_with_store(test_the_oldest_go_and_the_rest_is_still_whole),
                unit_test_with_store(test_an_emptied_log_goes_on_counting),
                unit_test_with_store(test_a_purge_stops_at_the_first_that_is_not_old),
                unit_test_with_store(test_a_purge_mends_nothing),
                unit_test_with_store(test_a_check_survives_a_purge),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
