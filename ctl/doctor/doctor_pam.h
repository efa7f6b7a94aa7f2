/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of pam.d: who may write there, and what the stacks do with our module. */
#pragma once

#include "doctor/doctor_report.h"

/**
 * doctor_pam(dir, report):
 * Checks the services in ${dir}. NULL means where libpam looks: /etc/pam.d and /usr/lib/pam.d.
 */
void doctor_pam(const char *dir, struct doctor_report *report);
