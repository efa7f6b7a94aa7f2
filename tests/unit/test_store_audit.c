/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit log in the store: what was written comes back, and what is old is purged. What others
 * do to it is in test_store_chain.c. */
#include "unit_audit_log.h"

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

/* --- Writing and reading --- */

static void test_a_new_log_has_begun_and_is_intact(void **state) {
        struct unit_store *s = *state;
        int64_t head = -1;

        assert_int_equal(count(s, &(struct audit_filter){}), 1);
        assert_int_equal(store_audit_head(s->writer, &head), 0);
        assert_int_equal(head, 1);
        unit_audit_log_check_is("new", s, AUDIT_INTACT, 0);
        /* It begins once. */
        assert_int_equal(store_audit_begin(s->writer, NOW), 0);
        assert_int_equal(count(s, &(struct audit_filter){}), 1);
}

static void test_what_was_written_comes_back(void **state) {
        struct unit_store *s = *state;
        struct audit_record want = unit_audit_log_record_at(NOW), least = {};
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
        unit_audit_log_add(s, &want);
        unit_audit_log_add(s, &least);
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
        unit_audit_log_check_is("written", s, AUDIT_INTACT, 0);
}

static void test_without_a_seal_nothing_is_written(void **state) {
        struct unit_store *s = *state;
        struct audit_record record = unit_audit_log_record_at(NOW);
        struct audit_check check;

        store_set_seal(s->writer, NULL, NULL);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), -ENOKEY);
        assert_int_equal(store_audit_purge(s->writer, NOW, NOW, 1), -ENOKEY);
        store_rollback(s->writer);
        assert_int_equal(store_audit_verify(s->writer, 0, 1, &check), -ENOKEY);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), 1);
}

static void test_a_record_is_there_with_its_transaction(void **state) {
        struct unit_store *s = *state;
        struct audit_record record = unit_audit_log_record_at(NOW);

        unit_audit_log_fill(s, 1);
        assert_int_equal(s->shared.audit_seq, 2);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(s->shared.audit_seq, 2);
        store_rollback(s->writer);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        assert_int_equal(s->shared.audit_seq, 2);
        unit_audit_log_check_is("rolled back", s, AUDIT_INTACT, 0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        assert_int_equal(s->shared.audit_seq, 3);
        assert_int_equal(unit_sql_number(s->path, "SELECT max(seq) FROM audit"), 3);
}

/* --- Records of one transaction --- */

static void begin_with(struct unit_store *s, unsigned n) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < n; i++) {
                struct audit_record record = unit_audit_log_record_at(NOW + 100 * i);

                assert_int_equal(store_audit_add(s->writer, &record), 0);
        }
}

/* How often a statement has run since the last time. */
static int runs_of(struct unit_store *s, enum stmt which) {
        return sqlite3_stmt_status(store_stmt(s->writer, which), SQLITE_STMTSTATUS_RUN, 1);
}

static void test_a_transaction_loads_and_seals_the_chain_once(void **state) {
        struct unit_store *s = *state;
        struct audit_mark within, after;

        (void) runs_of(s, STMT_CHAIN_GET);
        (void) runs_of(s, STMT_CHAIN_SET);
        begin_with(s, 5);
        /* What looks at the log within the transaction finds them as well. */
        unit_audit_log_check_is("within", s, AUDIT_INTACT, 0);
        assert_int_equal(store_audit_mark(s->writer, 0, &within), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(runs_of(s, STMT_CHAIN_GET), 1);
        assert_int_equal(runs_of(s, STMT_CHAIN_SET), 1);
        unit_audit_log_check_is("committed", s, AUDIT_INTACT, 0);
        assert_int_equal(store_audit_mark(s->writer, 0, &after), 0);
        assert_int_equal(within.seq, 6);
        assert_int_equal(after.seq, 6);
        assert_memory_equal(within.hash, after.hash, sizeof(after.hash));
        assert_int_equal(s->shared.audit_seq, 6);
        assert_int_equal(unit_sql_number(s->path, "SELECT max(seq) FROM audit"), 6);
        begin_with(s, 2);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        unit_audit_log_check_is("the next", s, AUDIT_INTACT, 0);
}

static void test_a_purge_between_two_records(void **state) {
        struct audit_record record = unit_audit_log_record_at(NOW + 1000);
        struct unit_store *s = *state;

        begin_with(s, 3);
        assert_int_equal(store_audit_purge(s->writer, NOW + 105, NOW + 2000, 100), 3);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        unit_audit_log_check_is("one is left", s, AUDIT_INTACT, 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 4);
        /* even of records of the same transaction */
        begin_with(s, 3);
        assert_int_equal(store_audit_purge(s->writer, NOW + 2000, NOW + 2000, 100), 5);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        unit_audit_log_check_is("none is left", s, AUDIT_INTACT, 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 9);
        assert_int_equal(s->shared.audit_seq, 9);
}

static void test_what_cannot_be_sealed_is_not_committed(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(sqlite3_exec(s->writer->db,
                                      "CREATE TEMP TRIGGER refuse BEFORE INSERT ON "
                                      "main.audit_chain BEGIN SELECT RAISE(ABORT, 'no'); END",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
        begin_with(s, 2);
        assert_true(store_commit(s->writer) < 0);
        assert_int_equal(sqlite3_exec(s->writer->db, "DROP TRIGGER refuse", NULL, NULL, NULL),
                         SQLITE_OK);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), 1);
        unit_audit_log_check_is("refused", s, AUDIT_INTACT, 0);
        begin_with(s, 2);
        assert_int_equal(store_commit(s->writer), 0);
        unit_audit_log_check_is("again", s, AUDIT_INTACT, 0);
}

/* As SQLite does it on a full disk. What was added before is gone then, and the seal must not speak
 * of it. */
static void test_a_transaction_that_sqlite_has_ended(void **state) {
        struct audit_record record = unit_audit_log_record_at(NOW);
        struct unit_store *s = *state;

        begin_with(s, 2);
        assert_int_equal(sqlite3_exec(s->writer->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(store_audit_add(s->writer, &record), -EIO);
        assert_int_equal(store_commit(s->writer), -EIO);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), 1);
        unit_audit_log_check_is("ended", s, AUDIT_INTACT, 0);
        begin_with(s, 2);
        assert_int_equal(store_commit(s->writer), 0);
        unit_audit_log_check_is("the next", s, AUDIT_INTACT, 0);
        assert_int_equal(s->shared.audit_seq, 3);
}

/* --- Filters --- */

static void test_filters(void **state) {
        static const struct {
                const char *name;
                struct audit_filter filter;
                size_t n;
        } rows[] = {
                { "all", {}, 5 }, /* with the record that begins it */
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
        struct audit_record record = unit_audit_log_record_at(NOW);

        unit_audit_log_add(s, &record);
        record = unit_audit_log_record_at(NOW + 100);
        memcpy(record.service, "sshd", 5);
        memcpy(record.verdict, "accepted", 9);
        unit_audit_log_add(s, &record);
        record = unit_audit_log_record_at(NOW + 200);
        memcpy(record.key, "bbbbbbbbbb", 11);
        memcpy(record.user, "bob", 4);
        unit_audit_log_add(s, &record);
        record = unit_audit_log_record_at(NOW + 300);
        record.owner_uid = AUDIT_NOBODY; /* claimed to be alice */
        unit_audit_log_add(s, &record);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].name, count(s, &rows[i].filter), rows[i].n);
}

static void test_looking_is_bounded_and_goes_on_where_it_ended(void **state) {
        struct unit_store *s = *state;
        struct audit_filter filter = { .service = "none" };
        struct seen seen = {};
        unsigned calls = 0;
        int64_t next;

        unit_audit_log_fill(s, 9);
        do {
                assert_int_equal(store_audit_each(s->writer, &filter, 3, see, &seen, &next), 0);
                assert_int_equal(next == 0 || next == filter.after + 3, true);
                filter.after = next;
                calls++;
        } while (next > 0);
        assert_int_equal(calls, 4);
        assert_int_equal(seen.n, 0);

        filter.after = 0;
        filter.reverse = true;
        calls = 0;
        do {
                assert_int_equal(store_audit_each(s->writer, &filter, 3, see, &seen, &next), 0);
                filter.after = next;
                calls++;
        } while (next > 0);
        assert_int_equal(calls, 4);
        assert_int_equal(seen.n, 0);

        filter = (struct audit_filter){ .reverse = true };
        seen.stop_at = 4;
        assert_int_equal(store_audit_each(s->writer, &filter, 100, see, &seen, &next), 0);
        assert_int_equal(seen.n, 4);
        assert_int_equal(next, 7);
        filter.after = next;
        seen = (struct seen){};
        assert_int_equal(store_audit_each(s->writer, &filter, 100, see, &seen, &next), 0);
        assert_int_equal(seen.n, 6);
        assert_int_equal(next, 0);

        seen = (struct seen){};
        filter = (struct audit_filter){};
        seen.stop_at = 4;
        assert_int_equal(store_audit_each(s->writer, &filter, 100, see, &seen, &next), 0);
        assert_int_equal(seen.n, 4);
        assert_int_equal(next, 4);
}

static void test_filters_by_key_and_user_have_an_index(void **state) {
        static const enum stmt which[] = { STMT_AUDIT_EACH_OF_KEY, STMT_AUDIT_EACH_OF_USER,
                                           STMT_AUDIT_BACK_OF_KEY, STMT_AUDIT_BACK_OF_USER };
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
                assert_int_equal(sqlite3_step(stmt), SQLITE_DONE); /* nothing is sorted */
                assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        }
}

/* --- Purge --- */

/* the time of these purges */
#define LATER (NOW + 100000)

static int purge(struct unit_store *s, int64_t before, int64_t most) {
        int r;

        assert_int_equal(store_begin(s->writer), 0);
        r = store_audit_purge(s->writer, before, LATER, most);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        return r;
}

static void test_the_oldest_go_and_the_rest_is_still_whole(void **state) {
        struct unit_store *s = *state;

        /* record 2 lasts until NOW + 5, record 3 until NOW + 105 */
        unit_audit_log_fill(s, 6);
        /* even the first record lasted until NOW */
        assert_int_equal(purge(s, NOW - 1, 100), 0);
        assert_int_equal(purge(s, NOW + 5, 1), 1);
        assert_int_equal(purge(s, NOW + 5, 100), 1);
        assert_int_equal(purge(s, NOW + 104, 100), 0);
        assert_int_equal(purge(s, NOW + 105, 100), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 4);
        unit_audit_log_check_is("purged", s, AUDIT_INTACT, 0);
        unit_sql(s->path, "DELETE FROM audit WHERE seq = 4");
        unit_audit_log_check_is("one more", s, AUDIT_MISSING, 4);
}

static void test_an_emptied_log_goes_on_counting(void **state) {
        struct unit_store *s = *state;

        unit_audit_log_fill(s, 3);
        assert_int_equal(purge(s, LATER, 100), 4);
        unit_audit_log_check_is("emptied", s, AUDIT_INTACT, 0);
        unit_audit_log_fill(s, 2);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 5);
        unit_audit_log_check_is("filled again", s, AUDIT_INTACT, 0);
}

/* A late record of an old event keeps its place. A younger record before it keeps it from being
 * purged. */
static void test_a_purge_stops_at_the_first_that_is_not_old(void **state) {
        struct unit_store *s = *state;
        struct audit_record record = unit_audit_log_record_at(NOW + 1000);

        unit_audit_log_add(s, &record);
        record = unit_audit_log_record_at(NOW);
        unit_audit_log_add(s, &record);
        assert_int_equal(purge(s, NOW + 500, 100), 1);
        assert_int_equal(purge(s, NOW + 2000, 100), 2);
}

static void add_at(struct unit_store *s, int64_t at) {
        struct audit_record record = unit_audit_log_record_at(at);

        unit_audit_log_add(s, &record);
}

/* The clock was wrong for a moment, and the record says that it is of the year 2126. */
static void test_a_record_from_the_future_goes_with_its_neighbours(void **state) {
        const int64_t century = INT64_C(100) * 365 * 86400;
        struct unit_store *s = *state;

        add_at(s, NOW + century);
        add_at(s, NOW + century);
        add_at(s, NOW + 100);
        add_at(s, NOW + century);
        add_at(s, NOW + 50000);
        /* Nothing old comes behind the first two, nor behind the last one. */
        assert_int_equal(purge(s, NOW + 50, 100), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 2);
        assert_int_equal(purge(s, NOW + 1000, 100), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT min(seq) FROM audit"), 5);
        unit_audit_log_check_is("purged", s, AUDIT_INTACT, 0);
        /* Even where there are more of them than go at once. */
        for (unsigned i = 0; i < 5; i++)
                add_at(s, NOW + century);
        add_at(s, NOW + 50000);
        assert_int_equal(purge(s, NOW + 60000, 1), 1);
        assert_int_equal(purge(s, NOW + 60000, 1), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), 0);
        unit_audit_log_check_is("emptied", s, AUDIT_INTACT, 0);
}

/* The mark of a record depends on all before it. */
static void test_marks(void **state) {
        struct unit_store *s = *state;
        struct audit_mark mark, last;

        unit_audit_log_fill(s, 6);
        assert_int_equal(store_audit_mark(s->writer, 0, &last), 0);
        assert_int_equal(last.seq, 7);
        assert_int_equal(store_audit_mark(s->writer, 7, &mark), 0);
        assert_memory_equal(mark.hash, last.hash, sizeof(mark.hash));
        assert_int_equal(store_audit_mark(s->writer, 6, &mark), 0);
        assert_memory_not_equal(mark.hash, last.hash, sizeof(mark.hash));
        assert_int_equal(store_audit_mark(s->writer, 8, &mark), -ENOENT);
        assert_int_equal(store_audit_mark(s->writer, INT64_MAX, &mark), -ENOENT);
        last = mark;
        /* The last record that was purged still has one. */
        assert_int_equal(purge(s, NOW + 405, 100), 6);
        assert_int_equal(store_audit_mark(s->writer, 6, &mark), 0);
        assert_memory_equal(mark.hash, last.hash, sizeof(mark.hash));
        assert_int_equal(store_audit_mark(s->writer, 5, &mark), -ENODATA);
}

static void test_a_purge_mends_nothing(void **state) {
        struct unit_store *s = *state;

        unit_audit_log_fill(s, 6);
        unit_sql(s->path, "UPDATE audit_chain SET mac = zeroblob(32)");
        assert_int_equal(purge(s, NOW + 106, 100), 3);
        unit_audit_log_check_is("purged", s, AUDIT_UNSEALED, 7);
        unit_sql(s->path, "UPDATE audit SET hash = x'' WHERE seq = 4");
        assert_int_equal(purge(s, NOW + 206, 1), 1);
        assert_int_not_equal(unit_audit_log_check_by(s, 100).fault, AUDIT_INTACT);
}

/* A check that was begun before a purge goes on after it. */
static void test_a_check_survives_a_purge(void **state) {
        struct unit_store *s = *state;
        struct audit_check check;

        unit_audit_log_fill(s, 6);
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
                unit_test_with_store(test_a_new_log_has_begun_and_is_intact),
                unit_test_with_store(test_what_was_written_comes_back),
                unit_test_with_store(test_without_a_seal_nothing_is_written),
                unit_test_with_store(test_a_record_is_there_with_its_transaction),
                unit_test_with_store(test_a_transaction_loads_and_seals_the_chain_once),
                unit_test_with_store(test_a_purge_between_two_records),
                unit_test_with_store(test_what_cannot_be_sealed_is_not_committed),
                unit_test_with_store(test_a_transaction_that_sqlite_has_ended),
                unit_test_with_store(test_filters),
                unit_test_with_store(test_looking_is_bounded_and_goes_on_where_it_ended),
                unit_test_with_store(test_filters_by_key_and_user_have_an_index),
                unit_test_with_store(test_the_oldest_go_and_the_rest_is_still_whole),
                unit_test_with_store(test_an_emptied_log_goes_on_counting),
                unit_test_with_store(test_a_purge_stops_at_the_first_that_is_not_old),
                unit_test_with_store(test_a_record_from_the_future_goes_with_its_neighbours),
                unit_test_with_store(test_marks),
                unit_test_with_store(test_a_purge_mends_nothing),
                unit_test_with_store(test_a_check_survives_a_purge),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
