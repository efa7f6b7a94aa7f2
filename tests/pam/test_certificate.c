/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the module finds a certificate, when it asks for one, and what it sends to the daemon. Real
 * module, real libpam, and a stand-in for the daemon that keeps the requests. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "login.h"
#include "suite.h"

#define CHALLENGE "wfc_wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8:svc:"
#define NONE      ((size_t) -1)

/* DER and PEM are not a certificate, but begin like one. BLOB is a public key of SSH. */
static const uint8_t der[] = { 0x30, 0x02, 0x01, 0x00 };
#define DER  "MAIBAA"
#define PEM  "-----BEGIN CERTIFICATE-----\nMAIBAA==\n-----END CERTIFICATE-----\n"
#define BLOB "AAAAC3NzaC1lZDI1NTE5"

static void open_with(struct login *l, const char *options) {
        world_service(&world, "svc",
                      "auth required %s %s\n"
                      "account required %s %s\n",
                      ours, options, ours, options);
        login_open(l, &world, "svc", world.user);
}

static void check_evidence(enum wire_evidence evidence, size_t len) {
        struct wire_request req = standin_decode(&standin);

        assert_int_equal(req.evidence, evidence);
        assert_int_equal(req.certificate_len, len);
        assert_string_equal(req.user, world.user);
        if (len == sizeof(der))
                assert_memory_equal(req.certificate, der, sizeof(der));
}

/* --- Without a question --- */

static const struct source {
        const char *name, *options;
        const char *typed; /* after the key; NULL for nothing */
        /* The value of the variable CERT; NULL when there is no such variable. */
        const char *pam, *process;
        enum wire_evidence evidence;
        size_t len; /* NONE: the daemon is not asked */
} sources[] = {
        { "no option, nothing typed", .options = "", .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "no option, one typed", .options = "", .typed = "." DER, .evidence = WIRE_EVIDENCE_NONE,
          .len = NONE },
        { "no option, a point typed", .options = "", .typed = ".", .evidence = WIRE_EVIDENCE_NONE,
          .len = NONE },
        { "field", .options = "certificate=field", .typed = "." DER, .evidence = WIRE_SHOWN,
          .len = 4 },
        { "field, nothing typed", .options = "certificate=field", .evidence = WIRE_EVIDENCE_NONE,
          .len = 0 },
        { "field, empty", .options = "certificate=field", .typed = ".",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "field, and a line end", .options = "certificate=field", .typed = "." DER "\r\n",
          .evidence = WIRE_SHOWN, .len = 4 },
        { "field, empty, and a line end", .options = "certificate=field", .typed = ".\r\n",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "field, no certificate", .options = "certificate=field", .typed = ".junk",
          .evidence = WIRE_SHOWN, .len = 0 },
        { "field, no base64", .options = "certificate=field", .typed = ".*", .evidence = WIRE_SHOWN,
          .len = 0 },
        { "field, escaped", .options = "certificate=field", .typed = ".MAIBAA%3D%3D",
          .evidence = WIRE_SHOWN, .len = 4 },
        { "field, PEM", .options = "certificate=field", .typed = "." PEM, .evidence = WIRE_SHOWN,
          .len = 4 },
        { "field, another separator", .options = "certificate=field", .typed = ":" DER,
          .evidence = WIRE_EVIDENCE_NONE, .len = NONE },
        { "field, no separator", .options = "certificate=field", .typed = DER,
          .evidence = WIRE_EVIDENCE_NONE, .len = NONE },
        { "environment", .options = "certificate=env:CERT", .pam = PEM, .evidence = WIRE_VOUCHED,
          .len = 4 },
        { "environment, empty", .options = "certificate=env:CERT", .pam = "",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "environment, none", .options = "certificate=env:CERT", .evidence = WIRE_EVIDENCE_NONE,
          .len = 0 },
        { "environment, a word for none", .options = "certificate=env:CERT", .pam = "nocert",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "environment, damaged", .options = "certificate=env:CERT",
          .pam = "-----BEGIN CERTIFICATE-----", .evidence = WIRE_VOUCHED, .len = 0 },
        { "environment, another variable", .options = "certificate=env:TREC", .pam = PEM,
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "environment, a key of sshd", .options = "certificate=env:CERT",
          .pam = "publickey ssh-ed25519 " BLOB, .evidence = WIRE_VOUCHED_SSH, .len = 15 },
        { "environment, a password of sshd", .options = "certificate=env:CERT", .pam = "password",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "environment of the process", .options = "certificate=process-env:CERT", .process = PEM,
          .evidence = WIRE_VOUCHED, .len = 4 },
        { "not that of the process", .options = "certificate=env:CERT", .process = PEM,
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "not that of PAM", .options = "certificate=process-env:CERT", .pam = PEM,
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "no option, variables", .options = "", .pam = PEM, .process = PEM,
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "the field comes first", .options = "certificate=env:CERT certificate=field",
          .typed = "." DER, .pam = "publickey t " BLOB, .evidence = WIRE_SHOWN, .len = 4 },
        { "an empty field does not", .options = "certificate=env:CERT certificate=field",
          .typed = ".", .pam = "publickey t " BLOB, .evidence = WIRE_VOUCHED_SSH, .len = 15 },
        { "PAM's comes before the process'",
          .options = "certificate=process-env:CERT certificate=env:CERT", .pam = PEM,
          .process = "publickey t " BLOB, .evidence = WIRE_VOUCHED, .len = 4 },
};

static void test_source(void **state) {
        const struct source *source = *state;
        char token[KEYTEXT_LEN + 128], variable[256];
        struct login l;

        standin_answer(&standin, VERDICT_ALLOW);
        (void) snprintf(token, sizeof(token), "%s%s", key.text, source->typed ? source->typed : "");
        if (source->process)
                assert_int_equal(setenv("CERT", source->process, 1), 0);
        open_with(&l, source->options);
        if (source->pam) {
                (void) snprintf(variable, sizeof(variable), "CERT=%s", source->pam);
                assert_pam(pam_putenv(l.pamh, variable), PAM_SUCCESS);
        }
        assert_pam(login_try(&l, token), source->len == NONE ? PAM_AUTH_ERR : PAM_SUCCESS);
        assert_int_equal(l.calls, 1);
        assert_int_equal(standin_asked(&standin), source->len == NONE ? 0 : 1);
        if (source->len != NONE) {
                check_evidence(source->evidence, source->len);
                assert_int_equal(standin_decode(&standin).kind, WIRE_VERIFY);
                assert_string_equal(standin_decode(&standin).key.text, key.text);
        }
        login_close(&l);
        assert_int_equal(unsetenv("CERT"), 0);
}

static void test_longest(void **state) {
        uint8_t *bytes = calloc(1, WIRE_CERTIFICATE_MAX + 1);
        char *text = calloc(1, 16384);

        (void) state;
        assert_true(bytes && text);
        bytes[0] = 0x30;
        standin_answer(&standin, VERDICT_ALLOW);
        for (size_t more = 0; more < 2; more++) {
                size_t len = WIRE_CERTIFICATE_MAX + more;
                struct login l;

                base64_encode(bytes, len, text);
                open_with(&l, "certificate=process-env:CERT");
                assert_int_equal(setenv("CERT", text, 1), 0);
                assert_pam(login_try(&l, key.text), PAM_SUCCESS);
                /* One that is too long is not said to be missing. */
                check_evidence(WIRE_VOUCHED, more ? 0 : len);
                login_close(&l);
        }
        assert_int_equal(unsetenv("CERT"), 0);
        free(bytes);
        free(text);
        (void) standin_asked(&standin);
}

/* --- Questions --- */

static const struct question {
        /* The answer to the question; NULL is an answer without a text. */
        const char *name, *option, *typed;
        enum wire_evidence evidence;
        size_t len, signature_len;
} questions[] = {
        { "prompt, base64", .option = "certificate=prompt", .typed = DER, .evidence = WIRE_SHOWN,
          .len = 4 },
        { "prompt, PEM", .option = "certificate=prompt", .typed = PEM, .evidence = WIRE_SHOWN,
          .len = 4 },
        { "prompt, nothing", .option = "certificate=prompt", .typed = "",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "prompt, a line end", .option = "certificate=prompt", .typed = "\r\n",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "prompt, no text", .option = "certificate=prompt", .evidence = WIRE_EVIDENCE_NONE,
          .len = 0 },
        { "prompt, no certificate", .option = "certificate=prompt", .typed = "I have none",
          .evidence = WIRE_SHOWN, .len = 0 },
        { "prompt, a proof", .option = "certificate=prompt", .typed = DER ".Zm9v",
          .evidence = WIRE_SHOWN, .len = 0 },
        { "proof", .option = "certificate=proof", .typed = DER ".Zm9v", .evidence = WIRE_SIGNED,
          .len = 4, .signature_len = 3 },
        { "proof, by hash", .option = "certificate=proof",
          .typed = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY.Zm9vYmFy",
          .evidence = WIRE_SIGNED_KEY, .len = 32, .signature_len = 6 },
        { "proof, nothing", .option = "certificate=proof", .typed = "",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "proof, and a line end", .option = "certificate=proof", .typed = DER ".Zm9v\r\n",
          .evidence = WIRE_SIGNED, .len = 4, .signature_len = 3 },
        { "proof, a line end", .option = "certificate=proof", .typed = "\r\n",
          .evidence = WIRE_EVIDENCE_NONE, .len = 0 },
        { "proof, no text", .option = "certificate=proof", .evidence = WIRE_EVIDENCE_NONE,
          .len = 0 },
        { "proof, no signature", .option = "certificate=proof", .typed = DER,
          .evidence = WIRE_SHOWN, .len = 0 },
        { "proof, an empty signature", .option = "certificate=proof", .typed = DER ".",
          .evidence = WIRE_SHOWN, .len = 0 },
        { "proof, words", .option = "certificate=proof", .typed = "no. really",
          .evidence = WIRE_SHOWN, .len = 0 },
};

static void test_question(void **state) {
        const struct question *question = *state;
        bool proof = strcmp(question->option, "certificate=proof") == 0;
        char prompt[LOGIN_TEXT_MAX] = "Certificate: ";
        struct wire_request req;
        struct login l;

        if (proof)
                (void) snprintf(prompt, sizeof(prompt), "Sign " CHALLENGE "%s: ", world.user);
        standin_answer(&standin, VERDICT_ALLOW);
        standin_offer(&standin, STANDIN_OFFERS);
        open_with(&l, question->option);
        l.certificate = question->typed;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(l.secrets_asked, 1);
        assert_int_equal(l.certificates_asked, 1);
        assert_int_equal(l.calls, 2);
        assert_string_equal(l.certificate_prompt, prompt);
        assert_int_equal(standin_asked(&standin), 1); /* one connection for both */
        req = standin_decode(&standin);
        assert_int_equal(req.kind, WIRE_VERIFY);
        assert_string_equal(req.key.text, key.text);
        check_evidence(question->evidence, question->len);
        assert_int_equal(req.signature_len, question->signature_len);
        /* The next modules find the key as the token. */
        assert_string_equal(login_env(&l, "WFAPIKEY_ID"), "AAAAAAAAAA");
        login_close(&l);
        standin_offer(&standin, STANDIN_OFFERS_NOT);
}

static const char *const asking[] = { "certificate=prompt", "certificate=proof" };

/* The daemon says whether the user is to be asked. */
static void test_not_asked(void **state) {
        static const struct {
                enum verdict verdict;
                int rv;
        } rows[] = { { VERDICT_ALLOW, PAM_SUCCESS },
                     { VERDICT_DENY, PAM_AUTH_ERR },
                     { VERDICT_DENY_CERTIFICATE, PAM_AUTH_ERR },
                     { VERDICT_INTERNAL, PAM_AUTHINFO_UNAVAIL },
                     { VERDICT_VERSION, PAM_AUTHINFO_UNAVAIL } };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(asking); i++)
                for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
                        struct login l;

                        standin_answer(&standin, rows[j].verdict);
                        open_with(&l, asking[i]);
                        assert_pam(login_try(&l, key.text), rows[j].rv);
                        assert_int_equal(l.certificates_asked, 0);
                        assert_int_equal(standin_decode(&standin).kind, WIRE_OFFER);
                        assert_int_equal(standin_asked(&standin), 1);
                        login_close(&l);
                }
}

static void test_not_asked_with_one_at_hand(void **state) {
        char token[KEYTEXT_LEN + 16];
        struct login l;

        (void) state;
        standin_answer(&standin, VERDICT_DENY_CERTIFICATE);
        standin_offer(&standin, STANDIN_OFFERS);
        (void) snprintf(token, sizeof(token), "%s." DER, key.text);
        open_with(&l, "certificate=prompt certificate=field");
        assert_pam(login_try(&l, token), PAM_AUTH_ERR);
        assert_int_equal(l.certificates_asked, 0);
        assert_int_equal(standin_decode(&standin).kind, WIRE_VERIFY);
        check_evidence(WIRE_SHOWN, sizeof(der));
        login_close(&l);
        open_with(&l, "certificate=prompt");
        assert_pam(login_try(&l, "hunter2"), PAM_CRED_UNAVAIL);
        assert_int_equal(l.certificates_asked, 0);
        assert_int_equal(standin_asked(&standin), 1);
        login_close(&l);
        standin_offer(&standin, STANDIN_OFFERS_NOT);
}

static void test_conversation(void **state) {
        static const struct {
                enum login_manner manner;
                int returns, rv;
        } rows[] = { { LOGIN_RETURNS, PAM_CONV_ERR, PAM_AUTHINFO_UNAVAIL },
                     { LOGIN_RETURNS_BOTH, PAM_CONV_ERR, PAM_AUTHINFO_UNAVAIL },
                     { LOGIN_RETURNS, PAM_CONV_AGAIN, PAM_INCOMPLETE },
                     { LOGIN_RETURNS, PAM_BUF_ERR, PAM_AUTHINFO_UNAVAIL },
                     { LOGIN_RETURNS, PAM_IGNORE, PAM_AUTHINFO_UNAVAIL } };

        (void) state;
        standin_answer(&standin, VERDICT_ALLOW);
        standin_offer(&standin, STANDIN_OFFERS);
        for (size_t i = 0; i < ARRAY_LEN(asking); i++)
                for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
                        struct login l;

                        open_with(&l, asking[i]);
                        l.manner_for_certificate = rows[j].manner;
                        l.certificate = DER;
                        l.returns = rows[j].returns;
                        assert_pam(login_try(&l, key.text), rows[j].rv);
                        assert_int_equal(l.certificates_asked, 1);
                        assert_null(login_env(&l, "WFAPIKEY_ID"));
                        assert_int_equal(standin_asked(&standin), 1);
                        /* The application can try again, as after PAM_INCOMPLETE. */
                        l.manner_for_certificate = LOGIN_ANSWERS;
                        l.certificate = DER ".Zm9v";
                        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
                        assert_int_equal(standin_asked(&standin), 1);
                        login_close(&l);
                }
        standin_offer(&standin, STANDIN_OFFERS_NOT);
}

/* --- The sentence --- */

static void check_sentence(struct login *l, unsigned told) {
        assert_int_equal(l->errors, told);
        assert_int_equal(l->infos, 0);
        if (told)
                assert_string_equal(l->error, LOGIN_SENTENCE);
}

static void test_sentence(void **state) {
        static const char *const options[] = { "", "certificate=field", "certificate=prompt",
                                               "certificate=proof" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(options); i++)
                for (int offers = STANDIN_OFFERS_NOT; offers <= STANDIN_OFFERS; offers++) {
                        struct login l;

                        standin_offer(&standin, (enum standin_offers) offers);
                        standin_answer(&standin, VERDICT_DENY_CERTIFICATE);
                        open_with(&l, options[i]);
                        l.certificate = DER;
                        assert_pam(login_try(&l, key.text), PAM_AUTH_ERR);
                        check_sentence(&l, 1);
                        login_forget(&l);
                        l.answer = key.text;
                        assert_pam(pam_authenticate(l.pamh, PAM_SILENT), PAM_AUTH_ERR);
                        check_sentence(&l, 0);
                        login_forget(&l);
                        standin_answer(&standin, VERDICT_DENY);
                        assert_pam(login_try(&l, key.text), PAM_AUTH_ERR);
                        check_sentence(&l, 0);
                        login_close(&l);
                }
        standin_offer(&standin, STANDIN_OFFERS_NOT);
        (void) standin_asked(&standin);
}

/* --- Confirming --- */

static void test_account(void **state) {
        static const struct {
                const char *option, *typed;
                enum wire_evidence evidence;
                size_t len;
        } rows[] = { { "certificate=prompt", DER, WIRE_SHOWN, 4 },
                     { "certificate=proof", DER ".Zm9v", WIRE_SIGNED, 4 },
                     { "certificate=prompt", "", WIRE_EVIDENCE_NONE, 0 } };

        (void) state;
        standin_offer(&standin, STANDIN_OFFERS);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct login l;

                standin_answer(&standin, VERDICT_ALLOW);
                open_with(&l, rows[i].option);
                l.certificate = rows[i].typed;
                assert_pam(login_try(&l, key.text), PAM_SUCCESS);
                login_age();
                login_forget(&l);
                (void) standin_asked(&standin);
                assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
                assert_int_equal(standin_asked(&standin), 1);
                assert_int_equal(l.calls, 0); /* no second question */
                assert_int_equal(standin_decode(&standin).kind, WIRE_CONFIRM);
                check_evidence(rows[i].evidence, rows[i].len);
                assert_int_equal(standin_decode(&standin).signature_len, 0);
                standin_answer(&standin, VERDICT_DENY_CERTIFICATE);
                assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
                /* The login showed it already, or had a certificate. */
                check_sentence(&l, 0);
                standin_answer(&standin, VERDICT_CHALLENGE);
                assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_AUTHINFO_UNAVAIL);
                login_close(&l);
        }
        standin_offer(&standin, STANDIN_OFFERS_NOT);
        (void) standin_asked(&standin);
}

/* --- Daemons that misbehave --- */

static void test_challenge_out_of_place(void **state) {
        struct login l;

        (void) state;
        standin_answer(&standin, VERDICT_CHALLENGE);
        open_with(&l, ""); /* a plain verification */
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(l.certificates_asked, 0);
        login_close(&l);
        standin_offer(&standin, STANDIN_OFFERS);
        for (size_t i = 0; i < ARRAY_LEN(asking); i++) { /* in reply to the second message */
                open_with(&l, asking[i]);
                l.certificate = DER ".Zm9v";
                assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
                assert_int_equal(l.certificates_asked, 1);
                assert_null(login_env(&l, "WFAPIKEY_ID"));
                login_close(&l);
        }
        standin_offer(&standin, STANDIN_OFFERS_NOT);
        (void) standin_asked(&standin);
}

/* The daemon restarts while the user is asked. The module sends a certificate to it once more. A
 * proof is useless then. */
static void test_new_daemon(void **state) {
        struct login l;

        (void) state;
        standin_answer(&standin, VERDICT_ALLOW);
        standin_offer(&standin, STANDIN_OFFERS_AND_HANGS_UP);
        open_with(&l, "certificate=prompt");
        l.certificate = DER;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(standin_asked(&standin), 2);
        assert_int_equal(standin_decode(&standin).kind, WIRE_VERIFY);
        check_evidence(WIRE_SHOWN, sizeof(der));
        login_close(&l);
        open_with(&l, "certificate=proof");
        l.certificate = DER ".Zm9v";
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(standin_asked(&standin), 1);
        login_close(&l);
        standin_offer(&standin, STANDIN_OFFERS_NOT);
}

static void test_dead_daemon(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(asking); i++) {
                struct standin mortal;
                struct login l;

                standin_start(&mortal, &world, "mortal");
                standin_offer(&mortal, STANDIN_OFFERS);
                standin_set(&mortal, STANDIN_DIE);
                world_service(&world, "mortal", "auth required %s socket=%s %s\n", ours,
                              mortal.path, asking[i]);
                login_open(&l, &world, "mortal", world.user);
                l.certificate = DER ".Zm9v";
                assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
                assert_int_equal(l.certificates_asked, 1);
                assert_null(login_env(&l, "WFAPIKEY_ID"));
                login_close(&l);
                standin_stop(&mortal);
        }
}

static void test_both_questions(void **state) {
        struct login l;

        (void) state;
        standin_answer(&standin, VERDICT_ALLOW);
        open_with(&l, "certificate=prompt certificate=proof");
        assert_pam(login_try(&l, "hunter2"), PAM_SERVICE_ERR);
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(l.certificates_asked, 0);
        assert_int_equal(standin_asked(&standin), 0);
        login_close(&l);
}

static void set_up(void) {
        assert_int_equal(unsetenv("CERT"), 0);
}

static const struct suite_test tests[] = {
        ROWS(sources, test_source, "what is shown: "),
        ROWS(questions, test_question, "what is answered: "),
        CASE(test_longest, "the longest certificate is shown, a longer one is none"),
        CASE(test_not_asked, "nobody is asked unless the daemon wants it"),
        CASE(test_not_asked_with_one_at_hand, "nobody is asked who has shown one, or has no key"),
        CASE(test_conversation, "conversations that fail at the second question"),
        CASE(test_sentence, "a refusal for a certificate has its sentence, to the letter"),
        CASE(test_account, "account repeats the evidence, without the signature"),
        CASE(test_challenge_out_of_place, "a challenge that nobody wanted is no answer"),
        CASE(test_new_daemon, "a daemon that was started anew while the user was asked"),
        CASE(test_dead_daemon, "a daemon that died while the user was asked"),
        CASE(test_both_questions, "two questions are a bad option"),
};

const struct suite suite = {
        .name = "certificate",
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};
