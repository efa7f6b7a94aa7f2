/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges the services and timers of wfapikey. Knows nothing of what they do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "cli/systemctl.h"
#include "doctor/doctor_units.h"

#define TEXT_MAX 65536

struct unit {
        const char *id, *active, *enabled, *result;
};

static const char *value_of(const char *line, const char *name) {
        size_t len = strlen(name);

        return strncmp(line, name, len) == 0 ? line + len : NULL;
}

static void take(struct unit *unit, const char *line) {
        const char *value;

        if ((value = value_of(line, "Id=")))
                unit->id = value;
        else if ((value = value_of(line, "ActiveState=")))
                unit->active = value;
        else if ((value = value_of(line, "UnitFileState=")))
                unit->enabled = value;
        else if ((value = value_of(line, "Result=")))
                unit->result = value;
}

static void judge(const struct unit *unit, struct doctor_report *report) {
        const char *suffix = unit->id ? strrchr(unit->id, '.') : NULL;
        char advice[256];

        if (!suffix || !unit->active)
                return;
        if (strcmp(unit->active, "failed") == 0) {
                (void) snprintf(advice, sizeof(advice), "journalctl -u %s -n 20 says why",
                                unit->id);
                doctor_report_add(report, DOCTOR_WARNING, "units", advice,
                                  "%s has failed the last time (%s)", unit->id,
                                  unit->result ? unit->result : "for an unknown reason");
        } else if (strcmp(suffix, ".timer") == 0 && unit->enabled &&
                   strcmp(unit->enabled, "enabled") == 0 && strcmp(unit->active, "active") != 0) {
                (void) snprintf(advice, sizeof(advice), "systemctl start %s", unit->id);
                doctor_report_add(report, DOCTOR_WARNING, "units", advice,
                                  "%s is enabled and stands still: nothing starts its service",
                                  unit->id);
        }
}

void doctor_units_judge(char *text, struct doctor_report *report) {
        struct unit unit = {};
        size_t before = report->n;
        char *end;

        for (char *line = text; *line; line = end) {
                end = line + strcspn(line, "\n");
                if (*end)
                        *end++ = '\0';
                if (*line) {
                        take(&unit, line);
                        continue;
                }
                judge(&unit, report);
                unit = (struct unit){};
        }
        judge(&unit, report);
        if (report->n == before)
                doctor_report_add(report, DOCTOR_OK, "units", NULL,
                                  "no unit of wfapikey has failed");
}

/* The timers are named, because systemd does not know of one that it has not loaded. Of services it
 * remembers those that have failed. */
static const char *const arguments[] = { "--property=Id,ActiveState,UnitFileState,Result",
                                         "wfapikey-metrics.timer", "wfapikey-mirror.timer",
                                         "wfapikey*.service", NULL };

void doctor_units(struct doctor_report *report) {
        _cleanup_free_ char *text = calloc(1, TEXT_MAX + 1);
        struct stat st;

        if (!text || lstat("/run/systemd/system", &st) < 0)
                return;
        if (systemctl_show(arguments, text, TEXT_MAX) > 0)
                doctor_units_judge(text, report);
        else
                doctor_report_add(report, DOCTOR_HINT, "units",
                                  "systemctl list-units 'wfapikey*' --all",
                                  "systemctl does not say whether timers run");
}
