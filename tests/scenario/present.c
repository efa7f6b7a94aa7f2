/* SPDX-License-Identifier: BSD-2-Clause */
/* present SOCKET USER HOW FILE - logs USER in with a key and a certificate, and can send any bytes
 *
 * Reads the key from the first line of standard input and the certificate (DER) from FILE. HOW is
 * one of
 *   whole     the certificate as it is
 *   unasked   the same, with bytes that are no certificate
 *   cut       cut off, at many lengths
 *   spoil     with a changed byte, at many places
 *   offer     without a certificate: asks whether the key needs one, and disconnects
 *   vouch     as a service that says its client has proved to have the private key
 *   storm     by eight threads at once, 25 times each, with another changed byte every time
 *
 * Prints "accepted N". If there were any, also prints "undecided N": the logins that the daemon
 * could not decide, or did not answer in 10 s. Exit status 1 when something else went wrong. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

#define THREADS 8
#define TIMES   25

static struct ask_server server;
static struct wire_request request;
static uint8_t der[WIRE_CERTIFICATE_MAX];
static size_t der_len;
static atomic_uint accepted, undecided, broken;

static void present(const uint8_t *bytes, size_t len) {
        struct wire_request req = request;
        struct wire_reply reply = {};

        req.certificate = bytes;
        req.certificate_len = len;
        if (ask_verdict(&server, &req, &reply) < 0)
                atomic_fetch_add(&broken, 1);
        else if (reply.verdict == VERDICT_ALLOW)
                atomic_fetch_add(&accepted, 1);
        else if (reply.verdict == VERDICT_INTERNAL)
                atomic_fetch_add(&undecided, 1);
}

static void spoil(size_t at, uint8_t with) {
        uint8_t bytes[WIRE_CERTIFICATE_MAX];

        memcpy(bytes, der, der_len);
        bytes[at] ^= with;
        present(bytes, der_len);
}

static void *storm(void *arg) {
        size_t first = (size_t) (uintptr_t) arg;

        for (size_t i = 0; i < TIMES; i++)
                spoil((first * TIMES + i) % der_len, (uint8_t) (1 + i % 255));
        return NULL;
}

static void run_storm(void) {
        pthread_t threads[THREADS];

        for (size_t i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, storm, (void *) (uintptr_t) i) != 0)
                        exit(EXIT_FAILURE);
        for (size_t i = 0; i < THREADS; i++)
                (void) pthread_join(threads[i], NULL);
}

/* Sends the key, is told that it needs a certificate, and disconnects. */
static int offer(void) {
        struct wire_reply reply = {};
        int fd = -1;

        request.kind = WIRE_OFFER;
        request.evidence = WIRE_EVIDENCE_NONE;
        if (ask_offer(&server, &request, &reply, &fd) < 0 || fd < 0)
                return EXIT_FAILURE;
        return close(fd) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const char *how) {
        if (strcmp(how, "offer") == 0)
                return offer();
        if (strcmp(how, "whole") == 0)
                present(der, der_len);
        else if (strcmp(how, "unasked") == 0)
                present((const uint8_t *) "none", 4);
        else if (strcmp(how, "vouch") == 0) {
                request.evidence = WIRE_VOUCHED;
                memcpy(request.service, "web", 4);
                present(der, der_len);
        } else if (strcmp(how, "cut") == 0)
                for (size_t len = 0; len < der_len; len += 13)
                        present(der, len);
        else if (strcmp(how, "spoil") == 0)
                for (size_t at = 0; at < der_len; at += 7)
                        spoil(at, 1);
        else if (strcmp(how, "storm") == 0)
                run_storm();
        else
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        char line[256] = "";
        FILE *f;

        if (argc != 5 || !fgets(line, sizeof(line), stdin))
                return EXIT_FAILURE;
        line[strcspn(line, "\n")] = '\0';
        f = fopen(argv[4], "re");
        if (!f || strlen(line) != KEYTEXT_LEN)
                return EXIT_FAILURE;
        der_len = fread(der, 1, sizeof(der), f);
        (void) fclose(f);
        server = (struct ask_server){ .path = argv[1], .uid = 0, .timeout_ms = 10000 };
        if (secure_getenv("SERVER_UID"))
                server.uid = (uid_t) strtoul(secure_getenv("SERVER_UID"), NULL, 10);
        request.kind = WIRE_VERIFY;
        request.evidence = WIRE_SHOWN;
        memcpy(request.key.text, line, KEYTEXT_LEN + 1);
        (void) snprintf(request.user, sizeof(request.user), "%s", argv[2]);
        if (run(argv[3]) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        (void) printf("accepted %u\n", atomic_load(&accepted));
        if (atomic_load(&undecided) + atomic_load(&broken) > 0)
                (void) printf("undecided %u\n", atomic_load(&undecided) + atomic_load(&broken));
        return EXIT_SUCCESS;
}
