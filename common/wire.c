#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "wire.h"

enum offset {
        AT_KIND = 4,
        AT_SEQ = 8, /* the same in every version, so that a mismatch can be answered */
        AT_CREDENTIAL = 12,
        AT_USER = AT_CREDENTIAL + KEYTEXT_LEN,
        AT_SERVICE = AT_USER + 1 + WIRE_USER_MAX,
        AT_RHOST = AT_SERVICE + 1 + WIRE_SERVICE_MAX,

        AT_REPLY_SEQ = 4,
        AT_REPLY_VERDICT = 8,
        AT_REPLY_REASON = 12,
        AT_REPLY_ID = 16,
        AT_REPLY_TICKET = AT_REPLY_ID + KEYTEXT_ID_LEN,
        AT_REPLY_NAME = AT_REPLY_TICKET + WIRE_TICKET_LEN,
        AT_REPLY_KEY = AT_REPLY_NAME + 1 + WIRE_NAME_MAX,
};
_Static_assert(AT_RHOST + 1 + WIRE_RHOST_MAX == WIRE_REQUEST_LEN, "request table");
_Static_assert(AT_REPLY_KEY + KEYTEXT_LEN == WIRE_REPLY_LEN, "reply table");
_Static_assert(WIRE_REPLY_LEN <= WIRE_REQUEST_LEN, "no amplification");

static const uint8_t magic[4] = { 'W', 'F', 'K', WIRE_VERSION };

static void put_u32(uint8_t *p, uint32_t v) {
        for (unsigned i = 0; i < 4; i++)
                p[i] = (uint8_t) (v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static bool all_zero(const uint8_t *p, size_t len) {
        return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* A text field is one length byte and max bytes; what is past the text is zero. */
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
                memcpy(p, req->key.text, KEYTEXT_LEN);
                return keytext_is_key(req->key.text, strnlen(req->key.text, KEYTEXT_LEN + 1));
        case WIRE_CONFIRM:
                memcpy(p, req->id, KEYTEXT_ID_LEN);
                memcpy(p + KEYTEXT_ID_LEN, req->ticket, WIRE_TICKET_LEN);
                return keytext_is_id(req->id);
        case WIRE_ISSUE:
                return true;
        }
        return false;
}

int wire_request_encode(uint8_t out[static WIRE_REQUEST_LEN], const struct wire_request *req) {
        memset(out, 0, WIRE_REQUEST_LEN);
        if (!req->user[0] || !put_credential(out + AT_CREDENTIAL, req)) {
                explicit_bzero(out, WIRE_REQUEST_LEN);
                return -EINVAL;
        }
        memcpy(out, magic, sizeof(magic));
        out[AT_KIND] = (uint8_t) req->kind;
        put_u32(out + AT_SEQ, req->seq);
        put_text(out + AT_USER, req->user, WIRE_USER_MAX);
        put_text(out + AT_SERVICE, req->service, WIRE_SERVICE_MAX);
        put_text(out + AT_RHOST, req->rhost, WIRE_RHOST_MAX);
        return 0;
}

static bool get_credential(const uint8_t *p, struct wire_request *req) {
        switch (req->kind) {
        case WIRE_VERIFY:
                memcpy(req->key.text, p, KEYTEXT_LEN);
                return keytext_is_key(req->key.text, KEYTEXT_LEN);
        case WIRE_CONFIRM:
                memcpy(req->id, p, KEYTEXT_ID_LEN);
                memcpy(req->ticket, p + KEYTEXT_ID_LEN, WIRE_TICKET_LEN);
                return keytext_is_id(req->id) && all_zero(p + KEYTEXT_ID_LEN + WIRE_TICKET_LEN,
                                                          KEYTEXT_LEN - KEYTEXT_ID_LEN - WIRE_TICKET_LEN);
        case WIRE_ISSUE:
                return all_zero(p, KEYTEXT_LEN);
        }
        return false;
}

int wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret) {
        _cleanup_request_ struct wire_request req = {};

        if (len < AT_CREDENTIAL || memcmp(in, magic, sizeof(magic) - 1) != 0)
                return -EBADMSG;
        if (in[3] != WIRE_VERSION)
                return -EPROTONOSUPPORT;
        if (len != WIRE_REQUEST_LEN || !all_zero(in + AT_KIND + 1, AT_SEQ - AT_KIND - 1))
                return -EBADMSG;

        req.kind = (enum wire_kind) in[AT_KIND];
        req.seq = get_u32(in + AT_SEQ);
        if (!get_credential(in + AT_CREDENTIAL, &req) || !get_text(in + AT_USER, req.user, WIRE_USER_MAX) ||
            !get_text(in + AT_SERVICE, req.service, WIRE_SERVICE_MAX) ||
            !get_text(in + AT_RHOST, req.rhost, WIRE_RHOST_MAX) || !req.user[0])
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
        if (reply->verdict != VERDICT_ALLOW)
                return;
        memcpy(out + AT_REPLY_ID, reply->id, KEYTEXT_ID_LEN);
        memcpy(out + AT_REPLY_TICKET, reply->ticket, WIRE_TICKET_LEN);
        put_text(out + AT_REPLY_NAME, reply->name, WIRE_NAME_MAX);
        memcpy(out + AT_REPLY_KEY, reply->key.text, KEYTEXT_LEN);
}

/* There is none, or it is the key of this id. */
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
        } else if (!all_zero(in + AT_REPLY_ID, WIRE_REPLY_LEN - AT_REPLY_ID))
                return -EBADMSG;

        *ret = reply;
        return 0;
}
