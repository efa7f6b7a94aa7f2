/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of pam.d: who may write there, and what the stacks do with our module. */
#pragma once

#include <stdbool.h>

#include "doctor/doctor_report.h"

/**
 * doctor_pam(dir, unlimited, report):
 * Checks the services in ${dir}. NULL means where libpam looks: /etc/pam.d and /usr/lib/pam.d.
 * ${unlimited}: there are keys for all services, so a service that makes root is named.
 */
void doctor_pam(const char *dir, bool unlimited, struct doctor_report *report);

/**
 * doctor_pam_service(dir, service, check, report):
 * Finds fault with ${service}, which the rules of ${check} name, when PAM has no file for it in
 * ${dir}. Such a rule is about no login: the name is misspelt, or the service asks by another.
 */
void doctor_pam_service(const char *dir, const char *service, const char *check,
                        struct doctor_report *report);
