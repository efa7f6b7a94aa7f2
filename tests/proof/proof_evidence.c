/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the evidence of a request. Nothing outside of them is read. What is accepted lies
 * within them, up to the last byte, and is written again as it was. */
#include "wire.c" /* for its static functions */

#include "proof.h"

/* As much evidence as is read and written here. The length of more is judged alike. */
enum { EVIDENCE = 4, MOST = AT_CERTIFICATE + EVIDENCE };

static void prove_accepted(const uint8_t *in, size_t len, const struct wire_request *req) {
        bool is_signed = req->evidence == WIRE_SIGNED || req->evidence == WIRE_SIGNED_KEY;
        uint8_t again[MOST];

        if (len == WIRE_REQUEST_LEN) {
                prove(req->evidence == WIRE_EVIDENCE_NONE);
                return;
        }
        prove(req->evidence > WIRE_EVIDENCE_NONE && req->evidence <= WIRE_SIGNED_KEY);
        prove((req->signature_len > 0) == (is_signed && req->kind == WIRE_VERIFY));
        prove(req->kind == WIRE_VERIFY || req->kind == WIRE_CONFIRM);
        prove(len == wire_request_len(req));
        prove(readable(req->certificate, req->certificate_len + req->signature_len));
        put_evidence(again, req);
        for (size_t i = AT_EVIDENCE; i < len; i++)
                prove(again[i] == in[i]);
}

/* An object of its own for each length: to read behind it is an error. */
#define prove_len(len)                                                                             \
        do {                                                                                       \
                uint8_t in_[len];                                                                  \
                struct wire_request req_ = { .kind = (enum wire_kind) nondet_unsigned() };         \
                if (get_evidence(in_, len, &req_))                                                 \
                        prove_accepted(in_, len, &req_);                                           \
        } while (0)

int main(void) {
        prove_len(AT_EVIDENCE);
        prove_len(AT_EVIDENCE + 1);
        prove_len(AT_CERTIFICATE);
        prove_len(MOST);
        return 0;
}
