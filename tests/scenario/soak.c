/* SPDX-License-Identifier: BSD-2-Clause */
/* soak SOCKET USER N FILE - N logins by four threads, while the clock in FILE (skew.c) goes on by a
 * day
 *
 * Reads two keys of USER from standard input: one is good, the other is revoked. Of eight logins
 * five are good and confirmed, one has a wrong secret, one an unknown id, and one a revoked key or
 * another user. Prints "mark" 20 times, and the number of logins that went wrong in the end. Exit
 * status 0 when none did. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ask.h"
#include "keytext.h"

#define THREADS 4
#define MARKS   20
#define DAY_S   86400

static struct ask_server server;
static struct secret keys[2];
static const char *user;
static uint64_t logins;
static _Atomic uint64_t begun, wrong;
static _Atomic int64_t *ahead;

/* The key with another id or secret. */
static void spoil(struct secret *key, size_t at) {
        char id[KEYTEXT_ID_LEN + 1] = "", secret[KEYTEXT_SECRET_LEN + 1] = "";

        memcpy(id, key->text + KEYTEXT_PREFIX_LEN, KEYTEXT_ID_LEN);
        memcpy(secret, key->text + KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN + 1, KEYTEXT_SECRET_LEN);
        if (at == 0)
                id[0] = id[0] == 'x' ? 'y' : 'x';
        else
                secret[0] = secret[0] == 'x' ? 'y' : 'x';
        keytext_format(key->text, id, secret);
}

static enum verdict ask(const struct wire_request *request, struct wire_reply *ret) {
        return ask_verdict(&server, request, ret) < 0 ? VERDICT_INTERNAL : ret->verdict;
}

static void log_in(uint64_t i) {
        struct wire_request request = { .kind = WIRE_VERIFY, .service = "soak", .rhost = "::1" };
        struct wire_reply reply = {};
        enum verdict want = i % 8 < 5 ? VERDICT_ALLOW : VERDICT_DENY, got;

        (void) snprintf(request.user, sizeof(request.user), "%s", i % 16 == 15 ? "nobody" : user);
        request.key = keys[i % 16 == 7];
        if (i % 8 == 5 || i % 8 == 6)
                spoil(&request.key, i % 8 - 5);
        got = ask(&request, &reply);
        if (got == VERDICT_ALLOW && want == VERDICT_ALLOW) {
                struct wire_request again = { .kind = WIRE_CONFIRM,
                                              .service = "soak",
                                              .rhost = "::1" };
                struct wire_reply confirmed = {};

                memcpy(again.user, request.user, sizeof(again.user));
                memcpy(again.id, request.key.text + KEYTEXT_PREFIX_LEN, KEYTEXT_ID_LEN);
                memcpy(again.ticket, reply.ticket, sizeof(again.ticket));
                got = ask(&again, &confirmed);
        }
        if (got != want && atomic_fetch_add(&wrong, 1) < 10)
                (void) fprintf(stderr, "login %llu: %#x and not %#x: %s\n", (unsigned long long) i,
                               got, want, verdict_reason_name(reply.reason));
}

static void *work(void *unused) {
        uint64_t i;

        (void) unused;
        while ((i = atomic_fetch_add(&begun, 1)) < logins) {
                log_in(i);
                if (i % (logins / DAY_S + 1) == 0)
                        atomic_store(ahead, (int64_t) (i * DAY_S / logins));
                if (i % (logins / MARKS) == 0) {
                        (void) puts("mark");
                        (void) fflush(stdout);
                }
        }
        return NULL;
}

static int read_key(struct secret *ret) {
        char line[256];

        if (!fgets(line, sizeof(line), stdin) || strcspn(line, "\n") != KEYTEXT_LEN)
                return -1;
        memcpy(ret->text, line, KEYTEXT_LEN);
        return 0;
}

int main(int argc, char *argv[]) {
        pthread_t threads[THREADS];
        int fd;

        if (argc != 5 || read_key(&keys[0]) < 0 || read_key(&keys[1]) < 0)
                return EXIT_FAILURE;
        server = (struct ask_server){ .path = argv[1], .uid = geteuid(), .timeout_ms = 30000 };
        user = argv[2];
        logins = strtoull(argv[3], NULL, 10);
        fd = open(argv[4], O_RDWR | O_CLOEXEC);
        ahead = fd < 0 ? MAP_FAILED
                       : mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (logins < MARKS || ahead == MAP_FAILED)
                return EXIT_FAILURE;
        for (size_t i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, work, NULL) != 0)
                        return EXIT_FAILURE;
        for (size_t i = 0; i < THREADS; i++)
                (void) pthread_join(threads[i], NULL);
        printf("%llu wrong\n", (unsigned long long) atomic_load(&wrong));
        return atomic_load(&wrong) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
