/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a request without evidence. Nothing outside of them is read. What is accepted has a
 * user, and a key or an id where its kind has one, and is written again as it was. */
#include <string.h>

#include "proof.h"
#include "wire.h"

static bool is_rest_of_text(size_t i) {
        size_t user = 12 + KEYTEXT_LEN, service = user + 1 + WIRE_USER_MAX,
               rhost = service + 1 + WIRE_SERVICE_MAX;

        return (i > user + 1 && i < service) || (i > service + 1 && i < rhost) ||
               (i > rhost + 1 && i < WIRE_REQUEST_LEN);
}

static void prove_accepted(const uint8_t *in, size_t len, const struct wire_request *req) {
        uint8_t again[WIRE_REQUEST_LEN];

        prove(len == WIRE_REQUEST_LEN && wire_request_len(req) == len);
        prove(req->user[0]);
        prove(req->evidence == WIRE_EVIDENCE_NONE && !req->certificate && !req->signature);
        prove(wire_request_encode(again, req) == 0);
        for (size_t i = 0; i < WIRE_REQUEST_LEN; i++)
                prove(again[i] == in[i] || is_rest_of_text(i));
}

/* An object of its own for each length: to read behind it is an error. */
#define prove_len(len)                                                                             \
        do {                                                                                       \
                uint8_t in_[len];                                                                  \
                struct wire_request req_;                                                          \
                if (wire_request_decode(in_, len, &req_) == 0)                                     \
                        prove_accepted(in_, len, &req_);                                           \
        } while (0)

/* The lengths at which something changes. */
int main(void) {
        prove_len(3);
        prove_len(11);
        prove_len(12);
        prove_len(WIRE_REQUEST_LEN - 1);
        prove_len(WIRE_REQUEST_LEN);
        return 0;
}
