/* SPDX-License-Identifier: BSD-2-Clause */
/* flood SOCKET USER N - asks N times, each time with another invented key and service. Exit status
 * 0 when all were refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

int main(int argc, char *argv[]) {
        static const char secret[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop";
        struct wire_request request = { .kind = WIRE_VERIFY };
        char id[KEYTEXT_ID_LEN + 1];
        struct ask_server server;

        if (argc != 4)
                return EXIT_FAILURE;
        server = (struct ask_server){ .path = argv[1], .uid = geteuid(), .timeout_ms = 30000 };
        (void) snprintf(request.user, sizeof(request.user), "%s", argv[2]);
        for (unsigned i = 0, n = (unsigned) strtoul(argv[3], NULL, 10); i < n; i++) {
                struct wire_reply reply = {};

                (void) snprintf(id, sizeof(id), "%010u", i);
                keytext_format(request.key.text, id, secret);
                (void) snprintf(request.service, sizeof(request.service), "service%u", i);
                (void) snprintf(request.rhost, sizeof(request.rhost), "2001:db8::%x:%x", i >> 16,
                                i & 0xffff);
                if (ask_verdict(&server, &request, &reply) < 0 || reply.verdict != VERDICT_DENY)
                        return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
