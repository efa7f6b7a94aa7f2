/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes keys: checks what the policy, the accounts and the keys of the user allow, draws the
 * secret, and writes the row. Does not know whether a person or a login asked, and asks no
 * directory. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "keys/facts.h"
#include "keys/issue.h"
#include "keys/registered.h"
#include "parse.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_audit.h"
#include "store/store_key.h"
#include "text.h"

/* of one user, dead ones too: each new key looks at all */
#define KEYS_MAX 2000

/* For "return fail(...)": no key is made. */
__attribute__((format(printf, 3, 4))) static bool fail(struct issue *issue, enum issue_error error,
                                                       const char *format, ...) {
        va_list ap;

        issue->error = error;
        va_start(ap, format);
        (void) vsnprintf(issue->error_text, sizeof(issue->error_text), format, ap);
        va_end(ap);
        return false;
}

static bool fail_store(struct issue *issue, int r) {
        return fail(issue, ISSUE_STORE, "The key store: %s; nothing was changed.",
                    store_error_text(r));
}

static bool take_account(struct issue *issue, const char *user, int r,
                         const struct account_record *account, struct account_record *ret) {
        char shown[2 * WIRE_USER_MAX];

        text_escape(shown, sizeof(shown), user);
        if (r < 0 || account->state == ACCOUNT_UNKNOWN)
                return fail(issue, ISSUE_NO_ANSWER,
                            "The user database does not answer for '%s'; try again.", shown);
        if (account->state != ACCOUNT_PRESENT)
                return fail(issue, ISSUE_NO_SUCH_USER, "This host knows no user '%s'.", shown);
        /* Services log the user in by the name that the directory gives. */
        if (!text_is_label(account->name, WIRE_USER_MAX))
                return fail(issue, ISSUE_NO_SUCH_USER,
                            "The name of user '%s' has characters that no key can carry.", shown);
        *ret = *account;
        return true;
}

bool issue_take_owner(struct issue *issue, const char *user, int r,
                      const struct account_record *account) {
        if (!take_account(issue, user, r, account, &issue->owner))
                return false;
        memcpy(issue->key.owner, issue->owner.name, sizeof(issue->key.owner));
        issue->key.owner_uid = issue->owner.uid;
        return true;
}

bool issue_take_linked(struct issue *issue, const char *user, int r,
                       const struct account_record *account) {
        if (!take_account(issue, user, r, account, &issue->linked))
                return false;
        if (strcmp(issue->linked.name, issue->key.owner) != 0)
                memcpy(issue->key.linked, issue->linked.name, sizeof(issue->key.linked));
        return true;
}

static bool decide_expiry(struct issue *issue, const struct policy *policy) {
        struct key_record *key = &issue->key;
        char shown[80], most[PARSE_DURATION_LEN];

        if (issue->expires[0] &&
            parse_when(issue->expires, key->created_at, &key->expires_at) < 0) {
                text_escape(shown, sizeof(shown), issue->expires);
                return fail(issue, ISSUE_INVALID,
                            "'%s' is neither a time to come nor a duration with its unit: such as "
                            "12h, 90d, 6months or 1y, or a moment to come, such as 2030-01-31 or "
                            "2030-01-31T12:00:00Z.",
                            shown);
        }
        if (policy->max_lifetime_s == 0)
                return true;
        key->bound_at = key->created_at + policy->max_lifetime_s;
        if (issue->expires[0] && key->expires_at > key->bound_at) {
                parse_duration_format(policy->max_lifetime_s, most);
                return fail(
                        issue, ISSUE_LIMIT,
                        "The policy max-lifetime=%s bounds new keys: ask for an earlier expiry.",
                        most);
        }
        return true;
}

struct counting {
        const struct issue *issue;
        struct store *writer;
        const struct policy *policy;
        int64_t active, all;
        char in_the_way[KEYTEXT_ID_LEN + 1];
};

/* A key that serves the same purpose: a login must not add another one. A revoked key counts until
 * somebody removes it, because logging in again must not undo a revocation. An expired key does not
 * count, because the user has just authenticated again. A key of another uid does not count either:
 * it was made for another person with the same name. */
static bool stands_in_the_way(const struct issue *issue, const struct key_record *key,
                              enum key_status status) {
        return status != KEY_EXPIRED && key->owner_uid == issue->key.owner_uid &&
               (key->services[0] == '\0' || text_has_word(key->services, issue->key.services));
}

/* A key that retires and its successor count as one key while the successor lives. */
static bool counts_with_successor(const struct counting *counting, const struct key_record *key) {
        struct key_record successor;

        return key->retires_at != 0 &&
               store_key_get(counting->writer, key->successor, &successor) >= 0 &&
               expiry_status(counting->policy, &successor, counting->issue->key.created_at) ==
                       KEY_ACTIVE;
}

static int count_key(const struct key_record *key, void *userdata) {
        struct counting *counting = userdata;
        enum key_status status =
                expiry_status(counting->policy, key, counting->issue->key.created_at);

        if (status == KEY_ACTIVE && !counts_with_successor(counting, key))
                counting->active++;
        if (stands_in_the_way(counting->issue, key, status))
                memcpy(counting->in_the_way, key->id, sizeof(counting->in_the_way));
        return ++counting->all >= KEYS_MAX ? -EOVERFLOW : 0;
}

static bool has_room(struct issue *issue, struct store *writer, const struct policy *policy) {
        struct counting counting = { .issue = issue, .writer = writer, .policy = policy };
        int r;

        r = store_key_each(writer, issue->key.owner, "", count_key, &counting);
        if (r == -EOVERFLOW)
                return fail(issue, ISSUE_LIMIT,
                            "The user has %d keys, dead ones among them: remove some first.",
                            KEYS_MAX);
        if (r < 0)
                return fail_store(issue, r);
        if (issue->first_use && counting.in_the_way[0])
                return fail(issue, ISSUE_HAS_KEY, "The user has the key %s, alive or revoked.",
                            counting.in_the_way);
        if (!issue->key.predecessor[0] && counting.active >= policy->max_keys_per_user)
                return fail(issue, ISSUE_LIMIT,
                            "The user has %lld active keys and the policy max-keys-per-user=%lld "
                            "allows no "
                            "more: revoke or remove one first.",
                            (long long) counting.active, (long long) policy->max_keys_per_user);
        return true;
}

/* Ids are drawn from 62^10. A second draw is hardly ever needed, a third one never. */
static int insert(struct issue *issue, struct store *writer) {
        struct key_record *key = &issue->key;
        int r = -EEXIST;

        for (unsigned tries = 0; r == -EEXIST && tries < 3; tries++) {
                if (issue->given)
                        memcpy(key->id, keytext_id(issue->secret.text), KEYTEXT_ID_LEN);
                else {
                        keymint_make_id(key->id);
                        keymint_make_secret(key->id, &issue->secret);
                }
                key->pepper_id = keymint_pepper_id(issue->keymint);
                keymint_digest(issue->keymint, key->pepper_id, issue->secret.text, key->digest);
                r = store_key_insert(writer, key);
        }
        return r;
}

/* A verification believes what the store knows of a user, and this answer is fresh. Where there is
 * no answer, what is known has to do. */
static int note_account(struct store *writer, const char *name, int64_t now,
                        struct account_record *account) {
        int r;

        if (account->state != ACCOUNT_UNKNOWN) {
                account->checked_at = now;
                return store_account_put(writer, account);
        }
        r = store_account_get(writer, name, account);
        return r == -ENOENT ? 0 : r;
}

static int add_record(struct issue *issue, struct store *writer) {
        const struct key_record *key = &issue->key;
        struct audit_record *record = &issue->audit;

        record->at = record->until = key->created_at;
        record->owner_uid = key->owner_uid;
        memcpy(record->key, key->id, sizeof(record->key));
        memcpy(record->user, key->owner, sizeof(key->owner));
        return store_audit_add(writer, record);
}

static int note_accounts(struct issue *issue, struct store *writer) {
        const struct key_record *key = &issue->key;
        int r;

        r = note_account(writer, key->owner, key->created_at, &issue->owner);
        if (r >= 0 && key->linked[0])
                r = note_account(writer, key->linked, key->created_at, &issue->linked);
        if (r >= 0 && !key->linked[0])
                issue->linked = issue->owner;
        return r;
}

/* A login with the key would be refused for these reasons anyway. */
static bool check_accounts(struct issue *issue, const struct policy *policy) {
        int64_t now = issue->key.created_at;

        if (issue->owner.admin && !policy->admin_keys)
                return fail(issue, ISSUE_ADMIN,
                            "The policy admin-keys=no allows no keys for administrators.");
        if (issue->owner.closes_at != 0 && now >= issue->owner.closes_at)
                return fail(issue, ISSUE_CLOSED, "The account has expired.");
        if (policy->remove_on_password_expiry && !expiry_password_good(&issue->linked, now))
                return fail(issue, ISSUE_CLOSED,
                            "The password that the key would depend on has expired or is locked "
                            "(policy "
                            "remove-on-password-expiry).");
        return true;
}

static bool bind_to(struct issue *issue, struct store *writer) {
        struct cert_record cert;
        char shown[4 * WIRE_NAME_MAX + 1];
        int r;

        if (!issue->certificate[0])
                return true;
        r = registered_find(writer, issue->certificate, &cert);
        if (r < 0 && r != -ENOENT && r != -ENOTUNIQ)
                return fail_store(issue, r);
        text_escape(shown, sizeof(shown), text_without_key(issue->certificate));
        if (r < 0 || cert.kind != CERT_CLIENT)
                return fail(issue, ISSUE_INVALID,
                            "'%s' names no registered client certificate: it takes a name, a "
                            "thumbprint, or "
                            "8 or more of its first "
                            "digits.",
                            shown);
        issue->key.bound = true;
        memcpy(issue->key.certificate, cert.thumbprint, sizeof(issue->key.certificate));
        return true;
}

bool issue_add(struct issue *issue, struct store *writer) {
        struct policy policy;
        int r;

        issue->key.created_at = issue->key.updated_at = clock_now();
        r = facts_policy(writer, &policy);
        if (r >= 0)
                r = note_accounts(issue, writer);
        if (r < 0)
                return fail_store(issue, r);
        if (!policy.enabled)
                return fail(issue, ISSUE_DISABLED,
                            "API keys are disabled: an administrator sets the policy enabled=yes "
                            "first.");
        if (issue->by_password && !policy.password_issue)
                return fail(issue, ISSUE_DISABLED,
                            "The policy password-issue=no does not give keys for a password.");
        if (!check_accounts(issue, &policy) || !decide_expiry(issue, &policy) ||
            !has_room(issue, writer, &policy) || !bind_to(issue, writer))
                return false;
        issue->key.epoch = policy.epoch;
        r = insert(issue, writer);
        if (r >= 0)
                r = add_record(issue, writer);
        return r >= 0 || fail_store(issue, r);
}

bool issue_make(struct issue *issue, struct store *writer) {
        bool made;
        int r;

        r = store_begin(writer);
        if (r < 0)
                return fail_store(issue, r);
        made = issue_add(issue, writer);
        if (made) {
                r = store_commit(writer);
                made = r >= 0 || fail_store(issue, r);
        }
        store_rollback(writer);
        return made;
}
