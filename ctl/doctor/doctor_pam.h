/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at pam.d: who may write there, and what its stacks do with our module. */
#pragma once

#include "doctor/doctor_report.h"

/**
 * doctor_pam(dir, report): looks at the services in ${dir}; NULL: where libpam looks, /etc/pam.d
 * and /usr/lib/pam.d.
 */
void doctor_pam(const char *dir, struct doctor_report *report);
