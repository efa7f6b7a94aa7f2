/* SPDX-License-Identifier: BSD-2-Clause */
/* LoadCrl: takes a revocation list in parts, has a helper read it, and replaces the one before
 * it. Parses no list itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cert/cert_work.h"
#include "cleanup.h"
#include "control/control_audit.h"
#include "control/control_cert.h"
#include "control/control_cert_read.h"
#include "control/control_state.h"
#include "keys/registered.h"
#include "login/verify.h"
#include "store/store_cert.h"
#include "store/store_delta.h"
#include "text.h"

#define PART_MAX 49152
#define CRL_MAX  ((size_t) 900 * 1000)

_Static_assert(64 + CRL_MAX + CERT_CAS_ALL * (BYTES_NUMBER + WIRE_CERTIFICATE_MAX) <=
                       HELPER_BYTES_MAX,
               "the longest list and all CAs are one question");

struct crl_call {
        struct control_cert_read reading;
        int more;
        const void *part; /* in the message */
        size_t part_len;
        uint8_t *list; /* owned */
        size_t list_len;
        uint8_t *answer; /* owned; crl borrows from it */
        struct cert_work_crl crl;
};

/* Adds the next part to those that this connection has sent. */
static void add_part(struct control_call *call, const void *bytes, size_t len) {
        struct control_cert_reads *cert = call->control->fixed.cert;
        uint8_t *more;

        /* another connection's list, given up */
        if (cert->crl && cert->connection != call->connection) {
                cert->crl_len = 0;
                free(take_ptr(cert->crl));
        }
        cert->connection = call->connection;
        if (len > PART_MAX || len > CRL_MAX - cert->crl_len) {
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "A list has at most %zu bytes, and comes in parts of at most %d.",
                             CRL_MAX, PART_MAX);
                return;
        }
        more = realloc(cert->crl, cert->crl_len + len + 1);
        if (!more) {
                control_fail(call, CONTROL_BUSY, "There is no memory for it; try again.");
                return;
        }
        if (len > 0)
                memcpy(more + cert->crl_len, bytes, len);
        cert->crl = more;
        cert->crl_len += len;
}

static void forget_parts(struct control_cert_reads *cert) {
        cert->crl_len = 0;
        free(take_ptr(cert->crl));
}

static int parse(struct control_call *call, sd_bus_message *m) {
        struct crl_call *ours = (struct crl_call *) call;
        int r;

        r = sd_bus_message_read_array(m, 'y', &ours->part, &ours->part_len);
        return r < 0 ? r : sd_bus_message_read_basic(m, 'b', &ours->more);
}

static void take_signed(struct control_cert_read *reading, const uint8_t *out, size_t len) {
        if (cert_work_take_signed(out, len) > 0)
                return;
        log_message(MESSAGE_HELPER_FAILED, LOG_ERR,
                    "%s of %s: the CA that the process that reads certificates has named has not "
                    "signed the list",
                    reading->call.method->member, reading->call.who);
        control_fail(&reading->call, CONTROL_REFUSED,
                     "That could not be read: nothing was changed.");
}

/* The helper has parsed all of the list, and a hostile one may have taken it over. Then it could
 * name a CA that has nothing to do with the list, and take that CA's revocations back. So another
 * one looks at the signature alone. */
static void ask_signed(struct control_cert_read *reading) {
        struct crl_call *ours = (struct crl_call *) reading;
        const struct cert_blob list = { ours->list, ours->list_len };
        struct verify *verify = reading->call.control->fixed.verify;
        _cleanup_free_ uint8_t *question = malloc(HELPER_BYTES_MAX);
        uint8_t der[WIRE_CERTIFICATE_MAX];
        struct cert_record ca;
        struct store *reader;
        ssize_t n;

        reading->take = take_signed;
        n = question ? verify_get_reader(verify, &reader) : -ENOMEM;
        if (n >= 0)
                n = store_cert_get(reader, ours->crl.crl.ca, &ca, der);
        if (n >= 0)
                n = cert_work_ask_signed(&list, &(const struct cert_blob){ der, (size_t) n },
                                         question, HELPER_BYTES_MAX);
        control_cert_read_ask(reading, question, n);
}

static void take_crl(struct control_cert_read *reading, const uint8_t *out, size_t len) {
        struct crl_call *ours = (struct crl_call *) reading;

        ours->answer = malloc(len + 1);
        if (ours->answer)
                memcpy(ours->answer, out, len);
        if (!ours->answer || cert_work_take_crl(ours->answer, len, &ours->crl) < 0)
                control_fail(&reading->call, CONTROL_REFUSED,
                             "That could not be read: nothing was changed.");
        else if (ours->crl.fault != CERT_FINE)
                control_fail(&reading->call, CONTROL_INVALID_ARGUMENT, "%s", ours->crl.detail);
        reading->next = ask_signed;
}

static void detour(struct control_call *call) {
        struct crl_call *ours = (struct crl_call *) call;
        struct control_cert_reads *cert = call->control->fixed.cert;
        _cleanup_free_ uint8_t *question = NULL;
        struct store *reader;
        ssize_t n;
        int r;

        add_part(call, ours->part, ours->part_len);
        if (call->error != CONTROL_OK)
                forget_parts(cert);
        if (ours->more || call->error != CONTROL_OK) {
                control_resume(call);
                return;
        }
        ours->reading.take = take_crl;
        ours->list = take_ptr(cert->crl);
        ours->list_len = cert->crl_len;
        forget_parts(cert);
        question = malloc(HELPER_BYTES_MAX);
        r = question ? verify_get_reader(call->control->fixed.verify, &reader) : -ENOMEM;
        n = r < 0 ? r
                  : trust_ask_crl(reader, &(const struct cert_blob){ ours->list, ours->list_len },
                                  clock_now(), question, HELPER_BYTES_MAX);
        control_cert_read_ask(&ours->reading, question, n);
}

/* A list that is older than the present one would bring back certificates that the present one
 * revokes. */
static bool check_dates(struct crl_call *ours, struct store *writer) {
        struct control_call *call = &ours->reading.call;
        struct crl_record there;
        int r = store_crl_get(writer, ours->crl.crl.ca, &there);

        /* The helper has checked this. If it were wrong, no list would ever be newer than this
         * one. */
        if (ours->crl.crl.this_update > clock_now()) {
                control_fail(call, CONTROL_REFUSED,
                             "It is of a time to come: nothing was changed.");
                return false;
        }

        if (r == -ENOENT || (r >= 0 && ours->crl.crl.this_update >= there.this_update))
                return true;
        if (r < 0)
                control_fail_store(call, r);
        else
                control_fail(call, CONTROL_REFUSED,
                             "It is older than the list that this CA has: nothing was changed.");
        return false;
}

static int replace_list(struct control_call *call, struct store *writer) {
        struct crl_call *ours = (struct crl_call *) call;
        const struct crl_record *crl = &ours->crl.crl;
        char detail[AUDIT_DETAIL_MAX + 1];
        struct cert_record ca;
        ssize_t n;
        int r;

        /* It may have been removed since the helper read the list. */
        n = store_cert_get(writer, crl->ca, &ca, NULL);
        if (n == -ENOENT || (n >= 0 && ca.kind != CERT_CA)) {
                control_fail(call, CONTROL_REFUSED, "No registered CA has signed it.");
                return 0;
        }
        if (n < 0 || !check_dates(ours, writer))
                return n < 0 ? (int) n : 0;
        if (ca.fleet && !ca.shared && call->delta)
                store_delta_widen(call->delta);
        control_cert_detail(&ca, detail);
        r = store_crl_replace(writer, crl);
        for (size_t i = 0; r >= 0 && i < ours->crl.n_serials; i++) {
                struct cert_serial serial;

                cert_work_serial(&ours->crl, i, &serial);
                r = store_crl_add(writer, crl->ca, &serial);
        }
        if (r >= 0)
                r = registered_touch(writer, clock_now());
        return r < 0 ? r : control_audit_add(call, writer, "crl", NULL, detail);
}

static void run(struct control_call *call, struct store *writer) {
        if (!((struct crl_call *) call)->more)
                (void) control_transact(call, writer, replace_list);
}

static void committed(struct control_call *call) {
        log_line(LOG_NOTICE, "revocation list with %zu certificates loaded by %s",
                 ((struct crl_call *) call)->crl.n_serials, call->who);
}

static int append_crl(sd_bus_message *reply, const struct crl_record *crl) {
        char issuer[2 * RECORD_THUMBPRINT_LEN + 1];
        int r;

        text_hex(issuer, crl->ca, RECORD_THUMBPRINT_LEN);
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "issuer", "s", issuer, "issued", "x",
                                  crl->this_update, "revoked", "t", crl->revoked);
        return r < 0 || crl->next_update == INT64_MAX
                       ? r
                       : sd_bus_message_append(reply, "{sv}", "expires", "x", crl->next_update);
}

static int reply_crl(struct control_call *call, sd_bus_message *reply) {
        const struct crl_call *ours = (struct crl_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0 && !ours->more)
                r = append_crl(reply, &ours->crl.crl);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void release(struct control_call *call) {
        struct crl_call *ours = (struct crl_call *) call;

        control_cert_read_release(&ours->reading);
        free(ours->answer);
        free(ours->list);
}

const struct control_handlers control_crl_load = {
        .size = sizeof(struct crl_call),
        .parse = parse,
        .detour = detour,
        .run = run,
        .committed = committed,
        .reply = reply_crl,
        .release = release,
};
