/* SPDX-License-Identifier: BSD-2-Clause */
/* AddCertificates: registers what a helper has read. Parses no certificate itself, and checks
 * that the helper's answer is about the bytes that were sent. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cert/cert_work.h"
#include "cleanup.h"
#include "control/control_audit.h"
#include "control/control_cert.h"
#include "control/control_cert_read.h"
#include "control/control_options.h"
#include "keys/registered.h"
#include "secret/keymint.h"
#include "store/store_cert.h"
#include "text.h"

struct add_call {
        struct control_cert_read reading;
        bool ca;
        char name[WIRE_NAME_MAX + 1];
        int64_t now;
        size_t n;
        struct cert_blob ders[CERT_CAS_MAX]; /* in the message */
        struct cert_work_read *reads;        /* owned */
        struct control_cert_shown *shown;    /* owned */
};

static void take_name(struct control_call *call, const struct control_option *option,
                      const char *value, void *out) {
        if (registered_is_thumbprint(value))
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That name will not do: it could be the beginning of a thumbprint.");
        else
                control_options_take_label(call, option, value, out);
}

static const struct control_option options[] = {
        { "ca", "b", CONTROL_OPTION_TO(struct add_call, ca) },
        { "fleet", "b", CONTROL_OPTION_TO(struct add_call, reading.call.wide) },
        { "name", "s", CONTROL_OPTION_TO(struct add_call, name), .take = take_name },
};

static int parse_ders(struct add_call *add, sd_bus_message *m) {
        struct control_call *call = &add->reading.call;
        const void *bytes;
        size_t len;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "ay");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_array(m, 'y', &bytes, &len)) > 0)
                if (len == 0 || len > WIRE_CERTIFICATE_MAX)
                        control_fail(call, CONTROL_INVALID_ARGUMENT,
                                     "A certificate has 1 to %d bytes.", WIRE_CERTIFICATE_MAX);
                else if (add->n == ARRAY_LEN(add->ders))
                        control_fail(call, CONTROL_INVALID_ARGUMENT,
                                     "Too many certificates: at most %d.", CERT_CAS_MAX);
                else
                        add->ders[add->n++] = (struct cert_blob){ .bytes = bytes, .len = len };
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int add_parse(struct control_call *call, sd_bus_message *m) {
        struct add_call *add = (struct add_call *) call;
        int r;

        r = parse_ders(add, m);
        if (r >= 0)
                r = control_options_read(call, m, options, ARRAY_LEN(options));
        if (r >= 0 && add->n == 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "There is no certificate to register.");
        if (r >= 0 && add->n > 1 && !add->ca)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "A client's certificate is registered by itself.");
        return r;
}

/* The helper has read hostile bytes, so its answer may be wrong. The thumbprint can be checked
 * without parsing. */
static bool is_of(const struct cert_work_read *read, const struct cert_blob *der) {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];

        keymint_sha256(der->bytes, der->len, thumbprint);
        return read->fault != CERT_FINE ||
               memcmp(thumbprint, read->cert.thumbprint, sizeof(thumbprint)) == 0;
}

static void take_reads(struct control_cert_read *reading, const uint8_t *out, size_t len) {
        struct add_call *add = (struct add_call *) reading;
        struct control_call *call = &reading->call;
        size_t at = 0, n = 0;
        int r;

        add->reads = calloc(add->n, sizeof(*add->reads));
        while (add->reads && n < add->n &&
               (r = cert_work_take_read(out, len, &at, &add->reads[n])) > 0) {
                const struct cert_work_read *read = &add->reads[n];

                if (!is_of(read, &add->ders[n]))
                        break;
                n++;
                if (read->fault != CERT_FINE && add->n > 1)
                        control_fail(call, CONTROL_INVALID_ARGUMENT, "Certificate %zu of %zu: %s",
                                     n, add->n, read->detail);
                else if (read->fault != CERT_FINE)
                        control_fail(call, CONTROL_INVALID_ARGUMENT, "%s", read->detail);
        }
        if (n != add->n)
                control_fail(call, CONTROL_REFUSED, "That could not be read: nothing was changed.");
}

static void add_detour(struct control_call *call) {
        struct add_call *add = (struct add_call *) call;
        _cleanup_free_ uint8_t *question = malloc(HELPER_BYTES_MAX);
        ssize_t n = -ENOMEM;

        add->reading.take = take_reads;
        if (question)
                n = cert_work_ask_read(add->ders, add->n, add->ca ? CERT_CA : CERT_CLIENT,
                                       clock_now(), question, HELPER_BYTES_MAX);
        control_cert_read_ask(&add->reading, question, n);
}

/* The fleet takes no place of this host's own, and the other way round. */
static bool has_room(struct add_call *add, struct store *writer) {
        bool fleet = add->reading.call.wide;
        struct store_cert_count there;
        int r = store_cert_count(writer, fleet, &there);

        if (r < 0)
                control_fail_store(&add->reading.call, r);
        else if (there.all + add->n > STORE_CERTS_MAX ||
                 (add->ca && there.cas + add->n > CERT_CAS_MAX))
                control_fail(&add->reading.call, CONTROL_LIMIT_EXCEEDED,
                             "%s has %zu certificates, %zu of them CAs': at most %d and %d; "
                             "remove some first.",
                             fleet ? "The fleet" : "This host", there.all, there.cas,
                             STORE_CERTS_MAX, CERT_CAS_MAX);
        else
                return true;
        return false;
}

/* The common name, if it can be a name and no other certificate has it. Else the first digits of
 * the thumbprint. */
static int choose_name(struct store *writer, struct cert_record *cert) {
        char digits[2 * RECORD_THUMBPRINT_LEN + 1];
        struct cert_record other;
        int r;

        text_hex(digits, cert->thumbprint, RECORD_THUMBPRINT_LEN);
        if (!text_copy(cert->name, sizeof(cert->name), cert->subject_cn) ||
            registered_is_thumbprint(cert->name) || !text_is_label(cert->name, WIRE_NAME_MAX))
                (void) snprintf(cert->name, sizeof(cert->name), "certificate %.8s", digits);
        r = registered_find(writer, cert->name, &other);
        if (r >= 0)
                (void) snprintf(cert->name, sizeof(cert->name), "certificate %.16s", digits);
        return r == -ENOENT ? 0 : r;
}

/* A certificate that is registered already stays as it is. Returns 1 if there is one. */
static int find_registered(struct add_call *add, struct store *writer, struct cert_record *cert) {
        struct cert_record other;
        ssize_t n = store_cert_get(writer, cert->thumbprint, &other, NULL);

        if (n == -ENOENT)
                return 0;
        if (n < 0)
                return (int) n;
        if (other.kind != cert->kind)
                control_fail(&add->reading.call, CONTROL_INVALID_ARGUMENT,
                             "The certificate '%s' is registered as one of another kind: remove it "
                             "first.",
                             other.name);
        *cert = other;
        return 1;
}

static int add_one(struct add_call *add, struct store *writer, size_t i, int64_t now) {
        struct control_call *call = &add->reading.call;
        struct cert_record cert = add->reads[i].cert, other;
        char detail[AUDIT_DETAIL_MAX + 1];
        int r;

        cert.kind = add->ca ? CERT_CA : CERT_CLIENT;
        cert.added_at = now;
        cert.fleet = call->wide;
        r = find_registered(add, writer, &cert);
        if (r == 0 && i == 0 && add->name[0]) {
                memcpy(cert.name, add->name, sizeof(cert.name));
                if (registered_find(writer, cert.name, &other) != -ENOENT)
                        control_fail(call, CONTROL_INVALID_ARGUMENT,
                                     "Another certificate has the name '%s': choose another.",
                                     cert.name);
        } else if (r == 0)
                r = choose_name(writer, &cert);
        add->shown[i].cert = cert;
        if (r != 0 || call->error != CONTROL_OK)
                return r;
        control_cert_detail(&cert, detail);
        r = store_cert_insert(writer, &cert, add->ders[i].bytes, add->ders[i].len);
        return r < 0 ? r : control_audit_add(call, writer, "cert-added", NULL, detail);
}

/* The CAs of one call may need each other, so they are looked at when all are there. */
static int look_at_all(struct add_call *add, struct store *writer) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < add->n; i++) {
                struct cert_record cert = add->shown[i].cert;

                r = control_cert_look(writer, &cert, &add->shown[i]);
        }
        return r;
}

static int add_all(struct control_call *call, struct store *writer) {
        struct add_call *add = (struct add_call *) call;
        int r = 0;

        add->now = clock_now();
        free(add->shown); /* of another run */
        add->shown = calloc(add->n, sizeof(*add->shown));
        if (!add->shown)
                return -ENOMEM;
        if (!has_room(add, writer))
                return 0;
        for (size_t i = 0; r >= 0 && call->error == CONTROL_OK && i < add->n; i++)
                r = add_one(add, writer, i, add->now);
        if (r >= 0 && call->error == CONTROL_OK)
                r = look_at_all(add, writer);
        return r < 0 ? r : registered_touch(writer, add->now);
}

static void add_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, add_all);
}

static void add_committed(struct control_call *call) {
        const struct add_call *add = (struct add_call *) call;

        for (size_t i = 0; i < add->n; i++)
                if (add->shown[i].cert.added_at == add->now)
                        log_line(LOG_NOTICE, "%s certificate '%s' registered by %s",
                                 add->ca ? "CA" : "client", add->shown[i].cert.name, call->who);
}

static int add_reply(struct control_call *call, sd_bus_message *reply) {
        const struct add_call *add = (struct add_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < add->n; i++)
                r = control_cert_append(reply, &add->shown[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void add_release(struct control_call *call) {
        struct add_call *add = (struct add_call *) call;

        control_cert_read_release(&add->reading);
        free(add->reads);
        free(add->shown);
}

const struct control_handlers control_cert_add = {
        .size = sizeof(struct add_call),
        .parse = add_parse,
        .detour = add_detour,
        .run = add_run,
        .committed = add_committed,
        .reply = add_reply,
        .release = add_release,
};
