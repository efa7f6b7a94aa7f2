/* SPDX-License-Identifier: BSD-2-Clause */
/* IssueKey, and the arguments that IssueKeyWithPassword shares with it. Who may have a key and
 * how one is made is in keys/issue. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accounts/accounts.h"
#include "control/control_audit.h"
#include "control/control_cert.h"
#include "control/control_issue.h"
#include "control/control_options.h"
#include "control/control_quota.h"
#include "control/control_state.h"
#include "fleet/fleet.h"
#include "network.h"
#include "rules/policy.h"
#include "text.h"

static bool append_word(char *list, size_t size, const char *word) {
        size_t used = strlen(list), len = strlen(word);

        if (text_has_word(list, word))
                return true;
        if (used + len + 2 > size)
                return false;
        if (used > 0)
                list[used++] = ' ';
        memcpy(list + used, word, len + 1);
        return true;
}

static void take_service(struct control_call *call, const struct control_option *option,
                         const char *word, void *out) {
        char shown[80], service[WIRE_SERVICE_MAX + 1];

        if (text_is_service(word) && text_copy(service, sizeof(service), word)) {
                text_fold_service(service);
                if (append_word(out, option->size, service))
                        return;
        }
        text_escape(shown, sizeof(shown), word);
        control_fail(call, CONTROL_INVALID_ARGUMENT,
                     "'%s' is no PAM service: the name of a file in /etc/pam.d, such as sshd; at "
                     "most %d of them.",
                     shown, RECORD_SERVICES_MAX);
}

static void take_network(struct control_call *call, const struct control_option *option,
                         const char *word, void *out) {
        char text[NETWORK_TEXT_LEN], shown[80];
        struct network net;
        int r;

        r = network_parse(word, &net);
        if (r >= 0) {
                network_format(&net, text);
                if (append_word(out, option->size, text))
                        return;
        }
        text_escape(shown, sizeof(shown), word);
        control_fail(call, CONTROL_INVALID_ARGUMENT, "'%s' is no network: %s.", shown,
                     r == -ERANGE ? "it has host bits set; 10.0.0.1/8 is written 10.0.0.0/8"
                                  : "an address or CIDR block, such as 192.0.2.7 or 10.0.0.0/8 or "
                                    "2001:db8::/32; at most 16");
}

static void take_group(struct control_call *call, const struct control_option *option,
                       const char *word, void *out) {
        char shown[80];

        if (fleet_is_name(word) && append_word(out, option->size, word))
                return;
        text_escape(shown, sizeof(shown), word);
        control_fail(call, CONTROL_INVALID_ARGUMENT,
                     "'%s' is no group of hosts: a small letter, then small letters, digits and "
                     "hyphens, at most %d in all; at most %d groups.",
                     shown, RECORD_GROUP_MAX, RECORD_GROUPS_MAX);
}

static void take_need(struct control_call *call, const struct control_option *option,
                      const char *value, void *out) {
        if (policy_parse_need(value, out) < 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT, "%s takes no, yes or proof.",
                             option->name);
}

static void take_certificate(struct control_call *call, const struct control_option *option,
                             const char *value, void *out) {
        if (!value[0] || strlen(value) >= option->size)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That is no certificate's thumbprint or name: 1 to %d bytes.",
                             WIRE_NAME_MAX);
        else if (control_cert_may_name(call, value))
                (void) text_copy(out, option->size, value);
}

static void take_user(struct control_call *call, const char *value,
                      char out[static WIRE_USER_MAX + 1]) {
        if (!text_copy(out, WIRE_USER_MAX + 1, value) || !value[0])
                control_fail(call, CONTROL_NO_SUCH_USER, "That is no user name: 1 to %d bytes.",
                             WIRE_USER_MAX);
}

static void take_linked(struct control_call *call, const struct control_option *option,
                        const char *value, void *out) {
        (void) option;
        take_user(call, value, out);
}

/* A person has all addresses of an IPv6 network, so that network is the source. An address has one
 * text, so that its client is one asker however it is written. */
static void take_source(struct control_call *call, const struct control_option *option,
                        const char *value, void *out) {
        char text[NETWORK_TEXT_LEN];
        struct network net;

        if (call->uid != 0) {
                control_fail(call, CONTROL_ACCESS_DENIED, "Only root asks for other people.");
                return;
        }
        if (network_parse_source(value, &net) >= 0) {
                if (net.bits == 128) {
                        memset(net.addr + 8, 0, 8);
                        net.prefix = 64;
                }
                network_format(&net, text);
                value = text;
        }
        control_options_take(call, option, value, out);
}

static void take_same_name(struct control_call *call, const struct control_option *option,
                           const char *value, void *out) {
        struct control_issue_call *ours = (struct control_issue_call *) call;

        (void) out;
        ours->keep = strcmp(value, "keep") == 0;
        ours->request.unique_name = ours->keep || strcmp(value, "refuse") == 0;
        if (!ours->request.unique_name && strcmp(value, "allow") != 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT, "The %s is allow, refuse or keep.",
                             option->name);
}

#define TO(member) CONTROL_OPTION_TO(struct control_issue_call, member)

/* IssueKey has all but the last. */
static const struct control_option options[] = {
        { "name", "s", TO(request.name), .take = control_options_take_label },
        { "expires", "s", TO(request.expires) },
        { "linked", "s", TO(linked), .take = take_linked },
        { "services", "as", TO(request.services), .max = RECORD_SERVICES_MAX,
          .take = take_service },
        { "networks", "as", TO(request.networks), .max = RECORD_NETWORKS_MAX,
          .take = take_network },
        { "require-certificate", "s", TO(request.certificate_need), .take = take_need },
        { "certificate", "s", TO(request.certificate), .take = take_certificate },
        { "hosts", "as", TO(request.hosts), .max = RECORD_GROUPS_MAX, .take = take_group },
        { "same-name", "s", TO(keep), .take = take_same_name },
        { "source", "s", TO(source), .take = take_source },
};

bool control_issue_may_share(struct control_issue_call *ours, enum role role) {
        if (!ours->request.hosts[0] || role_shares(role))
                return true;
        control_fail(&ours->call, CONTROL_ACCESS_DENIED,
                     "Only administrators make keys for the hosts of a fleet, and members of the "
                     "developer-group (wfapikeyd.conf).");
        return false;
}

int control_issue_parse_user(struct control_issue_call *ours, sd_bus_message *m) {
        const char *user;
        int r;

        r = sd_bus_message_read_basic(m, 's', &user);
        if (r >= 0)
                take_user(&ours->call, user, ours->user);
        text_escape(ours->call.about.user, sizeof(ours->call.about.user),
                    text_without_key(ours->user));
        return r;
}

int control_issue_parse_options(struct control_issue_call *ours, sd_bus_message *m, bool source) {
        memcpy(ours->request.name, "key", 4);
        return control_options_read(&ours->call, m, options, ARRAY_LEN(options) - !source);
}

static const char for_others[] = "Only administrators make keys for others than themselves.";

/* The same for every realm: the caller does not learn which ones there are. */
static void take_realm(struct control_issue_call *ours) {
        struct control_call *call = &ours->call;

        ours->realm_user = realm_split(ours->user, ours->realm);
        ours->accounts = accounts_source(call->control->fixed.accounts);
        if (ours->realm_user && call->role != ROLE_ADMIN && !control_issues(call, ours->realm))
                control_fail(call, CONTROL_ACCESS_DENIED, "%s", for_others);
        else if (!ours->realm_user &&
                 !role_may(call->role, call->method->verb, true, call->developers))
                control_fail(call, CONTROL_ACCESS_DENIED,
                             "Those who issue the keys of a realm make no keys for themselves.");
        else if (!ours->realm_user && strchr(ours->user, ':'))
                control_fail(call, CONTROL_NO_SUCH_USER,
                             "That is no user name: an account has no colon, and a user of a realm "
                             "is REALM:NAME with letters, digits and ._-+=~@ in the name.");
}

static int issue_parse(struct control_call *call, sd_bus_message *m) {
        struct control_issue_call *ours = (struct control_issue_call *) call;
        int r;

        r = control_issue_parse_user(ours, m);
        if (r >= 0)
                take_realm(ours);
        if (r >= 0)
                r = control_issue_parse_options(ours, m, false);
        /* Here the caller's role counts. With a password it is the role of the password's user. */
        if (r >= 0)
                (void) control_issue_may_share(ours, call->role);
        return r;
}

static const enum control_error errors[] = {
        [ISSUE_OK] = CONTROL_OK,
        [ISSUE_NO_SUCH_USER] = CONTROL_NO_SUCH_USER,
        [ISSUE_NO_ANSWER] = CONTROL_BUSY,
        [ISSUE_INVALID] = CONTROL_INVALID_ARGUMENT,
        [ISSUE_LIMIT] = CONTROL_LIMIT_EXCEEDED,
        [ISSUE_DISABLED] = CONTROL_DISABLED,
        [ISSUE_ADMIN] = CONTROL_DISABLED,
        [ISSUE_CLOSED] = CONTROL_LIMIT_EXCEEDED,
        [ISSUE_HAS_KEY] = CONTROL_LIMIT_EXCEEDED,
        [ISSUE_NAME_TAKEN] = CONTROL_LIMIT_EXCEEDED,
        [ISSUE_STORE] = CONTROL_STORE,
};
_Static_assert(ARRAY_LEN(errors) == _ISSUE_ERROR_MAX, "an answer to each");

void control_issue_failed(struct control_call *call, const struct issue_result *result) {
        control_fail(call, errors[result->error], "%s", result->error_text);
}

/* --- Who the users are --- */

/* The answer took a while. What the caller may do, and which realms there are, is of the
 * configuration in which the call came. */
void control_issue_go_on(struct control_call *call) {
        if (call->conf_serial != call->control->loop.conf_serial)
                control_fail(call, CONTROL_BUSY,
                             "The configuration was read again meanwhile; try again.");
        control_resume(call);
}

static void on_users(int r, const struct account_record *accounts, void *userdata) {
        struct control_issue_call *ours = userdata;
        struct issue_request *request = &ours->request;

        if (issue_take_user(ours->user, r, accounts, &request->owner, &ours->result) &&
            ours->linked[0])
                (void) issue_take_user(ours->linked, r, accounts + 1, &request->linked,
                                       &ours->result);
        control_issue_go_on(&ours->call);
}

/* A service might take a user of a realm for the account of the same name. */
static void on_namesake(int r, const struct account_record *accounts, void *userdata) {
        struct control_issue_call *ours = userdata;
        struct issue_result *result = &ours->result;

        if (r < 0 || accounts[0].state == ACCOUNT_UNKNOWN) {
                result->error = ISSUE_NO_ANSWER;
                (void) snprintf(result->error_text, sizeof(result->error_text),
                                "It is not known yet whether this host has an account '%s'; try "
                                "again.",
                                ours->realm_user);
        } else if (accounts[0].state != ACCOUNT_GONE) {
                result->error = ISSUE_NO_SUCH_USER;
                (void) snprintf(
                        result->error_text, sizeof(result->error_text),
                        "'%s' is an account of this host, so no realm can have such a user.",
                        ours->realm_user);
        }
        control_issue_go_on(&ours->call);
}

void control_issue_ask(struct control_call *call) {
        struct control_issue_call *ours = (struct control_issue_call *) call;
        void (*done)(int r, const struct account_record *accounts, void *userdata) =
                ours->realm_user ? on_namesake : on_users;
        const char *const names[] = { ours->realm_user ?: ours->user, ours->linked };
        size_t n = ours->linked[0] && !ours->realm_user ? 2 : 1;

        if (!control_quota_ask(call) ||
            accounts_ask(call->control->fixed.accounts, names, n, done, ours) < 0)
                done(-EBUSY, NULL, ours);
}

/* --- The key --- */

static int add_key(struct control_call *call, struct store *writer) {
        struct control_issue_call *ours = (struct control_issue_call *) call;

        if (!issue_add(&ours->request, writer, &ours->result) &&
            (!ours->keep || ours->result.error != ISSUE_NAME_TAKEN))
                control_issue_failed(call, &ours->result);
        return 0;
}

void control_issue_make(struct control_issue_call *ours, struct store *writer, uid_t uid,
                        const char *not_yours) {
        struct control_call *call = &ours->call;
        struct issue_request *request = &ours->request;
        struct issue_result *result = &ours->result;
        const struct account_record *owner = &request->owner;
        bool own = owner->state == ACCOUNT_PRESENT && owner->uid == uid;

        request->keymint = call->control->fixed.keymint;
        control_audit_fill(call, "issued", &request->audit);
        /* The same for every name: the caller does not learn whether it is its own. */
        if (result->error == ISSUE_NO_ANSWER)
                control_issue_failed(call, result);
        else if (uid != (uid_t) -1 && !own)
                control_fail(call, CONTROL_ACCESS_DENIED, "%s", not_yours);
        else if (call->role != ROLE_ADMIN && ours->linked[0] &&
                 strcmp(ours->linked, owner->name) != 0)
                control_fail(call, CONTROL_ACCESS_DENIED,
                             "Only administrators link a key to another user's password.");
        else if (result->error == ISSUE_OK)
                (void) control_transact(call, writer, add_key);
        else
                control_issue_failed(call, result);
}

void control_issue_committed(struct control_call *call) {
        const struct issue_result *result = &((struct control_issue_call *) call)->result;

        if (result->error == ISSUE_OK)
                control_audit_say(call, "issued", &result->key);
}

/* --- The key of a realm's user --- */

/* Whether each of the services is one of the realm's. If not, the call has failed. */
static bool are_of_realm(struct control_issue_call *ours, const struct realm *realm) {
        const char *list = ours->request.services;
        char word[WIRE_SERVICE_MAX + 1];

        while (*list) {
                size_t len = strcspn(list, " ");

                memcpy(word, list, len);
                word[len] = '\0';
                if (!text_has_word(realm->services, word)) {
                        control_fail(
                                &ours->call, CONTROL_INVALID_ARGUMENT,
                                "The service '%s' is not of the realm '%s', whose services are: "
                                "%s.",
                                word, realm->name, realm->services[0] ? realm->services : "none");
                        return false;
                }
                list += len;
                list += strspn(list, " ");
        }
        return true;
}

/* Whether the realm has the user. If not, the call has failed. */
static bool has_user(struct control_issue_call *ours, const struct realm *realm) {
        char error[ERROR_LEN];
        int r;

        if (!realm->list[0] && realm_has_suffix(ours->realm_user, realm->suffixes))
                return true;
        if (!realm->list[0]) {
                control_fail(&ours->call, CONTROL_NO_SUCH_USER,
                             "The realm '%s' has no user '%s': its users end in: %s.", realm->name,
                             ours->realm_user, realm->suffixes[0] ? realm->suffixes : "nothing");
                return false;
        }
        r = accounts_realms_has(ours->call.realms, realm, ours->realm_user, ours->accounts.lists,
                                error);
        if (r < 0)
                control_fail(&ours->call, CONTROL_BUSY,
                             "It cannot be said who is in the realm '%s': %s.", realm->name, error);
        else if (r == 0)
                control_fail(&ours->call, CONTROL_NO_SUCH_USER,
                             "The realm '%s' has no user '%s': '%s' does not list it.", realm->name,
                             ours->realm_user, realm->list);
        return r > 0;
}

static bool is_possible(struct control_issue_call *ours) {
        const struct realm *realm = realms_find(ours->call.realms, ours->realm);

        if (!realm)
                control_fail(
                        &ours->call, CONTROL_NO_SUCH_USER,
                        "This host has no realm '%s': a [Realm %s] in wfapikeyd.conf makes it.",
                        ours->realm, ours->realm);
        else if (ours->linked[0])
                control_fail(&ours->call, CONTROL_INVALID_ARGUMENT,
                             "A key of a realm's user depends on nobody's password.");
        else if (ours->request.hosts[0])
                control_fail(
                        &ours->call, CONTROL_INVALID_ARGUMENT,
                        "A key of a realm's user is for this host alone, and not for a fleet.");
        else
                return are_of_realm(ours, realm) && has_user(ours, realm);
        return false;
}

static void issue_for_realm(struct control_issue_call *ours, struct store *writer) {
        struct control_call *call = &ours->call;
        struct account_record *owner = &ours->request.owner;

        if (ours->result.error != ISSUE_OK) {
                control_issue_failed(call, &ours->result);
                return;
        }
        if (!is_possible(ours))
                return;
        *owner = (struct account_record){ .state = ACCOUNT_PRESENT,
                                          .uid = RECORD_UNBOUND,
                                          .local = true,
                                          .password_since = accounts_realms_which(
                                                  realms_find(call->realms, ours->realm)) };
        memcpy(owner->name, ours->user, sizeof(owner->name));
        ours->request.keymint = call->control->fixed.keymint;
        control_audit_fill(call, "issued", &ours->request.audit);
        (void) control_transact(call, writer, add_key);
}

static void issue_run(struct control_call *call, struct store *writer) {
        struct control_issue_call *ours = (struct control_issue_call *) call;

        if (ours->realm_user)
                issue_for_realm(ours, writer);
        else
                control_issue_make(ours, writer, call->role == ROLE_ADMIN ? (uid_t) -1 : call->uid,
                                   for_others);
}

int control_issue_append(sd_bus_message *reply, const struct issue_result *result) {
        return sd_bus_message_append(reply, "ss", result->key.id, result->secret.text);
}

int control_issue_reply(struct control_call *call, sd_bus_message *reply) {
        return control_issue_append(reply, &((struct control_issue_call *) call)->result);
}

const struct control_handlers control_issue = {
        .size = sizeof(struct control_issue_call),
        .parse = issue_parse,
        .detour = control_issue_ask,
        .run = issue_run,
        .committed = control_issue_committed,
        .reply = control_issue_reply,
};
