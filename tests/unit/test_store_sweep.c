/* SPDX-License-Identifier: BSD-2-Clause */
/* What is due, as the store finds it: limits, where to go on, and an index for each question. What
 * the sweep does about it is in test_sweep.c. */
#include "unit_store.h"

#include "store/store_account.h"
#include "store/store_key.h"
#include "store/store_stmt.h"
#include "store/store_sweep.h"

#define T0 INT64_C(1800000000)

/* --- Plans: with a million keys a question without an index takes a second, on the thread that
 * everybody waits for --- */

static void plan(struct unit_store *s, enum stmt which, char *out, size_t size) {
        sqlite3_stmt *stmt = NULL;
        char sql[2048];

        out[0] = '\0';
        (void) snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s",
                        sqlite3_sql(store_stmt(s->writer, which)));
        assert_int_equal(sqlite3_prepare_v2(s->writer->db, sql, -1, &stmt, NULL), SQLITE_OK);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
                (void) strncat(out, (const char *) sqlite3_column_text(stmt, 3),
                               size - strlen(out) - 2);
                (void) strcat(out, "\n");
        }
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

static const struct {
        const char *why;
        enum stmt which;
        const char *index;
} plans[] = {
        { "the next end", STMT_SWEEP_NEXT, "key_ends" },
        { "the oldest", STMT_SWEEP_OLDEST, "key_made" },
        { "the newest", STMT_SWEEP_NEWEST, "key_made" },
        { "made ahead", STMT_SWEEP_AHEAD, "key_made" },
        { "the next dead", STMT_SWEEP_NEXT_DEAD, "key_dead" },
        { "the next password", STMT_SWEEP_NEXT_PASSWORD, "account_password" },
        { "anything removed", STMT_SWEEP_REMOVED, "key_epoch" },
        { "ended", STMT_SWEEP_ENDED, "key_ends" },
        { "made", STMT_SWEEP_MADE, "key_made" },
        { "undone", STMT_SWEEP_UNDONE, "key_dead" },
        { "of an owner", STMT_SWEEP_OF, "key_owner" },
        { "linked to somebody", STMT_SWEEP_LINKED, "key_linked" },
        { "purge the dead", STMT_SWEEP_PURGE_DEAD, "key_dead" },
        { "purge the removed", STMT_SWEEP_PURGE_REMOVED, "key_epoch" },
        { "mark", STMT_SWEEP_MARK, "PRIMARY KEY" },
        { "one account", STMT_ACCOUNT_GET, "PRIMARY KEY" },
        { "some accounts", STMT_ACCOUNT_EACH, "PRIMARY KEY" },
        { "owners", STMT_ACCOUNT_OWNERS, "key_owner" },
        { "linked users", STMT_ACCOUNT_LINKED, "key_linked" },
        { "live keys", STMT_ACCOUNT_LIVES, "key_owner" },
        { "the newest key", STMT_KEY_NEWEST, "key_made" },
        { "keys that wait for their owner", STMT_KEY_BIND_OWNER, "key_unbound" },
};

static void test_every_question_has_its_index(void **state) {
        char text[4096];

        for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
                plan(*state, plans[i].which, text, sizeof(text));
                if (!strstr(text, plans[i].index) || strstr(text, "SCAN k") ||
                    strstr(text, "SCAN a") || strstr(text, "TEMP B-TREE")) {
                        print_error("%s", text);
                        unit_int(plans[i].why, false, true);
                }
        }
}

/* It looks at each account, and then at no more than the rows of that account. The index on the
 * users of the audit log is partial, so the question must say that it is not asked for nobody. */
static void test_forgetting_looks_at_each_account_and_nothing_else(void **state) {
        char text[4096];

        plan(*state, STMT_ACCOUNT_FORGET, text, sizeof(text));
        assert_non_null(strstr(text, "INDEX audit_user"));
        assert_non_null(strstr(text, "INDEX key_owner"));
        assert_non_null(strstr(text, "INDEX key_linked"));
        assert_null(strstr(text, "SCAN audit"));
        assert_null(strstr(text, "SCAN key"));
}

/* --- Keys --- */

static void insert(struct unit_store *s, const char *id, int64_t made, int64_t expires,
                   int64_t dead) {
        struct key_record key = unit_key(id, "alice");

        key.created_at = made;
        key.expires_at = expires;
        key.dead_at = dead;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

struct seen {
        char ids[256];
        int stop;
};

static int see(const struct key_record *key, void *userdata) {
        struct seen *seen = userdata;

        seen->ids[strlen(seen->ids)] = key->id[0];
        return seen->stop;
}

static void next_is(struct unit_store *s, enum store_sweep which, int64_t after, int r,
                    int64_t want) {
        int64_t at;

        unit_poison(&at, sizeof(at));
        assert_int_equal(store_sweep_next(s->writer, which, after, &at), r);
        if (r < 0)
                unit_poisoned("next", &at, sizeof(at));
        else
                assert_int_equal(at, want);
}

static void test_what_is_next(void **state) {
        struct unit_store *s = *state;
        struct account_record account = { .name = "alice", .state = ACCOUNT_PRESENT };

        for (enum store_sweep which = STORE_SWEEP_END; which <= STORE_SWEEP_PASSWORD; which++)
                next_is(s, which, 0, -ENOENT, 0);
        insert(s, "aaaaaaaaaa", T0 + 5, 0, 0);
        next_is(s, STORE_SWEEP_END, 0, -ENOENT, 0); /* it has no end of its own */
        next_is(s, STORE_SWEEP_MADE, 0, 0, T0 + 5);
        insert(s, "bbbbbbbbbb", T0, T0 + 9, 0);
        next_is(s, STORE_SWEEP_END, 0, 0, T0 + 9);
        /* not the time of b, which has an expiry */
        next_is(s, STORE_SWEEP_MADE, 0, 0, T0 + 5);
        next_is(s, STORE_SWEEP_DEAD, 0, -ENOENT, 0);
        insert(s, "cccccccccc", T0 - 5, 0, T0 + 3);
        insert(s, "dddddddddd", T0 - 5, T0 - 4, T0 + 2);
        next_is(s, STORE_SWEEP_END, 0, 0, T0 + 9); /* the dead have no end */
        next_is(s, STORE_SWEEP_MADE, 0, 0, T0 + 5);
        next_is(s, STORE_SWEEP_DEAD, 0, 0, T0 + 2);
        for (int i = 0; i < 3; i++) {
                account.password_ends_at = i * 10;
                (void) snprintf(account.name, sizeof(account.name), "user%d", i);
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_account_put(s->writer, &account), 0);
                assert_int_equal(store_commit(s->writer), 0);
        }
        next_is(s, STORE_SWEEP_PASSWORD, 0, 0, 10);
        next_is(s, STORE_SWEEP_PASSWORD, 9, 0, 10);
        next_is(s, STORE_SWEEP_PASSWORD, 10, 0, 20);
        next_is(s, STORE_SWEEP_PASSWORD, 20, -ENOENT, 0);
}

static void test_an_end_is_the_first_of_three(void **state) {
        struct unit_store *s = *state;
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        static const struct {
                int64_t expires, bound, retires, end;
        } rows[] = {
                { 0, 0, 0, 0 },
                { 7, 0, 0, 7 },
                { 0, 7, 0, 7 },
                { 0, 0, 7, 7 },
                { 7, 8, 9, 7 },
                { 9, 7, 8, 7 },
                { 8, 9, 7, 7 },
                { 7, 7, 7, 7 },
                { 0, 0, RECORD_RETIRES_ON_USE, 0 },
                { 9, 0, RECORD_RETIRES_ON_USE, 9 },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                key.expires_at = rows[i].expires;
                key.bound_at = rows[i].bound;
                key.retires_at = rows[i].retires;
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_key_insert(s->writer, &key), 0);
                next_is(s, STORE_SWEEP_END, 0, rows[i].end ? 0 : -ENOENT, rows[i].end);
                store_rollback(s->writer);
        }
}

static void ended_are(struct unit_store *s, int64_t end_by, int64_t made_by, int64_t max,
                      const char *ids) {
        struct seen seen = {};

        assert_int_equal(store_sweep_each_ended(s->writer, end_by, made_by, max, see, &seen), 0);
        assert_string_equal(seen.ids, ids);
}

static void test_what_has_ended(void **state) {
        struct unit_store *s = *state;
        struct seen seen = { .stop = -77 };

        insert(s, "aaaaaaaaaa", T0, T0 + 3, 0);
        insert(s, "bbbbbbbbbb", T0, T0 + 2, 0);
        insert(s, "cccccccccc", T0, T0 + 1, T0 + 1);
        insert(s, "dddddddddd", T0 + 1, 0, 0);
        insert(s, "eeeeeeeeee", T0, 0, 0);
        insert(s, "ffffffffff", T0, 0, T0);
        ended_are(s, T0 + 1, T0 - 1, 10, "");
        ended_are(s, T0 + 2, T0 - 1, 10, "b");
        ended_are(s, T0 + 3, T0 - 1, 10, "ba");
        ended_are(s, T0 + 3, T0, 10, "bae");
        ended_are(s, INT64_MAX - 1, INT64_MAX, 10, "baed");
        ended_are(s, INT64_MAX - 1, INT64_MAX, 1, "be");
        ended_are(s, INT64_MAX - 1, INT64_MAX, 0, "");
        ended_are(s, INT64_MIN, INT64_MIN, 10, "");
        assert_int_equal(store_sweep_each_ended(s->writer, INT64_MAX, INT64_MAX, 10, see, &seen),
                         -77);
        assert_string_equal(seen.ids, "b");
}

static void test_what_is_undone(void **state) {
        struct unit_store *s = *state;
        struct seen seen = {};

        insert(s, "aaaaaaaaaa", T0, 0, T0 + 1);
        insert(s, "bbbbbbbbbb", T0, 0, T0 + 2);
        insert(s, "cccccccccc", T0, 0, 0);
        insert(s, "dddddddddd", T0, 0, T0 + 3);
        unit_sql(s->path, "UPDATE key SET status = 1 WHERE id = 'dddddddddd'");
        assert_int_equal(store_sweep_each_undone(s->writer, T0 + 1, 10, see, &seen), 0);
        assert_string_equal(seen.ids, "b");
        seen = (struct seen){};
        assert_int_equal(store_sweep_each_undone(s->writer, T0, 1, see, &seen), 0);
        assert_int_equal(strlen(seen.ids), 1);
        seen = (struct seen){};
        assert_int_equal(store_sweep_each_undone(s->writer, INT64_MAX, 10, see, &seen), 0);
        assert_string_equal(seen.ids, "");
}

static void of_are(struct unit_store *s, const char *who, bool linked, const char *after,
                   int64_t max, const char *ids) {
        struct seen seen = {};

        assert_int_equal(store_sweep_each_of(s->writer, who, linked, after, max, see, &seen), 0);
        assert_string_equal(seen.ids, ids);
}

static void test_whose_they_are(void **state) {
        static const struct {
                const char *id, *owner, *linked;
        } keys[] = { { "dddddddddd", "alice", "" },     { "bbbbbbbbbb", "alice", "bob" },
                     { "cccccccccc", "alice", "" },     { "aaaaaaaaaa", "alice", "" },
                     { "eeeeeeeeee", "bob", "alice" },  { "ffffffffff", "bob", "" },
                     { "gggggggggg", "carol", "alice" } };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
                struct key_record key = unit_key(keys[i].id, keys[i].owner);

                (void) snprintf(key.linked, sizeof(key.linked), "%s", keys[i].linked);
                /* c was revoked, d has expired */
                key.dead_at = keys[i].id[0] == 'c' || keys[i].id[0] == 'd' ? T0 : 0;
                key.status = keys[i].id[0] == 'c' ? KEY_REVOKED : KEY_ACTIVE;
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_key_insert(s->writer, &key), 0);
                assert_int_equal(store_commit(s->writer), 0);
        }
        of_are(s, "alice", false, "", 10, "abd");
        of_are(s, "alice", false, "", 2, "ab");
        of_are(s, "alice", false, "bbbbbbbbbb", 2, "d");
        of_are(s, "alice", false, "dddddddddd", 2, "");
        of_are(s, "alice", true, "", 10, "eg");
        of_are(s, "alice", true, "eeeeeeeeee", 10, "g");
        of_are(s, "bob", true, "", 10, "b");
        of_are(s, "carol", true, "", 10, "");
        /* not all keys that are linked to nobody */
        of_are(s, "", true, "", 10, "");
        of_are(s, "", false, "", 10, "");
        /* Removed all at once: these belong to nobody any more. */
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, "epoch", 1, T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
        of_are(s, "alice", false, "", 10, "");
        of_are(s, "alice", true, "", 10, "");
}

static void test_a_mark(void **state) {
        struct unit_store *s = *state;
        struct key_record want = unit_key("aaaaaaaaaa", "alice"), got;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_sweep_mark(s->writer, "aaaaaaaaaa", T0), 0);
        assert_int_equal(store_sweep_mark(s->writer, "not-there!", T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
        want.dead_at = T0;
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &got), 0);
        unit_key_equal("marked", &got, &want);
        assert_int_equal(store_key_get(s->writer, "bbbbbbbbbb", &got), 0);
        assert_int_equal(got.dead_at, 0);
}

/* --- Purging --- */

static int purge(struct unit_store *s, int64_t dead_by, int64_t max) {
        int r;

        assert_int_equal(store_begin(s->writer), 0);
        r = dead_by == INT64_MIN ? store_sweep_purge_removed(s->writer, max)
                                 : store_sweep_purge_dead(s->writer, dead_by, max);
        assert_int_equal(store_commit(s->writer), 0);
        return r;
}

static void test_the_dead_are_purged_with_their_uses(void **state) {
        const struct key_use use = { .id = "aaaaaaaaaa", .at = T0, .service = "sshd" };
        struct unit_store *s = *state;

        insert(s, "aaaaaaaaaa", T0, 0, T0 + 1);
        insert(s, "bbbbbbbbbb", T0, 0, T0 + 2);
        insert(s, "cccccccccc", T0, 0, T0 + 3);
        insert(s, "dddddddddd", T0, 0, 0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_used(s->writer, &use, 1), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(purge(s, T0, 10), 0);
        assert_int_equal(purge(s, T0 + 3, 2), 2); /* the longest dead first */
        assert_int_equal(
                unit_sql_number(
                        s->path,
                        "SELECT count(*) FROM key WHERE id IN ('cccccccccc', 'dddddddddd')"),
                2);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key_use"), 0);
        assert_int_equal(purge(s, T0 + 3, 2), 1);
        assert_int_equal(purge(s, INT64_MAX, 2), 0); /* a live key is never purged */
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 1);
}

static void set_epoch(struct unit_store *s, int64_t epoch) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, "epoch", epoch, T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void test_the_removed_are_purged(void **state) {
        struct unit_store *s = *state;
        struct key_record key;

        assert_int_equal(store_sweep_has_removed(s->writer), 0);
        for (char c = 'a'; c <= 'e'; c++) {
                char id[KEYTEXT_ID_LEN + 1] = {};

                memset(id, c, KEYTEXT_ID_LEN);
                key = unit_key(id, "alice");
                key.epoch = c - 'a';
                key.dead_at = c == 'e' ? T0 : 0;
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_key_insert(s->writer, &key), 0);
                assert_int_equal(store_commit(s->writer), 0);
        }
        assert_int_equal(store_sweep_has_removed(s->writer), 0); /* no epoch was ever set */
        assert_int_equal(purge(s, INT64_MIN, 10), 0);
        set_epoch(s, 0);
        assert_int_equal(store_sweep_has_removed(s->writer), 0);
        assert_int_equal(purge(s, INT64_MIN, 10), 0);
        set_epoch(s, 3);
        assert_int_equal(store_sweep_has_removed(s->writer), 1);
        assert_int_equal(purge(s, INT64_MIN, 2), 2);
        assert_int_equal(store_sweep_has_removed(s->writer), 1);
        assert_int_equal(purge(s, INT64_MIN, 2), 1);
        assert_int_equal(store_sweep_has_removed(s->writer), 0);
        assert_int_equal(purge(s, INT64_MIN, 2), 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE epoch >= 3"), 2);
}

/* --- Errors --- */

static void test_a_damaged_row_is_no_key(void **state) {
        struct unit_store *s = *state;
        struct seen seen = {};

        insert(s, "aaaaaaaaaa", T0, T0 + 1, 0);
        unit_sql(s->path, "UPDATE key SET reason = printf('%.*c', 500, 'x')");
        assert_int_equal(store_sweep_each_ended(s->writer, INT64_MAX - 1, 0, 10, see, &seen),
                         -EUCLEAN);
        assert_int_equal(store_sweep_each_of(s->writer, "alice", false, "", 10, see, &seen),
                         -EUCLEAN);
        unit_sql(s->path, "UPDATE key SET dead_at = 7");
        assert_int_equal(store_sweep_each_undone(s->writer, 0, 10, see, &seen), -EUCLEAN);
        assert_string_equal(seen.ids, "");
}

static void test_somebody_else_has_locked_it(void **state) {
        struct unit_store *s = *state;
        sqlite3 *other = NULL;

        insert(s, "aaaaaaaaaa", T0, 0, T0);
        (void) sqlite3_busy_timeout(s->writer->db, 10);
        assert_int_equal(sqlite3_open_v2(s->path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(store_sweep_mark(s->writer, "aaaaaaaaaa", T0), -EBUSY);
        assert_int_equal(store_sweep_purge_dead(s->writer, T0, 10), -EBUSY);
        assert_int_equal(store_sweep_purge_removed(s->writer, 10), -EBUSY);
        assert_int_equal(sqlite3_close(other), SQLITE_OK);
        assert_int_equal(store_sweep_purge_dead(s->writer, T0, 10), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_every_question_has_its_index),
                unit_test_with_store(test_forgetting_looks_at_each_account_and_nothing_else),
                unit_test_with_store(test_what_is_next),
                unit_test_with_store(test_an_end_is_the_first_of_three),
                unit_test_with_store(test_what_has_ended),
                unit_test_with_store(test_what_is_undone),
                unit_test_with_store(test_whose_they_are),
                unit_test_with_store(test_a_mark),
                unit_test_with_store(test_the_dead_are_purged_with_their_uses),
                unit_test_with_store(test_the_removed_are_purged),
                unit_test_with_store(test_a_damaged_row_is_no_key),
                unit_test_with_store(test_somebody_else_has_locked_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
