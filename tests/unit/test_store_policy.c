/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies in the store: names and numbers. What they mean is not known here. */
#include "unit_store.h"

struct seen {
        char text[256];
        int stop_with;
};

static int see(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        struct seen *seen = userdata;
        size_t at = strlen(seen->text);

        (void) snprintf(seen->text + at, sizeof(seen->text) - at, "%s=%lld@%lld ", name,
                        (long long) value, (long long) changed_at);
        return seen->stop_with;
}

static void set(struct unit_store *s, const char *name, int64_t value, int64_t changed_at) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, name, value, changed_at), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void check(struct store *s, const char *want) {
        struct seen seen = {};

        unit_int(want, store_policy_each(s, see, &seen), 0);
        unit_str(want, seen.text, want);
}

static void test_policies_are_set_and_changed(void **state) {
        struct unit_store *s = *state;

        check(s->writer, "");
        set(s, "lifetime", 86400, 100);
        check(s->writer, "lifetime=86400@100 ");
        set(s, "enabled", 1, 200);
        set(s, "lifetime", 0, 300);
        check(s->writer, "enabled=1@200 lifetime=0@300 ");
        set(s, "retention", INT64_MAX, INT64_MIN);
        check(s->writer,
              "enabled=1@200 lifetime=0@300 retention=9223372036854775807@-9223372036854775808 ");
}

static void test_a_reader_sees_them_after_a_refresh(void **state) {
        struct unit_store *s = *state;
        bool changed = false;

        assert_int_equal(store_refresh(s->reader, &changed), 0);
        check(s->reader, "");
        set(s, "enabled", 1, 200);
        check(s->reader, "");
        assert_int_equal(store_refresh(s->reader, &changed), 0);
        assert_int_equal(changed, true);
        check(s->reader, "enabled=1@200 ");
}

static void test_a_name_is_no_part_of_a_statement(void **state) {
        struct unit_store *s = *state;

        set(s, "x'); DROP TABLE key; --", 1, 1);
        check(s->writer, "x'); DROP TABLE key; --=1@1 ");
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 0);
}

static void test_what_the_visitor_says_ends_it(void **state) {
        struct unit_store *s = *state;
        struct seen seen = { .stop_with = -ENOENT };

        set(s, "a", 1, 1);
        set(s, "b", 1, 1);
        assert_int_equal(store_policy_each(s->writer, see, &seen), -ENOENT);
        assert_string_equal(seen.text, "a=1@1 ");
        seen = (struct seen){ .stop_with = 5 };
        assert_int_equal(store_policy_each(s->writer, see, &seen), 5);
        assert_string_equal(seen.text, "a=1@1 ");
}

/* The policy of a service has the longest name. If it could be set and not be read, no login would
 * be decided any more. */
static void test_the_longest_name_is_read(void **state) {
        char name[] = "require-certificate:"
                      "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss";
        char want[sizeof(name) + 16];
        struct unit_store *s = *state;

        assert_int_equal(strlen(strchr(name, ':') + 1), WIRE_SERVICE_MAX);
        set(s, name, 2, 100);
        (void) snprintf(want, sizeof(want), "%s=2@100 ", name);
        check(s->writer, want);
}

static void test_a_name_that_no_policy_has_is_damage(void **state) {
        static const char *const rows[] = {
                "INSERT INTO policy (name, value, changed_at) VALUES (printf('%.96c', 'x'), 1, 1)",
                "INSERT INTO policy (name, value, changed_at) VALUES ('enabled' || char(0), 1, 1)",
        };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct seen seen = {};

                unit_sql(s->path, "DELETE FROM policy");
                unit_sql(s->path, rows[i]);
                unit_int(rows[i], store_policy_each(s->writer, see, &seen), -EUCLEAN);
                unit_str(rows[i], seen.text, "");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_policies_are_set_and_changed),
                unit_test_with_store(test_a_reader_sees_them_after_a_refresh),
                unit_test_with_store(test_a_name_is_no_part_of_a_statement),
                unit_test_with_store(test_what_the_visitor_says_ends_it),
                unit_test_with_store(test_the_longest_name_is_read),
                unit_test_with_store(test_a_name_that_no_policy_has_is_damage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
