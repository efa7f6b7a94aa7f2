/* SPDX-License-Identifier: BSD-2-Clause */
/* ListCertificates, GetCertificate, RemoveCertificate, and how certificates are shown and found
 * for the other methods. Parses no certificate: the store has what a helper once read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_cert.h"
#include "keys/registered.h"
#include "store/store_cert.h"
#include "store/store_delta.h"
#include "text.h"

_Static_assert(WIRE_NAME_MAX >= REGISTERED_WHICH_MAX, "room for a thumbprint");

struct list_call {
        struct control_call call;
        size_t n;
        struct control_cert_shown *shown; /* owned */
};

struct cert_call {
        struct control_call call;
        char which[WIRE_NAME_MAX + 1];
        struct control_cert_shown shown;
        size_t der_len;
        uint8_t der[WIRE_CERTIFICATE_MAX];
};

/* --- What is shown --- */

static const char *status_of(const struct cert_record *cert, bool revoked, bool rooted,
                             int64_t now) {
        if (revoked)
                return "revoked";
        if (now < cert->not_before)
                return "not yet valid";
        if (now > cert->not_after)
                return "expired";
        return rooted ? "valid" : "without root";
}

int control_cert_look(struct store *writer, const struct cert_record *cert,
                      struct control_cert_shown *ret) {
        struct control_cert_shown shown = { .cert = *cert };
        int64_t until;
        int r, revoked, rooted = 1;

        revoked = store_cert_revoked(writer, &cert->serial, &until);
        if (revoked < 0)
                return revoked;
        if (cert->kind == CERT_CA)
                rooted = registered_has_root(writer, cert);
        if (rooted < 0)
                return rooted;
        shown.status = status_of(cert, revoked > 0, rooted > 0, clock_now());
        r = store_cert_keys(writer, cert->thumbprint, &shown.keys);
        if (r < 0)
                return r;
        r = store_crl_get(writer, cert->thumbprint, &shown.crl);
        if (r < 0 && r != -ENOENT)
                return r;
        shown.has_crl = r >= 0;
        *ret = shown;
        return 0;
}

static int append_texts(sd_bus_message *m, const struct control_cert_shown *shown) {
        const struct cert_record *cert = &shown->cert;
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1], serial[2 * RECORD_SERIAL_MAX + 1];
        const struct {
                const char *name, *value;
        } texts[] = {
                { "thumbprint", thumbprint },
                { "name", cert->name },
                { "kind", cert->kind == CERT_CA ? "ca" : "client" },
                { "status", shown->status },
                { "subject", cert->subject },
                { "subject-common-name", cert->subject_cn },
                { "subject-organization", cert->subject_o },
                { "subject-organization-unit", cert->subject_ou },
                { "issuer-common-name", cert->issuer_cn },
                { "issuer-organization", cert->issuer_o },
                { "issuer-organization-unit", cert->issuer_ou },
                { "serial", serial },
                { "key-type", cert->key_type },
        };
        int r = 0;

        text_hex(thumbprint, cert->thumbprint, RECORD_THUMBPRINT_LEN);
        text_hex(serial, cert->serial.bytes, cert->serial.len);
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
                r = sd_bus_message_append(m, "{sv}", texts[i].name, "s", texts[i].value);
        return r;
}

static int append_crl(sd_bus_message *m, const struct crl_record *crl) {
        int r;

        r = sd_bus_message_append(m, "{sv}{sv}", "crl-issued", "x", crl->this_update, "crl-revoked",
                                  "t", crl->revoked);
        return r < 0 || crl->next_update == INT64_MAX
                       ? r
                       : sd_bus_message_append(m, "{sv}", "crl-expires", "x", crl->next_update);
}

int control_cert_append(sd_bus_message *m, const struct control_cert_shown *shown) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = append_texts(m, shown);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "issued", "x",
                                          shown->cert.not_before, "expires", "x",
                                          shown->cert.not_after, "added", "x", shown->cert.added_at,
                                          "keys", "u", (uint32_t) shown->keys);
        if (r >= 0 && shown->has_crl)
                r = append_crl(m, &shown->crl);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

void control_cert_detail(const struct cert_record *cert, char out[static AUDIT_DETAIL_MAX + 1]) {
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1];

        text_hex(thumbprint, cert->thumbprint, RECORD_THUMBPRINT_LEN);
        (void) snprintf(out, AUDIT_DETAIL_MAX + 1, "%s %s", thumbprint, cert->name);
}

/* --- Which one --- */

int control_cert_take_which(struct control_call *call, sd_bus_message *m,
                            char out[static WIRE_NAME_MAX + 1]) {
        const char *which;
        int r;

        r = sd_bus_message_read_basic(m, 's', &which);
        if (r >= 0 && !text_copy(out, WIRE_NAME_MAX + 1, which))
                control_fail(call, CONTROL_NO_SUCH_CERTIFICATE,
                             "That is no certificate's thumbprint or name: at most %d bytes.",
                             WIRE_NAME_MAX);
        return r;
}

bool control_cert_may_name(struct control_call *call, const char *which) {
        if (call->role == ROLE_ADMIN || strlen(which) == 2 * (size_t) RECORD_THUMBPRINT_LEN)
                return true;
        control_fail(call, CONTROL_ACCESS_DENIED,
                     "Only administrators know certificates by name: give all %d digits of its "
                     "thumbprint.",
                     2 * RECORD_THUMBPRINT_LEN);
        return false;
}

bool control_cert_find(struct control_call *call, struct store *writer, const char *which,
                       struct cert_record *ret) {
        char shown[4 * WIRE_NAME_MAX + 1];
        int r;

        if (!control_cert_may_name(call, which))
                return false;
        r = registered_find(writer, which, ret);
        text_escape(shown, sizeof(shown), text_without_key(which));
        if (r == -ENOENT)
                control_fail(call, CONTROL_NO_SUCH_CERTIFICATE,
                             "There is no certificate '%s': it takes a name, a thumbprint, or 8 or "
                             "more of "
                             "its first "
                             "digits.",
                             shown);
        else if (r == -ENOTUNIQ)
                control_fail(
                        call, CONTROL_NO_SUCH_CERTIFICATE,
                        "'%s' is the beginning of several thumbprints: give more of its digits.",
                        shown);
        else if (r < 0)
                control_fail_store(call, r);
        return r >= 0;
}

/* --- ListCertificates --- */

static int on_cert(const struct cert_record *cert, const uint8_t *der, size_t len, void *userdata) {
        struct list_call *list = userdata;

        (void) der;
        (void) len;
        if (list->n == STORE_CERTS_ALL)
                return -EUCLEAN;
        list->shown[list->n++].cert = *cert;
        return 0;
}

static void list_run(struct control_call *call, struct store *writer) {
        struct list_call *list = (struct list_call *) call;
        int r;

        list->shown = calloc(STORE_CERTS_ALL, sizeof(*list->shown));
        r = list->shown ? store_cert_each(writer, on_cert, list) : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < list->n; i++) {
                struct cert_record cert = list->shown[i].cert;

                r = control_cert_look(writer, &cert, &list->shown[i]);
        }
        if (r < 0)
                control_fail_store(call, r);
}

static int list_reply(struct control_call *call, sd_bus_message *reply) {
        const struct list_call *list = (struct list_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = control_cert_append(reply, &list->shown[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void list_release(struct control_call *call) {
        free(((struct list_call *) call)->shown);
}

const struct control_handlers control_cert_list = {
        .size = sizeof(struct list_call),
        .run = list_run,
        .reply = list_reply,
        .release = list_release,
};

/* --- GetCertificate, RemoveCertificate --- */

static int parse_which(struct control_call *call, sd_bus_message *m) {
        return control_cert_take_which(call, m, ((struct cert_call *) call)->which);
}

static void get_run(struct control_call *call, struct store *writer) {
        struct cert_call *get = (struct cert_call *) call;
        struct cert_record cert;
        ssize_t n;
        int r;

        if (!control_cert_find(call, writer, get->which, &cert))
                return;
        n = store_cert_get(writer, cert.thumbprint, &cert, get->der);
        r = n < 0 ? (int) n : control_cert_look(writer, &cert, &get->shown);
        if (r < 0)
                control_fail_store(call, r);
        else
                get->der_len = (size_t) n;
}

static int get_reply(struct control_call *call, sd_bus_message *reply) {
        const struct cert_call *get = (struct cert_call *) call;
        int r;

        r = control_cert_append(reply, &get->shown);
        return r < 0 ? r : sd_bus_message_append_array(reply, 'y', get->der, get->der_len);
}

const struct control_handlers control_cert_get = {
        .size = sizeof(struct cert_call),
        .parse = parse_which,
        .run = get_run,
        .reply = get_reply,
};

/* Others of the same key, for which a revocation list is good too. */
struct heirs {
        struct store *writer;
        const struct cert_record *cert;
        const struct crl_record *crl;
        bool any, served; /* one has a list that is as new */
        char name[WIRE_NAME_MAX + 1];
};

/* SSH writes a key in one way only, and has no RSA-PSS keys. */
static bool has_same_key(const struct cert_record *a, const struct cert_record *b) {
        static const uint8_t none[RECORD_HASH_LEN];

        return memcmp(a->spki, b->spki, RECORD_HASH_LEN) == 0 ||
               (memcmp(a->ssh, none, RECORD_HASH_LEN) != 0 &&
                memcmp(a->ssh, b->ssh, RECORD_HASH_LEN) == 0);
}

static int on_heir(const struct cert_record *cert, const uint8_t *der, size_t len, void *userdata) {
        struct heirs *heirs = userdata;
        struct crl_record crl;
        int r;

        (void) der;
        (void) len;
        if (cert->kind != CERT_CA ||
            memcmp(cert->thumbprint, heirs->cert->thumbprint, RECORD_THUMBPRINT_LEN) == 0 ||
            !has_same_key(cert, heirs->cert))
                return 0;
        heirs->any = true;
        memcpy(heirs->name, cert->name, sizeof(heirs->name));
        r = store_crl_get(heirs->writer, cert->thumbprint, &crl);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        heirs->served |= crl.this_update >= heirs->crl->this_update;
        return 0;
}

/* The revocation list goes with its CA. If a renewed CA stays, the certificates that the list
 * revoked would be trusted again. */
static int check_list(struct cert_call *ours, struct store *writer) {
        struct crl_record crl;
        struct heirs heirs = { .writer = writer, .cert = &ours->shown.cert, .crl = &crl };
        int r = store_crl_get(writer, ours->shown.cert.thumbprint, &crl);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = store_cert_each(writer, on_heir, &heirs);
        if (r >= 0 && heirs.any && !heirs.served)
                control_fail(&ours->call, CONTROL_REFUSED,
                             "Its revocation list would go with it, and '%s' of the same key has "
                             "none as "
                             "new: load "
                             "the list again first.",
                             heirs.name);
        return r;
}

static int remove_cert(struct control_call *call, struct store *writer) {
        struct cert_call *ours = (struct cert_call *) call;
        struct cert_record *cert = &ours->shown.cert;
        char detail[AUDIT_DETAIL_MAX + 1];
        int r;

        if (!control_cert_find(call, writer, ours->which, cert))
                return 0;
        r = cert->shared ? 0 : check_list(ours, writer);
        if (r < 0 || call->error != CONTROL_OK)
                return r;
        if (cert->fleet && !cert->shared && call->delta)
                store_delta_widen(call->delta);
        control_cert_detail(cert, detail);
        r = store_cert_keys(writer, cert->thumbprint, &ours->shown.keys);
        if (r >= 0)
                r = store_cert_delete(writer, cert->thumbprint);
        if (r >= 0)
                r = registered_touch(writer, clock_now());
        return r < 0 ? r : control_audit_add(call, writer, "cert-removed", NULL, detail);
}

static void remove_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, remove_cert);
}

static void remove_committed(struct control_call *call) {
        const struct cert_record *cert = &((struct cert_call *) call)->shown.cert;

        log_line(LOG_NOTICE, "certificate '%s' removed by %s%s", cert->name, call->who,
                 cert->shared ? "; it stays as the fleet's" : "");
}

static int remove_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "u",
                                     (uint32_t) ((struct cert_call *) call)->shown.keys);
}

const struct control_handlers control_cert_remove = {
        .size = sizeof(struct cert_call),
        .parse = parse_which,
        .run = remove_run,
        .committed = remove_committed,
        .reply = remove_reply,
};
