/* SPDX-License-Identifier: BSD-2-Clause */
/* The entry points of the module: collect what PAM knows, ask the daemon, return what follows. It
 * must not have a policy, keep state between two handles, or open a file. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "ask.h"
#include "cleanup.h"
#include "pam_args.h"
#include "pam_certificate.h"
#include "pam_login.h"
#include "pam_map.h"
#include "pam_token.h"
#include "parse.h"
#include "text.h"

static enum outcome read_args(pam_handle_t *pamh, int argc, const char **argv, bool session,
                              struct pam_args *ret) {
        const char *bad = NULL;

        if (pam_args_parse(argc, argv, session, ret, &bad) >= 0)
                return OUTCOME_ALLOW;
        pam_syslog(pamh, LOG_ERR,
                   "bad option '%s': the options are socket=/PATH timeout=SECONDS (10ms to 60s) "
                   "prompt=TEXT server_uid=UID try_first_pass use_first_pass debug "
                   "certificate=field|prompt|proof|env:NAME|process-env:NAME (not both prompt and "
                   "proof), and issue and warn in a session line",
                   bad);
        return OUTCOME_BAD_OPTION;
}

static const char *get_text(pam_handle_t *pamh, int type) {
        const void *item = NULL;

        return pam_get_item(pamh, type, &item) == PAM_SUCCESS && item ? item : "";
}

static enum outcome get_user(pam_handle_t *pamh, struct wire_request *req) {
        const char *user = NULL;
        int rv;

        rv = pam_get_user(pamh, &user, NULL);
        if (rv == PAM_CONV_AGAIN || rv == PAM_INCOMPLETE)
                return OUTCOME_AGAIN;
        if (rv == PAM_BUF_ERR)
                return OUTCOME_NO_MEMORY;
        if (rv != PAM_SUCCESS)
                return OUTCOME_CONVERSATION;
        if (!user || !user[0] || !text_copy(req->user, sizeof(req->user), user))
                return OUTCOME_NO_USER;
        return OUTCOME_ALLOW;
}

/* Gets service and source of the login. A host that is longer than any host name counts as
 * unknown. No key is valid for a service that is longer than any service name, so the request is
 * not sent. */
static enum outcome get_circumstances(pam_handle_t *pamh, struct wire_request *req) {
        if (!text_copy(req->service, sizeof(req->service), get_text(pamh, PAM_SERVICE)))
                return OUTCOME_DENY;
        if (!text_copy(req->rhost, sizeof(req->rhost), get_text(pamh, PAM_RHOST)))
                req->rhost[0] = '\0';
        return OUTCOME_ALLOW;
}

static struct ask_server server_of(const struct pam_args *args) {
        return (struct ask_server){ .path = args->socket,
                                    .uid = args->server_uid,
                                    .timeout_ms = args->timeout_ms };
}

/* Translates the answer ${r} and ${reply} of the daemon. Logs a line if it is no decision. */
static enum outcome conclude(pam_handle_t *pamh, const struct pam_args *args, int r,
                             const struct wire_reply *reply) {
        enum outcome outcome = r >= 0 ? pam_map_verdict(reply->verdict) : OUTCOME_UNAVAILABLE;

        if (r < 0)
                pam_syslog(pamh, LOG_ERR, "cannot ask wfapikeyd at '%s' (timeout=%lldms): %s",
                           args->socket, (long long) args->timeout_ms,
                           r == -EPERM ? "the socket is served by another uid than server_uid"
                                       : strerrordesc_np(-r));
        if (r >= 0 && outcome == OUTCOME_UNAVAILABLE)
                pam_syslog(pamh, LOG_ERR, "wfapikeyd at '%s' could not decide%s", args->socket,
                           reply->verdict == VERDICT_VERSION
                                   ? ": it speaks another version of the protocol"
                                   : "");
        if (args->debug)
                pam_syslog(
                        pamh, LOG_DEBUG, "asked '%s': %s%s%s", args->socket, pam_map_name(outcome),
                        r >= 0 && reply->reason != REASON_NONE ? ": " : "",
                        r >= 0 && reply->reason != REASON_NONE ? verdict_reason_text(reply->reason)
                                                               : "");
        return outcome;
}

static enum outcome ask(pam_handle_t *pamh, const struct pam_args *args,
                        const struct wire_request *req, struct wire_reply *reply) {
        const struct ask_server server = server_of(args);

        return conclude(pamh, args, ask_verdict(&server, req, reply), reply);
}

/* The daemon wants a certificate. It waits on the connection ${fd} for the request with one. */
static enum outcome ask_user(pam_handle_t *pamh, const struct pam_args *args, int fd,
                             struct wire_request *req, struct pam_certificate *certificate,
                             struct wire_reply *reply) {
        const struct ask_server server = server_of(args);
        char challenge[CHALLENGE_TEXT_LEN];
        enum outcome outcome;
        int r;

        challenge_format(challenge, reply->challenge, req->user, req->service);
        outcome = pam_certificate_ask(pamh, args, challenge, certificate);
        if (outcome != OUTCOME_ALLOW)
                return outcome;
        pam_certificate_show(certificate, req);
        r = ask_again(&server, fd, req, reply);
        /* A daemon that restarted meanwhile does not know the challenge. A request without a
         * signature does not need it. */
        if (r == -ECONNRESET && certificate->signature_len == 0)
                r = ask_verdict(&server, req, reply);
        return conclude(pamh, args, r, reply);
}

/* The user can be asked for a certificate. The daemon is asked first, so that the user is asked
 * only if a certificate is needed and everything else is right. */
static enum outcome offer(pam_handle_t *pamh, const struct pam_args *args, struct wire_request *req,
                          struct pam_certificate *certificate, struct wire_reply *reply) {
        const struct ask_server server = server_of(args);
        _cleanup_close_ int fd = -1;
        int r;

        req->kind = WIRE_OFFER;
        r = ask_offer(&server, req, reply, &fd);
        req->kind = WIRE_VERIFY;
        if (r < 0 || fd < 0)
                return conclude(pamh, args, r, reply);
        return ask_user(pamh, args, fd, req, certificate, reply);
}

/* Gets the token also where ${outcome} has lost the login already: the stack must learn whether the
 * token is a key. */
static enum outcome get_token(pam_handle_t *pamh, struct pam_args args, enum outcome outcome,
                              struct secret *key, const char **behind) {
        enum outcome token;

        /* An application that could not ask for a name is not asked for a token. */
        if (outcome == OUTCOME_CONVERSATION || outcome == OUTCOME_NO_MEMORY)
                args.use_first_pass = true;
        token = pam_token_get(pamh, &args, key, behind);
        /* An application that wants to be called again has not answered yet. */
        return outcome == OUTCOME_ALLOW || token == OUTCOME_AGAIN ? token : outcome;
}

/* Has the daemon decide about the key in ${req}. */
static enum outcome decide(pam_handle_t *pamh, int flags, const struct pam_args *args,
                           const char *behind, struct wire_request *req) {
        _uncleared_ struct pam_certificate certificate;
        const struct ask_server server = server_of(args);
        struct wire_reply reply = {};
        enum outcome outcome;

        outcome = get_circumstances(pamh, req);
        if (outcome != OUTCOME_ALLOW)
                return outcome;
        pam_certificate_find(pamh, args, behind, &certificate);
        pam_certificate_show(&certificate, req);
        if (req->evidence == WIRE_EVIDENCE_NONE &&
            (args->certificate_prompt || args->certificate_proof))
                outcome = offer(pamh, args, req, &certificate, &reply);
        else
                outcome = ask(pamh, args, req, &reply);
        if (outcome == OUTCOME_ALLOW && !pam_login_remember(pamh, &server, req, &reply))
                outcome = OUTCOME_NO_MEMORY;
        if (outcome == OUTCOME_DENY_CERTIFICATE)
                pam_token_want_certificate(pamh, flags);
        explicit_bzero(&reply, sizeof(reply));
        return outcome;
}

/* ${outcome} is that of the options. If they are wrong, ${args} are such that every form of a key
 * is found. Sets ${ret_has_key} when the user gave a key, whatever happened to it then. */
static enum outcome authenticate(pam_handle_t *pamh, int flags, const struct pam_args *args,
                                 enum outcome outcome, bool *ret_has_key) {
        _cleanup_request_ struct wire_request req = { .kind = WIRE_VERIFY, .seq = 1 };
        const char *behind = NULL;

        if (outcome == OUTCOME_ALLOW)
                outcome = get_user(pamh, &req);
        if (outcome != OUTCOME_AGAIN)
                outcome = get_token(pamh, *args, outcome, &req.key, &behind);
        *ret_has_key = req.key.text[0];
        return outcome == OUTCOME_ALLOW ? decide(pamh, flags, args, behind, &req) : outcome;
}

/* Whether the verdict of a moment ago answers ${req} as well: another service or source, or another
 * daemon, may refuse the key. */
static bool is_answered(const struct pam_login *login, const struct pam_args *args,
                        const struct wire_request *req) {
        return pam_login_is_fresh(login) && strcmp(req->service, login->service) == 0 &&
               strcmp(req->rhost, login->rhost) == 0 && args->server_uid == login->server_uid &&
               strcmp(args->socket, login->socket) == 0;
}

static enum outcome confirm(pam_handle_t *pamh, const struct pam_args *args,
                            const struct pam_login *login) {
        _cleanup_request_ struct wire_request req = { .kind = WIRE_CONFIRM, .seq = 2 };
        struct wire_reply reply = {};
        enum outcome outcome;

        outcome = get_user(pamh, &req);
        if (outcome != OUTCOME_ALLOW)
                return outcome;
        /* The application changed PAM_USER: this user did not log in with the key. */
        if (strcmp(req.user, login->user) != 0)
                return OUTCOME_DENY;
        outcome = get_circumstances(pamh, &req);
        if (outcome != OUTCOME_ALLOW || is_answered(login, args, &req))
                return outcome;

        memcpy(req.id, login->id, sizeof(req.id));
        memcpy(req.ticket, login->ticket, sizeof(req.ticket));
        req.evidence = login->evidence;
        req.certificate = login->certificate;
        req.certificate_len = login->certificate_len;
        outcome = ask(pamh, args, &req, &reply);
        explicit_bzero(&reply, sizeof(reply));
        return outcome;
}

/* Whether a key was used for this login. Another process knows that only from the environment. A
 * key must never get its holder another key. */
static bool is_key_login(pam_handle_t *pamh) {
        return pam_login_get(pamh) || pam_getenv(pamh, "WFAPIKEY_ID");
}

/* Whether another user asked for the session, as with su and sudo. Only the session's own user may
 * see the key. */
static bool is_another_users(pam_handle_t *pamh) {
        const char *by = get_text(pamh, PAM_RUSER);

        return by[0] && strcmp(by, get_text(pamh, PAM_USER)) != 0;
}

static enum outcome issue(pam_handle_t *pamh, const struct pam_args *args) {
        _cleanup_request_ struct wire_request req = { .kind = WIRE_ISSUE, .seq = 3 };
        _cleanup_reply_ struct wire_reply reply = {};
        enum outcome outcome;

        /* pam_get_user() would ask for a name. */
        if (!text_copy(req.user, sizeof(req.user), get_text(pamh, PAM_USER)) || !req.user[0])
                return OUTCOME_NO_USER;
        outcome = get_circumstances(pamh, &req);
        if (outcome == OUTCOME_ALLOW)
                outcome = ask(pamh, args, &req, &reply);
        if (outcome == OUTCOME_ALLOW && reply.key.text[0])
                pam_token_show(pamh, &reply.key, req.service);
        return outcome;
}

/* How long a session waits at most to hear of keys that end. */
#define WARN_MS 500

/* Says nothing where the daemon does not answer at once. */
static void warn(pam_handle_t *pamh, const struct pam_args *args) {
        _cleanup_request_ struct wire_request req = { .kind = WIRE_WARN, .seq = 4 };
        _cleanup_reply_ struct wire_reply reply = {};
        struct ask_server server = server_of(args);
        uint64_t n;

        if (server.timeout_ms > WARN_MS)
                server.timeout_ms = WARN_MS;
        if (!text_copy(req.user, sizeof(req.user), get_text(pamh, PAM_USER)) || !req.user[0] ||
            get_circumstances(pamh, &req) != OUTCOME_ALLOW)
                return;
        if (ask_verdict(&server, &req, &reply) >= 0 && reply.verdict == VERDICT_ALLOW &&
            parse_u64(reply.name, 1, UINT32_MAX, &n) >= 0)
                pam_token_warn(pamh, reply.name, reply.id);
}

_public_ int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        struct pam_args args = { .certificate_field = true };
        enum outcome outcome;
        bool has_key = false;

        pam_login_forget(pamh);
        outcome = read_args(pamh, argc, argv, false, &args);
        outcome = authenticate(pamh, flags, &args, outcome, &has_key);
        if (args.debug)
                pam_syslog(pamh, LOG_DEBUG, "authenticate: %s", pam_map_name(outcome));
        return pam_map_auth(outcome, has_key);
}

_public_ int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const struct pam_login *login = pam_login_get(pamh);
        struct pam_args args;
        enum outcome outcome;

        (void) flags;
        outcome = read_args(pamh, argc, argv, false, &args);
        if (outcome != OUTCOME_ALLOW)
                return pam_map_account(outcome);
        outcome = login ? confirm(pamh, &args, login) : OUTCOME_NOT_A_KEY;
        if (args.debug)
                pam_syslog(pamh, LOG_DEBUG, "account: %s", pam_map_name(outcome));
        return pam_map_account(outcome);
}

_public_ int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void) flags;
        (void) argc;
        (void) argv;
        return pam_map_setcred(is_key_login(pamh));
}

_public_ int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        struct pam_args args = {};

        /* Nothing here fails a login, not even a bad option, which the log names. No key is asked
         * for where it could not be shown: it would be lost. Only the session's own user is told of
         * keys that end. */
        if (read_args(pamh, argc, argv, true, &args) != OUTCOME_ALLOW || (flags & PAM_SILENT) ||
            is_another_users(pamh))
                return pam_map_session();
        if (args.issue && !is_key_login(pamh))
                (void) issue(pamh, &args);
        if (args.warn)
                warn(pamh, &args);
        return pam_map_session();
}

_public_ int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void) pamh;
        (void) flags;
        (void) argc;
        (void) argv;
        return pam_map_session();
}

_public_ int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        (void) pamh;
        (void) flags;
        (void) argc;
        (void) argv;
        return pam_map_password();
}
