/* IssueKey. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "clock.h"
#include "control.h"
#include "expiry.h"
#include "network.h"
#include "parse.h"
#include "text.h"

#define KEYS_MAX 2000 /* of one user, dead or alive: all are looked at for each new one */

struct issue_call {
        struct control_call call;
        char user[WIRE_USER_MAX + 1];
        char expires[64];
        struct key_record key;
        struct secret secret;
};

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

static void take_service(struct control_call *call, struct key_record *key, const char *word) {
        char shown[80];

        if (text_is_service(word) && append_word(key->services, sizeof(key->services), word))
                return;
        text_escape(shown, sizeof(shown), word);
        control_fail(
                call, CONTROL_INVALID_ARGUMENT,
                "'%s' is no PAM service: the name of a file in /etc/pam.d, such as sshd; at most %d of them.",
                shown, RECORD_SERVICES_MAX);
}

static void take_network(struct control_call *call, struct key_record *key, const char *word) {
        char text[NETWORK_TEXT_LEN], shown[80];
        struct network net;
        int r;

        r = network_parse(word, &net);
        if (r >= 0) {
                network_format(&net, text);
                if (append_word(key->networks, sizeof(key->networks), text))
                        return;
        }
        text_escape(shown, sizeof(shown), word);
        control_fail(call, CONTROL_INVALID_ARGUMENT, "'%s' is no network: %s.", shown,
                     r == -ERANGE ? "it has host bits set; 10.0.0.1/8 is written 10.0.0.0/8"
                                  : "an address or CIDR block, such as 192.0.2.7 or 10.0.0.0/8 or "
                                    "2001:db8::/32; at most 16");
}

static int parse_words(struct control_call *call, sd_bus_message *m, int max,
                       void (*take)(struct control_call *call, struct key_record *key, const char *word)) {
        struct issue_call *issue = (struct issue_call *) call;
        const char *word;
        int r, n = 0;

        r = sd_bus_message_enter_container(m, 'v', "as");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &word)) > 0) {
                if (n++ == max)
                        control_fail(call, CONTROL_INVALID_ARGUMENT, "Too many: at most %d for one key.",
                                     max);
                if (call->error == CONTROL_OK)
                        take(call, &issue->key, word);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int parse_option(struct control_call *call, sd_bus_message *m) {
        struct issue_call *issue = (struct issue_call *) call;
        const char *option, *value;
        char shown[80];
        int r;

        r = sd_bus_message_read_basic(m, 's', &option);
        if (r < 0)
                return r;
        if (strcmp(option, "services") == 0)
                return parse_words(call, m, RECORD_SERVICES_MAX, take_service);
        if (strcmp(option, "networks") == 0)
                return parse_words(call, m, RECORD_NETWORKS_MAX, take_network);
        if (strcmp(option, "name") != 0 && strcmp(option, "expires") != 0) {
                text_escape(shown, sizeof(shown), option);
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "Unknown option '%s': known are name, expires, services, networks.", shown);
                return sd_bus_message_skip(m, "v");
        }
        r = sd_bus_message_read(m, "v", "s", &value);
        if (r < 0)
                return r;
        if (strcmp(option, "name") == 0)
                (void) control_take_label(call, "name", value, issue->key.name, sizeof(issue->key.name));
        else if (!text_copy(issue->expires, sizeof(issue->expires), value))
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That expiry is too long for a date or a duration.");
        return 0;
}

static int issue_parse(struct control_call *call, sd_bus_message *m) {
        struct issue_call *issue = (struct issue_call *) call;
        const char *user;
        int r;

        memcpy(issue->key.name, "key", 4);
        r = sd_bus_message_read_basic(m, 's', &user);
        if (r < 0)
                return r;
        if (!text_copy(issue->user, sizeof(issue->user), user) || !user[0])
                control_fail(call, CONTROL_NO_SUCH_USER, "That is no user name: 1 to %d bytes.",
                             WIRE_USER_MAX);
        return control_read_options(call, m, parse_option);
}

/* Whose key it will be, and whether this caller may make one for that user. */
static bool resolve_owner(struct issue_call *issue) {
        struct control_call *call = &issue->call;
        struct account account = {};
        char shown[2 * WIRE_USER_MAX];
        int r;

        text_escape(shown, sizeof(shown), issue->user);
        r = account_by_name(issue->user, &account);
        if (call->role != ROLE_ADMIN && (r < 0 || account.uid != call->uid))
                control_fail(call, CONTROL_ACCESS_DENIED,
                             "Only administrators make keys for others than themselves.");
        else if (r == -ENOENT)
                control_fail(call, CONTROL_NO_SUCH_USER, "This host knows no user '%s'.", shown);
        else if (r < 0)
                control_fail(call, CONTROL_BUSY, "The user database does not answer for '%s'; try again.",
                             shown);
        /* The name that the directory gives is the one that services will log in. */
        else if (!text_is_label(account.name, WIRE_USER_MAX))
                control_fail(call, CONTROL_NO_SUCH_USER,
                             "The name of user '%s' has characters that no key can carry.", shown);
        else {
                memcpy(issue->key.owner, account.name, sizeof(issue->key.owner));
                issue->key.owner_uid = account.uid;
                return true;
        }
        return false;
}

static bool decide_expiry(struct issue_call *issue, const struct policy *policy) {
        struct key_record *key = &issue->key;
        char shown[80], most[PARSE_DURATION_LEN];

        if (issue->expires[0] && parse_when(issue->expires, key->created_at, &key->expires_at) < 0) {
                text_escape(shown, sizeof(shown), issue->expires);
                control_fail(&issue->call, CONTROL_INVALID_ARGUMENT,
                             "'%s' is neither a time to come nor a duration with its unit: such as 12h, 90d, "
                             "6months or 1y, or a "
                             "moment to come, such as 2030-01-31 or 2030-01-31T12:00:00Z.",
                             shown);
                return false;
        }
        if (policy->max_lifetime_s == 0)
                return true;
        key->bound_at = key->created_at + policy->max_lifetime_s;
        if (key->expires_at > key->bound_at) {
                parse_duration_format(policy->max_lifetime_s, most);
                control_fail(&issue->call, CONTROL_LIMIT_EXCEEDED,
                             "The policy max-lifetime=%s bounds new keys: ask for an earlier expiry.", most);
                return false;
        }
        return true;
}

struct counting {
        const struct policy *policy;
        int64_t now;
        int64_t active, all;
};

static int count_active(const struct key_record *key, void *userdata) {
        struct counting *counting = userdata;

        if (expiry_status(counting->policy, key, counting->now) == KEY_ACTIVE)
                counting->active++;
        return ++counting->all >= KEYS_MAX ? -EOVERFLOW : 0;
}

static bool has_room(struct issue_call *issue, struct store *writer, const struct policy *policy) {
        struct counting counting = { .policy = policy, .now = issue->key.created_at };
        int r;

        r = store_key_each(writer, issue->key.owner, "", count_active, &counting);
        if (r == -EOVERFLOW)
                control_fail(&issue->call, CONTROL_LIMIT_EXCEEDED,
                             "The user has %d keys, dead ones among them: remove some first.", KEYS_MAX);
        else if (r < 0)
                control_fail_store(&issue->call, r);
        else if (counting.active >= policy->max_keys_per_user)
                control_fail(&issue->call, CONTROL_LIMIT_EXCEEDED,
                             "The user has %lld active keys and the policy max-keys-per-user=%lld allows no "
                             "more: revoke or "
                             "remove one first.",
                             (long long) counting.active, (long long) policy->max_keys_per_user);
        else
                return true;
        return false;
}

/* Ids are drawn from 62^10; a second draw is as good as never needed, a third never. */
static int insert(struct issue_call *issue, struct store *writer) {
        const struct keymint *keymint = issue->call.control->keymint;
        struct key_record *key = &issue->key;
        int r = -EEXIST;

        for (unsigned tries = 0; r == -EEXIST && tries < 3; tries++) {
                keymint_make_id(key->id);
                keymint_make_secret(key->id, &issue->secret);
                keymint_digest(keymint, issue->secret.text, key->digest);
                key->pepper_id = keymint_pepper_id(keymint);
                r = store_key_insert(writer, key);
        }
        return r;
}

/* A verification takes what the store knows of the owner, and the answer is fresh. */
static int note_account(struct store *writer, const struct key_record *key) {
        struct account_record account = {};
        int r;

        r = store_account_get(writer, key->owner, &account);
        if (r != -ENOENT && (r < 0 || (account.state == ACCOUNT_PRESENT && account.uid == key->owner_uid)))
                return r;
        account = (struct account_record){ .state = ACCOUNT_PRESENT,
                                           .uid = key->owner_uid,
                                           .admin = key->owner_uid == 0 };
        memcpy(account.name, key->owner, sizeof(account.name));
        return store_account_put(writer, &account);
}

static void issue_in_transaction(struct issue_call *issue, struct store *writer) {
        struct control_call *call = &issue->call;
        struct policy policy;
        int r;

        if (!control_load_policy(call, writer, &policy))
                return;
        if (!policy.enabled) {
                control_fail(call, CONTROL_DISABLED,
                             "API keys are disabled: an administrator sets the policy enabled=yes first.");
                return;
        }
        if (!decide_expiry(issue, &policy) || !has_room(issue, writer, &policy))
                return;
        issue->key.epoch = policy.epoch;
        r = insert(issue, writer);
        if (r >= 0)
                r = note_account(writer, &issue->key);
        if (r >= 0)
                r = store_commit(writer);
        if (r < 0)
                control_fail_store(call, r);
}

static void issue_run(struct control_call *call, struct store *writer) {
        struct issue_call *issue = (struct issue_call *) call;
        int r;

        if (!resolve_owner(issue))
                return;
        issue->key.created_at = issue->key.updated_at = clock_now();
        r = store_begin(writer);
        if (r < 0) {
                control_fail_store(call, r);
                return;
        }
        issue_in_transaction(issue, writer);
        store_rollback(writer);
        if (call->error == CONTROL_OK)
                control_audit(call, issue->key.id, issue->key.owner, "issued");
}

static int issue_reply(struct control_call *call, sd_bus_message *reply) {
        struct issue_call *issue = (struct issue_call *) call;

        return sd_bus_message_append(reply, "ss", issue->key.id, issue->secret.text);
}

const struct control_method control_issue = {
        .member = "IssueKey",
        .verb = ROLE_VERB_ISSUE,
        .size = sizeof(struct issue_call),
        .parse = issue_parse,
        .run = issue_run,
        .reply = issue_reply,
        .sensitive = true,
};
