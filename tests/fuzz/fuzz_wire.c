/* SPDX-License-Identifier: BSD-2-Clause */
/* The verify protocol, both ends. What decodes encodes back to the same bytes, evidence included,
 * so each message has one form. A reply counts as an allow or a challenge only if every byte of it
 * is right. The checksum of a key would stop nearly every input, so each is tried a second time
 * with a key that is right. */
#include "fuzz.h"

#include "wire.h"

enum {
        AT_KEY = 12, /* PROTOCOL */
};

static uint8_t again[WIRE_REQUEST_MAX];

static void check_key(const struct secret *key) {
        size_t len = strlen(key->text);

        must(len == 0 || (len == KEYTEXT_LEN && keytext_is_key(key->text, len)));
}

static void check_request(const uint8_t *data, size_t size, const struct wire_request *req) {
        must(size >= WIRE_REQUEST_LEN && size <= WIRE_REQUEST_MAX);
        must(wire_request_len(req) == size);
        must(wire_request_encode(again, req) >= 0 && memcmp(again, data, size) == 0);
        must(req->user[0] != '\0' && memchr(req->user, '\0', sizeof(req->user)));
        must(memchr(req->service, '\0', sizeof(req->service)));
        must(memchr(req->rhost, '\0', sizeof(req->rhost)));
        check_key(&req->key);
        must((req->kind == WIRE_VERIFY || req->kind == WIRE_OFFER) == (req->key.text[0] != '\0'));
        must((req->kind == WIRE_CONFIRM) == keytext_is_id(req->id));
        must(wire_request_seq(data, size) == req->seq);
        /* The borrowed bytes lie within the message. */
        if (req->evidence != WIRE_EVIDENCE_NONE)
                must(req->certificate >= data &&
                     req->signature + req->signature_len == data + size);
}

static void try_request(const uint8_t *data, size_t size) {
        struct wire_request req;

        if (wire_request_decode(data, size, &req) >= 0)
                check_request(data, size, &req);
}

static void put_digits(char *out, const uint8_t *in, size_t n) {
        for (size_t i = 0; i < n; i++)
                out[i] = keytext_alphabet()[in[i] % 62];
}

/* Digits from the bytes that are there, and the checksum that they need. */
static void put_key(uint8_t *at) {
        char key[KEYTEXT_LEN + 1], digits[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN];

        put_digits(digits, at + KEYTEXT_PREFIX_LEN, KEYTEXT_ID_LEN);
        put_digits(digits + KEYTEXT_ID_LEN, at + KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN + 1,
                   KEYTEXT_SECRET_LEN);
        keytext_format(key, digits, digits + KEYTEXT_ID_LEN);
        memcpy(at, key, KEYTEXT_LEN);
}

static void try_repaired(const uint8_t *data, size_t size) {
        uint8_t *copy = malloc(size);

        if (!copy)
                abort();
        memcpy(copy, data, size);
        put_key(copy + AT_KEY);
        try_request(copy, size);
        free(copy);
}

/* What encodes decodes to the same. */
static void try_built(struct fuzz f) {
        struct wire_request req = { .kind = (enum wire_kind)(fuzz_byte(&f) % 7),
                                    .seq = (uint32_t) fuzz_number(&f, 4) },
                            back;
        struct fuzz part;

        fuzz_string(&f, req.user, sizeof(req.user));
        fuzz_string(&f, req.service, sizeof(req.service));
        fuzz_string(&f, req.rhost, sizeof(req.rhost));
        req.evidence = (enum wire_evidence)(fuzz_byte(&f) % 7);
        part = fuzz_take(&f, fuzz_number(&f, 2));
        req.certificate = part.at;
        req.certificate_len = part.left;
        req.signature = f.at;
        req.signature_len = f.left;
        if (req.kind == WIRE_VERIFY || req.kind == WIRE_OFFER)
                put_key((uint8_t *) req.key.text);
        else if (req.kind == WIRE_CONFIRM)
                put_digits(req.id, (const uint8_t *) req.user, KEYTEXT_ID_LEN);
        if (wire_request_encode(again, &req) < 0)
                return;
        must(wire_request_decode(again, wire_request_len(&req), &back) >= 0);
        must(back.kind == req.kind && back.seq == req.seq && back.evidence == req.evidence);
        must(strcmp(back.user, req.user) == 0 && strcmp(back.service, req.service) == 0);
        must(strcmp(back.rhost, req.rhost) == 0 && strcmp(back.id, req.id) == 0);
        must(strcmp(back.key.text, req.key.text) == 0);
}

static bool is_zero(const void *bytes, size_t len) {
        const uint8_t *p = bytes;

        for (size_t i = 0; i < len; i++)
                if (p[i] != 0)
                        return false;
        return true;
}

static void try_reply(const uint8_t *data, size_t size) {
        struct wire_reply reply;

        if (wire_reply_decode(data, size, &reply) < 0)
                return;
        must(size == WIRE_REPLY_LEN);
        check_key(&reply.key);
        if (reply.verdict == VERDICT_ALLOW || reply.verdict == VERDICT_CHALLENGE) {
                wire_reply_encode(again, &reply);
                must(memcmp(again, data, size) == 0);
        }
        if (reply.verdict != VERDICT_ALLOW)
                must(!reply.id[0] && !reply.name[0] && !reply.key.text[0] &&
                     is_zero(reply.ticket, sizeof(reply.ticket)));
        if (reply.verdict != VERDICT_CHALLENGE)
                must(is_zero(reply.challenge, sizeof(reply.challenge)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        try_request(data, size);
        if (size >= WIRE_REQUEST_LEN)
                try_repaired(data, size);
        try_built((struct fuzz){ data, size });
        try_reply(data, size);
        (void) wire_request_seq(data, size);
        return 0;
}
