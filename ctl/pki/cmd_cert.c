/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, lists and removes certificates by the daemon, and loads revocation lists. Trusts
 * nothing itself; private keys never come here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "draw/json.h"
#include "draw/table.h"
#include "keytext.h"
#include "pki/certfields.h"
#include "pki/certfile.h"
#include "pki/cmd_cert.h"
#include "pki/typed.h"
#include "wire.h"

/* Bytes in one call. A message has at most 64 KiB. */
#define PART_MAX 49152
#define DERS_MAX 60000 /* the same for all certificates */

struct certs {
        struct cert *cert;
        size_t n;
};

static void certs_done(struct certs *certs) {
        for (size_t i = 0; i < certs->n; i++)
                certfields_done(&certs->cert[i]);
        free(certs->cert);
}

static int read_certs(struct certs *certs, sd_bus_message *m) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0) {
                struct cert *more = reallocarray(certs->cert, certs->n + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                certs->cert = more;
                r = certfields_read(&certs->cert[certs->n], m);
                if (r <= 0)
                        break;
                certs->n++;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static void show_json(const struct certs *certs) {
        struct json j = {};

        json_open(&j, NULL, '[');
        for (size_t i = 0; i < certs->n; i++)
                fields_json(certfields, _CERTFIELD_MAX, &certs->cert[i], &j);
        json_close(&j, ']');
}

/* --- Add --- */

static int append_add(sd_bus_message *m, const struct certfile *f, const struct args *args) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "ay");
        for (size_t i = 0; r >= 0 && i < f->n; i++)
                r = sd_bus_message_append_array(m, 'y', f->cert[i].der, f->cert[i].len);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0 && args_has(args, "ca"))
                r = sd_bus_message_append(m, "{sv}", "ca", "b", 1);
        if (r >= 0 && args_has(args, "fleet"))
                r = sd_bus_message_append(m, "{sv}", "fleet", "b", 1);
        if (r >= 0)
                r = dict_append_text(m, "name", args_value(args, "name"));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static enum exit_code read_add(const struct args *args, struct certfile *ret) {
        enum exit_code rc = args_has(args, "ca") ? certfile_read(args->words[0], ret)
                                                 : certfile_read_client(args->words[0], ret);
        size_t bytes = 0;

        for (size_t i = 0; rc == CTL_OK && i < ret->n; i++)
                bytes += ret->cert[i].len + 8;
        if (bytes <= DERS_MAX)
                return rc;
        say_error("%s holds more than fits into one call: divide it into files with at most %d "
                  "bytes of certificates",
                  ret->name, DERS_MAX);
        return CTL_USAGE;
}

static void warn_rootless(const struct cert *cert) {
        _cleanup_free_ char *buffer = NULL, *issuer = NULL;
        const char *name = harmless(cert->name, &buffer);

        if (strcmp(cert->status, "without root") == 0)
                say_error("warning: '%s' was issued by '%s', and from there no registered CA leads "
                          "to a root. Until the root and all CAs between are registered ('cert add "
                          "--ca'), the certificates that '%s' issued are refused.",
                          name, harmless(cert->issuer_name ? cert->issuer_name : "-", &issuer),
                          name);
}

static enum exit_code say_added(const struct args *args, sd_bus_message *reply) {
        _cleanup_(certs_done) struct certs certs = {};
        int r = read_certs(&certs, reply);

        if (r < 0)
                return call_misread(r);
        for (size_t i = 0; i < certs.n; i++)
                warn_rootless(&certs.cert[i]);
        if (args->json) {
                show_json(&certs);
                return CTL_OK;
        }
        for (size_t i = 0; i < certs.n; i++) {
                _cleanup_free_ char *thumbprint = NULL, *name = NULL;

                printf("%s %s\n", harmless(certs.cert[i].thumbprint, &thumbprint),
                       harmless(certs.cert[i].name, &name));
        }
        return CTL_OK;
}

enum exit_code cmd_cert_add(const struct args *args) {
        _cleanup_certfile_ struct certfile file = {};
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        enum exit_code rc;

        rc = read_add(args, &file);
        if (rc == CTL_OK)
                rc = call_begin(&call, args->control, "AddCertificates", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_add(m, &file, args), &reply);
        return rc != CTL_OK ? rc : say_added(args, reply);
}

/* --- List and show --- */

static enum tone tone_of(const struct cert *cert) {
        if (strcmp(cert->status, "revoked") == 0)
                return TONE_RED;
        return strcmp(cert->status, "valid") == 0 ? TONE_NORMAL : TONE_DIM;
}

static int show_table(const struct certs *certs) {
        static const struct table_column columns[] = { { "NAME", 0 },    { "KIND", 0 },
                                                       { "SUBJECT", 0 }, { "STATUS", 0 },
                                                       { "EXPIRES", 0 }, { "KEYS", TABLE_RIGHT } };
        static const enum certfield of[] = { CERTFIELD_NAME,   CERTFIELD_KIND,    CERTFIELD_SUBJECT,
                                             CERTFIELD_STATUS, CERTFIELD_EXPIRES, CERTFIELD_KEYS };
        _Static_assert(ARRAY_LEN(columns) == ARRAY_LEN(of), "a field for each column");
        _cleanup_table_ struct table *table = NULL;
        char texts[ARRAY_LEN(columns)][FIELDS_TEXT_LEN];
        const char *cells[ARRAY_LEN(columns)];
        int r;

        r = table_new(&table, columns, ARRAY_LEN(columns));
        for (size_t i = 0; r >= 0 && i < certs->n; i++) {
                for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
                        cells[c] = fields_text(&certfields[of[c]], &certs->cert[i], texts[c]);
                        cells[c] = cells[c] ? cells[c] : "-";
                }
                r = table_add(table, cells, tone_of(&certs->cert[i]));
        }
        return r < 0 ? r : table_show(table);
}

static int compare(const void *a, const void *b) {
        int r = fields_compare(&certfields[CERTFIELD_NAME], a, b);

        return r != 0 ? r : fields_compare(&certfields[CERTFIELD_THUMBPRINT], a, b);
}

enum exit_code cmd_cert_list(const struct args *args) {
        _cleanup_(certs_done) struct certs certs = {};
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;
        int r;

        rc = call_once(args->control, "ListCertificates", &reply, "");
        if (rc != CTL_OK)
                return rc;
        r = read_certs(&certs, reply);
        if (r < 0)
                return call_misread(r);
        if (certs.n > 0)
                qsort(certs.cert, certs.n, sizeof(*certs.cert), compare);
        if (args->json) {
                show_json(&certs);
                return CTL_OK;
        }
        if (certs.n == 0)
                say_note("no certificates");
        return table_result(show_table(&certs));
}

enum exit_code cmd_cert_show(const struct args *args) {
        _cleanup_(certfields_done) struct cert cert = {};
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct json j = {};
        const void *der = NULL;
        size_t len = 0;
        enum exit_code rc;
        int r;

        if (args->json && args_has(args, "pem")) {
                say_error("--pem does not print JSON: leave out one of the two");
                return CTL_USAGE;
        }
        rc = call_once(args->control, "GetCertificate", &reply, "s", args->words[0]);
        if (rc != CTL_OK)
                return rc;
        r = certfields_read(&cert, reply);
        if (r > 0)
                r = sd_bus_message_read_array(reply, 'y', &der, &len);
        if (r <= 0 || len == 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        if (args_has(args, "pem"))
                return certfile_print(der, len) < 0 ? CTL_FAILED : CTL_OK;
        if (args->json)
                fields_json(certfields, _CERTFIELD_MAX, &cert, &j);
        else
                fields_show(certfields, _CERTFIELD_SHOWN, &cert);
        return CTL_OK;
}

/* --- Remove, revoke, encode --- */

enum exit_code cmd_cert_remove(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;
        uint32_t keys;

        rc = call_once(args->control, "RemoveCertificate", &reply, "s", args->words[0]);
        if (rc == CTL_OK)
                rc = call_read(reply, "u", &keys);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_number("keys", keys);
        else if (keys == 0)
                puts("no key was bound to it");
        else
                printf(keys == 1 ? "%u key was bound to it and is refused from now on\n"
                                 : "%u keys were bound to it and are refused from now on\n",
                       (unsigned) keys);
        return CTL_OK;
}

struct crl {
        const char *issuer;
        int64_t issued, expires;
        uint64_t revoked;
};

static const struct field crlfields[] = {
        { "issuer", FIELD_TEXT, offsetof(struct crl, issuer), "-" },
        { "issued", FIELD_TIME, offsetof(struct crl, issued), "-" },
        { "expires", FIELD_TIME, offsetof(struct crl, expires), "never" },
        { "revoked", FIELD_COUNT, offsetof(struct crl, revoked), "-" },
};

static enum exit_code send_part(const struct call *call, const struct certfile_cert *crl, size_t at,
                                sd_bus_message **ret) {
        _cleanup_message_ sd_bus_message *m = NULL;
        size_t len = crl->len - at > PART_MAX ? PART_MAX : crl->len - at;
        enum exit_code rc;
        int r;

        rc = call_method(call, "LoadCrl", &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_append_array(m, 'y', crl->der + at, len);
        if (r >= 0)
                r = sd_bus_message_append(m, "b", at + len < crl->len);
        return call_send(call, m, r, ret);
}

enum exit_code cmd_cert_crl(const struct args *args) {
        _cleanup_certfile_ struct certfile file = {};
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct crl crl = {};
        enum exit_code rc;
        int r;

        rc = certfile_read_crl(args->words[0], &file);
        if (rc == CTL_OK)
                rc = call_open(&call, args->control);
        for (size_t at = 0; rc == CTL_OK && at < file.cert[0].len; at += PART_MAX) {
                reply = sd_bus_message_unref(reply);
                rc = send_part(&call, &file.cert[0], at, &reply);
        }
        if (rc != CTL_OK)
                return rc;
        fields_init(crlfields, ARRAY_LEN(crlfields), &crl);
        r = dict_read(crlfields, ARRAY_LEN(crlfields), reply, &crl);
        if (r <= 0 || !crl.issuer)
                return call_misread(r < 0 ? r : -EBADMSG);
        fields_print(crlfields, ARRAY_LEN(crlfields), &crl, args->json);
        return CTL_OK;
}

enum exit_code cmd_cert_encode(const struct args *args) {
        _cleanup_certfile_ struct certfile file = {};
        char text[BASE64_LEN(WIRE_CERTIFICATE_MAX) + 1];
        enum exit_code rc;

        rc = certfile_read_client(args->words[0], &file);
        if (rc != CTL_OK)
                return rc;
        base64_encode(file.cert[0].der, file.cert[0].len, text);
        if (args->json)
                json_one_text("certificate", text);
        else
                puts(text);
        typed_warn("a key with this certificate behind it", KEYTEXT_LEN + 1 + strlen(text),
                   "register the certificate ('cert add') and answer the challenge ('wfapikeyctl "
                   "sign')");
        return CTL_OK;
}
