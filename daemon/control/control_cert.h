/* SPDX-License-Identifier: BSD-2-Clause */
/* What the methods about certificates share: finding one, and showing it. */
#pragma once

#include "control/control.h"

struct control_cert_shown {
        struct cert_record cert;
        const char *status; /* static storage */
        uint64_t keys;      /* that are bound to it */
        bool has_crl;
        struct crl_record crl;
};

/**
 * control_cert_look(writer, cert, ret): collects all that is shown of ${cert}. Returns 0, or an
 * error of the store.
 */
int control_cert_look(struct store *writer, const struct cert_record *cert,
                      struct control_cert_shown *ret) _must_check_;

/**
 * control_cert_append(m, shown): appends it to a message, as a dictionary. Returns 0, or a
 * negative errno.
 */
int control_cert_append(sd_bus_message *m, const struct control_cert_shown *shown) _must_check_;

/**
 * control_cert_may_name(call, which): whether the caller may use this name of a certificate. A
 * caller that is no administrator must know the whole thumbprint. If not, the call has failed.
 */
bool control_cert_may_name(struct control_call *call, const char *which) _must_check_;

/**
 * control_cert_find(call, writer, which, ret): registered_find(). Returns whether the certificate
 * was found. If not, the call has failed.
 */
bool control_cert_find(struct control_call *call, struct store *writer, const char *which,
                       struct cert_record *ret) _must_check_;

/**
 * control_cert_take_which(call, m, out): reads the name or thumbprint of a certificate from a
 * message. Returns what sd-bus says of the message. The call may have failed as well.
 */
int control_cert_take_which(struct control_call *call, sd_bus_message *m,
                            char out[static WIRE_NAME_MAX + 1]) _must_check_;

/**
 * control_cert_detail(cert, out): the text that the audit log has of a certificate.
 */
void control_cert_detail(const struct cert_record *cert, char out[static AUDIT_DETAIL_MAX + 1]);
