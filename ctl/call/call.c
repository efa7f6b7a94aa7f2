/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects to the control socket, sends calls of D-Bus and turns the daemon's errors into exit
 * codes. Knows no command: what is in a call or an answer is the caller's matter. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "ask.h"
#include "call/call.h"
#include "cli/harmless.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/unixsocket.h"
#include "draw/failure.h"

#define TIMEOUT_S 30

/* Who words the message on stderr. */
enum voice {
        /* the daemon; our sentence where it sent no message */
        OURS,
        /* we, with what the system said about the connection */
        SYSTEM,
};

/* Each error of D-Bus and its exit code. An error that is not in this table is CTL_FAILED. */
static const struct {
        const char *name;
        enum exit_code code;
        enum voice voice;
        const char *sentence;
} errors[] = {
        { "org.wfapikey1.Error.AccessDenied", CTL_DENIED, OURS, "you may not do this" },
        { "org.wfapikey1.Error.NoSuchKey", CTL_NOT_FOUND, OURS, "no key has this id" },
        { "org.wfapikey1.Error.NoSuchCertificate", CTL_NOT_FOUND, OURS,
          "no certificate begins like this, or several do" },
        { "org.wfapikey1.Error.NoSuchUser", CTL_NOT_FOUND, OURS, "there is no such user" },
        { "org.wfapikey1.Error.NotActive", CTL_REFUSED, OURS,
          "the key is expired, idle or revoked" },
        { "org.wfapikey1.Error.InvalidArgument", CTL_USAGE, OURS,
          "the daemon refuses an argument" },
        { "org.wfapikey1.Error.LimitExceeded", CTL_REFUSED, OURS,
          "a limit of the policy is reached" },
        { "org.wfapikey1.Error.Disabled", CTL_REFUSED, OURS,
          "API keys are disabled (policy enabled=no)" },
        { "org.wfapikey1.Error.Busy", CTL_FAILED, OURS, "the daemon is busy; try again" },
        { "org.wfapikey1.Error.Refused", CTL_REFUSED, OURS, "refused; nothing was changed" },
        { "org.wfapikey1.Error.Configuration", CTL_REFUSED, OURS,
          "the configuration is wrong; the daemon keeps the old one" },
        { "org.wfapikey1.Error.Fleet", CTL_REFUSED, OURS,
          "the fleet's database is away, or this host may not do this in its fleet" },
        { "org.wfapikey1.Error.Store", CTL_FAILED, OURS,
          "the key store failed; nothing was changed" },
        /* These errors come from libsystemd, at our end or at the daemon's. */
        { SD_BUS_ERROR_ACCESS_DENIED, CTL_DENIED, SYSTEM, "the daemon refuses this caller" },
        { SD_BUS_ERROR_TIMEOUT, CTL_UNREACHABLE, SYSTEM,
          "no answer in time; a change may have been made" },
        { SD_BUS_ERROR_NO_REPLY, CTL_UNREACHABLE, SYSTEM,
          "no answer; a change may have been made" },
        { SD_BUS_ERROR_DISCONNECTED, CTL_UNREACHABLE, SYSTEM,
          "the daemon closed the connection; a change may have been made" },
        { "System.Error.EPIPE", CTL_UNREACHABLE, SYSTEM,
          "the daemon closed the connection; a change may have been made" },
        { "System.Error.ENOTCONN", CTL_UNREACHABLE, SYSTEM,
          "the daemon closed the connection; a change may have been made" },
        { SD_BUS_ERROR_UNKNOWN_OBJECT, CTL_FAILED, SYSTEM,
          "this is not wfapikeyd, or another version" },
        { SD_BUS_ERROR_UNKNOWN_INTERFACE, CTL_FAILED, SYSTEM,
          "this is not wfapikeyd, or another version" },
        { SD_BUS_ERROR_UNKNOWN_METHOD, CTL_FAILED, SYSTEM, "the daemon is of another version" },
        { SD_BUS_ERROR_INVALID_ARGS, CTL_FAILED, SYSTEM, "the daemon is of another version" },
};

static enum exit_code explain(const struct call *call, const sd_bus_error *error, int r) {
        _cleanup_free_ char *buffer = NULL, *name_buffer = NULL;
        const char *message;

        if (!error->name) {
                say_error("%s: %s; a change may have been made", call->path, strerror(-r));
                return CTL_FAILED;
        }
        if (call->may_lack && strcmp(error->name, SD_BUS_ERROR_UNKNOWN_METHOD) == 0)
                return CTL_FAILED;
        failure_cause(error->name);
        message = harmless(error->message ? error->message : "", &buffer);
        for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
                if (strcmp(errors[i].name, error->name) != 0)
                        continue;
                if (errors[i].voice == OURS)
                        say_error("%s", *message ? message : errors[i].sentence);
                else
                        say_error("%s: %s (%s)", call->path, errors[i].sentence, message);
                return errors[i].code;
        }
        say_error("%s: %s: %s; a change may have been made", call->path,
                  harmless(error->name, &name_buffer), message);
        return CTL_FAILED;
}

static enum exit_code unreachable(const char *path, int r) {
        /* systemd listens also while the daemon does not run. */
        bool unit =
                strcmp(path, "/run/wfapikey/control") == 0 && (r == -ENOENT || r == -ECONNREFUSED);

        say_error("cannot reach wfapikeyd at %s: %s (%s)", path, strerror(-r),
                  unit ? "nobody listens there: systemctl enable --now wfapikeyd-control.socket"
                       : "is wfapikeyd running?");
        return CTL_UNREACHABLE;
}

/* The server learns names and hands out keys. Accept only a server of root or of the calling
 * user. */
static enum exit_code check_server(const char *path, int fd) {
        struct ucred peer = {};
        socklen_t len = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
                return unreachable(path, -errno);
        if (len == sizeof(peer) && (peer.uid == 0 || peer.uid == geteuid()))
                return CTL_OK;
        say_error("%s: refused, because its server runs as uid %u, neither as root nor as you",
                  path, (unsigned) peer.uid);
        return CTL_UNREACHABLE;
}

/* Waits for the end of the handshake. Left to itself, libsystemd waits for 90 s, whatever
 * timeout sd_bus_call() gets. */
static int finish_handshake(sd_bus *bus) {
        int64_t deadline = ask_now_ms() + TIMEOUT_S * 1000;
        int r;

        while ((r = sd_bus_is_ready(bus)) == 0) {
                int64_t left = deadline - ask_now_ms();

                if (left <= 0)
                        return -ETIMEDOUT;
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, (uint64_t) left * 1000);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return r < 0 ? r : 0;
}

enum exit_code call_open(struct call *ret, const char *control) {
        _cleanup_call_ struct call call = { .path = options_control(control) };
        _cleanup_close_ int fd = -1;
        enum exit_code rc;
        int r;

        fd = unixsocket_connect(call.path, SOCK_STREAM, TIMEOUT_S);
        if (fd < 0)
                return unreachable(call.path, fd);
        rc = check_server(call.path, fd);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_new(&call.bus);
        if (r >= 0)
                r = sd_bus_set_fd(call.bus, fd, fd);
        if (r >= 0) {
                (void) take_fd(&fd); /* from here on the bus closes it */
                r = sd_bus_start(call.bus);
        }
        if (r >= 0)
                r = finish_handshake(call.bus);
        if (r < 0)
                return unreachable(call.path, r);
        *ret = call;
        call.bus = NULL;
        return CTL_OK;
}

void call_close(struct call *call) {
        call->bus = sd_bus_close_unref(call->bus);
}

static enum exit_code unmade(int r) {
        say_error("cannot make the request: %s", strerror(-r));
        return CTL_FAILED;
}

enum exit_code call_method(const struct call *call, const char *method, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(call->bus, ret, NULL, "/org/wfapikey1",
                                               "org.wfapikey1.Manager", method);

        return r < 0 ? unmade(r) : CTL_OK;
}

enum exit_code call_begin(struct call *ret, const char *control, const char *method,
                          sd_bus_message **ret_m) {
        enum exit_code rc = call_open(ret, control);

        return rc == CTL_OK ? call_method(ret, method, ret_m) : rc;
}

enum exit_code call_send(const struct call *call, sd_bus_message *m, int filled,
                         sd_bus_message **ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint64_t timeout_s = call->timeout_s > 0 ? call->timeout_s : TIMEOUT_S;
        int r;

        if (filled < 0)
                return unmade(filled);
        r = sd_bus_call(call->bus, m, timeout_s * UINT64_C(1000000), &error, ret);
        return r < 0 ? explain(call, &error, r) : CTL_OK;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        struct call_pending *pending = userdata;

        (void) ret_error;
        pending->reply = sd_bus_message_ref(m);
        return 1;
}

enum exit_code call_start(const struct call *call, sd_bus_message *m, int filled,
                          struct call_pending *ret) {
        int r;

        if (filled < 0)
                return unmade(filled);
        *ret = (struct call_pending){};
        r = sd_bus_call_async(call->bus, &ret->slot, m, on_reply, ret,
                              TIMEOUT_S * UINT64_C(1000000));
        return r < 0 ? explain(call, &SD_BUS_ERROR_NULL, r) : CTL_OK;
}

enum exit_code call_finish(const struct call *call, struct call_pending *pending,
                           sd_bus_message **ret) {
        const sd_bus_error *error;

        while (!pending->reply) {
                int r = sd_bus_process(call->bus, NULL);

                if (r == 0)
                        r = sd_bus_wait(call->bus, UINT64_MAX); /* the call has a timeout */
                if (r < 0 && r != -EINTR)
                        return explain(call, &SD_BUS_ERROR_NULL, r);
        }
        error = sd_bus_message_get_error(pending->reply);
        if (error)
                return explain(call, error, -sd_bus_message_get_errno(pending->reply));
        *ret = pending->reply;
        pending->reply = NULL;
        call_forget(pending);
        return CTL_OK;
}

void call_forget(struct call_pending *pending) {
        pending->slot = sd_bus_slot_unref(pending->slot);
        pending->reply = sd_bus_message_unref(pending->reply);
}

static enum exit_code send_plain(const struct call *call, const char *method, sd_bus_message **ret,
                                 const char *types, va_list ap) {
        _cleanup_message_ sd_bus_message *m = NULL;
        enum exit_code rc = call_method(call, method, &m);

        return rc == CTL_OK ? call_send(call, m, sd_bus_message_appendv(m, types, ap), ret) : rc;
}

enum exit_code call_plain(const struct call *call, const char *method, sd_bus_message **ret,
                          const char *types, ...) {
        enum exit_code rc;
        va_list ap;

        va_start(ap, types);
        rc = send_plain(call, method, ret, types, ap);
        va_end(ap);
        return rc;
}

enum exit_code call_once(const char *control, const char *method, sd_bus_message **ret,
                         const char *types, ...) {
        _cleanup_call_ struct call call = {};
        enum exit_code rc = call_open(&call, control);
        va_list ap;

        if (rc != CTL_OK)
                return rc;
        va_start(ap, types);
        rc = send_plain(&call, method, ret, types, ap);
        va_end(ap);
        return rc;
}

enum exit_code call_aside(const char *control, const char *method, sd_bus_message **ret) {
        _cleanup_call_ struct call call = {};
        enum exit_code rc = call_open(&call, control);

        call.may_lack = true;
        return rc == CTL_OK ? call_plain(&call, method, ret, "") : rc;
}

enum exit_code call_read(sd_bus_message *m, const char *types, ...) {
        va_list ap;
        int r;

        va_start(ap, types);
        r = sd_bus_message_readv(m, types, ap);
        va_end(ap);
        return r < 0 ? call_misread(r) : CTL_OK;
}

enum exit_code call_misread(int r) {
        if (r == -ENOMEM)
                return say_no_memory();
        say_error("cannot read the daemon's answer; the daemon may be of another version");
        return CTL_FAILED;
}
