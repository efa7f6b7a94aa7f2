/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealed files, by libsodium: headers and chunks, in memory. Must not know files, or what is
 * inside. MIRROR has the byte tables. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "keytext.h"
#include "secret/seal.h"

enum offset {
        AT_VERSION = 7,
        AT_KIND = 8,
        AT_ZERO = 9,
        AT_CREATED = 16,
        AT_SEQUENCE = 24,
        AT_SOURCE = 32,
        AT_RECIPIENT = AT_SOURCE + SEAL_PUBLIC_LEN,
        AT_KEY = AT_RECIPIENT + SEAL_PUBLIC_LEN,
        AT_STREAM = AT_KEY + crypto_secretstream_xchacha20poly1305_KEYBYTES + crypto_box_SEALBYTES,
        AT_SIGNATURE = AT_STREAM + crypto_secretstream_xchacha20poly1305_HEADERBYTES,
};
_Static_assert(AT_SIGNATURE + crypto_sign_BYTES == SEAL_HEAD_LEN, "the table in MIRROR");
_Static_assert(SEAL_CHUNK_EXTRA == crypto_secretstream_xchacha20poly1305_ABYTES,
               "the table in MIRROR");
_Static_assert(SEAL_SECRET_LEN == crypto_box_SECRETKEYBYTES &&
                       SEAL_SECRET_LEN == crypto_sign_SEEDBYTES,
               "secrets");
_Static_assert(SEAL_PUBLIC_LEN == crypto_box_PUBLICKEYBYTES &&
                       SEAL_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES,
               "public keys");

static const uint8_t magic[AT_VERSION] = "WFKSEAL";
static const char text_prefix[] = "wfm_";

struct seal {
        crypto_secretstream_xchacha20poly1305_state stream;
        /* each chunk is authenticated with it */
        uint8_t head[SEAL_HEAD_LEN];
        /* after the last chunk, or a wrong one */
        bool ended;
};

/* --- Keys --- */

int seal_make_secret(uint8_t out[static SEAL_SECRET_LEN]) {
        if (sodium_init() < 0)
                return -EIO;
        randombytes_buf(out, SEAL_SECRET_LEN);
        return 0;
}

void seal_recipient_of(const uint8_t secret[static SEAL_SECRET_LEN],
                       uint8_t out[static SEAL_PUBLIC_LEN]) {
        (void) crypto_scalarmult_base(out, secret);
}

void seal_source_of(const uint8_t secret[static SEAL_SECRET_LEN],
                    uint8_t out[static SEAL_PUBLIC_LEN]) {
        uint8_t key[crypto_sign_SECRETKEYBYTES];

        (void) crypto_sign_seed_keypair(out, key, secret);
        explicit_bzero(key, sizeof(key));
}

/* The text is the key and 4 bytes of its hash, as one number in base62, most significant digit
 * first; 62^49 > 2^288. */
#define CHECK_LEN  4
#define NUMBER_LEN (SEAL_PUBLIC_LEN + CHECK_LEN)

static void put_check(const uint8_t public[static SEAL_PUBLIC_LEN], uint8_t out[static CHECK_LEN]) {
        uint8_t hash[crypto_generichash_BYTES];

        (void) crypto_generichash(hash, sizeof(hash), public, SEAL_PUBLIC_LEN, NULL, 0);
        memcpy(out, hash, CHECK_LEN);
}

void seal_text_format(const uint8_t public[static SEAL_PUBLIC_LEN],
                      char out[static SEAL_TEXT_LEN + 1]) {
        uint8_t number[NUMBER_LEN];

        memcpy(number, public, SEAL_PUBLIC_LEN);
        put_check(public, number + SEAL_PUBLIC_LEN);
        memcpy(out, text_prefix, strlen(text_prefix));
        out[SEAL_TEXT_LEN] = '\0';
        for (size_t at = SEAL_TEXT_LEN; at-- > strlen(text_prefix);) {
                unsigned rest = 0;

                for (size_t i = 0; i < NUMBER_LEN; i++) {
                        unsigned value = rest << 8 | number[i];

                        number[i] = (uint8_t) (value / 62);
                        rest = value % 62;
                }
                out[at] = keytext_alphabet()[rest];
        }
}

int seal_text_parse(const char *text, uint8_t out[static SEAL_PUBLIC_LEN]) {
        uint8_t number[NUMBER_LEN] = {}, check[CHECK_LEN];

        if (strlen(text) != SEAL_TEXT_LEN || strncmp(text, text_prefix, strlen(text_prefix)) != 0)
                return -EINVAL;
        for (const char *p = text + strlen(text_prefix); *p; p++) {
                const char *digit = strchr(keytext_alphabet(), *p);
                unsigned carry;

                if (!digit)
                        return -EINVAL;
                carry = (unsigned) (digit - keytext_alphabet());
                for (size_t i = NUMBER_LEN; i-- > 0; carry >>= 8) {
                        carry += number[i] * 62U;
                        number[i] = (uint8_t) carry;
                }
                if (carry > 0)
                        return -EINVAL;
        }
        put_check(number, check);
        if (memcmp(check, number + SEAL_PUBLIC_LEN, CHECK_LEN) != 0)
                return -EINVAL;
        memcpy(out, number, SEAL_PUBLIC_LEN);
        return 0;
}

/* --- One secret --- */

_Static_assert(SEAL_BOX_LEN == SEAL_SECRET_LEN + crypto_box_SEALBYTES, "the table in FLEET");

int seal_box(const uint8_t recipient[static SEAL_PUBLIC_LEN],
             const uint8_t in[static SEAL_SECRET_LEN], uint8_t out[static SEAL_BOX_LEN]) {
        if (sodium_init() < 0)
                return -EIO;
        return crypto_box_seal(out, in, SEAL_SECRET_LEN, recipient) < 0 ? -EINVAL : 0;
}

int seal_unbox(const uint8_t secret[static SEAL_SECRET_LEN], const uint8_t in[static SEAL_BOX_LEN],
               uint8_t out[static SEAL_SECRET_LEN]) {
        uint8_t public[SEAL_PUBLIC_LEN];

        if (sodium_init() < 0)
                return -EIO;
        seal_recipient_of(secret, public);
        return crypto_box_seal_open(out, in, SEAL_BOX_LEN, public, secret) < 0 ? -EBADMSG : 0;
}

/* --- Making --- */

static int seal_new(struct seal **ret) {
        if (sodium_init() < 0)
                return -EIO;
        *ret = sodium_malloc(sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        (*ret)->ended = false;
        return 0;
}

struct seal *seal_free(struct seal *s) {
        sodium_free(s);
        return NULL;
}

static void put_head(const struct seal_head *head, uint8_t out[static SEAL_HEAD_LEN]) {
        memset(out, 0, SEAL_HEAD_LEN);
        memcpy(out, magic, sizeof(magic));
        out[AT_VERSION] = SEAL_VERSION;
        out[AT_KIND] = (uint8_t) head->kind;
        bytes_put(out + AT_CREATED, 8, (uint64_t) head->created_at);
        bytes_put(out + AT_SEQUENCE, 8, head->sequence);
        memcpy(out + AT_RECIPIENT, head->recipient, SEAL_PUBLIC_LEN);
}

/* The signature covers the sealed key. So only the source and the recipient know that key, which
 * is needed to make chunks. */
static void sign(uint8_t head[static SEAL_HEAD_LEN],
                 const uint8_t source_secret[static SEAL_SECRET_LEN]) {
        uint8_t key[crypto_sign_SECRETKEYBYTES];

        (void) crypto_sign_seed_keypair(head + AT_SOURCE, key, source_secret);
        (void) crypto_sign_detached(head + AT_SIGNATURE, NULL, head, AT_SIGNATURE, key);
        explicit_bzero(key, sizeof(key));
}

int seal_begin(struct seal **ret, const struct seal_head *head,
               const uint8_t source_secret[static SEAL_SECRET_LEN],
               uint8_t out[static SEAL_HEAD_LEN]) {
        uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
        struct seal *s;
        int r;

        r = seal_new(&s);
        if (r < 0)
                return r;
        put_head(head, s->head);
        crypto_secretstream_xchacha20poly1305_keygen(key);
        (void) crypto_secretstream_xchacha20poly1305_init_push(&s->stream, s->head + AT_STREAM,
                                                               key);
        r = crypto_box_seal(s->head + AT_KEY, key, sizeof(key), head->recipient);
        explicit_bzero(key, sizeof(key));
        if (r < 0) {
                seal_free(s);
                /* the number is not a public key */
                return -EINVAL;
        }
        sign(s->head, source_secret);
        memcpy(out, s->head, SEAL_HEAD_LEN);
        *ret = s;
        return 0;
}

void seal_push(struct seal *s, const uint8_t *in, size_t len, bool last, uint8_t *out) {
        (void) crypto_secretstream_xchacha20poly1305_push(
                &s->stream, out, NULL, in, len, s->head, SEAL_HEAD_LEN,
                last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                     : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
}

/* --- Opening --- */

int seal_read_head(const uint8_t in[static SEAL_HEAD_LEN], struct seal_head *ret) {
        uint8_t kind = in[AT_KIND];

        if (memcmp(in, magic, sizeof(magic)) != 0)
                return -EMEDIUMTYPE;
        if (in[AT_VERSION] != SEAL_VERSION)
                return -EPROTONOSUPPORT;
        if (sodium_init() < 0)
                return -EIO;
        if (crypto_sign_verify_detached(in + AT_SIGNATURE, in, AT_SIGNATURE, in + AT_SOURCE) < 0 ||
            (kind < SEAL_MIRROR || kind > SEAL_INVITATION) ||
            !sodium_is_zero(in + AT_ZERO, AT_CREATED - AT_ZERO))
                return -EBADMSG;
        *ret = (struct seal_head){ .kind = (enum seal_kind) kind,
                                   .created_at = (int64_t) bytes_get(in + AT_CREATED, 8),
                                   .sequence = bytes_get(in + AT_SEQUENCE, 8) };
        memcpy(ret->source, in + AT_SOURCE, SEAL_PUBLIC_LEN);
        memcpy(ret->recipient, in + AT_RECIPIENT, SEAL_PUBLIC_LEN);
        return 0;
}

int seal_open(struct seal **ret, const uint8_t in[static SEAL_HEAD_LEN],
              const uint8_t recipient_secret[static SEAL_SECRET_LEN]) {
        uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES], public[SEAL_PUBLIC_LEN];
        struct seal *s;
        int r;

        seal_recipient_of(recipient_secret, public);
        if (memcmp(public, in + AT_RECIPIENT, SEAL_PUBLIC_LEN) != 0)
                return -EKEYREJECTED;
        r = seal_new(&s);
        if (r < 0)
                return r;
        memcpy(s->head, in, SEAL_HEAD_LEN);
        r = crypto_box_seal_open(key, in + AT_KEY, AT_STREAM - AT_KEY, public, recipient_secret);
        if (r >= 0)
                r = crypto_secretstream_xchacha20poly1305_init_pull(&s->stream, in + AT_STREAM,
                                                                    key);
        explicit_bzero(key, sizeof(key));
        if (r < 0) {
                seal_free(s);
                return -EBADMSG;
        }
        *ret = s;
        return 0;
}

int seal_pull(struct seal *s, const uint8_t *in, size_t len, uint8_t *out, bool *ret_last) {
        unsigned char tag;

        if (s->ended || len < SEAL_CHUNK_EXTRA || len > SEAL_SEALED_MAX ||
            crypto_secretstream_xchacha20poly1305_pull(&s->stream, out, NULL, &tag, in, len,
                                                       s->head, SEAL_HEAD_LEN) < 0 ||
            (tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE &&
             tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL)) {
                s->ended = true;
                return -EBADMSG;
        }
        s->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
        *ret_last = s->ended;
        return 0;
}
