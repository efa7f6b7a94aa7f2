/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers the challenge of a login by a signature. Asks no daemon; the private key stays in
 * signkey or in the agent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "challenge.h"
#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "draw/json.h"
#include "pki/agent.h"
#include "pki/certfile.h"
#include "pki/cmd_sign.h"
#include "pki/signkey.h"
#include "pki/typed.h"
#include "text.h"

#define AGENT "agent:"

/* A challenge and its line end. */
#define LINE_MAX (CHALLENGE_TEXT_LEN + 2)

struct job {
        const struct args *args;
        char challenge[LINE_MAX];
        bool from_stdin; /* the challenge came from there */
        struct certfile certificate;
        struct signkey *key;
        struct agent *agent;
        struct signkey_public public;
        struct signkey_signature signature;
};

static void job_done(struct job *job) {
        certfile_done(&job->certificate);
        signkey_free(job->key);
        agent_free(job->agent);
}

/* --- The challenge --- */

/* Reads the first line of standard input and not a byte more: a passphrase may follow. */
static enum exit_code read_line(char line[static LINE_MAX]) {
        size_t len = 0;
        ssize_t n = 0;

        say_note("Challenge:");
        while (len + 1 < LINE_MAX && (len == 0 || line[len - 1] != '\n')) {
                n = read(STDIN_FILENO, line + len, 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                len++;
        }
        if (n < 0) {
                say_error("cannot read the challenge: %s", strerror(errno));
                return CTL_FAILED;
        }
        line[len] = '\0';
        if (!memchr(line, 0, len) && strcspn(line, "\r\n") > 0) {
                line[strcspn(line, "\r\n")] = '\0';
                return CTL_OK;
        }
        say_error("there is no challenge on standard input");
        return CTL_USAGE;
}

/* Messages repeat the text only when it cannot be a secret. */
static enum exit_code check_challenge(const char *text) {
        char user[WIRE_USER_MAX + 1], service[WIRE_SERVICE_MAX + 1];
        _cleanup_free_ char *shown_user = NULL, *shown_service = NULL;

        if (challenge_parse(text, user, service)) {
                say_line("signing a login of %s to %s", harmless(user, &shown_user),
                         service[0] ? harmless(service, &shown_service)
                                    : "a service without a name");
                return CTL_OK;
        }
        if (strncmp(text, "wfk_", 4) == 0)
                say_error("this is an API key, not a challenge: keep it secret");
        else if (strncmp(text, "wfc_", 4) == 0)
                say_error("the challenge is damaged: copy all of it, from wfc_ to the name of the "
                          "user");
        else
                say_error("this is not a challenge. A challenge is one word that ends with the "
                          "service and the user: wfc_...:SERVICE:USER");
        return CTL_USAGE;
}

static enum exit_code read_challenge(struct job *job) {
        enum exit_code rc = CTL_OK;

        job->from_stdin = job->args->n_words == 0;
        if (job->from_stdin)
                rc = read_line(job->challenge);
        else if (!text_copy(job->challenge, sizeof(job->challenge), job->args->words[0])) {
                say_error("the challenge is too long to be one");
                rc = CTL_USAGE;
        }
        return rc != CTL_OK ? rc : check_challenge(job->challenge);
}

/* --- The key --- */

/* Asks for the passphrase of a key; see signkey_ask_t. */
static int ask_passphrase(char *buf, int size, _unused_ int writing, _unused_ void *userdata) {
        size_t len = 0;
        int r = prompt_read_terminal("Passphrase of the private key: ", buf, (size_t) size, &len);

        if (r < 0 || len == 0 || len == (size_t) size) {
                explicit_bzero(buf, (size_t) size);
                if (r < 0)
                        say_error("the private key needs a passphrase, and there is no terminal to "
                                  "ask for it: %s",
                                  strerror(-r));
                else
                        say_error("the passphrase was not read: it is too long, or there is none");
                return -1;
        }
        if (buf[len - 1] == '\n')
                buf[--len] = '\0';
        return (int) len;
}

static enum exit_code load_key(struct job *job) {
        const char *key = args_value(job->args, "key"),
                   *provider = args_value(job->args, "provider");
        struct agent_choice choice = {};
        enum exit_code rc;

        if (strncmp(key, AGENT, strlen(AGENT)) != 0) {
                rc = signkey_load(key, provider, ask_passphrase, &job->key);
                return rc != CTL_OK ? rc : signkey_get_public(job->key, &job->public);
        }
        if (provider) {
                say_error("--provider has no effect on an SSH agent: leave it out");
                return CTL_USAGE;
        }
        choice.selector = key + strlen(AGENT);
        if (job->certificate.n > 0) {
                choice.der = job->certificate.cert[0].der;
                choice.len = job->certificate.cert[0].len;
        }
        rc = agent_open(&choice, &job->agent);
        if (rc == CTL_OK)
                agent_get_public(job->agent, &job->public);
        return rc;
}

static enum exit_code check_certificate(const struct job *job) {
        const struct certfile_cert *cert = job->certificate.cert;

        if (job->certificate.n == 0 || signkey_is_of(&job->public, cert->der, cert->len))
                return CTL_OK;
        say_error("%s is not the certificate of this private key", job->certificate.name);
        return CTL_USAGE;
}

static enum exit_code make_signature(struct job *job) {
        char message[CHALLENGE_MESSAGE_LEN];
        size_t len = challenge_message(message, job->challenge);
        enum exit_code rc = job->agent ? agent_sign(job->agent, message, len, &job->signature)
                                       : signkey_sign(job->key, message, len, &job->signature);

        if (rc != CTL_OK || signkey_verify(&job->public, message, len, &job->signature))
                return rc;
        say_error("the new signature is wrong: the key, or the device that holds it, is faulty");
        return CTL_FAILED;
}

/* --- The answer --- */

static enum exit_code print_answer(const struct job *job) {
        char answer[BASE64_LEN(WIRE_CERTIFICATE_MAX) + 1 + BASE64_LEN(WIRE_SIGNATURE_MAX) + 1];
        uint8_t hash[SIGNKEY_HASH_LEN];
        size_t len;

        if (job->certificate.n > 0)
                base64_encode(job->certificate.cert[0].der, job->certificate.cert[0].len, answer);
        else if (signkey_hash(job->public.der, job->public.len, hash))
                base64_encode(hash, sizeof(hash), answer);
        else {
                say_error("OpenSSL cannot do SHA-256");
                return CTL_FAILED;
        }
        len = strlen(answer);
        answer[len++] = '.';
        base64_encode(job->signature.bytes, job->signature.len, answer + len);
        if (job->args->json)
                json_one_text("answer", answer);
        else
                puts(answer);
        typed_warn("the answer", strlen(answer),
                   job->certificate.n > 0
                           ? "register the certificate ('cert add') and leave out --certificate"
                           : "use an Ed25519 or EC key");
        return CTL_OK;
}

enum exit_code cmd_sign(const struct args *args) {
        _cleanup_(job_done) struct job job = { .args = args };
        const char *key = args_value(args, "key"), *certificate = args_value(args, "certificate");
        enum exit_code rc;

        if (!key || !*key) {
                say_error("--key is missing: --key=FILE, --key=URI or --key=agent:");
                return CTL_USAGE;
        }
        if (certificate && strcmp(certificate, "-") == 0 && args->n_words == 0) {
                say_error("standard input can be the challenge or the certificate, not both");
                return CTL_USAGE;
        }
        rc = read_challenge(&job);
        if (rc == CTL_OK && certificate)
                rc = certfile_read_client(certificate, &job.certificate);
        if (rc == CTL_OK)
                rc = load_key(&job);
        if (rc == CTL_OK)
                rc = check_certificate(&job);
        if (rc == CTL_OK)
                rc = make_signature(&job);
        return rc != CTL_OK ? rc : print_answer(&job);
}
