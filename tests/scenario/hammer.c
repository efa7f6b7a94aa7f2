/* SPDX-License-Identifier: BSD-2-Clause */
/* hammer SOCKET USER - a service with many threads that asks about one key all the time
 *
 * Reads the key from the first line of standard input. Eight threads have it verified. Prints
 * "ready" when each thread was accepted once. A second line on standard input means that no
 * question that begins from now on may be answered with yes. Then each thread asks 200 times more.
 * Exit status 0 when none of these was accepted; 1 otherwise, or when something else went wrong. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

#define THREADS 8
#define AFTER   200

static struct ask_server server;
static struct wire_request request;
static atomic_bool over;
static atomic_uint accepted_by, wrong, unanswered;

static void *hammer(void *unused) {
        unsigned before = 0, after = 0;

        (void) unused;
        while (after < AFTER) {
                struct wire_reply reply = {};
                bool was_over = atomic_load(&over);

                if (ask_verdict(&server, &request, &reply) < 0)
                        atomic_fetch_add(&unanswered, 1);
                else if (reply.verdict == VERDICT_ALLOW && was_over)
                        atomic_fetch_add(&wrong, 1);
                else if (reply.verdict == VERDICT_ALLOW && before++ == 0)
                        atomic_fetch_add(&accepted_by, 1);
                after += was_over;
                if (atomic_load(&unanswered) > 1000)
                        break;
        }
        return NULL;
}

static int read_line(char *out, size_t size) {
        if (!fgets(out, (int) size, stdin))
                return -1;
        out[strcspn(out, "\n")] = '\0';
        return 0;
}

int main(int argc, char *argv[]) {
        pthread_t threads[THREADS];
        char line[256];

        if (argc != 3 || read_line(line, sizeof(line)) < 0 || strlen(line) != KEYTEXT_LEN)
                return EXIT_FAILURE;
        server = (struct ask_server){ .path = argv[1], .uid = geteuid(), .timeout_ms = 30000 };
        request.kind = WIRE_VERIFY;
        memcpy(request.key.text, line, KEYTEXT_LEN + 1);
        (void) snprintf(request.user, sizeof(request.user), "%s", argv[2]);
        (void) snprintf(request.service, sizeof(request.service), "hammer");

        for (int i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, hammer, NULL) != 0)
                        return EXIT_FAILURE;
        while (atomic_load(&accepted_by) < THREADS && atomic_load(&unanswered) == 0)
                usleep(1000);
        printf("ready\n");
        (void) fflush(stdout);
        if (read_line(line, sizeof(line)) < 0)
                return EXIT_FAILURE;
        atomic_store(&over, true);
        for (int i = 0; i < THREADS; i++)
                (void) pthread_join(threads[i], NULL);
        printf("%u accepted too late, %u unanswered\n", atomic_load(&wrong),
               atomic_load(&unanswered));
        return atomic_load(&wrong) == 0 && atomic_load(&unanswered) == 0 ? EXIT_SUCCESS
                                                                         : EXIT_FAILURE;
}
