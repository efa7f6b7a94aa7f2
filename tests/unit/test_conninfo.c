/* SPDX-License-Identifier: BSD-2-Clause */
/* Connection strings of libpq: what they set, and what is added to them. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "conninfo.h"

static void test_sets(void **state) {
        static const struct {
                const char *text, *word;
                int sets;
        } rows[] = {
                { "", "user", 0 },
                { "host=db user=alice", "user", 1 },
                { " host = db\tuser\n=\nalice ", "user", 1 },
                { "host=db", "user", 0 },
                { "userx=a", "user", 0 },
                { "auser=a", "user", 0 },
                { "dbname='a user=b'", "user", 0 },
                { "dbname='it\\'s' user=b", "user", 1 },
                { "dbname='it\\'s user=b'", "user", 0 },
                { "dbname=a\\ user=b", "user", 0 },
                { "dbname='' user=b", "user", 1 },
                { "dbname= user=b", "user", 0 }, /* the value is "user=b" */
                { "dbname='open user=b", "user", 0 },
                { "dbname=a\\", "user", 0 },
                { "password=x", "password", 1 },
                { "wfapikey", "user", -EINVAL },
                { "host=db wfapikey", "user", -EINVAL },
                { "=x", "user", -EINVAL },
                { "mysql://a:b@c/d", "user", -EINVAL },
                { "postgresql://db/x", "user", -EINVAL },
                { "postgresql://alice:p@db/x?user=alice", "user", -EINVAL },
                { "1=x", "user", -EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                if (conninfo_sets(rows[i].text, rows[i].word) != rows[i].sets)
                        fail_msg("'%s' sets %s: not %d", rows[i].text, rows[i].word, rows[i].sets);
}

static void test_add(void **state) {
        static const struct {
                const char *text, *value, *want;
        } rows[] = {
                { "host=db", "alice", "user='alice' host=db" },
                { "", "a b", "user='a b' " },
                { "host=db", "it's \\", "user='it\\'s \\\\' host=db" },
                /* What is added becomes no part of the last value. */
                { "dbname=", "alice", "user='alice' dbname=" },
                { "dbname=a\\", "alice", "user='alice' dbname=a\\" },
                { "user=bob dbname=x", "alice", "user='alice'  dbname=x" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char *text = strdup(rows[i].text);

                assert_non_null(text);
                assert_int_equal(conninfo_add(&text, "user", rows[i].value), 0);
                assert_string_equal(text, rows[i].want);
                assert_int_equal(conninfo_sets(text, "user"), 1);
                conninfo_free(&text);
                assert_null(text);
        }
}

static void test_drop(void **state) {
        static const struct {
                const char *text, *want;
        } rows[] = {
                { "host=db user=alice password=x", "host=db user=alice " },
                { "password='a b' host=db", " host=db" },
                { "password = x password=y host=db", "  host=db" },
                { "host=db password='it\\'s' x=y", "host=db  x=y" },
                { "dbname='password=x'", "dbname='password=x'" },
                { "password=", "" },
                { "", "" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char *text = strdup(rows[i].text);

                assert_non_null(text);
                conninfo_drop(text, "password");
                unit_str(rows[i].text, text, rows[i].want);
                assert_int_equal(conninfo_sets(text, "password"), 0);
                conninfo_free(&text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sets),
                cmocka_unit_test(test_add),
                cmocka_unit_test(test_drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
