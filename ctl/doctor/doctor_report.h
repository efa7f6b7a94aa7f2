/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor found, gathered and shown. */
#pragma once

#include <stddef.h>

#include "attr.h"

enum doctor_severity {
        DOCTOR_OK,
        DOCTOR_HINT, /* worth knowing */
        /* something does not work, or not as most people want it */
        DOCTOR_WARNING,
        /* lets in whom it should not, or nobody */
        DOCTOR_ERROR,
        _DOCTOR_SEVERITY_MAX,
};

struct doctor_finding {
        enum doctor_severity severity;
        const char *check; /* a word; borrowed */
        char *seen;        /* owned */
        /* owned; NULL where nothing is to be done */
        char *advice;
};

struct doctor_report {
        struct doctor_finding *findings;
        size_t n;
        enum doctor_severity worst;
        /* -ENOMEM when one is missing here, else 0 */
        int error;
};

#define _cleanup_report_ __attribute__((cleanup(doctor_report_done)))

/**
 * doctor_report_add(report, severity, check, advice, format, ...):
 * Adds what was seen, in a sentence, and what to do about it; ${advice} may be NULL. Texts are
 * copied, ${check} is kept: it must outlive the report.
 */
void doctor_report_add(struct doctor_report *report, enum doctor_severity severity,
                       const char *check, const char *advice, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/**
 * doctor_report_severity(name): the severity that is called so; DOCTOR_ERROR for a name that is
 * none.
 */
enum doctor_severity doctor_report_severity(const char *name);

/**
 * doctor_report_show(report), doctor_report_json(report): to stdout; lines, with colours on a
 * terminal that wants them, or an array.
 */
void doctor_report_show(const struct doctor_report *report);
void doctor_report_json(const struct doctor_report *report);

/**
 * doctor_report_done(report): frees what ${report} owns; safe on a zeroed one.
 */
void doctor_report_done(struct doctor_report *report);
