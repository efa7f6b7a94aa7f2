/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of this host: the sockets, the module's file, and a verification such as an
 * unprivileged service makes. */
#pragma once

#include <sys/types.h>

#include "doctor/doctor_report.h"

struct doctor_host {
        const char *verify, *control; /* paths of the sockets */
        const char *module;           /* path of pam_wfapikey.so */
        uid_t server_uid;             /* who wfapikeyd runs as */
};

/**
 * doctor_host(host, report):
 * Runs all checks. Root starts a child process as the user nobody, other users as themselves.
 * Waits for its end.
 */
void doctor_host(const struct doctor_host *host, struct doctor_report *report);
