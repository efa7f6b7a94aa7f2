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

#define HALF_LEN  (AGENTWIRE_SIGNATURE_LEN / 2)
#define POINT_LEN 65 /* 04, x, y */

static const uint8_t spki_ed25519[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                        0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const uint8_t spki_p256[] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
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
_Static_assert(sizeof(spki_p256) + POINT_LEN <= AGENTWIRE_SPKI_MAX, "room for the longer one");

/* Finds the type of a key. A malformed key is of an unknown type. */
static void sort_key(struct agentwire_key *key) {
        struct reader r = { .at = key->blob, .end = key->blob + key->blob_len };
        struct bytes type = take_string(&r), curve = {}, point;

        if (is(&type, "ssh-rsa")) {
                key->type = AGENTWIRE_RSA;
                return;
        }
        if (is(&type, "ecdsa-sha2-nistp256"))
                curve = take_string(&r);
        else if (!is(&type, "ssh-ed25519"))
                return;
        point = take_string(&r);
        if (r.bad || left(&r) > 0)
                return;
        if (!curve.at && point.len == 32) {
                key->type = AGENTWIRE_ED25519;
                put_spki(key, spki_ed25519, sizeof(spki_ed25519), &point);
        } else if (is(&curve, "nistp256") && point.len == POINT_LEN && point.at[0] == 4) {
                key->type = AGENTWIRE_P256;
                put_spki(key, spki_p256, sizeof(spki_p256), &point);
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

/* Writes a positive number of at most 32 bytes as exactly 32 bytes. */
static bool put_mpint(uint8_t out[static HALF_LEN], const struct bytes *b) {
        const uint8_t *at = b->at;
        size_t len = b->len;

        if (!at || len == 0 || at[0] & 0x80)
                return false;
        if (at[0] == 0) {
                at++;
                len--;
        }
        if (len == 0 || len > HALF_LEN)
                return false;
        for (size_t i = 0; i < HALF_LEN; i++)
                out[i] = i < HALF_LEN - len ? 0 : at[i - (HALF_LEN - len)];
        return true;
}

int agentwire_take_signature(const uint8_t *in, size_t len, enum agentwire_type type,
                             uint8_t ret[static AGENTWIRE_SIGNATURE_LEN]) {
        struct reader r = { .at = in, .end = in + len }, inner;
        struct bytes signature, format, body, half;
        uint8_t out[AGENTWIRE_SIGNATURE_LEN];
        int error = enter(&r, MESSAGE_SIGNATURE);

        if (error < 0)
                return error;
        signature = take_string(&r);
        if (r.bad || left(&r) > 0)
                return -EBADMSG;
        inner = (struct reader){ .at = signature.at, .end = signature.at + signature.len };
        format = take_string(&inner);
        body = take_string(&inner);
        if (inner.bad || left(&inner) > 0 || !body.at)
                return -EBADMSG;
        if (type == AGENTWIRE_ED25519 && is(&format, "ssh-ed25519") && body.len == sizeof(out)) {
                memcpy(ret, body.at, sizeof(out));
                return 0;
        }
        if (type != AGENTWIRE_P256 || !is(&format, "ecdsa-sha2-nistp256"))
                return -EBADMSG;
        inner = (struct reader){ .at = body.at, .end = body.at + body.len };
        half = take_string(&inner);
        if (!put_mpint(out, &half))
                return -EBADMSG;
        half = take_string(&inner);
        if (!put_mpint(out + HALF_LEN, &half) || inner.bad || left(&inner) > 0)
                return -EBADMSG;
        memcpy(ret, out, sizeof(out));
        return 0;
}
