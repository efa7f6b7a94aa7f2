/* SPDX-License-Identifier: BSD-2-Clause */
/* The verify protocol, both ends. What decodes encodes back to the same bytes, evidence included,
 * so each message has one form. A reply counts as an allow or a challenge only if every byte of it
 * is right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[WIRE_REQUEST_MAX];

static void check_request(const uint8_t *data, size_t size, const struct wire_request *req) {
        if (size < WIRE_REQUEST_LEN || size > WIRE_REQUEST_MAX || wire_request_len(req) != size ||
            wire_request_encode(again, req) < 0 || memcmp(again, data, size) != 0)
                abort();
        /* The borrowed bytes lie within the message. */
        if (req->evidence != WIRE_EVIDENCE_NONE &&
            (req->certificate < data || req->signature + req->signature_len != data + size))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct wire_request req;
        struct wire_reply reply;

        if (wire_request_decode(data, size, &req) >= 0)
                check_request(data, size, &req);
        if (wire_reply_decode(data, size, &reply) >= 0 &&
            (reply.verdict == VERDICT_ALLOW || reply.verdict == VERDICT_CHALLENGE)) {
                wire_reply_encode(again, &reply);
                if (size != WIRE_REPLY_LEN || memcmp(again, data, size) != 0)
                        abort();
        }
        (void) wire_request_seq(data, size);
        return 0;
}
