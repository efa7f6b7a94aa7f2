/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at this host: the sockets, the module's file, and a verification as an
 * unprivileged service makes it. */
#pragma once

#include <sys/types.h>

#include "doctor/doctor_report.h"

struct doctor_host {
        const char *verify, *control; /* the sockets' paths */
        const char *module;           /* pam_wfapikey.so */
        uid_t server_uid;             /* who runs wfapikeyd */
};

/**
 * doctor_host(host, report): all of it. Starts a process as the user nobody where it may, and
 * waits for its end.
 */
void doctor_host(const struct doctor_host *host, struct doctor_report *report);
