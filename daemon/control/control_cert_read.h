/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls whose bytes a helper process reads first: certificates and revocation lists. */
#pragma once

#include <sys/queue.h>

#include "base/helper.h"
#include "cert/cert.h"
#include "control/control.h"

/* The first member of the struct of such a method. */
struct control_cert_read {
        struct control_call call;
        LIST_ENTRY(control_cert_read) entries;
        bool listed;
        struct helper *helper;
        /* takes the helper's answer */
        void (*take)(struct control_cert_read *reading, const uint8_t *out, size_t len);
        /* asks another helper, after an answer that was taken; NULL: the call goes on */
        void (*next)(struct control_cert_read *reading);
};

/* What these calls share. Invariant: the list has the calls that wait for a helper. */
struct control_cert_reads {
        sd_event *event; /* borrowed */
        LIST_HEAD(, control_cert_read) calls;
        /* A revocation list that comes in parts, and the connection that sends it. */
        uint64_t connection;
        size_t crl_len;
        uint8_t *crl; /* NULL: none is being sent */
};

/**
 * control_cert_read_ask(reading, question, n):
 * Asks the helper. When it has answered, the call goes on with control_resume(). ${n} is the
 * length of the question, or a negative errno when there is no question.
 */
void control_cert_read_ask(struct control_cert_read *reading, const uint8_t *question, ssize_t n);

/**
 * control_cert_read_release(reading): to be called when the method's struct is released.
 */
void control_cert_read_release(struct control_cert_read *reading);

/**
 * control_cert_read_new(ret, event): makes what the calls about certificates share. Returns 0, or
 * a negative errno.
 * control_cert_read_free(cert): drops the calls that wait for a helper.
 */
int control_cert_read_new(struct control_cert_reads **ret, sd_event *event) _must_check_;
struct control_cert_reads *control_cert_read_free(struct control_cert_reads *cert);
