/* SPDX-License-Identifier: BSD-2-Clause */
/* Registered certificates, as the store has them. Their bytes are none that OpenSSL could read:
 * who has them read is not tested with these. */
#pragma once

#include "store/store_cert.h"
#include "unit_store.h"

#define UNIT_CERT_BEGINS INT64_C(1799000000)
#define UNIT_CERT_ENDS   INT64_C(1801000000)

/* A client certificate whose hashes all begin with n, and then say which hash they are. */
static inline struct cert_record unit_cert(uint8_t n) {
        struct cert_record cert = { .kind = CERT_CLIENT,
                                    .subject_cn = "alice",
                                    .subject_o = "Example",
                                    .subject_ou = "People, Staff",
                                    .issuer_cn = "Example CA",
                                    .issuer_o = "Example",
                                    .key_type = "ECDSA P-256",
                                    .not_before = UNIT_CERT_BEGINS,
                                    .not_after = UNIT_CERT_ENDS,
                                    .added_at = 1799999999 };

        (void) snprintf(cert.name, sizeof(cert.name), "cert%u", n);
        (void) snprintf(cert.subject, sizeof(cert.subject), "CN=alice %u,O=Example", n);
        memset(cert.thumbprint, n, sizeof(cert.thumbprint));
        memset(cert.spki, n, sizeof(cert.spki));
        memset(cert.ssh, n, sizeof(cert.ssh));
        memset(cert.subject_id, n, sizeof(cert.subject_id));
        memset(cert.serial.issuer, 0xcc, sizeof(cert.serial.issuer));
        cert.thumbprint[31] = 't';
        cert.spki[31] = 'k';
        cert.ssh[31] = 's';
        cert.serial.len = 3;
        cert.serial.bytes[0] = 1;
        cert.serial.bytes[2] = n;
        return cert;
}

static inline void unit_cert_put(struct store *writer, const struct cert_record *cert,
                                 const void *der, size_t len) {
        assert_int_equal(store_begin(writer), 0);
        unit_int(cert->name, store_cert_insert(writer, cert, der, len), 0);
        assert_int_equal(store_commit(writer), 0);
}

static inline void unit_cert_equal(const char *row, const struct cert_record *got,
                                   const struct cert_record *want) {
        unit_mem(row, got->thumbprint, want->thumbprint, sizeof(got->thumbprint));
        unit_int(row, got->kind, want->kind);
        unit_str(row, got->name, want->name);
        unit_str(row, got->subject, want->subject);
        unit_str(row, got->subject_cn, want->subject_cn);
        unit_str(row, got->subject_o, want->subject_o);
        unit_str(row, got->subject_ou, want->subject_ou);
        unit_str(row, got->issuer_cn, want->issuer_cn);
        unit_str(row, got->issuer_o, want->issuer_o);
        unit_str(row, got->issuer_ou, want->issuer_ou);
        unit_int(row, got->serial.len, want->serial.len);
        unit_mem(row, got->serial.bytes, want->serial.bytes, want->serial.len);
        unit_mem(row, got->serial.issuer, want->serial.issuer, sizeof(got->serial.issuer));
        unit_str(row, got->key_type, want->key_type);
        unit_mem(row, got->subject_id, want->subject_id, sizeof(got->subject_id));
        unit_mem(row, got->spki, want->spki, sizeof(got->spki));
        unit_mem(row, got->ssh, want->ssh, sizeof(got->ssh));
        unit_int(row, got->not_before, want->not_before);
        unit_int(row, got->not_after, want->not_after);
        unit_int(row, got->added_at, want->added_at);
}

/* A list of the CA with these serial numbers, each of one byte, in the name of
 * cert_record.serial.issuer. */
static inline void unit_crl_put(struct store *writer, const uint8_t *ca, int64_t until,
                                const struct cert_serial *serials, size_t n) {
        struct crl_record crl = { .this_update = UNIT_CERT_BEGINS,
                                  .next_update = until,
                                  .revoked = n };

        memcpy(crl.ca, ca, sizeof(crl.ca));
        memset(crl.issuer, 0xcc, sizeof(crl.issuer));
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_crl_replace(writer, &crl), 0);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(store_crl_add(writer, crl.ca, &serials[i]), 0);
        assert_int_equal(store_commit(writer), 0);
}
