/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes requests to an SSH agent and reads its answers, as bytes in memory. Opens no socket. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pki/agentwire.h"

enum message {
        MESSAGE_FAILURE = 5,
        MESSAGE_ASK_KEYS = 11,
        MESSAGE_KEYS = 12,
        MESSAGE_ASK_SIGN = 13,
        MESSAGE_SIGNATURE = 14,
};

#define COORD_MAX    66 /* bytes, of P-521 */
#define POINT_PLAIN  4
#define ED25519_LEN  32
#define ED25519_SIGN 64

static const uint8_t spki_ed25519[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                        0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const uint8_t spki_p256[] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};
static const uint8_t spki_p384[] = {
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
};
static const uint8_t spki_p521[] = {
        0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00,
};

/* ECDSA: the type is "ecdsa-sha2-" and the name of the curve. */
static const struct curve {
        enum agentwire_type type;
        const char *word, *curve;
        size_t len; /* of a coordinate */
        const uint8_t *spki;
        size_t spki_len;
} curves[] = {
        { AGENTWIRE_P256, "ecdsa-sha2-nistp256", "nistp256", 32, spki_p256, sizeof(spki_p256) },
        { AGENTWIRE_P384, "ecdsa-sha2-nistp384", "nistp384", 48, spki_p384, sizeof(spki_p384) },
        { AGENTWIRE_P521, "ecdsa-sha2-nistp521", "nistp521", COORD_MAX, spki_p521,
          sizeof(spki_p521) },
};

struct reader {
        const uint8_t *at, *end;
        bool bad; /* then nothing more is read */
};

struct bytes {
        const uint8_t *at;
        size_t len;
};

static size_t left(const struct reader *r) {
        return r->bad ? 0 : (size_t) (r->end - r->at);
}

static uint32_t take_u32(struct reader *r) {
        const uint8_t *p = r->at;

        if (left(r) < 4) {
                r->bad = true;
                return 0;
        }
        r->at += 4;
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static struct bytes take_string(struct reader *r) {
        size_t len = take_u32(r);
        struct bytes b = {};

        if (r->bad || left(r) < len) {
                r->bad = true;
                return b;
        }
        b = (struct bytes){ r->at, len };
        r->at += len;
        return b;
}

static bool is(const struct bytes *b, const char *word) {
        return b->at && b->len == strlen(word) && memcmp(b->at, word, b->len) == 0;
}

static void put_spki(struct agentwire_key *key, const uint8_t *head, size_t head_len,
                     const struct bytes *b) {
        memcpy(key->spki, head, head_len);
        memcpy(key->spki + head_len, b->at, b->len);
        key->spki_len = head_len + b->len;
}
_Static_assert(sizeof(spki_p521) + 1 + 2 * COORD_MAX <= AGENTWIRE_SPKI_MAX, "room for the longest");

/* Finds the type of a key. A malformed key is of an unknown type. */
static void sort_key(struct agentwire_key *key) {
        struct reader r = { .at = key->blob, .end = key->blob + key->blob_len };
        struct bytes type = take_string(&r), word, point;

        if (is(&type, "ssh-rsa")) {
                key->type = AGENTWIRE_RSA;
        } else if (is(&type, "ssh-ed25519")) {
                point = take_string(&r);
                if (r.bad || left(&r) > 0 || point.len != ED25519_LEN)
                        return;
                key->type = AGENTWIRE_ED25519;
                put_spki(key, spki_ed25519, sizeof(spki_ed25519), &point);
                return;
        }
        for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
                const struct curve *curve = &curves[i];

                if (!is(&type, curve->word))
                        continue;
                word = take_string(&r);
                point = take_string(&r);
                if (r.bad || left(&r) > 0 || !is(&word, curve->curve) ||
                    point.len != 1 + 2 * curve->len || point.at[0] != POINT_PLAIN)
                        return;
                key->type = curve->type;
                put_spki(key, curve->spki, curve->spki_len, &point);
        }
}

/* Enters the answer, which must be of the kind ${message}. */
static int enter(struct reader *r, enum message message) {
        if (left(r) == 0)
                return -EBADMSG;
        if (*r->at != message)
                return *r->at == MESSAGE_FAILURE ? -EACCES : -EBADMSG;
        r->at++;
        return 0;
}

size_t agentwire_ask_keys(uint8_t out[static 1]) {
        out[0] = MESSAGE_ASK_KEYS;
        return 1;
}

int agentwire_take_key(const uint8_t *in, size_t len, size_t *at, struct agentwire_key *ret) {
        struct reader r = { .at = in, .end = in + len };
        struct agentwire_key key = {};
        struct bytes blob, comment;
        int error = enter(&r, MESSAGE_KEYS);

        if (error < 0)
                return error;
        /* the count that the agent claims; we count ourselves */
        (void) take_u32(&r);
        if (r.bad)
                return -EBADMSG;
        if (*at > 0)
                r.at = in + *at;
        if (left(&r) == 0)
                return 0;
        blob = take_string(&r);
        comment = take_string(&r);
        if (r.bad || !blob.at || !comment.at)
                return -EBADMSG;
        key.blob = blob.at;
        key.blob_len = blob.len;
        key.comment = (const char *) comment.at;
        key.comment_len = comment.len;
        sort_key(&key);
        *at = (size_t) (r.at - in);
        *ret = key;
        return 1;
}

static uint8_t *put_u32(uint8_t *out, size_t n) {
        for (unsigned shift = 32; shift > 0; shift -= 8)
                *out++ = (uint8_t) (n >> (shift - 8));
        return out;
}

static uint8_t *put_string(uint8_t *out, const void *bytes, size_t len) {
        out = put_u32(out, len);
        memcpy(out, bytes, len);
        return out + len;
}

ssize_t agentwire_ask_sign(const struct agentwire_key *key, const void *data, size_t len,
                           uint8_t *out, size_t size) {
        uint8_t *at = out;

        if (size < 13 || key->blob_len > size - 13 || len > size - 13 - key->blob_len)
                return -EMSGSIZE;
        *at++ = MESSAGE_ASK_SIGN;
        at = put_string(at, key->blob, key->blob_len);
        at = put_string(at, data, len);
        at = put_u32(at, 0); /* flags */
        return at - out;
}

/* Writes a positive number of at most ${size} bytes as exactly ${size} bytes. A number has no zero
 * in front that it does not need. Source: RFC 4251, 5. */
static bool put_mpint(uint8_t *out, size_t size, const struct bytes *b) {
        const uint8_t *at = b->at;
        size_t len = b->len;

        if (!at || len == 0 || at[0] & 0x80)
                return false;
        if (at[0] == 0) {
                at++;
                len--;
                if (len == 0 || !(at[0] & 0x80))
                        return false;
        }
        if (len > size)
                return false;
        memset(out, 0, size - len);
        memcpy(out + size - len, at, len);
        return true;
}

static ssize_t take_ecdsa(const struct bytes *format, const struct bytes *body,
                          enum agentwire_type type, uint8_t *out) {
        struct reader r = { .at = body->at, .end = body->at + body->len };
        struct bytes first = take_string(&r), second = take_string(&r);

        for (size_t i = 0; i < ARRAY_LEN(curves); i++)
                if (curves[i].type == type && is(format, curves[i].word) && !r.bad &&
                    left(&r) == 0 && put_mpint(out, curves[i].len, &first) &&
                    put_mpint(out + curves[i].len, curves[i].len, &second))
                        return 2 * (ssize_t) curves[i].len;
        return -EBADMSG;
}

ssize_t agentwire_take_signature(const uint8_t *in, size_t len, enum agentwire_type type,
                                 uint8_t ret[static AGENTWIRE_SIGNATURE_MAX]) {
        struct reader r = { .at = in, .end = in + len }, inner;
        struct bytes signature, format, body;
        uint8_t out[AGENTWIRE_SIGNATURE_MAX];
        ssize_t n = enter(&r, MESSAGE_SIGNATURE);

        if (n < 0)
                return n;
        signature = take_string(&r);
        if (r.bad || left(&r) > 0)
                return -EBADMSG;
        inner = (struct reader){ .at = signature.at, .end = signature.at + signature.len };
        format = take_string(&inner);
        body = take_string(&inner);
        if (inner.bad || left(&inner) > 0 || !body.at)
                return -EBADMSG;
        if (type == AGENTWIRE_ED25519) {
                if (!is(&format, "ssh-ed25519") || body.len != ED25519_SIGN)
                        return -EBADMSG;
                memcpy(ret, body.at, ED25519_SIGN);
                return ED25519_SIGN;
        }
        n = take_ecdsa(&format, &body, type, out);
        if (n > 0)
                memcpy(ret, out, (size_t) n);
        return n;
}
