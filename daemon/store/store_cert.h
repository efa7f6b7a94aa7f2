/* SPDX-License-Identifier: BSD-2-Clause */
/* Registered certificates, and the revocation lists of registered CAs. Errors are those of store.h.
 */
#pragma once

#include "store/store.h"

/* The column "fleet" of a certificate: 0 the host has it itself, 1 its fleet has it, 3 both. While
 * a snapshot's certificates are looked at, 2 and 4 stand for those of 1 and 3 that stay. */
#define STORE_CERT_FLEET  1
#define STORE_CERT_SHARED 3

/* of a host itself, as many of its fleet, and all of them */
#define STORE_CERTS_MAX 256
#define STORE_CERTS_ALL (2 * STORE_CERTS_MAX)

/* Called for each certificate. ${der} is borrowed for the call. */
typedef int store_cert_fn(const struct cert_record *cert, const uint8_t *der, size_t len,
                          void *userdata);

/**
 * store_cert_get(s, thumbprint, ret, ret_der):
 * A registered certificate, and its bytes, at most ${WIRE_CERTIFICATE_MAX}, unless ${ret_der} is
 * NULL. Returns how many bytes; -ENOENT; an error of the store.
 */
ssize_t store_cert_get(struct store *s, const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN],
                       struct cert_record *ret, uint8_t *ret_der) _must_check_;

/**
 * store_cert_each_of_key(s, hash, ssh, visit, userdata):
 * The client certificates whose public key has this ${hash}, as SSH writes the key (${ssh}) or as
 * SubjectPublicKeyInfo. Those that end last come first. Ends when ${visit} returns other than 0,
 * and returns that; else 0 or an error of the store.
 */
int store_cert_each_of_key(struct store *s, const uint8_t hash[static RECORD_HASH_LEN], bool ssh,
                           store_cert_fn *visit, void *userdata) _must_check_;

/**
 * store_cert_each_ca(s, visit, userdata), store_cert_each(writer, visit, userdata):
 * The registered CAs; all certificates, by kind and name. As above.
 */
int store_cert_each_ca(struct store *s, store_cert_fn *visit, void *userdata) _must_check_;
int store_cert_each(struct store *writer, store_cert_fn *visit, void *userdata) _must_check_;

struct store_cert_count {
        size_t all, cas;
};

/**
 * store_cert_count(s, fleet, ret): how many certificates ${s} has of its fleet (${fleet}), or of
 * the host itself. Without a fleet all are the host's. 0, or an error of the store.
 */
int store_cert_count(struct store *s, bool fleet, struct store_cert_count *ret) _must_check_;

/**
 * store_cert_was_removed(writer, thumbprint): whether the last thing that the audit log says of a
 * certificate is that it was removed. Reads all of the log. 1; 0; an error of the store.
 */
int store_cert_was_removed(struct store *writer,
                           const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN]) _must_check_;

/**
 * store_cert_find_unwanted(writer, forgets): inside a transaction, with a store attached as
 * "staging": notes its certificates that are not here and were removed here; ${forgets}: all that
 * are not here. store_cert_drop_unwanted(writer): drops the noted ones, with their lists. Both 0,
 * or an error of the store.
 */
int store_cert_find_unwanted(struct store *writer, bool forgets) _must_check_;
int store_cert_drop_unwanted(struct store *writer) _must_check_;

/* Within so many days something ends, for those who watch. */
#define STORE_SOON 3
#define STORE_SOON_DAYS                                                                            \
        { 1, 7, 30 }

struct store_cert_sum {
        uint64_t clients, cas;
        /* of a certificate that has not ended yet; INT64_MAX: there is none */
        int64_t next_end;
        /* of a revocation list, even when it is past; INT64_MAX: there is none */
        int64_t next_crl_end;
        /* certificates that end so soon and have not ended yet; lists, with those that are past */
        uint64_t ending[STORE_SOON], crls_ending[STORE_SOON];
};

/**
 * store_cert_sum(writer, now, ret): counts of the certificates, and their next ends. 0, or an error
 * of the store.
 */
int store_cert_sum(struct store *writer, int64_t now, struct store_cert_sum *ret) _must_check_;

/**
 * store_cert_insert(writer, cert, der, len): inside a transaction. 0; -EEXIST when it is there
 * already, or another certificate has its name; an error of the store.
 */
int store_cert_insert(struct store *writer, const struct cert_record *cert, const uint8_t *der,
                      size_t len) _must_check_;

/**
 * store_cert_delete(writer, thumbprint): deletes it, and the revocation list of a CA with it,
 * inside a transaction. One that the fleet has as well stays as the fleet's. 0; -ENOENT; an error
 * of the store.
 */
int store_cert_delete(struct store *writer,
                      const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN]) _must_check_;

/**
 * store_cert_keys(writer, thumbprint, ret): how many keys are bound to it, dead keys among them.
 */
int store_cert_keys(struct store *writer, const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN],
                    uint64_t *ret) _must_check_;

/**
 * store_cert_revoked(s, serial, ret_until):
 * Whether a list has ${serial}. A list belongs to the CA key that signed it: all registered CAs
 * with that key share their lists, and another CA of the same name has no part in them.
 * ${ret_until} is the last second for which the key has a good list in the issuer's name, INT64_MAX
 * when it has none. A list for another distribution point than ${serial}->point is not good. When
 * ${serial}->key is unknown, the lists of every key with the issuer's name count, and ${ret_until}
 * is that of the key whose lists end first. 1; 0; an error of the store.
 */
int store_cert_revoked(struct store *s, const struct cert_serial *serial,
                       int64_t *ret_until) _must_check_;

/**
 * store_crl_get(writer, ca, ret): the list of a CA. 0; -ENOENT; an error of the store.
 */
int store_crl_get(struct store *writer, const uint8_t ca[static RECORD_THUMBPRINT_LEN],
                  struct crl_record *ret) _must_check_;

/**
 * store_crl_replace(writer, crl): writes it in the place of the list that this CA has, without any
 * serial numbers, inside a transaction.
 * store_crl_add(writer, ca, serial): adds one serial number.
 */
int store_crl_replace(struct store *writer, const struct crl_record *crl) _must_check_;
int store_crl_add(struct store *writer, const uint8_t ca[static RECORD_THUMBPRINT_LEN],
                  const struct cert_serial *serial) _must_check_;
