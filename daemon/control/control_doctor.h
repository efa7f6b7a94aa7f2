/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files share that answer Diagnose. */
#pragma once

#include "control/control.h"

enum control_doctor_severity {
        DIAGNOSE_OK,
        DIAGNOSE_HINT,
        DIAGNOSE_WARNING,
        DIAGNOSE_ERROR,
};

struct diagnose_call;

/**
 * control_doctor_add(d, severity, check, todo, format, ...): adds a finding to the answer. ${check}
 * and ${todo}, which may be NULL, are static texts.
 */
void control_doctor_add(struct diagnose_call *d, enum control_doctor_severity severity,
                        const char *check, const char *todo, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/**
 * control_doctor_fleet(d, control, writer): adds what is odd about the fleet.
 */
void control_doctor_fleet(struct diagnose_call *d, const struct control *control,
                          struct store *writer);

/**
 * control_doctor_realms(d, call): adds what is odd about the realms that ${call} has. On the writer
 * thread.
 */
void control_doctor_realms(struct diagnose_call *d, const struct control_call *call);
