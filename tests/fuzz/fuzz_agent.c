/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of an SSH agent, which may be hostile, to wfapikeyctl. What is borrowed from an answer
 * lies within it, the keys written one behind the other are the answer again, and OpenSSL reads the
 * public keys that are made of them as the same keys. A signature that is accepted has this one
 * form. */
#include "fuzz.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pki/agentwire.h"

enum {
        /* of a list of keys: its type, and how many there are */
        HEAD = 5,
        SIGNATURE = 14,
};

static size_t put_string(uint8_t *out, const void *bytes, size_t len) {
        for (unsigned i = 0; i < 4; i++)
                out[i] = (uint8_t) (len >> (24 - 8 * i));
        if (len > 0)
                memcpy(out + 4, bytes, len);
        return 4 + len;
}

/* --- Keys --- */

/* The bytes of the point or number behind the names in the blob. */
static void check_spki(const struct agentwire_key *key) {
        const uint8_t *p = key->spki;
        EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long) key->spki_len);
        uint8_t raw[160];
        size_t len = sizeof(raw);

        must(key->spki_len <= AGENTWIRE_SPKI_MAX);
        if (key->type == AGENTWIRE_ED25519) {
                must(pkey && EVP_PKEY_base_id(pkey) == EVP_PKEY_ED25519);
                must(EVP_PKEY_get_raw_public_key(pkey, raw, &len) == 1 && len == 32);
                must(memcmp(raw, key->blob + key->blob_len - len, len) == 0);
        } else if (pkey) { /* the point may be on no curve */
                must(EVP_PKEY_base_id(pkey) == EVP_PKEY_EC);
                must(EVP_PKEY_get_octet_string_param(pkey, "encoded-pub-key", raw, sizeof(raw),
                                                     &len) == 1);
                must(memcmp(raw, key->blob + key->blob_len - len, len) == 0);
        }
        must(!pkey || p == key->spki + key->spki_len);
        EVP_PKEY_free(pkey);
}

static void check_key(const uint8_t *data, size_t size, const struct agentwire_key *key) {
        uint8_t request[512], *big = malloc(key->blob_len + 64);
        ssize_t n;

        must(big != NULL);
        must(key->blob >= data && key->blob + key->blob_len <= data + size);
        must((const uint8_t *) key->comment >= key->blob + key->blob_len);
        must((const uint8_t *) key->comment + key->comment_len <= data + size);
        if (key->type == AGENTWIRE_OTHER || key->type == AGENTWIRE_RSA)
                must(key->spki_len == 0);
        else
                check_spki(key);
        n = agentwire_ask_sign(key, "abc", 3, request, sizeof(request));
        must(n == -EMSGSIZE || (n == 13 + 3 + (ssize_t) key->blob_len && request[0] == 13));
        n = agentwire_ask_sign(key, "abc", 3, big, key->blob_len + 16);
        must(n == 16 + (ssize_t) key->blob_len);
        must(memcmp(big + 5, key->blob, key->blob_len) == 0);
        must(agentwire_ask_sign(key, "abc", 3, big, key->blob_len + 15) == -EMSGSIZE);
        free(big);
}

static void try_keys(const uint8_t *data, size_t size) {
        uint8_t *again = malloc(size + 1);
        struct agentwire_key key;
        size_t at = 0, len = HEAD;
        int r;

        must(again != NULL);
        while ((r = agentwire_take_key(data, size, &at, &key)) > 0) {
                check_key(data, size, &key);
                len += put_string(again + len, key.blob, key.blob_len);
                len += put_string(again + len, key.comment, key.comment_len);
                must(len == at && at <= size);
        }
        must(r == 0 || r == -EACCES || r == -EBADMSG);
        if (r == 0 && len > HEAD)
                must(len == size && memcmp(again + HEAD, data + HEAD, len - HEAD) == 0);
        free(again);
}

/* --- Signatures --- */

/* A positive number, as short as it can be. */
static size_t put_mpint(uint8_t *out, const uint8_t *bytes, size_t len) {
        uint8_t number[80] = {};

        while (len > 1 && bytes[0] == 0) {
                bytes++;
                len--;
        }
        memcpy(number + 1, bytes, len);
        return bytes[0] & 0x80 ? put_string(out, number, len + 1) : put_string(out, bytes, len);
}

/* The answer with the signature ${raw}. */
static size_t put_signature(uint8_t *out, const char *format, const uint8_t *raw, size_t len,
                            bool plain) {
        uint8_t body[256], inner[400];
        size_t n = 0, m;

        if (plain) {
                memcpy(body, raw, len);
                n = len;
        } else {
                n = put_mpint(body, raw, len / 2);
                n += put_mpint(body + n, raw + len / 2, len / 2);
        }
        m = put_string(inner, format, strlen(format));
        m += put_string(inner + m, body, n);
        out[0] = SIGNATURE;
        return 1 + put_string(out + 1, inner, m);
}

static void try_signature(const uint8_t *data, size_t size) {
        static const struct {
                enum agentwire_type type;
                const char *format;
                ssize_t len;
        } rows[] = {
                { AGENTWIRE_ED25519, "ssh-ed25519", 64 },
                { AGENTWIRE_P256, "ecdsa-sha2-nistp256", 64 },
                { AGENTWIRE_P384, "ecdsa-sha2-nistp384", 96 },
                { AGENTWIRE_P521, "ecdsa-sha2-nistp521", 132 },
                { AGENTWIRE_RSA, NULL, 0 },
                { AGENTWIRE_OTHER, NULL, 0 },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t raw[AGENTWIRE_SIGNATURE_MAX], back[AGENTWIRE_SIGNATURE_MAX], again[512];
                ssize_t n = agentwire_take_signature(data, size, rows[i].type, raw);
                size_t len;

                if (n < 0)
                        continue;
                must(rows[i].format && n == rows[i].len);
                len = put_signature(again, rows[i].format, raw, (size_t) n, i == 0);
                must(len == size && memcmp(again, data, len) == 0);
                /* Another type does not take it. */
                for (size_t other = 0; other < ARRAY_LEN(rows); other++)
                        must(other == i ||
                             agentwire_take_signature(data, size, rows[other].type, back) < 0);
        }
}

/* Lengths would stop nearly every input, so one is put together of its pieces: type, name of a
 * curve, and so on, separated by FF FE. */
static void try_built(struct fuzz f) {
        static uint8_t out[65536], blob[32768];
        struct fuzz whole = fuzz_take(&f, sizeof(blob) / 2);
        size_t len = HEAD, n = 0;

        out[0] = 12;
        memset(out + 1, 0, HEAD - 1);
        while (whole.left > 0) {
                struct fuzz part = fuzz_until(&whole, "\xff\xfe");
                bool is_end = part.left > 0 && part.at[0] == ';';

                if (!is_end && n + 4 + part.left < sizeof(blob)) {
                        n += put_string(blob + n, part.at, part.left);
                        continue;
                }
                if (len + n + 16 + part.left > sizeof(out))
                        break;
                len += put_string(out + len, blob, n);
                len += put_string(out + len, part.at, part.left);
                n = 0;
        }
        try_keys(out, len);
        out[0] = SIGNATURE;
        len = 1 + put_string(out + 1, blob, n);
        try_signature(out, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        try_keys(data, size);
        try_signature(data, size);
        try_built((struct fuzz){ data, size });
        return 0;
}
