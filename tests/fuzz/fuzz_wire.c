/* The verify protocol, both ends: whatever decodes encodes back to the same bytes, one text for each message; and no reply that is
 * not an allow to the letter is read as one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct wire_request req;
        struct wire_reply reply;
        uint8_t again[WIRE_REQUEST_LEN];

        if (wire_request_decode(data, size, &req) >= 0)
                if (size != WIRE_REQUEST_LEN || wire_request_encode(again, &req) < 0 ||
                    memcmp(again, data, size) != 0)
                        abort();
        if (wire_reply_decode(data, size, &reply) >= 0 && reply.verdict == VERDICT_ALLOW) {
                wire_reply_encode(again, &reply);
                if (size != WIRE_REPLY_LEN || memcmp(again, data, size) != 0)
                        abort();
        }
        (void) wire_request_seq(data, size);
        return 0;
}
