/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes and opens frames of a fleet, in memory. Must not know the store, or what is inside. FLEET
 * has the byte table. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "secret/frame.h"

enum offset {
        AT_VERSION = 7,
        AT_KIND = 8,
        AT_ZERO = 9,
        AT_CLOCK = 12,
        AT_NUMBER = 16,
        AT_SIGNED = 24,
        AT_FLEET = 32,
        AT_GROUP = AT_FLEET + SEAL_PUBLIC_LEN,
        AT_BEFORE = AT_GROUP + FRAME_GROUP_MAX + 1,
        AT_ISSUER = AT_BEFORE + FRAME_HASH_LEN,
        AT_NONCE = AT_ISSUER + SEAL_PUBLIC_LEN,
        AT_LENGTH = AT_NONCE + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
};
_Static_assert(AT_LENGTH + 4 == FRAME_HEAD_LEN, "the table in FLEET");
_Static_assert(FRAME_BODY_EXTRA == crypto_aead_xchacha20poly1305_ietf_ABYTES &&
                       FRAME_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                       FRAME_SIGNATURE_LEN == crypto_sign_BYTES &&
                       FRAME_HASH_LEN == crypto_generichash_BYTES,
               "the table in FLEET");

#define FRAME_VERSION 1

static const uint8_t magic[AT_VERSION] = "WFKFLET";

static bool has_body(enum frame_kind kind) {
        return kind == FRAME_CHANGE || kind == FRAME_PAGE;
}

static void put_head(const struct frame_head *head, size_t sealed, uint8_t *out) {
        memset(out, 0, FRAME_HEAD_LEN);
        memcpy(out, magic, sizeof(magic));
        out[AT_VERSION] = FRAME_VERSION;
        out[AT_KIND] = (uint8_t) head->kind;
        bytes_put(out + AT_CLOCK, 4, head->clock);
        bytes_put(out + AT_NUMBER, 8, head->number);
        bytes_put(out + AT_SIGNED, 8, (uint64_t) head->signed_at_ms);
        memcpy(out + AT_FLEET, head->fleet, SEAL_PUBLIC_LEN);
        memcpy(out + AT_GROUP, head->group, strnlen(head->group, FRAME_GROUP_MAX));
        memcpy(out + AT_BEFORE, head->before, FRAME_HASH_LEN);
        bytes_put(out + AT_LENGTH, 4, sealed);
}

int frame_make(const struct frame_head *head, const uint8_t source_secret[static SEAL_SECRET_LEN],
               const uint8_t group_key[static FRAME_KEY_LEN], const uint8_t *body, size_t len,
               uint8_t *out) {
        size_t sealed = has_body(head->kind) ? len + FRAME_BODY_EXTRA : 0;
        uint8_t key[crypto_sign_SECRETKEYBYTES];

        if (len > FRAME_BODY_MAX - FRAME_BODY_EXTRA)
                return -EMSGSIZE;
        if (sodium_init() < 0)
                return -EIO;
        put_head(head, sealed, out);
        (void) crypto_sign_seed_keypair(out + AT_ISSUER, key, source_secret);
        if (has_body(head->kind)) {
                randombytes_buf(out + AT_NONCE, AT_LENGTH - AT_NONCE);
                (void) crypto_aead_xchacha20poly1305_ietf_encrypt(out + FRAME_HEAD_LEN, NULL, body,
                                                                  len, out, FRAME_HEAD_LEN, NULL,
                                                                  out + AT_NONCE, group_key);
        }
        (void) crypto_sign_detached(out + FRAME_HEAD_LEN + sealed, NULL, out,
                                    FRAME_HEAD_LEN + sealed, key);
        explicit_bzero(key, sizeof(key));
        return 0;
}

/* A name ends with a zero, and only zeroes follow. */
static int read_group(const uint8_t *in, char out[static FRAME_GROUP_MAX + 1]) {
        size_t len = strnlen((const char *) in, FRAME_GROUP_MAX);

        if (len == 0 || !sodium_is_zero(in + len, FRAME_GROUP_MAX + 1 - len))
                return -EBADMSG;
        memcpy(out, in, FRAME_GROUP_MAX + 1);
        return 0;
}

static int read_head(const uint8_t *in, struct frame_head *ret) {
        struct frame_head head = { .kind = (enum frame_kind) in[AT_KIND],
                                   .clock = (uint32_t) bytes_get(in + AT_CLOCK, 4),
                                   .number = bytes_get(in + AT_NUMBER, 8),
                                   .signed_at_ms = (int64_t) bytes_get(in + AT_SIGNED, 8),
                                   .body_len = (uint32_t) bytes_get(in + AT_LENGTH, 4) };

        if (memcmp(in, magic, sizeof(magic)) != 0)
                return -EMEDIUMTYPE;
        if (in[AT_VERSION] != FRAME_VERSION)
                return -EPROTONOSUPPORT;
        if (!sodium_is_zero(in + AT_ZERO, AT_CLOCK - AT_ZERO) || head.number > INT64_MAX ||
            head.signed_at_ms < 0 || read_group(in + AT_GROUP, head.group) < 0)
                return -EBADMSG;
        if (has_body(head.kind) ? head.body_len < FRAME_BODY_EXTRA || head.body_len > FRAME_BODY_MAX
                                : head.kind != FRAME_STATE || head.body_len != 0)
                return -EBADMSG;
        memcpy(head.fleet, in + AT_FLEET, SEAL_PUBLIC_LEN);
        memcpy(head.before, in + AT_BEFORE, FRAME_HASH_LEN);
        memcpy(head.issuer, in + AT_ISSUER, SEAL_PUBLIC_LEN);
        *ret = head;
        return 0;
}

ssize_t frame_read(const uint8_t *in, size_t len, struct frame_head *ret) {
        int r;

        if (len < FRAME_HEAD_LEN)
                return 0;
        r = read_head(in, ret);
        return r < 0 ? r : (ssize_t) FRAME_HEAD_LEN + ret->body_len + FRAME_SIGNATURE_LEN;
}

int frame_check(const uint8_t *in, size_t len) {
        if (sodium_init() < 0)
                return -EIO;
        return crypto_sign_verify_detached(in + len - FRAME_SIGNATURE_LEN, in,
                                           len - FRAME_SIGNATURE_LEN, in + AT_ISSUER) < 0
                       ? -EBADMSG
                       : 0;
}

int frame_open(const uint8_t *in, size_t len, const uint8_t group_key[static FRAME_KEY_LEN],
               uint8_t *out, size_t *ret_len) {
        size_t sealed = len - FRAME_HEAD_LEN - FRAME_SIGNATURE_LEN;

        if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + FRAME_HEAD_LEN, sealed,
                                                       in, FRAME_HEAD_LEN, in + AT_NONCE,
                                                       group_key) < 0)
                return -EBADMSG;
        *ret_len = sealed - FRAME_BODY_EXTRA;
        return 0;
}

void frame_hash(const uint8_t *in, size_t len, uint8_t out[static FRAME_HASH_LEN]) {
        (void) crypto_generichash(out, FRAME_HASH_LEN, in, len, NULL, 0);
}
