/* SPDX-License-Identifier: BSD-2-Clause */
/* The entry points of the module, with any options, users, texts and answers, and every call of
 * libpam that fails as it likes. authenticate succeeds only after an allow for this user and
 * service, with the key that the user gave. account succeeds only for the user of such a login, and
 * without a new allow only for what that one was given for. Neither of them lets others decide
 * about a key. */
#include <stdarg.h>

#include "proof.h"

#define _public_
#include "pam_wfapikey.c" /* for its static functions */

static char user[2], service[2], rhost[2]; /* what PAM says, in one letter */
static uid_t server_uid;
static bool asked, allowed;
static bool gave_key;
static struct pam_login noted;
static bool has_login, is_fresh, remembered;

static int any_code(void) {
        return nondet_bool() ? PAM_SUCCESS : nondet_int();
}

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...) {
        (void) pamh, (void) priority, (void) format;
}

int pam_get_item(const pam_handle_t *pamh, int type, const void **item) {
        (void) pamh;
        *item = type == PAM_SERVICE ? service
                : type == PAM_RHOST ? rhost
                : nondet_bool()     ? NULL
                                    : user;
        return any_code();
}

int pam_get_user(pam_handle_t *pamh, const char **ret, const char *prompt) {
        (void) pamh, (void) prompt;
        *ret = nondet_bool() ? NULL : user;
        return any_code();
}

const char *pam_getenv(pam_handle_t *pamh, const char *name) {
        (void) pamh, (void) name;
        return nondet_bool() ? "x" : NULL;
}

char *strerrordesc_np(int error) {
        (void) error;
        return "error";
}

const char *verdict_reason_text(enum reason reason) {
        (void) reason;
        return "reason";
}

bool text_copy(char *out, size_t size, const char *in) {
        prove(writable(out, size));
        if (nondet_bool())
                return false;
        out[0] = in[0];
        out[1] = '\0';
        return true;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret) {
        (void) text, (void) max;
        *ret = min;
        return nondet_bool() ? 0 : -EINVAL;
}

int pam_args_parse(int argc, const char *const *argv, bool session, struct pam_args *ret,
                   const char **bad) {
        (void) argc, (void) argv, (void) session;
        *bad = "x";
        if (nondet_bool())
                return -EINVAL;
        any(ret);
        ret->socket = "/x";
        server_uid = ret->server_uid;
        return 0;
}

enum outcome pam_token_get(pam_handle_t *pamh, const struct pam_args *args, struct secret *ret,
                           const char **behind) {
        enum outcome outcome = (enum outcome) nondet_unsigned();

        (void) pamh, (void) args, (void) behind;
        gave_key = nondet_bool();
        grant(outcome != OUTCOME_ALLOW || gave_key);
        ret->text[0] = gave_key ? 'w' : '\0';
        return outcome;
}

void pam_token_show(pam_handle_t *pamh, const struct secret *key, const char *name) {
        (void) pamh, (void) key, (void) name;
}

void pam_token_warn(pam_handle_t *pamh, const char *n, const char *id) {
        (void) pamh, (void) n, (void) id;
}

void pam_token_want_certificate(pam_handle_t *pamh, int flags) {
        (void) pamh, (void) flags;
}

void pam_certificate_find(pam_handle_t *pamh, const struct pam_args *args, const char *behind,
                          struct pam_certificate *ret) {
        (void) pamh, (void) args, (void) behind;
        ret->evidence = (enum wire_evidence) nondet_unsigned();
        ret->len = ret->signature_len = 0;
}

enum outcome pam_certificate_ask(pam_handle_t *pamh, const struct pam_args *args,
                                 const char *challenge, struct pam_certificate *ret) {
        (void) challenge;
        pam_certificate_find(pamh, args, NULL, ret);
        ret->signature_len = nondet_size();
        return (enum outcome) nondet_unsigned();
}

void pam_certificate_show(const struct pam_certificate *certificate, struct wire_request *req) {
        req->evidence = certificate->evidence;
        req->certificate_len = certificate->len;
        req->signature_len = certificate->signature_len;
}

void challenge_format(char out[static CHALLENGE_TEXT_LEN], const uint8_t *challenge,
                      const char *name, const char *of) {
        (void) challenge, (void) name, (void) of;
        out[0] = '\0';
}

int64_t ask_now_ms(void) {
        return nondet_int64();
}

/* The daemon answers anything, and that is an answer only without an error. */
static int answer(const struct wire_request *req, struct wire_reply *ret) {
        int r = nondet_bool() ? 0 : -1;

        prove(req->user[0] == user[0]);
        /* A service that libpam does not tell is none. */
        prove(req->service[0] == service[0] || !req->service[0]);
        prove(req->kind == WIRE_CONFIRM || req->kind == WIRE_ISSUE || req->kind == WIRE_WARN ||
              req->key.text[0] != '\0');
        ret->verdict = (enum verdict) nondet_unsigned();
        asked = true;
        allowed = r == 0 && ret->verdict == VERDICT_ALLOW &&
                  (req->kind == WIRE_VERIFY || req->kind == WIRE_OFFER ||
                   (req->kind == WIRE_CONFIRM && req->id[0] == noted.id[0]));
        return r;
}

int ask_verdict(const struct ask_server *server, const struct wire_request *req,
                struct wire_reply *ret) {
        (void) server;
        prove(req->kind != WIRE_OFFER);
        return answer(req, ret);
}

int ask_offer(const struct ask_server *server, const struct wire_request *req,
              struct wire_reply *ret, int *ret_fd) {
        int r = answer(req, ret);

        (void) server;
        *ret_fd = r == 0 && ret->verdict == VERDICT_CHALLENGE ? 5 : -1;
        return r;
}

int ask_again(const struct ask_server *server, int fd, const struct wire_request *req,
              struct wire_reply *ret) {
        (void) server;
        prove(fd == 5 && req->kind == WIRE_VERIFY);
        return answer(req, ret) == 0 ? 0 : nondet_bool() ? -ECONNRESET : -EBADMSG;
}

bool pam_login_remember(pam_handle_t *pamh, const struct ask_server *server,
                        const struct wire_request *req, const struct wire_reply *reply) {
        (void) pamh, (void) server, (void) req, (void) reply;
        prove(asked && allowed);
        remembered = nondet_bool();
        return remembered;
}

void pam_login_forget(pam_handle_t *pamh) {
        (void) pamh;
        has_login = false;
}

const struct pam_login *pam_login_get(pam_handle_t *pamh) {
        (void) pamh;
        return has_login ? &noted : NULL;
}

bool pam_login_is_fresh(const struct pam_login *login) {
        (void) login;
        return is_fresh;
}

static void prove_authenticate(pam_handle_t *pamh) {
        int code = pam_sm_authenticate(pamh, nondet_int(), 0, NULL);

        prove(code != PAM_SUCCESS || (asked && allowed && gave_key && remembered));
        prove(code != PAM_IGNORE);
        prove(!has_login);
        /* What the documented stack does not give to the modules below. */
        prove(!gave_key || code == PAM_SUCCESS || code == PAM_AUTH_ERR ||
              code == PAM_AUTHINFO_UNAVAIL || code == PAM_INCOMPLETE);
}

/* A service or source that libpam does not tell is none. */
static bool is_settled(void) {
        return is_fresh && (noted.service[0] == service[0] || !noted.service[0]) &&
               (noted.rhost[0] == rhost[0] || !noted.rhost[0]) && noted.server_uid == server_uid &&
               noted.socket[0] == '/' && noted.socket[1] == 'x';
}

static void note_any(void) {
        has_login = nondet_bool();
        is_fresh = nondet_bool();
        noted.service[0] = (char) nondet_int();
        noted.rhost[0] = (char) nondet_int();
        noted.server_uid = nondet_unsigned();
        noted.socket[0] = '/';
        noted.socket[1] = (char) nondet_int();
        noted.user[0] = (char) nondet_int();
        noted.user[1] = '\0';
        grant(noted.user[0]);
        noted.id[0] = (char) nondet_int();
        noted.certificate_len = 0;
}

static void prove_account(pam_handle_t *pamh) {
        int code;

        note_any();
        code = pam_sm_acct_mgmt(pamh, nondet_int(), 0, NULL);
        prove(code != PAM_SUCCESS || (has_login && user[0] == noted.user[0]));
        prove(code != PAM_SUCCESS || is_settled() || (asked && allowed));
        prove(code != PAM_IGNORE || !has_login);
}

int main(void) {
        int handle;
        pam_handle_t *pamh = (pam_handle_t *) &handle;

        user[0] = (char) nondet_int();
        service[0] = (char) nondet_int();
        rhost[0] = (char) nondet_int();
        if (nondet_bool())
                prove_authenticate(pamh);
        else
                prove_account(pamh);
        return 0;
}
