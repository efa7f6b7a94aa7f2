/* SPDX-License-Identifier: BSD-2-Clause */
/* What the module reads in the processes of services: its options, base64, certificates as text,
 * challenges and the answers to them. The first byte says which. What is accepted has one form, or
 * gives the same when it is written and read again. */
#include "fuzz.h"

#include <errno.h>

#include "base64.h"
#include "certtext.h"
#include "challenge.h"
#include "pam_args.h"

#define ARGS_MAX 12

/* --- Base64 --- */

static void check_bytes(const uint8_t *bytes, size_t n) {
        char *text = malloc(BASE64_LEN(n) + 1);
        uint8_t *back = malloc(n + 1);

        must(text && back);
        base64_encode(bytes, n, text);
        must(strlen(text) == BASE64_LEN(n));
        must(base64_decode(text, strlen(text), back, n + 1) == (ssize_t) n);
        must(memcmp(back, bytes, n) == 0);
        must(n == 0 || base64_decode(text, strlen(text), back, n - 1) == -EMSGSIZE);
        free(text);
        free(back);
}

static void try_base64(const struct fuzz *f) {
        char *text = fuzz_text(f), *again;
        uint8_t *bytes = malloc(f->left + 1);
        size_t digits = 0;
        ssize_t n;

        must(bytes != NULL);
        check_bytes((const uint8_t *) text, f->left);
        n = base64_decode(text, f->left, bytes, f->left + 1);
        if (n >= 0) {
                check_bytes(bytes, (size_t) n);
                again = malloc(BASE64_LEN((size_t) n) + 1);
                must(again != NULL);
                base64_encode(bytes, (size_t) n, again);
                /* Its digits, in the alphabet for URLs, are those of the text. */
                for (size_t i = 0; i < f->left; i++) {
                        char c = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];

                        if (!strchr(" \t\r\n=", c))
                                must(again[digits++] == c);
                }
                must(again[digits] == '\0');
                free(again);
        }
        free(bytes);
        free(text);
}

/* --- Certificates as text --- */

static void escape(const uint8_t *bytes, size_t n, char *out) {
        for (size_t i = 0; i < n; i++)
                out += sprintf(out, "%%%02x", bytes[i]);
        *out = '\0';
}

/* The bytes, in each form that a service may hand on. */
static void try_forms(const struct fuzz *f) {
        size_t n = f->left < 1000 ? f->left : 1000, room = BASE64_LEN(n) + 200;
        char *plain = malloc(room), *pem = malloc(room), *escaped = malloc(3 * room);
        uint8_t *back = malloc(n + 1);

        must(plain && pem && escaped && back && n > 0);
        base64_encode(f->at, n, plain);
        must(certtext_decode(plain, strlen(plain), back, n) == (ssize_t) n &&
             memcmp(back, f->at, n) == 0);
        (void) snprintf(pem, room,
                        "x\n-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", plain);
        must(certtext_decode(pem, strlen(pem), back, n) == (ssize_t) n &&
             memcmp(back, f->at, n) == 0);
        escape((const uint8_t *) pem, strlen(pem), escaped);
        must(certtext_decode(escaped, strlen(escaped), back, n) == (ssize_t) n &&
             memcmp(back, f->at, n) == 0);
        (void) snprintf(pem, room, "password\npublickey ssh-x %s\npublickey ssh-y AAAA\n", plain);
        must(certtext_decode_ssh(pem, strlen(pem), back, n) == (ssize_t) n &&
             memcmp(back, f->at, n) == 0);
        must(certtext_decode(plain, strlen(plain), back, n - 1) == -EMSGSIZE);
        free(plain);
        free(pem);
        free(escaped);
        free(back);
}

static void try_certtext(const struct fuzz *f) {
        char *text = fuzz_text(f);
        uint8_t bytes[256];
        ssize_t n = certtext_decode(text, f->left, bytes, sizeof(bytes));

        must(n != 0 && n <= (ssize_t) sizeof(bytes));
        n = certtext_decode_ssh(text, f->left, bytes, sizeof(bytes));
        must(n != 0 && n <= (ssize_t) sizeof(bytes));
        must(n < 0 || strstr(text, "publickey ") || strlen(text) < f->left);
        if (f->left > 0)
                try_forms(f);
        free(text);
}

/* --- Challenges --- */

static void try_challenge(struct fuzz f) {
        char *text = fuzz_text(&f), user[WIRE_USER_MAX + 1], service[WIRE_SERVICE_MAX + 1];
        char again[CHALLENGE_TEXT_LEN], user2[WIRE_USER_MAX + 1], service2[WIRE_SERVICE_MAX + 1];
        uint8_t nonce[WIRE_CHALLENGE_LEN] = {};

        if (challenge_parse(text, user, service)) {
                must(base64_decode(text + 4, CHALLENGE_NONCE_LEN, nonce, sizeof(nonce)) == 32);
                challenge_format(again, nonce, user, service);
                must(strcmp(again, text) == 0 && user[0]);
        }
        free(text);
        for (size_t i = 0; i < sizeof(nonce); i++)
                nonce[i] = fuzz_byte(&f);
        fuzz_string(&f, user, sizeof(user));
        fuzz_string(&f, service, sizeof(service));
        challenge_format(again, nonce, user, service);
        must(challenge_parse(again, user2, service2) == (user[0] != '\0'));
        must(!user[0] || (strcmp(user, user2) == 0 && strcmp(service, service2) == 0));
        must(strspn(again, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:%") ==
             strlen(again));
}

static void try_answer(const struct fuzz *f) {
        static struct challenge_answer answer;
        char *text = fuzz_text(f);

        if (challenge_answer_parse(text, &answer)) {
                must(answer.certificate_len > 0 && answer.certificate_len <= WIRE_CERTIFICATE_MAX);
                must(answer.signature_len > 0 && answer.signature_len <= WIRE_SIGNATURE_MAX);
                must((answer.evidence == WIRE_SIGNED_KEY) ==
                     (answer.certificate_len == WIRE_KEY_HASH_LEN));
                must(answer.evidence == WIRE_SIGNED || answer.evidence == WIRE_SIGNED_KEY);
        }
        free(text);
}

/* --- Options --- */

static bool is_same(const struct pam_args *a, const struct pam_args *b) {
        return a->socket == b->socket && a->prompt == b->prompt && a->timeout_ms == b->timeout_ms &&
               a->server_uid == b->server_uid && a->use_first_pass == b->use_first_pass &&
               a->debug == b->debug && a->issue == b->issue && a->warn == b->warn &&
               a->certificate_field == b->certificate_field &&
               a->certificate_prompt == b->certificate_prompt &&
               a->certificate_proof == b->certificate_proof &&
               a->certificate_env == b->certificate_env &&
               a->certificate_process_env == b->certificate_process_env;
}

static bool knows(const char *word, bool session) {
        struct pam_args args;
        const char *bad;

        return pam_args_parse(1, &word, session, &args, &bad) >= 0;
}

/* A line is right when each of its words is, and the user is asked one question at most. A session
 * knows all that others know. */
static void try_args(const struct fuzz *f) {
        char *text = fuzz_text(f), *rest = text;
        const char *argv[ARGS_MAX] = {}, *bad = NULL;
        struct pam_args args = {}, session = {};
        bool right = true, prompt = false, proof = false;
        int argc = 0, r;

        while (rest && argc < ARGS_MAX)
                argv[argc++] = strsep(&rest, "\n");
        r = pam_args_parse(argc, argv, false, &args, &bad);
        for (int i = 0; i < argc; i++) {
                right &= knows(argv[i], false);
                prompt |= strcmp(argv[i], "certificate=prompt") == 0;
                proof |= strcmp(argv[i], "certificate=proof") == 0;
                must(knows(argv[i], true) || !knows(argv[i], false));
        }
        must((r == 0) == (right && !(prompt && proof)));
        if (r < 0) {
                must(r == -EINVAL && bad && (!right || strncmp(bad, "certificate=", 12) == 0));
                must(is_same(&args, &(struct pam_args){}));
        } else {
                must(args.socket[0] == '/' && args.timeout_ms > 0 && args.server_uid != (uid_t) -1);
                must(!args.issue && !args.warn);
                must(!args.certificate_env || !strchr(args.certificate_env, '='));
                must(pam_args_parse(argc, argv, true, &session, &bad) == 0);
                must(is_same(&args, &session));
        }
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size };

        switch (fuzz_byte(&f)) {
        case 'b':
                try_base64(&f);
                break;
        case 't':
                try_certtext(&f);
                break;
        case 'c':
                try_challenge(f);
                break;
        case 'a':
                try_answer(&f);
                break;
        default:
                try_args(&f);
        }
        return 0;
}
