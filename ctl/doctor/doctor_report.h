/* SPDX-License-Identifier: BSD-2-Clause */
/* The findings of doctor. */
#pragma once

#include <stddef.h>

#include "attr.h"

enum doctor_severity {
        DOCTOR_OK,
        DOCTOR_HINT, /* worth knowing */
        /* something does not work, or not as most administrators want it */
        DOCTOR_WARNING,
        /* lets in users that it should refuse, or lets in nobody */
        DOCTOR_ERROR,
        _DOCTOR_SEVERITY_MAX,
};

struct doctor_finding {
        enum doctor_severity severity;
        const char *check; /* a word; borrowed */
        char *seen;        /* owned */
        /* owned; NULL when there is nothing to do */
        char *advice;
};

struct doctor_report {
        struct doctor_finding *findings;
        size_t n;
        enum doctor_severity worst;
        /* -ENOMEM when a finding is missing here, else 0 */
        int error;
};

#define _cleanup_report_ __attribute__((cleanup(doctor_report_done)))

/**
 * doctor_report_add(report, severity, check, advice, format, ...):
 * Adds a finding: a sentence that says what was seen, and ${advice} about what to do, or NULL.
 * Copies the texts. Keeps ${check}, which must outlive the report.
 */
void doctor_report_add(struct doctor_report *report, enum doctor_severity severity,
                       const char *check, const char *advice, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/**
 * doctor_report_severity(name): the severity called ${name}; DOCTOR_ERROR when there is none.
 */
enum doctor_severity doctor_report_severity(const char *name);

/**
 * doctor_report_show(report), doctor_report_json(report):
 * Prints all findings on stdout, as lines or as a JSON array. Lines have colours on a terminal
 * that wants them.
 */
void doctor_report_show(const struct doctor_report *report);
void doctor_report_json(const struct doctor_report *report);

/**
 * doctor_report_done(report): frees what ${report} owns. Safe on a zeroed one.
 */
void doctor_report_done(struct doctor_report *report);
