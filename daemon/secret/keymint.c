/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys, digests and tickets, by libsodium. Knows a record, not the store, and decides nothing
 * but whether two things are equal. Comparisons take the same time whatever is compared. */
#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "cleanup.h"
#include "secret/keymint.h"

_Static_assert(WIRE_TICKET_LEN == RECORD_DIGEST_LEN &&
                       RECORD_DIGEST_LEN == crypto_generichash_BYTES,
               "BLAKE2b-256");
_Static_assert(PEPPER_LEN == crypto_generichash_KEYBYTES, "the pepper is the key");

struct pepper {
        uint8_t bytes[PEPPER_LEN];
        uint32_t id;
};

/* Invariant: peppers[0..n) never change again, so the loop can read them while the writer thread
 * appends another. peppers[0] is the host's own. */
struct keymint {
        _Atomic size_t n;
        struct pepper peppers[1 + PEPPER_FOREIGN_MAX];
};

/* The personal strings keep the uses of one pepper apart (RFC 7693 names the parameter, 16
 * bytes). */
static const uint8_t for_digest[crypto_generichash_blake2b_PERSONALBYTES] = "wfapikey digest";
static const uint8_t for_ticket[crypto_generichash_blake2b_PERSONALBYTES] = "wfapikey ticket";
static const uint8_t for_id[crypto_generichash_blake2b_PERSONALBYTES] = "wfapikey pepper";
static const uint8_t for_audit[crypto_generichash_blake2b_PERSONALBYTES] = "wfapikey audit";

static void hash(const struct pepper *pepper, const uint8_t *use, const void *in, size_t len,
                 uint8_t out[static RECORD_DIGEST_LEN]) {
        /* It fails for wrong lengths alone, and these are constants. If it failed, what was in
         * memory before would be compared with digests. An assertion can be compiled away. */
        if (crypto_generichash_blake2b_salt_personal(out, RECORD_DIGEST_LEN, in, len, pepper->bytes,
                                                     PEPPER_LEN, NULL, use) != 0)
                sodium_misuse();
}

/* NULL when it is not there. Looks at all of them, so that the time does not tell where it is. */
static const struct pepper *find(const struct keymint *k, uint32_t id) {
        size_t n = atomic_load_explicit(&k->n, memory_order_acquire);
        const struct pepper *found = NULL;

        for (size_t i = 0; i < n; i++)
                if (k->peppers[i].id == id)
                        found = &k->peppers[i];
        return found;
}

static void append(struct keymint *k, const uint8_t *bytes) {
        size_t n = atomic_load_explicit(&k->n, memory_order_relaxed);
        struct pepper *pepper = &k->peppers[n];
        uint8_t id[RECORD_DIGEST_LEN];

        memcpy(pepper->bytes, bytes, PEPPER_LEN);
        hash(pepper, for_id, "", 0, id);
        memcpy(&pepper->id, id, sizeof(pepper->id));
        atomic_store_explicit(&k->n, n + 1, memory_order_release);
}

int keymint_new(struct keymint **ret, const uint8_t pepper[static PEPPER_LEN]) {
        struct keymint *k;

        if (sodium_init() < 0)
                return -EIO;
        /* Has guard pages, is locked where the limits allow that, is kept out of core dumps, and
         * is zeroed by sodium_free(). */
        k = sodium_malloc(sizeof(*k));
        if (!k)
                return -ENOMEM;
        atomic_init(&k->n, 0);
        append(k, pepper);
        (void) sodium_mprotect_readonly(k);
        *ret = k;
        return 0;
}

int keymint_add(struct keymint *k, const uint8_t pepper[static PEPPER_LEN], uint32_t id) {
        uint8_t real[RECORD_DIGEST_LEN];
        struct pepper candidate;

        memcpy(candidate.bytes, pepper, PEPPER_LEN);
        hash(&candidate, for_id, "", 0, real);
        explicit_bzero(&candidate, sizeof(candidate));
        if (memcmp(real, &id, sizeof(id)) != 0)
                return -EKEYREJECTED;
        if (find(k, id))
                return 0;
        if (atomic_load_explicit(&k->n, memory_order_relaxed) == ARRAY_LEN(k->peppers))
                return -ENOSPC;
        if (sodium_mprotect_readwrite(k) < 0)
                return -ENOMEM;
        append(k, pepper);
        (void) sodium_mprotect_readonly(k);
        return 1;
}

bool keymint_knows(const struct keymint *k, uint32_t pepper_id) {
        return find(k, pepper_id);
}

bool keymint_copy_pepper(const struct keymint *k, uint32_t id, uint8_t out[static PEPPER_LEN]) {
        const struct pepper *pepper = find(k, id);

        if (pepper)
                memcpy(out, pepper->bytes, PEPPER_LEN);
        return pepper;
}

struct keymint *keymint_free(struct keymint *k) {
        sodium_free(k);
        return NULL;
}

uint32_t keymint_pepper_id(const struct keymint *k) {
        return k->peppers[0].id;
}

static void draw(char *out, size_t len) {
        for (size_t i = 0; i < len; i++)
                out[i] = keytext_alphabet()[randombytes_uniform(62)];
}

void keymint_make_id(char ret[static KEYTEXT_ID_LEN + 1]) {
        draw(ret, KEYTEXT_ID_LEN);
        ret[KEYTEXT_ID_LEN] = '\0';
}

void keymint_make_secret(const char *id, struct secret *ret) {
        char secret[KEYTEXT_SECRET_LEN];

        draw(secret, sizeof(secret));
        keytext_format(ret->text, id, secret);
        explicit_bzero(secret, sizeof(secret));
}

/* ${pepper}: NULL when it is not there. Then the same work is done, and the digest is useless. */
static void digest(const struct keymint *k, const struct pepper *pepper, const char *key,
                   uint8_t out[static RECORD_DIGEST_LEN]) {
        uint8_t in[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN];

        memcpy(in, keytext_id(key), KEYTEXT_ID_LEN);
        memcpy(in + KEYTEXT_ID_LEN, keytext_secret(key), KEYTEXT_SECRET_LEN);
        hash(pepper ? pepper : &k->peppers[0], for_digest, in, sizeof(in), out);
        explicit_bzero(in, sizeof(in));
}

void keymint_digest(const struct keymint *k, uint32_t pepper_id, const char *key,
                    uint8_t out[static RECORD_DIGEST_LEN]) {
        digest(k, find(k, pepper_id), key, out);
}

bool keymint_check(const struct keymint *k, const struct key_record *record, const char *key) {
        const struct pepper *pepper = find(k, record->pepper_id);
        uint8_t mine[RECORD_DIGEST_LEN];
        bool equal;

        digest(k, pepper, key, mine);
        equal = keymint_equal(mine, record->digest);
        explicit_bzero(mine, sizeof(mine));
        return equal && pepper;
}

void keymint_ticket(const struct keymint *k, const struct key_record *record, const char *user,
                    const uint8_t *thumbprint, bool proved, uint8_t out[static WIRE_TICKET_LEN]) {
        enum {
                AT_DIGEST = KEYTEXT_ID_LEN,
                AT_USER = AT_DIGEST + RECORD_DIGEST_LEN,
                AT_PROVED = AT_USER + WIRE_USER_MAX,
                AT_THUMBPRINT = AT_PROVED + 1,
        };
        uint8_t in[AT_THUMBPRINT + RECORD_THUMBPRINT_LEN] = {};

        memcpy(in, record->id, KEYTEXT_ID_LEN);
        memcpy(in + AT_DIGEST, record->digest, RECORD_DIGEST_LEN);
        memcpy(in + AT_USER, user, strnlen(user, WIRE_USER_MAX));
        if (thumbprint) {
                in[AT_PROVED] = proved ? 2 : 1;
                memcpy(in + AT_THUMBPRINT, thumbprint, RECORD_THUMBPRINT_LEN);
        }
        hash(&k->peppers[0], for_ticket, in, thumbprint ? sizeof(in) : AT_PROVED, out);
}

bool keymint_check_ticket(const struct keymint *k, const struct key_record *record,
                          const char *user, const uint8_t *thumbprint, bool proved,
                          const uint8_t ticket[static WIRE_TICKET_LEN]) {
        uint8_t mine[WIRE_TICKET_LEN];
        bool equal;

        keymint_ticket(k, record, user, thumbprint, proved, mine);
        equal = keymint_equal(mine, ticket);
        explicit_bzero(mine, sizeof(mine));
        return equal && keymint_knows(k, record->pepper_id);
}

void keymint_sha256(const void *in, size_t len, uint8_t out[static RECORD_HASH_LEN]) {
        (void) crypto_hash_sha256(out, in, len);
}

void keymint_draw(void *out, size_t len) {
        randombytes_buf(out, len);
}

void keymint_seal(const struct keymint *k, const void *in, size_t len,
                  uint8_t out[static RECORD_DIGEST_LEN]) {
        hash(&k->peppers[0], for_audit, in, len, out);
}

bool keymint_equal(const uint8_t a[static RECORD_DIGEST_LEN],
                   const uint8_t b[static RECORD_DIGEST_LEN]) {
        return sodium_memcmp(a, b, RECORD_DIGEST_LEN) == 0;
}
