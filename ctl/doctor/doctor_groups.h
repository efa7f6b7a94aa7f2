/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks who may administer: the group that the daemon knows, and the one that the package makes.
 */
#pragma once

#include "doctor/doctor_report.h"

/**
 * doctor_groups(control, report):
 * Adds what is odd about the group of administrators, as the daemon at ${control} has it. Says
 * nothing where the daemon tells the caller no group.
 */
void doctor_groups(const char *control, struct doctor_report *report);
