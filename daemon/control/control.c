/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a call: role, arguments, quota, detour, writer thread, answer. And what all methods
 * use: errors, transactions, keys, arguments. Knows a method only by its handlers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "control/control.h"
#include "control/control_audit.h"
#include "control/control_fleet.h"
#include "control/control_pieces.h"
#include "control/control_quota.h"
#include "control/control_state.h"
#include "keys/audit.h"
#include "keys/facts.h"
#include "login/verify.h"
#include "store/store_account.h"
#include "store/store_guard.h"
#include "store/store_key.h"
#include "text.h"

static const char *const error_names[] = {
        [CONTROL_ACCESS_DENIED] = "org.wfapikey1.Error.AccessDenied",
        [CONTROL_NO_SUCH_KEY] = "org.wfapikey1.Error.NoSuchKey",
        [CONTROL_NO_SUCH_USER] = "org.wfapikey1.Error.NoSuchUser",
        [CONTROL_NO_SUCH_CERTIFICATE] = "org.wfapikey1.Error.NoSuchCertificate",
        [CONTROL_NOT_ACTIVE] = "org.wfapikey1.Error.NotActive",
        [CONTROL_INVALID_ARGUMENT] = "org.wfapikey1.Error.InvalidArgument",
        [CONTROL_LIMIT_EXCEEDED] = "org.wfapikey1.Error.LimitExceeded",
        [CONTROL_DISABLED] = "org.wfapikey1.Error.Disabled",
        [CONTROL_BUSY] = "org.wfapikey1.Error.Busy",
        [CONTROL_STORE] = "org.wfapikey1.Error.Store",
        [CONTROL_REFUSED] = "org.wfapikey1.Error.Refused",
        [CONTROL_CONFIGURATION] = "org.wfapikey1.Error.Configuration",
        [CONTROL_FLEET] = "org.wfapikey1.Error.Fleet",
};
_Static_assert(ARRAY_LEN(error_names) == _CONTROL_ERROR_MAX, "a name for each error");

static void message_unrefp(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

void control_fail(struct control_call *call, enum control_error error, const char *format, ...) {
        va_list ap;

        if (call->error != CONTROL_OK)
                return;
        call->error = error;
        va_start(ap, format);
        (void) vsnprintf(call->error_text, sizeof(call->error_text), format, ap);
        va_end(ap);
}

void control_fail_store(struct control_call *call, int r) {
        control_fail(call, CONTROL_STORE, "The key store: %s; %s.", store_error_text(r),
                     store_error_effect(r));
}

static int attempt(struct control_call *call, struct store *writer,
                   int (*body)(struct control_call *call, struct store *writer),
                   int (*commit)(struct store *writer)) {
        int r;

        r = call->ends ? store_begin_end(writer) : store_begin(writer);
        if (r >= 0)
                r = control_fleet_watch(call, writer);
        if (r >= 0)
                r = body(call, writer);
        if (r >= 0 && call->error == CONTROL_OK)
                r = control_fleet_catch(call, writer);
        if (r == 0 && call->error == CONTROL_OK)
                r = commit(writer);
        control_fleet_unwatch(call, writer);
        store_rollback(writer);
        return r;
}

/* The first one, and one for each part of the reserve. */
#define ATTEMPTS 5

static bool transact(struct control_call *call, struct store *writer,
                     int (*body)(struct control_call *call, struct store *writer),
                     int (*commit)(struct store *writer)) {
        int r = attempt(call, writer, body, commit);

        for (unsigned i = 1; call->ends && store_guard_make_room(writer, r) && i < ATTEMPTS; i++) {
                control_audit_release(call);
                r = attempt(call, writer, body, commit);
        }
        if (r < 0)
                control_fail_store(call, r);
        if (call->error != CONTROL_OK || call->out)
                return false;
        control_audit_committed(call);
        if (call->method->handlers->committed)
                call->method->handlers->committed(call);
        return true;
}

bool control_transact(struct control_call *call, struct store *writer,
                      int (*body)(struct control_call *call, struct store *writer)) {
        return transact(call, writer, body, store_commit);
}

bool control_transact_quietly(struct control_call *call, struct store *writer,
                              int (*body)(struct control_call *call, struct store *writer)) {
        return transact(call, writer, body, store_commit_quietly);
}

bool control_get_policy(struct control_call *call, struct store *writer, struct policy *ret) {
        int r;

        r = facts_policy(writer, ret);
        if (r < 0)
                control_fail_store(call, r);
        return r >= 0;
}

static bool issues(const struct control_call *call, const char *realm, enum role_verb verb) {
        const struct realm *found = realms_find(call->realms, realm);

        return found && role_issues(verb) &&
               (call->issues & UINT64_C(1) << (found - call->realms->of)) != 0;
}

bool control_issues(const struct control_call *call, const char *realm) {
        return issues(call, realm, call->method->verb);
}

static bool may(const struct control_call *call, struct store *writer, const struct key_record *key,
                enum role_verb verb) {
        struct account_record account;
        bool own;

        if (role_may(call->role, verb, false, call->developers))
                return true;
        /* A user of a realm does not call, whatever the number. */
        if (key->realm[0])
                return issues(call, key->realm, verb);
        /* Name and uid must both match: a uid can have belonged to another person before, and a
         * name can have moved. */
        own = key->owner_uid == call->uid && store_account_get(writer, key->owner, &account) >= 0 &&
              account.state == ACCOUNT_PRESENT && account.uid == call->uid;
        return role_may(call->role, verb, own, call->developers);
}

bool control_may_touch(const struct control_call *call, struct store *writer,
                       const struct key_record *key) {
        return may(call, writer, key, call->method->verb);
}

bool control_may_see(const struct control_call *call, struct store *writer,
                     const struct key_record *key) {
        return may(call, writer, key, ROLE_VERB_LIST);
}

bool control_check_id(struct control_call *call, const char *id) {
        if (keytext_is_id(id))
                return true;
        /* The error does not show the text: it could be a whole key. */
        control_fail(call, CONTROL_INVALID_ARGUMENT,
                     "That is no key id: an id is the 10 letters and digits between the two "
                     "underscores of a "
                     "key.");
        return false;
}

/* Lists and logs must not show anything that looks like a key. */
bool control_take_label(struct control_call *call, const char *what, const char *in, char *out,
                        size_t size) {
        if (text_is_label(in, size - 1) && !strstr(in, "wfk_"))
                return text_copy(out, size, in);
        control_fail(call, CONTROL_INVALID_ARGUMENT,
                     "That %s will not do: 1 to %zu bytes of UTF-8 without control characters, and "
                     "no key in it.",
                     what, size - 1);
        return false;
}

bool control_open_key(struct control_call *call, struct store *writer, const char *id,
                      struct key_record *ret) {
        struct key_record key = {};
        int r;

        if (!control_check_id(call, id))
                return false;
        r = store_key_get_used(writer, id, &key);
        control_audit_about(call, id, r >= 0 ? &key : NULL);
        if (r < 0 && r != -ENOENT)
                control_fail_store(call, r);
        else if (call->role != ROLE_ADMIN && (r < 0 || !control_may_touch(call, writer, &key)))
                control_fail(call, CONTROL_ACCESS_DENIED,
                             "Key %s is not yours, or you may not do this.", id);
        else if (r < 0)
                control_fail(call, CONTROL_NO_SUCH_KEY, "There is no key %s.", id);
        else {
                *ret = key;
                return true;
        }
        return false;
}

int control_open_array(sd_bus_message *m, const char *name, const char *type) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', type);
        return r < 0 ? r : sd_bus_message_open_container(m, 'a', type + 1);
}

int control_close_array(sd_bus_message *m) {
        int r = 0;

        /* the array, the variant, the entry */
        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static void call_free(struct control_call *call) {
        size_t size = call->method->handlers->size;

        control_quota_remove(call);
        control_audit_release(call);
        control_fleet_release(call);
        if (call->method->handlers->release)
                call->method->handlers->release(call);
        sd_bus_message_unref(call->message);
        (void) realms_unref(call->realms);
        explicit_bzero(call, size);
        free(call);
}

static void call_freep(struct control_call **call) {
        if (*call)
                call_free(*call);
}

static int send_error(struct control_call *call) {
        control_audit_refused(call);
        return sd_bus_reply_method_errorf(call->message, error_names[call->error], "%s",
                                          call->error_text);
}

static int send_reply(struct control_call *call) {
        __attribute__((cleanup(message_unrefp))) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        if ((call->method->traits & CONTROL_SENSITIVE) != 0) {
                r = sd_bus_message_sensitive(reply);
                if (r < 0)
                        return r;
        }
        if (call->method->handlers->reply) {
                r = call->method->handlers->reply(call, reply);
                if (r < 0)
                        return r;
        }
        return sd_bus_send(NULL, reply, NULL);
}

static void on_run(struct worker_job *job, struct store *writer) {
        struct control_call *call = (struct control_call *) job;

        control_fleet_reread(call, writer);
        call->method->handlers->run(call, writer);
}

void control_answer(struct control_call *call) {
        int r;

        r = call->error == CONTROL_OK ? send_reply(call) : send_error(call);
        /* A client that has disconnected does not get its answer. That is no failure. */
        if (r < 0 && r != -ENOTCONN && r != -ECONNRESET) {
                log_line(LOG_WARNING, "cannot answer %s of %s, disconnecting: %s",
                         call->method->member, call->who, strerrordesc_np(-r));
                /* Otherwise the client would wait for an answer that never comes. */
                sd_bus_close(sd_bus_message_get_bus(call->message));
        }
        call_free(call);
}

static void on_done(struct worker_job *job) {
        struct control_call *call = (struct control_call *) job;

        if (call->reread)
                control_fleet_link_changed(call->control);
        call->reread = false;
        if (control_fleet_ran(call))
                return;
        if (call->error == CONTROL_OK && call->method->handlers->settle)
                call->method->handlers->settle(call);
        else
                control_answer(call);
}

void control_resume(struct control_call *call) {
        if (call->error == CONTROL_OK && control_pieces_submit(call, &call->job) >= 0)
                return;
        control_fail(call, CONTROL_BUSY, "Too much is waiting to be done; try again.");
        control_answer(call);
}

void control_drop(struct control_call *call) {
        call_free(call);
}

static const char *why_denied(enum role_verb verb) {
        static const char *const texts[_ROLE_VERB_MAX] = {
                [ROLE_VERB_POLICY] = "Only administrators see and change the policy.",
                [ROLE_VERB_MIRROR] = "Only administrators copy, back up and restore the store.",
                [ROLE_VERB_CERTIFICATE] =
                        "Only administrators register certificates, see and remove them.",
                [ROLE_VERB_REMOVE_ALL] = "Only administrators remove all keys.",
                [ROLE_VERB_AUDIT_CHECK] = "Only administrators check the audit log.",
                [ROLE_VERB_RELOAD] = "Only administrators have the configuration read again.",
                [ROLE_VERB_ACCOUNT] = "Only administrators report that an account was removed.",
                [ROLE_VERB_STATISTICS] = "Only administrators see the metrics.",
                [ROLE_VERB_FLEET] = "Only administrators change and see the fleet.",
                [ROLE_VERB_CARRY] =
                        "Only wfapikey-fleetd carries changes (fleet-user in wfapikeyd.conf).",
                [ROLE_VERB_DIAGNOSE] = "Only administrators are told how the daemon is.",
        };

        return texts[verb]
                       ?: "Only administrators and developers make, rename, reset, rotate and bind "
                          "keys.";
}

static struct control_call *call_new(const struct control_method *method,
                                     const struct control_caller *caller, sd_bus_message *m) {
        struct control_call *call = calloc(1, method->handlers->size);

        if (!call)
                return NULL;
        call->job = (struct worker_job){ .run = on_run, .done = on_done };
        call->method = method;
        call->control = caller->control;
        call->message = sd_bus_message_ref(m);
        call->uid = caller->peer.cred.uid;
        call->pid = caller->peer.cred.pid;
        call->has_login = caller->peer.cred.has_login;
        call->login_uid = caller->peer.cred.login_uid;
        peer_text(&caller->peer.cred, call->who);
        call->role = conf_role(caller->control->loop.conf, &caller->peer);
        call->developers = caller->control->loop.conf->has_developer_group;
        call->realms = realms_ref(caller->control->loop.conf->realms);
        call->issues = conf_issues(caller->control->loop.conf, &caller->peer);
        call->connection = caller->connection;
        call->conf_serial = caller->control->loop.conf_serial;
        call->ends = (method->traits & CONTROL_ENDS) != 0;
        /* An administrator's revocation does not wait for users' calls. */
        call->job.urgent = call->role == ROLE_ADMIN && (method->traits & CONTROL_BULK) == 0;
        return call;
}

int control_on_method(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        __attribute__((cleanup(call_freep))) struct control_call *call = NULL;
        const struct control_method *method = control_methods_find(sd_bus_message_get_member(m));
        int r;

        (void) error;
        if (!method)
                return -ENOSYS;
        call = call_new(method, userdata, m);
        if (!call)
                return -ENOMEM;
        log_line(LOG_DEBUG, "%s is called by %s", method->member, call->who);
        if (!role_may(call->role, method->verb, true, call->developers) &&
            (call->issues == 0 || !role_issues(method->verb)))
                control_fail(call, CONTROL_ACCESS_DENIED, "%s", why_denied(method->verb));
        if (call->error == CONTROL_OK && method->handlers->parse) {
                r = method->handlers->parse(call, m);
                if (r < 0)
                        return r;
        }
        if (call->error == CONTROL_OK)
                control_quota_add(call);
        if (call->error != CONTROL_OK)
                return send_error(call);
        /* Lists and events include the uses up to now. */
        if (method->verb == ROLE_VERB_LIST)
                verify_flush(call->control->fixed.verify, call->control->fixed.worker);
        if (method->verb == ROLE_VERB_AUDIT)
                audit_flush(call->control->fixed.audit, call->control->fixed.worker, clock_now());
        if (method->handlers->detour)
                method->handlers->detour(take_ptr(call));
        else
                control_resume(take_ptr(call));
        return 1;
}
