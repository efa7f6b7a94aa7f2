/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a reply. It is an allow only where all four bytes of the verdict say so, for the
 * length of a whole reply. What is no reply leaves the caller's as it was. Nothing outside of the
 * bytes is read. What a daemon would not write is not accepted, but for verdicts and reasons that
 * this module does not know. */
#include <stdlib.h>
#include <string.h>

#include "proof.h"
#include "wire.h"

enum {
        AT_SEQ = 4,
        AT_VERDICT = 8,
        AT_REASON = 12,
        AT_NAME = 16 + KEYTEXT_ID_LEN + WIRE_TICKET_LEN,
        AT_KEY = AT_NAME + 1 + WIRE_NAME_MAX,
};

static unsigned number(const uint8_t *p) {
        return p[0] | (unsigned) p[1] << 8 | (unsigned) p[2] << 16 | (unsigned) p[3] << 24;
}

static void prove_accepted(const uint8_t *in, const struct wire_reply *reply) {
        bool allowed = reply->verdict == VERDICT_ALLOW;
        uint8_t again[WIRE_REPLY_LEN];

        prove(reply->seq == number(in + AT_SEQ));
        prove(allowed == (number(in + AT_VERDICT) == VERDICT_ALLOW));
        prove(!allowed || reply->reason == REASON_NONE);
        prove(allowed || (!reply->key.text[0] && !reply->id[0] && !reply->name[0]));
        if ((unsigned) reply->verdict != number(in + AT_VERDICT) ||
            (unsigned) reply->reason != number(in + AT_REASON))
                return;
        wire_reply_encode(again, reply);
        for (size_t i = 0; i < WIRE_REPLY_LEN; i++)
                prove(again[i] == in[i] || (i > AT_NAME + 1 && i < AT_KEY));
}

int main(void) {
        size_t len = nondet_size();
        uint8_t bytes[WIRE_REPLY_LEN], *in = bytes;
        struct wire_reply reply;
        enum verdict before = (enum verdict) nondet_int();

        reply.verdict = before;
        if (nondet_bool()) {
                grant(len == WIRE_REPLY_LEN);
        } else {
                /* Bytes that end where they end. */
                grant(len <= 1024);
                in = malloc(len);
                grant(in);
        }
        if (wire_reply_decode(in, len, &reply) != 0) {
                prove(reply.verdict == before);
                return 0;
        }
        prove(len == WIRE_REPLY_LEN);
        if (in == bytes)
                prove_accepted(bytes, &reply);
        return 0;
}
