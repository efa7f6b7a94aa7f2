/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodes and decodes the messages of PROTOCOL. It must not do I/O, log, or judge a key. It accepts
 * a message only if every byte of it is as PROTOCOL says. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "wire.h"

enum offset {
        AT_KIND = 4,
        /* At the same place in every version, so that a daemon can answer any version. */
        AT_SEQ = 8,
        AT_CREDENTIAL = 12,
        AT_USER = AT_CREDENTIAL + KEYTEXT_LEN,
        AT_SERVICE = AT_USER + 1 + WIRE_USER_MAX,
        AT_RHOST = AT_SERVICE + 1 + WIRE_SERVICE_MAX,
        AT_EVIDENCE = AT_RHOST + 1 + WIRE_RHOST_MAX,
        AT_CERTIFICATE = AT_EVIDENCE + WIRE_EVIDENCE_HEAD_LEN,

        AT_REPLY_SEQ = 4,
        AT_REPLY_VERDICT = 8,
        AT_REPLY_REASON = 12,
        AT_REPLY_ID = 16,
        AT_REPLY_TICKET = AT_REPLY_ID + KEYTEXT_ID_LEN,
        AT_REPLY_NAME = AT_REPLY_TICKET + WIRE_TICKET_LEN,
        AT_REPLY_KEY = AT_REPLY_NAME + 1 + WIRE_NAME_MAX,
};
_Static_assert((int) AT_EVIDENCE == (int) WIRE_REQUEST_LEN, "request table");
_Static_assert(AT_REPLY_KEY + KEYTEXT_LEN == WIRE_REPLY_LEN, "reply table");
_Static_assert(WIRE_REPLY_LEN <= WIRE_REQUEST_LEN, "no amplification");
_Static_assert(WIRE_CHALLENGE_LEN == WIRE_TICKET_LEN, "a challenge is where a ticket would be");

static const uint8_t magic[4] = { 'W', 'F', 'K', WIRE_VERSION };

static void put_u32(uint8_t *p, uint32_t v) {
        for (unsigned i = 0; i < 4; i++)
                p[i] = (uint8_t) (v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 |
               (uint32_t) p[3] << 24;
}

static void put_u16(uint8_t *p, size_t v) {
        p[0] = (uint8_t) v;
        p[1] = (uint8_t) (v >> 8);
}

static size_t get_u16(const uint8_t *p) {
        return (size_t) p[0] | (size_t) p[1] << 8;
}

static bool all_zero(const uint8_t *p, size_t len) {
        return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* A text field is one length byte and ${max} bytes. The bytes after the text are zero. */
static void put_text(uint8_t *p, const char *text, size_t max) {
        size_t len = strnlen(text, max);

        *p = (uint8_t) len;
        memcpy(p + 1, text, len);
        memset(p + 1 + len, 0, max - len);
}

static bool get_text(const uint8_t *p, char *out, size_t max) {
        size_t len = *p;

        if (len > max || memchr(p + 1, 0, len) || !all_zero(p + 1 + len, max - len))
                return false;
        memcpy(out, p + 1, len);
        out[len] = '\0';
        return true;
}

static bool put_credential(uint8_t *p, const struct wire_request *req) {
        switch (req->kind) {
        case WIRE_VERIFY:
        case WIRE_OFFER:
                memcpy(p, req->key.text, KEYTEXT_LEN);
                return keytext_is_key(req->key.text, strnlen(req->key.text, KEYTEXT_LEN + 1));
        case WIRE_CONFIRM:
                memcpy(p, req->id, KEYTEXT_ID_LEN);
                memcpy(p + KEYTEXT_ID_LEN, req->ticket, WIRE_TICKET_LEN);
                return keytext_is_id(req->id);
        case WIRE_ISSUE:
        case WIRE_WARN:
                return true;
        }
        return false;
}

/* Whether certificate and signature have the lengths that the kind of evidence needs. A
 * confirmation has the ticket in place of the signature, which was valid on one connection only. An
 * offer and a request for a key carry no evidence. */
static bool evidence_is_right(const struct wire_request *req) {
        size_t least = 0, most = WIRE_CERTIFICATE_MAX;
        bool has_signature = false;

        switch (req->evidence) {
        case WIRE_EVIDENCE_NONE:
                return req->certificate_len == 0 && req->signature_len == 0;
        case WIRE_SHOWN:
        case WIRE_VOUCHED:
                break;
        case WIRE_VOUCHED_SSH:
                least = 1;
                break;
        case WIRE_SIGNED:
                least = 1;
                has_signature = req->kind == WIRE_VERIFY;
                break;
        case WIRE_SIGNED_KEY:
                least = most = WIRE_KEY_HASH_LEN;
                has_signature = req->kind == WIRE_VERIFY;
                break;
        }
        if ((unsigned) req->evidence > WIRE_SIGNED_KEY ||
            (req->kind != WIRE_VERIFY && req->kind != WIRE_CONFIRM))
                return false;
        return req->certificate_len >= least && req->certificate_len <= most &&
               req->signature_len <= WIRE_SIGNATURE_MAX &&
               has_signature == (req->signature_len > 0);
}

size_t wire_request_len(const struct wire_request *req) {
        return req->evidence == WIRE_EVIDENCE_NONE
                       ? WIRE_REQUEST_LEN
                       : AT_CERTIFICATE + req->certificate_len + req->signature_len;
}

static void put_evidence(uint8_t *out, const struct wire_request *req) {
        if (req->evidence == WIRE_EVIDENCE_NONE)
                return;
        out[AT_EVIDENCE] = (uint8_t) req->evidence;
        out[AT_EVIDENCE + 1] = 0;
        put_u16(out + AT_EVIDENCE + 2, req->certificate_len);
        put_u16(out + AT_EVIDENCE + 4, req->signature_len);
        if (req->certificate_len > 0)
                memcpy(out + AT_CERTIFICATE, req->certificate, req->certificate_len);
        if (req->signature_len > 0)
                memcpy(out + AT_CERTIFICATE + req->certificate_len, req->signature,
                       req->signature_len);
}

int wire_request_encode(uint8_t *out, const struct wire_request *req) {
        memset(out, 0, WIRE_REQUEST_LEN);
        if (!req->user[0] || !put_credential(out + AT_CREDENTIAL, req) || !evidence_is_right(req)) {
                explicit_bzero(out, WIRE_REQUEST_LEN);
                return -EINVAL;
        }
        memcpy(out, magic, sizeof(magic));
        out[AT_KIND] = (uint8_t) req->kind;
        put_u32(out + AT_SEQ, req->seq);
        put_text(out + AT_USER, req->user, WIRE_USER_MAX);
        put_text(out + AT_SERVICE, req->service, WIRE_SERVICE_MAX);
        put_text(out + AT_RHOST, req->rhost, WIRE_RHOST_MAX);
        put_evidence(out, req);
        return 0;
}

static bool get_credential(const uint8_t *p, struct wire_request *req) {
        switch (req->kind) {
        case WIRE_VERIFY:
        case WIRE_OFFER:
                memcpy(req->key.text, p, KEYTEXT_LEN);
                return keytext_is_key(req->key.text, KEYTEXT_LEN);
        case WIRE_CONFIRM:
                memcpy(req->id, p, KEYTEXT_ID_LEN);
                memcpy(req->ticket, p + KEYTEXT_ID_LEN, WIRE_TICKET_LEN);
                return keytext_is_id(req->id) &&
                       all_zero(p + KEYTEXT_ID_LEN + WIRE_TICKET_LEN,
                                KEYTEXT_LEN - KEYTEXT_ID_LEN - WIRE_TICKET_LEN);
        case WIRE_ISSUE:
        case WIRE_WARN:
                return all_zero(p, KEYTEXT_LEN);
        }
        return false;
}

/* Reads what follows the fixed part, up to the last byte. */
static bool get_evidence(const uint8_t *in, size_t len, struct wire_request *req) {
        if (len == WIRE_REQUEST_LEN)
                return true;
        if (len < AT_CERTIFICATE || in[AT_EVIDENCE] == WIRE_EVIDENCE_NONE ||
            in[AT_EVIDENCE + 1] != 0)
                return false;
        req->evidence = (enum wire_evidence) in[AT_EVIDENCE];
        req->certificate_len = get_u16(in + AT_EVIDENCE + 2);
        req->signature_len = get_u16(in + AT_EVIDENCE + 4);
        if (len != wire_request_len(req) || !evidence_is_right(req))
                return false;
        req->certificate = in + AT_CERTIFICATE;
        req->signature = req->certificate + req->certificate_len;
        return true;
}

int wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret) {
        _cleanup_request_ struct wire_request req = {};

        if (len < AT_CREDENTIAL || memcmp(in, magic, sizeof(magic) - 1) != 0)
                return -EBADMSG;
        if (in[3] != WIRE_VERSION)
                return -EPROTONOSUPPORT;
        if (len < WIRE_REQUEST_LEN || !all_zero(in + AT_KIND + 1, AT_SEQ - AT_KIND - 1))
                return -EBADMSG;

        req.kind = (enum wire_kind) in[AT_KIND];
        req.seq = get_u32(in + AT_SEQ);
        if (!get_credential(in + AT_CREDENTIAL, &req) ||
            !get_text(in + AT_USER, req.user, WIRE_USER_MAX) ||
            !get_text(in + AT_SERVICE, req.service, WIRE_SERVICE_MAX) ||
            !get_text(in + AT_RHOST, req.rhost, WIRE_RHOST_MAX) || !req.user[0] ||
            !get_evidence(in, len, &req))
                return -EBADMSG;

        *ret = req;
        return 0;
}

uint32_t wire_request_seq(const uint8_t *in, size_t len) {
        return len >= AT_SEQ + 4 ? get_u32(in + AT_SEQ) : 0;
}

void wire_reply_encode(uint8_t out[static WIRE_REPLY_LEN], const struct wire_reply *reply) {
        memset(out, 0, WIRE_REPLY_LEN);
        memcpy(out, magic, sizeof(magic));
        put_u32(out + AT_REPLY_SEQ, reply->seq);
        put_u32(out + AT_REPLY_VERDICT, (uint32_t) reply->verdict);
        put_u32(out + AT_REPLY_REASON, (uint32_t) reply->reason);
        if (reply->verdict == VERDICT_CHALLENGE)
                memcpy(out + AT_REPLY_TICKET, reply->challenge, WIRE_CHALLENGE_LEN);
        if (reply->verdict != VERDICT_ALLOW)
                return;
        memcpy(out + AT_REPLY_ID, reply->id, KEYTEXT_ID_LEN);
        memcpy(out + AT_REPLY_TICKET, reply->ticket, WIRE_TICKET_LEN);
        put_text(out + AT_REPLY_NAME, reply->name, WIRE_NAME_MAX);
        memcpy(out + AT_REPLY_KEY, reply->key.text, KEYTEXT_LEN);
}

/* Whether there is no new key, or one with this id. */
static bool get_new_key(const uint8_t *p, const char *id, struct secret *key) {
        if (all_zero(p, KEYTEXT_LEN))
                return true;
        memcpy(key->text, p, KEYTEXT_LEN);
        return keytext_is_key(key->text, KEYTEXT_LEN) &&
               memcmp(keytext_id(key->text), id, KEYTEXT_ID_LEN) == 0;
}

static enum verdict get_verdict(uint32_t v) {
        switch ((enum verdict) v) {
        case VERDICT_INTERNAL:
        case VERDICT_DENY:
        case VERDICT_DENY_CERTIFICATE:
        case VERDICT_VERSION:
        case VERDICT_CHALLENGE:
        case VERDICT_ALLOW:
                return (enum verdict) v;
        }
        return VERDICT_INTERNAL;
}

int wire_reply_decode(const uint8_t *in, size_t len, struct wire_reply *ret) {
        _cleanup_reply_ struct wire_reply reply = {};
        uint32_t reason;

        if (len != WIRE_REPLY_LEN || memcmp(in, magic, sizeof(magic)) != 0)
                return -EBADMSG;

        reply.seq = get_u32(in + AT_REPLY_SEQ);
        reply.verdict = get_verdict(get_u32(in + AT_REPLY_VERDICT));
        reason = get_u32(in + AT_REPLY_REASON);
        reply.reason = reason < _REASON_MAX ? (enum reason) reason : REASON_NONE;

        if (reply.verdict == VERDICT_ALLOW) {
                memcpy(reply.id, in + AT_REPLY_ID, KEYTEXT_ID_LEN);
                memcpy(reply.ticket, in + AT_REPLY_TICKET, WIRE_TICKET_LEN);
                if (reason != REASON_NONE || !keytext_is_id(reply.id) ||
                    !get_text(in + AT_REPLY_NAME, reply.name, WIRE_NAME_MAX) ||
                    !get_new_key(in + AT_REPLY_KEY, reply.id, &reply.key))
                        return -EBADMSG;
        } else if (reply.verdict == VERDICT_CHALLENGE) {
                memcpy(reply.challenge, in + AT_REPLY_TICKET, WIRE_CHALLENGE_LEN);
                if (reason != REASON_NONE || !all_zero(in + AT_REPLY_ID, KEYTEXT_ID_LEN) ||
                    !all_zero(in + AT_REPLY_NAME, WIRE_REPLY_LEN - AT_REPLY_NAME))
                        return -EBADMSG;
        } else if (!all_zero(in + AT_REPLY_ID, WIRE_REPLY_LEN - AT_REPLY_ID))
                return -EBADMSG;

        *ret = reply;
        return 0;
}
