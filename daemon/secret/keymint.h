/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys, their digests, and tickets. keymint.c and seal.c are the only files that know libsodium. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record.h"
#include "secret.h"
#include "secret/pepper.h"

/* The peppers in use, in locked memory that is wiped when it is freed: the host's own, for new
 * keys, and those that came with keys of other hosts. Any thread may read; one thread adds. */
struct keymint;

/**
 * keymint_new(ret, pepper): takes a copy of ${pepper}, which the caller wipes. Returns 0;
 * -ENOMEM; -EIO when libsodium does not start.
 */
int keymint_new(struct keymint **ret, const uint8_t pepper[static PEPPER_LEN]) _must_check_;
struct keymint *keymint_free(struct keymint *k);

/**
 * keymint_add(k, pepper, id):
 * Adds a copy of ${pepper}, whose id must be ${id}. One thread at a time may do so. Other threads
 * may use ${k} meanwhile; they find the pepper once they have seen anything that this thread
 * releases after the call. The pepper stays until ${k} is freed.
 * Returns 1; 0 when it was there; -EKEYREJECTED when it has another id; -ENOSPC; -ENOMEM.
 */
int keymint_add(struct keymint *k, const uint8_t pepper[static PEPPER_LEN],
                uint32_t id) _must_check_;

/**
 * keymint_knows(k, pepper_id): whether the pepper is there.
 */
bool keymint_knows(const struct keymint *k, uint32_t pepper_id) _must_check_;

/**
 * keymint_copy_pepper(k, id, out): copies the pepper ${id} to ${out}, which the caller seals and
 * wipes. Returns whether it is there.
 */
bool keymint_copy_pepper(const struct keymint *k, uint32_t id,
                         uint8_t out[static PEPPER_LEN]) _must_check_;

/**
 * keymint_pepper_id(k): the id of the host's own pepper. An id tells one pepper from another and
 * says nothing about it.
 */
uint32_t keymint_pepper_id(const struct keymint *k);

/**
 * keymint_make_id(ret): a new id, 10 digits drawn uniformly from base62. The store knows whether it
 * is free.
 */
void keymint_make_id(char ret[static KEYTEXT_ID_LEN + 1]);

/**
 * keymint_make_secret(id, ret): a new key with the id ${id} and a secret of 250 random bits.
 */
void keymint_make_secret(const char *id, struct secret *ret);

/**
 * keymint_digest(k, pepper_id, key, out):
 * The digest that the store holds for the well-formed key ${key}: keyed BLAKE2b-256 over id and
 * secret, with the pepper ${pepper_id}. When that pepper is not there, the same work is done and
 * ${out} is useless: see keymint_knows().
 */
void keymint_digest(const struct keymint *k, uint32_t pepper_id, const char *key,
                    uint8_t out[static RECORD_DIGEST_LEN]);

/**
 * keymint_check(k, record, key):
 * Whether the well-formed key ${key} is the one of ${record}. Takes the same time for every
 * ${record}: one of zeros, or with a pepper that is not there, costs as much as any other, and is
 * refused.
 */
bool keymint_check(const struct keymint *k, const struct key_record *record,
                   const char *key) _must_check_;

/**
 * keymint_ticket(k, record, user, thumbprint, proved, out):
 * A ticket proves on this host, without the secret, that ${user} was logged in with the key
 * ${record}, and with the certificate that has this ${thumbprint} (NULL: without one), whose
 * possession was ${proved} or not. It is void when the digest of the key changes.
 */
void keymint_ticket(const struct keymint *k, const struct key_record *record, const char *user,
                    const uint8_t *thumbprint, bool proved, uint8_t out[static WIRE_TICKET_LEN]);

/**
 * keymint_check_ticket(k, record, user, thumbprint, proved, ticket):
 * Whether ${ticket} is what keymint_ticket() makes of the rest, and the pepper of ${record} is
 * there. In constant time, as keymint_check().
 */
bool keymint_check_ticket(const struct keymint *k, const struct key_record *record,
                          const char *user, const uint8_t *thumbprint, bool proved,
                          const uint8_t ticket[static WIRE_TICKET_LEN]) _must_check_;

/**
 * keymint_sha256(in, len, out): a plain hash, for things that other programs name by it.
 */
void keymint_sha256(const void *in, size_t len, uint8_t out[static RECORD_HASH_LEN]);

/**
 * keymint_draw(out, len): random bytes that nobody can guess.
 */
void keymint_draw(void *out, size_t len);

/**
 * keymint_seal(k, in, len, out): a keyed hash of any bytes, for the audit log. Nobody can make or
 * guess it without the pepper.
 */
void keymint_seal(const struct keymint *k, const void *in, size_t len,
                  uint8_t out[static RECORD_DIGEST_LEN]);

/**
 * keymint_equal(a, b): whether two digests or tickets are the same, in constant time.
 */
bool keymint_equal(const uint8_t a[static RECORD_DIGEST_LEN],
                   const uint8_t b[static RECORD_DIGEST_LEN]) _must_check_;
