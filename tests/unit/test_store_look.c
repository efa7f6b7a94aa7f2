/* SPDX-License-Identifier: BSD-2-Clause */
/* What the helper that looks for damage answers, and what SQLite tells of damage that it meets.
 * tests/scenario/068-damaged-pages.sh has the helper's process and the loop. */
#include "unit_store.h"

#include "base/bytes.h"
#include "store/store_check.h"
#include "store/store_look.h"
#include "store/store_stmt.h"

static uint8_t answer[1024 * 1024];

/* 1: damaged; 0: sound; a negative errno. */
static int ask(const char *path, uint8_t kind) {
        uint8_t question[UNIT_PATH_LEN + 16];
        struct bytes_writer w = { .out = question, .size = sizeof(question) };
        ssize_t len;

        bytes_write(&w, 1, kind);
        bytes_write_text(&w, path);
        len = store_look_run(question, (size_t) bytes_written(&w), answer);
        if (len < 0)
                return (int) len;
        assert_int_equal(len, 2);
        assert_int_equal(answer[0], 'I');
        return answer[1];
}

static void spoil(const struct unit_store *s, const char *name, size_t len) {
        static const uint8_t zero[4096];
        char sql[128];
        int64_t page;
        int fd;

        (void) snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'",
                        name);
        page = unit_sql_number(s->path, sql);
        fd = open(s->path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, zero, len, (page - 1) * 4096), len);
        assert_int_equal(close(fd), 0);
}

static void test_a_damaged_page_of_any_tree_is_found(void **state) {
        static const char *const names[] = { "audit",    "audit_user", "key",
                                             "key_made", "policy",     "clock" };
        struct unit_store *s = *state;

        assert_int_equal(ask(s->path, 'I'), 0);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                char saved[UNIT_PATH_LEN + 8], command[3 * UNIT_PATH_LEN];

                (void) snprintf(saved, sizeof(saved), "%s.saved", s->path);
                (void) snprintf(command, sizeof(command), "cp '%s' '%s'", s->path, saved);
                assert_int_equal(system(command), 0);
                spoil(s, names[i], 4096);
                unit_int(names[i], ask(s->path, 'I'), 1);
                assert_int_equal(rename(saved, s->path), 0);
                unit_int(names[i], ask(s->path, 'I'), 0);
        }
}

/* Each page is whole. Only a comparison of table and index shows it. */
static void test_an_index_that_says_something_else_is_found(void **state) {
        struct unit_store *s = *state;
        struct store *writer = NULL;
        char sql[512];
        int64_t page;

        assert_int_equal(store_open(&writer, s->path, STORE_WRITER, &s->shared), 0);
        unit_key_insert(writer, "aaaaaaaaaa", "alice");
        store_freep(&writer);
        page = unit_sql_number(s->path,
                               "SELECT rootpage FROM sqlite_schema WHERE name = 'key_dead'");
        (void) snprintf(sql, sizeof(sql),
                        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = "
                        "'key_dead'; PRAGMA writable_schema = RESET; UPDATE key SET dead_at = 5;"
                        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('index', "
                        "'key_dead', 'key', %d, 'CREATE INDEX key_dead ON key (dead_at) WHERE "
                        "dead_at <> 0')",
                        (int) page);
        unit_sql(s->path, sql);
        assert_int_equal(ask(s->path, 'I'), 1);
}

static void test_what_is_no_question_gets_no_answer(void **state) {
        struct unit_store *s = *state;
        const uint8_t cut[] = { 'I', 200, 0, 0, 0, '/' };

        assert_int_equal(ask(s->path, 'J'), -EBADMSG);
        assert_int_equal(store_look_run(cut, sizeof(cut), answer), -EBADMSG);
        assert_int_equal(ask("/nowhere/keys.db", 'I'), -ENOENT);
}

static void test_damage_that_is_met_is_told_once(void **state) {
        struct unit_store *s = *state;
        struct store *reader = NULL;
        struct key_record key;
        bool changed;

        (void) store_check_was_met();
        spoil(s, "key", 4096);
        assert_int_equal(store_open(&reader, s->path, STORE_READER, &s->shared), 0);
        assert_false(store_check_was_met());
        assert_int_equal(store_refresh(reader, &changed), 0);
        assert_int_equal(store_key_get(reader, "aaaaaaaaaa", &key), -EUCLEAN);
        assert_true(store_check_was_met());
        assert_false(store_check_was_met());
        store_freep(&reader);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_closed_store(test_a_damaged_page_of_any_tree_is_found),
                unit_test_with_closed_store(test_an_index_that_says_something_else_is_found),
                unit_test_with_closed_store(test_what_is_no_question_gets_no_answer),
                unit_test_with_closed_store(test_damage_that_is_met_is_told_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
