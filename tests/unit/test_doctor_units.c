/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor says of the units that systemctl shows. */
#include "unit.h"

#include "doctor/doctor_units.h"

#define TIMER(active, enabled)                                                                     \
        "Id=wfapikey-mirror.timer\nActiveState=" active "\nUnitFileState=" enabled                 \
        "\nResult=success\n"
#define SERVICE(active, result)                                                                    \
        "Result=" result "\nId=wfapikey-mirror.service\nActiveState=" active                       \
        "\nUnitFileState=static\n"

static void test_what_is_found(void **state) {
        static const struct {
                const char *text, *seen;
        } rows[] = {
                { TIMER("active", "enabled") "\n" SERVICE("inactive", "success"), NULL },
                { TIMER("inactive", "disabled") "\n" SERVICE("activating", "success"), NULL },
                { SERVICE("inactive", "exec-condition"), NULL },
                { "", NULL },
                { "\n\n\n", NULL },
                { "ActiveState=failed\n", NULL },
                { "Id=wfapikey\nActiveState=failed\n", NULL },
                { TIMER("active", "enabled") "\n" SERVICE("failed", "exit-code"),
                  "wfapikey-mirror.service has failed the last time (exit-code)" },
                { SERVICE("failed", "timeout") "\n" TIMER("active", "enabled"),
                  "wfapikey-mirror.service has failed the last time (timeout)" },
                { "Id=wfapikey-x.service\nActiveState=failed",
                  "wfapikey-x.service has failed the last time (for an unknown reason)" },
                { TIMER("inactive", "enabled"), "wfapikey-mirror.timer is enabled and stands still"
                                                ": nothing starts its service" },
                { TIMER("failed", "enabled"), "wfapikey-mirror.timer has failed the last time "
                                              "(success)" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                _cleanup_report_ struct doctor_report report = {};
                char *text = strdup(rows[i].text);

                assert_non_null(text);
                doctor_units_judge(text, &report);
                assert_int_equal(report.n, 1);
                assert_int_equal(report.worst, rows[i].seen ? DOCTOR_WARNING : DOCTOR_OK);
                if (rows[i].seen)
                        assert_string_equal(report.findings[0].seen, rows[i].seen);
                free(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
