/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the verify socket what a PAM service would ask. Decides nothing, and does not use the
 * control socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/options.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/askkey.h"
#include "key/cmd_verify.h"
#include "parse.h"
#include "pki/certfile.h"
#include "text.h"

#define DEFAULT_SERVICE    "wfapikeyctl"
#define DEFAULT_TIMEOUT_MS 2000

static enum exit_code set_server(const struct args *args, struct ask_server *server) {
        const char *timeout = args_value(args, "timeout"),
                   *path = args_value(args, "verify-socket");

        if (path && !*path) {
                say_error("--verify-socket needs a value: --verify-socket=PATH");
                return CTL_USAGE;
        }
        server->path = options_verify(args);
        server->timeout_ms = DEFAULT_TIMEOUT_MS;
        if (timeout && parse_timeout(timeout, &server->timeout_ms) < 0) {
                say_error("--timeout='%s' is not a time from 10ms to 60s, such as 2, 2s or 500ms",
                          timeout);
                return CTL_USAGE;
        }
        return options_server_uid(args, &server->uid);
}

static enum exit_code set_text(char *out, size_t max, const char *text, const char *what) {
        size_t len = strlen(text);

        if (len > max) {
                say_error("%s is too long: at most %zu bytes", what, max);
                return CTL_USAGE;
        }
        memcpy(out, text, len + 1);
        return CTL_OK;
}

static enum exit_code set_request(const struct args *args, struct wire_request *req) {
        const char *service = args_value(args, "service"), *rhost = args_value(args, "rhost");
        enum exit_code rc;

        req->kind = WIRE_VERIFY;
        /* the only request of its connection */
        req->seq = 1;
        if (!*args->words[0]) {
                say_error("USER is empty");
                return CTL_USAGE;
        }
        if (service && !text_is_service(service)) {
                say_error("--service='%s' is not the name of a PAM service: 1 to 64 characters of "
                          "0-9A-Za-z._-",
                          service);
                return CTL_USAGE;
        }
        rc = set_text(req->user, WIRE_USER_MAX, args->words[0], "USER");
        if (rc == CTL_OK)
                rc = set_text(req->service, WIRE_SERVICE_MAX, service ? service : DEFAULT_SERVICE,
                              "--service");
        if (rc == CTL_OK)
                rc = set_text(req->rhost, WIRE_RHOST_MAX, rhost ? rhost : "", "--rhost");
        return rc;
}

/* Attaches the certificate as a user does who logs in. The request borrows from ${file}. */
static enum exit_code set_certificate(const struct args *args, struct wire_request *req,
                                      struct certfile *file) {
        const char *path = args_value(args, "certificate");
        enum exit_code rc;

        if (!path)
                return CTL_OK;
        if (strcmp(path, "-") == 0) {
                say_error("standard input is for the key: --certificate must name a file");
                return CTL_USAGE;
        }
        /* Also takes the certificate of a CA: the daemon decides what it refuses. */
        rc = certfile_read(path, file);
        if (rc != CTL_OK)
                return rc;
        req->evidence = WIRE_SHOWN;
        req->certificate = file->cert[0].der;
        req->certificate_len = file->cert[0].len;
        return CTL_OK;
}

static enum exit_code say_accepted(const struct args *args, const struct wire_reply *reply) {
        _cleanup_free_ char *buffer = NULL;
        struct json j = {};

        if (!args->json) {
                printf("accepted: key %s (%s)\n", reply->id, harmless(reply->name, &buffer));
                return CTL_OK;
        }
        json_open(&j, NULL, '{');
        json_bool(&j, "accepted", true);
        json_text(&j, "id", reply->id);
        json_text(&j, "name", reply->name);
        json_close(&j, '}');
        return CTL_OK;
}

/* ${reason} is a word for programs, NULL when the daemon gave none. ${text} is for people. */
static enum exit_code say_refused(const struct args *args, const char *reason, const char *text) {
        struct json j = {};

        if (!args->json) {
                say_error("%s", text);
                return CTL_REFUSED;
        }
        json_open(&j, NULL, '{');
        json_bool(&j, "accepted", false);
        json_text(&j, "reason", reason);
        json_close(&j, '}');
        return CTL_REFUSED;
}

static enum exit_code read_key(const struct args *args, struct secret *ret) {
        enum exit_code rc = askkey_read(ret);

        return rc == CTL_REFUSED ? say_refused(args, "not-a-key", ASKKEY_NONE) : rc;
}

static enum exit_code say_unreachable(const struct ask_server *server, int r) {
        if (r == -EPERM)
                say_error("%s: refused, because its server does not run as uid %u (--server-uid)",
                          server->path, (unsigned) server->uid);
        else if (r == -EBADMSG)
                say_error("%s: the answer does not come from wfapikeyd", server->path);
        else
                say_error("cannot reach wfapikeyd at %s: %s (is wfapikeyd running?)", server->path,
                          strerror(-r));
        return CTL_UNREACHABLE;
}

static enum exit_code say_denied(const struct args *args, const struct wire_reply *reply) {
        enum reason reason = reply->reason;

        /* This verdict tells the reason to every user. */
        if (reason == REASON_NONE && reply->verdict == VERDICT_DENY_CERTIFICATE)
                reason = REASON_CERTIFICATE_MISSING;
        if (reason == REASON_NONE)
                return say_refused(args, NULL, "refused");
        return say_refused(args, verdict_reason_name(reason), verdict_reason_text(reason));
}

static enum exit_code say_verdict(const struct args *args, const struct wire_reply *reply) {
        switch (reply->verdict) {
        case VERDICT_ALLOW:
                return say_accepted(args, reply);
        case VERDICT_DENY:
        case VERDICT_DENY_CERTIFICATE:
                return say_denied(args, reply);
        case VERDICT_VERSION:
                say_error("wfapikeyd speaks another version of the protocol");
                return CTL_UNREACHABLE;
        case VERDICT_CHALLENGE: /* never asked for here */
        case VERDICT_INTERNAL:
                break;
        }
        if (reply->reason == REASON_NONE)
                say_error("wfapikeyd could not decide");
        else
                say_error("wfapikeyd could not decide: %s", verdict_reason_text(reply->reason));
        return CTL_UNREACHABLE;
}

enum exit_code cmd_verify(const struct args *args) {
        _cleanup_certfile_ struct certfile certificate = {};
        _cleanup_request_ struct wire_request req = {};
        struct ask_server server = {};
        struct wire_reply reply = {};
        enum exit_code rc;
        int r;

        rc = set_server(args, &server);
        if (rc == CTL_OK)
                rc = set_request(args, &req);
        if (rc == CTL_OK)
                rc = set_certificate(args, &req, &certificate);
        if (rc == CTL_OK)
                rc = read_key(args, &req.key);
        if (rc != CTL_OK)
                return rc;
        r = ask_verdict(&server, &req, &reply);
        return r < 0 ? say_unreachable(&server, r) : say_verdict(args, &reply);
}
