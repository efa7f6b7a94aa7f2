/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of what systemd runs for wfapikey: services that have failed, and timers that stand still.
 * The names of all units of an administrator's own count too if they begin with wfapikey. */
#pragma once

#include "doctor/doctor_report.h"

/**
 * doctor_units(report): asks systemctl, where systemd is the service manager. Waits for its end.
 */
void doctor_units(struct doctor_report *report);

/**
 * doctor_units_judge(text, report): judges what systemctl show has printed. Changes ${text}.
 */
void doctor_units_judge(char *text, struct doctor_report *report);
