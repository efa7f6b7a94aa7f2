/* SPDX-License-Identifier: BSD-2-Clause */
/* How old the last copy of a store may be. */
#include "unit.h"

#include "parse.h"
#include "rules/overdue.h"

#define NOW INT64_C(1800000000)
#define DAY PARSE_DAY_S

static void test_a_habit_that_has_ended(void **state) {
        static const struct {
                const char *why;
                int64_t at;
                bool import, backup;
        } rows[] = {
                { "never", 0, false, false },
                { "just now", NOW, false, false },
                { "by a clock that was ahead", NOW + DAY, false, false },
                { "two weeks and a day", NOW - 15 * DAY, false, false },
                { "a second more", NOW - 15 * DAY - 1, true, false },
                { "five weeks", NOW - 35 * DAY, true, false },
                { "a second more than that", NOW - 35 * DAY - 1, true, true },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_int(rows[i].why, overdue_import(rows[i].at, NOW), rows[i].import);
                unit_int(rows[i].why, overdue_backup(rows[i].at, NOW), rows[i].backup);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_habit_that_has_ended),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
