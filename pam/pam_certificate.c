/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds a client certificate for the daemon, or asks the user for one. It must not parse a
 * certificate and must not decide about one: only the daemon's helper does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "certtext.h"
#include "keytext.h"
#include "pam_certificate.h"
#include "pam_token.h"

/* The first byte of a certificate. The daemon checks the rest. */
#define DER_SEQUENCE 0x30

/* Without the blanks and line ends behind it. */
static size_t text_len(const char *text) {
        return keytext_trim(text, strlen(text));
}

/* A text that is not meant to be a certificate ("nocert", "-") counts as no certificate, unless
 * ${insist}. One that is too long was meant to be one. */
static void take_text(struct pam_certificate *certificate, enum wire_evidence evidence,
                      const char *text, bool insist) {
        size_t len = text_len(text);
        ssize_t n;

        if (len == 0)
                return;
        n = certtext_decode(text, len, certificate->bytes, sizeof(certificate->bytes));
        if (n > 0 && certificate->bytes[0] == DER_SEQUENCE)
                certificate->len = (size_t) n;
        else if (!insist && n != -EMSGSIZE && !strstr(text, "BEGIN"))
                return;
        certificate->evidence = evidence;
}

/* sshd names the key that its user authenticated with. Any other service gives a certificate, and
 * says by that that its client has the private key. */
static void take_env(struct pam_certificate *certificate, const char *text) {
        ssize_t n = certtext_decode_ssh(text, strlen(text), certificate->bytes,
                                        sizeof(certificate->bytes));

        if (n > 0) {
                certificate->evidence = WIRE_VOUCHED_SSH;
                certificate->len = (size_t) n;
        } else
                take_text(certificate, WIRE_VOUCHED, text, false);
}

void pam_certificate_find(pam_handle_t *pamh, const struct pam_args *args, const char *behind_key,
                          struct pam_certificate *ret) {
        const char *text;

        ret->evidence = WIRE_EVIDENCE_NONE;
        ret->len = ret->signature_len = 0;
        if (behind_key)
                take_text(ret, WIRE_SHOWN, behind_key, true);
        if (ret->evidence == WIRE_EVIDENCE_NONE && args->certificate_env) {
                text = pam_getenv(pamh, args->certificate_env);
                if (text)
                        take_env(ret, text);
        }
        /* In a setuid or setgid program the environment is the caller's. secure_getenv() then finds
         * nothing. */
        if (ret->evidence == WIRE_EVIDENCE_NONE && args->certificate_process_env) {
                text = secure_getenv(args->certificate_process_env);
                if (text)
                        take_env(ret, text);
        }
}

static void take_proof(struct pam_certificate *certificate, const char *text) {
        struct challenge_answer answer;

        certificate->evidence = WIRE_SHOWN; /* if the answer cannot be read */
        if (!challenge_answer_parse(text, &answer))
                return;
        certificate->evidence = answer.evidence;
        certificate->len = answer.certificate_len;
        certificate->signature_len = answer.signature_len;
        memcpy(certificate->bytes, answer.certificate, answer.certificate_len);
        memcpy(certificate->signature, answer.signature, answer.signature_len);
}

/* The prompt is one line: clients differ in how they show line ends. */
static void format_prompt(char *out, size_t size, const char *challenge) {
        static const char before[] = "Sign ", after[] = ": ";
        size_t len = strlen(challenge);

        if (sizeof(before) + len + sizeof(after) > size)
                return;
        memcpy(out, before, sizeof(before) - 1);
        memcpy(out + sizeof(before) - 1, challenge, len);
        memcpy(out + sizeof(before) - 1 + len, after, sizeof(after));
}

enum outcome pam_certificate_ask(pam_handle_t *pamh, const struct pam_args *args,
                                 const char *challenge, struct pam_certificate *ret) {
        __attribute__((cleanup(pam_token_answer_free))) struct pam_response *answer = NULL;
        char prompt[CHALLENGE_TEXT_LEN + 16] = "Certificate: ";
        enum outcome outcome;

        ret->evidence = WIRE_EVIDENCE_NONE;
        ret->len = ret->signature_len = 0;
        if (args->certificate_proof)
                format_prompt(prompt, sizeof(prompt), challenge);
        outcome = pam_token_ask(pamh, prompt, &answer);
        if (outcome != OUTCOME_ALLOW)
                return outcome;
        if (!answer || !answer->resp || text_len(answer->resp) == 0)
                return OUTCOME_ALLOW;
        if (args->certificate_proof)
                take_proof(ret, answer->resp);
        else
                take_text(ret, WIRE_SHOWN, answer->resp, true);
        return OUTCOME_ALLOW;
}

void pam_certificate_show(const struct pam_certificate *certificate, struct wire_request *req) {
        req->evidence = certificate->evidence;
        req->certificate = certificate->bytes;
        req->certificate_len = certificate->len;
        req->signature = certificate->signature;
        req->signature_len = certificate->signature_len;
}
