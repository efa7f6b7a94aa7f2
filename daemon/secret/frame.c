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
        if (head.kind == FRAME_REPORT) {
                if (head.body_len < 1 + SEAL_BOX_LEN + FRAME_BODY_EXTRA ||
                    head.body_len > FRAME_BODY_MAX)
                        return -EBADMSG;
        } else if (has_body(head.kind)
                           ? head.body_len < FRAME_BODY_EXTRA || head.body_len > FRAME_BODY_MAX
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

/* --- Reports --- */

/* What the body of a report belongs to. Its number does not count, so it can get another one. */
static void bind_report(const uint8_t *frame, uint8_t out[static 2 * SEAL_PUBLIC_LEN]) {
        memcpy(out, frame + AT_FLEET, SEAL_PUBLIC_LEN);
        memcpy(out + SEAL_PUBLIC_LEN, frame + AT_ISSUER, SEAL_PUBLIC_LEN);
}

static int put_reader(const uint8_t reader[static SEAL_PUBLIC_LEN],
                      const uint8_t key[static FRAME_KEY_LEN], uint8_t out[static SEAL_BOX_LEN]) {
        uint8_t recipient[SEAL_PUBLIC_LEN];

        return crypto_sign_ed25519_pk_to_curve25519(recipient, reader) < 0
                       ? -EINVAL
                       : seal_box(recipient, key, out);
}

bool frame_report_is_reader(const uint8_t public[static SEAL_PUBLIC_LEN]) {
        static const uint8_t key[FRAME_KEY_LEN];
        uint8_t box[SEAL_BOX_LEN];

        return sodium_init() >= 0 && put_reader(public, key, box) >= 0;
}

static int put_readers(const uint8_t (*readers)[SEAL_PUBLIC_LEN], size_t n,
                       const uint8_t key[static FRAME_KEY_LEN], uint8_t *out) {
        int r = 0;

        *out++ = (uint8_t) n;
        for (size_t i = 0; r >= 0 && i < n; i++, out += SEAL_BOX_LEN) {
                r = put_reader(readers[i], key, out);
                if (r != -EINVAL)
                        continue;
                /* Nobody opens this box. The others read the report. */
                randombytes_buf(out, SEAL_BOX_LEN);
                r = 0;
        }
        return r;
}

int frame_report_make(const struct frame_head *head,
                      const uint8_t source_secret[static SEAL_SECRET_LEN],
                      const uint8_t (*readers)[SEAL_PUBLIC_LEN], size_t n, const uint8_t *body,
                      size_t len, uint8_t *out) {
        size_t boxes = 1 + n * SEAL_BOX_LEN, sealed = boxes + len + FRAME_BODY_EXTRA;
        uint8_t key[FRAME_KEY_LEN], bound[2 * SEAL_PUBLIC_LEN], pair[crypto_sign_SECRETKEYBYTES];
        int r;

        if (n == 0 || n > FRAME_READERS_MAX || sealed > FRAME_BODY_MAX)
                return -EMSGSIZE;
        if (sodium_init() < 0)
                return -EIO;
        put_head(head, sealed, out);
        (void) crypto_sign_seed_keypair(out + AT_ISSUER, pair, source_secret);
        explicit_bzero(pair, sizeof(pair));
        randombytes_buf(out + AT_NONCE, AT_LENGTH - AT_NONCE);
        randombytes_buf(key, sizeof(key));
        bind_report(out, bound);
        r = put_readers(readers, n, key, out + FRAME_HEAD_LEN);
        (void) crypto_aead_xchacha20poly1305_ietf_encrypt(out + FRAME_HEAD_LEN + boxes, NULL, body,
                                                          len, bound, sizeof(bound), NULL,
                                                          out + AT_NONCE, key);
        explicit_bzero(key, sizeof(key));
        return r < 0 ? r
                     : frame_report_renumber(out, FRAME_HEAD_LEN + sealed + FRAME_SIGNATURE_LEN,
                                             head->number, source_secret);
}

int frame_report_renumber(uint8_t *frame, size_t len, uint64_t number,
                          const uint8_t source_secret[static SEAL_SECRET_LEN]) {
        uint8_t key[crypto_sign_SECRETKEYBYTES], public[SEAL_PUBLIC_LEN];

        if (sodium_init() < 0)
                return -EIO;
        bytes_put(frame + AT_NUMBER, 8, number);
        (void) crypto_sign_seed_keypair(public, key, source_secret);
        (void) crypto_sign_detached(frame + len - FRAME_SIGNATURE_LEN, NULL, frame,
                                    len - FRAME_SIGNATURE_LEN, key);
        explicit_bzero(key, sizeof(key));
        return 0;
}

/* The key of the body, from the box that is for this host. */
static int find_key(const uint8_t *boxes, size_t n,
                    const uint8_t source_secret[static SEAL_SECRET_LEN],
                    uint8_t out[static FRAME_KEY_LEN]) {
        uint8_t pair[crypto_sign_SECRETKEYBYTES], public[SEAL_PUBLIC_LEN], secret[SEAL_SECRET_LEN];
        int r = -EBADMSG;

        (void) crypto_sign_seed_keypair(public, pair, source_secret);
        (void) crypto_sign_ed25519_sk_to_curve25519(secret, pair);
        for (size_t i = 0; r == -EBADMSG && i < n; i++)
                r = seal_unbox(secret, boxes + i * SEAL_BOX_LEN, out);
        explicit_bzero(pair, sizeof(pair));
        explicit_bzero(secret, sizeof(secret));
        return r == -EBADMSG ? -ENOKEY : r;
}

int frame_report_open(const uint8_t *in, size_t len,
                      const uint8_t source_secret[static SEAL_SECRET_LEN], uint8_t *out,
                      size_t *ret_len) {
        size_t area = len - FRAME_HEAD_LEN - FRAME_SIGNATURE_LEN, n = in[FRAME_HEAD_LEN];
        size_t boxes = 1 + n * SEAL_BOX_LEN;
        uint8_t key[FRAME_KEY_LEN], bound[2 * SEAL_PUBLIC_LEN];
        int r;

        if (n == 0 || n > FRAME_READERS_MAX || area < boxes + FRAME_BODY_EXTRA)
                return -EBADMSG;
        if (sodium_init() < 0)
                return -EIO;
        r = find_key(in + FRAME_HEAD_LEN + 1, n, source_secret, key);
        if (r < 0)
                return r;
        bind_report(in, bound);
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + FRAME_HEAD_LEN + boxes,
                                                       area - boxes, bound, sizeof(bound),
                                                       in + AT_NONCE, key) < 0)
                r = -EBADMSG;
        explicit_bzero(key, sizeof(key));
        if (r >= 0)
                *ret_len = area - boxes - FRAME_BODY_EXTRA;
        return r;
}

void frame_hash(const uint8_t *in, size_t len, uint8_t out[static FRAME_HASH_LEN]) {
        (void) crypto_generichash(out, FRAME_HASH_LEN, in, len, NULL, 0);
}
