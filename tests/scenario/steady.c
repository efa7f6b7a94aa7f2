/* SPDX-License-Identifier: BSD-2-Clause */
/* steady SERVICE USER RATE - RATE logins a second, whatever their results
 *
 * Reads the key from the first line of standard input and logs USER in through the PAM service
 * SERVICE: authentication and account. Each login has a thread of its own, so that none waits for
 * another. Prints "ready" when the first login was accepted. For a line "mark" on standard input it
 * waits for all logins that began since the last mark, and prints:
 *
 *     logins=N failed=N slow=N max_ms=N
 *
 * Slow logins took longer than 2 s. The program ends with its input. Exit status 0 when no login
 * failed, 1 otherwise. */
#include <poll.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

#define SLOW_MS 2000

static const char *service, *user;
static char key[256];
static atomic_uint running, total_failed;

/* The logins between two marks: how many began, and the results of those that ended. */
static struct {
        pthread_mutex_t mutex;
        unsigned logins, failed, slow;
        int64_t max_ms;
} ledger = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static int converse(int n, const struct pam_message **in, struct pam_response **ret, void *unused) {
        struct pam_response *out = calloc((size_t) n, sizeof(*out));

        (void) unused;
        if (!out)
                return PAM_CONV_ERR;
        for (int i = 0; i < n; i++)
                if (in[i]->msg_style == PAM_PROMPT_ECHO_OFF)
                        out[i].resp = strdup(key);
        *ret = out;
        return PAM_SUCCESS;
}

static bool log_in(void) {
        const struct pam_conv conversation = { .conv = converse };
        pam_handle_t *pam = NULL;
        int rv;

        rv = pam_start(service, user, &conversation, &pam);
        if (rv != PAM_SUCCESS)
                return false;
        rv = pam_authenticate(pam, 0);
        if (rv == PAM_SUCCESS)
                rv = pam_acct_mgmt(pam, 0);
        if (rv != PAM_SUCCESS)
                (void) fprintf(stderr, "failed: %s\n", pam_strerror(pam, rv));
        (void) pam_end(pam, rv);
        return rv == PAM_SUCCESS;
}

static void *one_login(void *unused) {
        int64_t begun = ask_now_ms(), took;
        bool good = log_in();

        (void) unused;
        took = ask_now_ms() - begun;
        (void) pthread_mutex_lock(&ledger.mutex);
        ledger.logins++;
        ledger.failed += !good;
        ledger.slow += took > SLOW_MS;
        if (took > ledger.max_ms)
                ledger.max_ms = took;
        (void) pthread_mutex_unlock(&ledger.mutex);
        atomic_fetch_add(&total_failed, !good);
        atomic_fetch_sub(&running, 1);
        return NULL;
}

static void begin_login(void) {
        pthread_t thread;

        atomic_fetch_add(&running, 1);
        if (pthread_create(&thread, NULL, one_login, NULL) != 0) {
                (void) fprintf(stderr, "no thread\n");
                exit(EXIT_FAILURE);
        }
        (void) pthread_detach(thread);
}

static void wait_for_all(void) {
        while (atomic_load(&running) > 0)
                usleep(1000);
}

static void mark(void) {
        wait_for_all();
        printf("logins=%u failed=%u slow=%u max_ms=%lld\n", ledger.logins, ledger.failed,
               ledger.slow, (long long) ledger.max_ms);
        (void) fflush(stdout);
        ledger.logins = ledger.failed = ledger.slow = 0;
        ledger.max_ms = 0;
}

static int read_line(char *out, size_t size) {
        size_t n = 0;

        /* Reads byte by byte: poll() does not see what stdio has read ahead. */
        while (n + 1 < size && read(STDIN_FILENO, out + n, 1) == 1)
                if (out[n++] == '\n') {
                        out[n - 1] = '\0';
                        return 0;
                }
        return -1;
}

int main(int argc, char *argv[]) {
        struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
        int64_t next, period;
        char line[64];

        if (argc != 4 || atoi(argv[3]) <= 0 || read_line(key, sizeof(key)) < 0)
                return EXIT_FAILURE;
        service = argv[1];
        user = argv[2];
        period = 1000 / atoi(argv[3]);
        if (!log_in())
                return EXIT_FAILURE;
        printf("ready\n");
        (void) fflush(stdout);
        for (next = ask_now_ms();; next += period) {
                int64_t now = ask_now_ms();

                begin_login();
                while (poll(&in, 1, next > now ? (int) (next - now) : 0) > 0) {
                        if (read_line(line, sizeof(line)) < 0) {
                                wait_for_all();
                                return atomic_load(&total_failed) == 0 ? EXIT_SUCCESS
                                                                       : EXIT_FAILURE;
                        }
                        mark();
                        next = now = ask_now_ms();
                }
        }
}
