/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects findings and prints them. Does not know what is checked. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "doctor/doctor_report.h"
#include "draw/json.h"
#include "draw/print.h"
#include "draw/tone.h"

static const struct {
        const char *name;
        enum tone tone;
} severities[] = {
        [DOCTOR_OK] = { "ok", TONE_DIM },
        [DOCTOR_HINT] = { "hint", TONE_NORMAL },
        [DOCTOR_WARNING] = { "warning", TONE_RED },
        [DOCTOR_ERROR] = { "error", TONE_RED },
};
_Static_assert(ARRAY_LEN(severities) == _DOCTOR_SEVERITY_MAX, "a row for each severity");

void doctor_report_add(struct doctor_report *report, enum doctor_severity severity,
                       const char *check, const char *advice, const char *format, ...) {
        _cleanup_free_ char *seen = NULL, *todo = advice ? strdup(advice) : NULL;
        struct doctor_finding *more;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&seen, format, ap);
        va_end(ap);
        if (n < 0)
                seen = NULL; /* undefined after a failure */
        more = reallocarray(report->findings, report->n + 1, sizeof(*more));
        if (more)
                report->findings = more;
        if (severity > report->worst)
                report->worst = severity;
        if (!seen || !more || (advice && !todo)) {
                report->error = -ENOMEM;
                return;
        }
        report->findings[report->n++] = (struct doctor_finding){ .severity = severity,
                                                                 .check = check,
                                                                 .seen = take_ptr(seen),
                                                                 .advice = take_ptr(todo) };
}

enum doctor_severity doctor_report_severity(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(severities); i++)
                if (strcmp(severities[i].name, name) == 0)
                        return (enum doctor_severity) i;
        return DOCTOR_ERROR;
}

void doctor_report_show(const struct doctor_report *report) {
        for (size_t i = 0; i < report->n; i++) {
                const struct doctor_finding *f = &report->findings[i];

                print_marked(severities[f->severity].name, severities[f->severity].tone, f->seen);
                if (f->advice)
                        print_marked("", TONE_NORMAL, f->advice);
        }
}

void doctor_report_json(const struct doctor_report *report) {
        struct json j = {};

        json_open(&j, NULL, '[');
        for (size_t i = 0; i < report->n; i++) {
                const struct doctor_finding *f = &report->findings[i];

                json_open(&j, NULL, '{');
                json_text(&j, "severity", severities[f->severity].name);
                json_text(&j, "check", f->check);
                json_text(&j, "seen", f->seen);
                json_text(&j, "do", f->advice);
                json_close(&j, '}');
        }
        json_close(&j, ']');
}

void doctor_report_done(struct doctor_report *report) {
        for (size_t i = 0; i < report->n; i++) {
                free(report->findings[i].seen);
                free(report->findings[i].advice);
        }
        free(report->findings);
        *report = (struct doctor_report){};
}
