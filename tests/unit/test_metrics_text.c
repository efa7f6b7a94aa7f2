/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of metrics, against what OpenMetrics 1.0 says. */
/* cmocka has a function of that name, too */
#define print_error print_error_of_cmocka
#include "draw/json.h"
#include "unit.h"
#undef print_error

#include <stdlib.h>

#include "admin/metrics_text.h"

/* No text has anything of JSON. */
void json_open(struct json *j, const char *name, char bracket) {
        (void) j;
        (void) name;
        (void) bracket;
        fail();
}

void json_close(struct json *j, char bracket) {
        (void) j;
        (void) bracket;
        fail();
}

void json_text(struct json *j, const char *name, const char *text) {
        (void) j;
        (void) name;
        (void) text;
        fail();
}

void json_digits(struct json *j, const char *name, const char *digits) {
        (void) j;
        (void) name;
        (void) digits;
        fail();
}

static void test_a_whole_text(void **state) {
        static const char *const none[] = { NULL };
        static const char *const two[] = { "a", "x", "b", "y-z", NULL };
        struct metrics_text t;
        char *text = NULL;
        size_t len = 0;
        FILE *file = open_memstream(&text, &len);

        (void) state;
        assert_non_null(file);
        metrics_text_begin(&t, file);
        metrics_text_family(&t, "some_seconds", "gauge", "seconds", "What it is.");
        metrics_text_sample(&t, "", none, "1.5");
        metrics_text_family(&t, "things", "counter", "", "Things.");
        metrics_text_count(&t, "_total", two, UINT64_MAX);
        metrics_text_family(&t, "empty", "gauge", "", "None.");
        metrics_text_end(&t);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(text, "# TYPE some_seconds gauge\n"
                                  "# UNIT some_seconds seconds\n"
                                  "# HELP some_seconds What it is.\n"
                                  "some_seconds 1.5\n"
                                  "# TYPE things counter\n"
                                  "# HELP things Things.\n"
                                  "things_total{a=\"x\",b=\"y-z\"} 18446744073709551615\n"
                                  "# TYPE empty gauge\n"
                                  "# HELP empty None.\n"
                                  "# EOF\n");
        free(text);
}

/* Source: OpenMetrics 1.0, Considerations: Canonical Numbers. */
static void test_bounds_are_canonical(void **state) {
        static const struct {
                uint64_t ns;
                const char *text;
        } rows[] = {
                { 10000, "1e-05" },
                { 25000, "2.5e-05" },
                { 100000, "0.0001" },
                { 250000, "0.00025" },
                { 1000000, "0.001" },
                { 100000000, "0.1" },
                { 1000000000, "1.0" },
                { 1500000000, "1.5" },
                { UINT64_C(2000000000), "2.0" },
                { UINT64_C(10000000000), "10.0" },
                { UINT64_MAX, "+Inf" },
        };
        char text[METRICS_TEXT_NUMBER_LEN];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                metrics_text_bound(rows[i].ns, text);
                assert_string_equal(text, rows[i].text);
        }
}

static void test_seconds_keep_every_digit(void **state) {
        char text[METRICS_TEXT_NUMBER_LEN];

        (void) state;
        metrics_text_seconds(0, text);
        assert_string_equal(text, "0.000000000");
        metrics_text_seconds(UINT64_C(12000000034), text);
        assert_string_equal(text, "12.000000034");
        metrics_text_seconds(UINT64_MAX, text);
        assert_string_equal(text, "18446744073.709551615");
}

static void test_words_need_no_escape(void **state) {
        (void) state;
        assert_true(metrics_text_is_word("wrong-secret"));
        assert_true(metrics_text_is_word("0.1.0~rc1+deb12"));
        assert_true(metrics_text_is_word(""));
        assert_false(metrics_text_is_word("a\"b"));
        assert_false(metrics_text_is_word("a\\b"));
        assert_false(metrics_text_is_word("a\nb"));
        assert_false(metrics_text_is_word("a b"));
        assert_false(metrics_text_is_word("\xc3\xb6"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_whole_text),
                cmocka_unit_test(test_bounds_are_canonical),
                cmocka_unit_test(test_seconds_keep_every_digit),
                cmocka_unit_test(test_words_need_no_escape),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
