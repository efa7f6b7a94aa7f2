/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor says of the realms: those that have no service or no users, and lists that are not
 * believed. */
#include "accounts/accounts.h"
#include "control/control_doctor.h"
#include "control/control_state.h"

/* Realms that let nobody in, or nobody new. That a service is of two is an error of the
 * configuration, which is reported as such. */
void control_doctor_realms(struct diagnose_call *d, const struct control_call *call) {
        const struct realms *realms = call->realms;
        bool right = true;

        for (size_t i = 0; realms && i < realms->n; i++) {
                const struct realm *realm = &realms->of[i];
                const char *why = accounts_realm_unread(call->control->fixed.accounts, i);

                right &= realm->services[0] && (realm->suffixes[0] || realm->list[0]) && !*why;
                if (!realm->services[0])
                        control_doctor_add(d, DIAGNOSE_WARNING, "realms",
                                           "name its services in wfapikeyd.conf",
                                           "the realm '%s' has no service: its keys are good for "
                                           "nothing",
                                           realm->name);
                if (!realm->suffixes[0] && !realm->list[0])
                        control_doctor_add(d, DIAGNOSE_WARNING, "realms",
                                           "give it a suffix or a list in wfapikeyd.conf",
                                           "the realm '%s' has no users: it has neither a suffix "
                                           "nor a list",
                                           realm->name);
                if (*why)
                        control_doctor_add(
                                d, DIAGNOSE_WARNING, "realms",
                                "see what writes the file; replace it by renaming, mode 0644, "
                                "owned by root",
                                "what is known of the realm '%s' stays as it was, and who was not "
                                "in a list of this path before is not let in: %s",
                                realm->name, why);
        }
        if (realms && right)
                control_doctor_add(d, DIAGNOSE_OK, "realms", NULL,
                                   "each realm has users and services");
}
