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
#include "store/store_fleet.h"
#include "store/store_key.h"
#include "text.h"

/* of one user, dead ones too: each new key looks at all */
#define KEYS_MAX 2000

/* One key on its way into the store. */
struct making {
        const struct issue_request *request;
        struct store *writer;
        struct policy policy;
        /* as the store has them from now on */
        struct account_record owner, linked;
        struct key_record key;
        size_t n_groups; /* of the key's that there are */
        bool in_fleet;
        struct issue_result *result;
};

/* For "return fail(...)": there is no key. */
__attribute__((format(printf, 3, 4))) static bool fail(struct issue_result *result,
                                                       enum issue_error error, const char *format,
                                                       ...) {
        va_list ap;

        secret_wipe(&result->secret);
        result->error = error;
        va_start(ap, format);
        (void) vsnprintf(result->error_text, sizeof(result->error_text), format, ap);
        va_end(ap);
        return false;
}

static bool fail_store(struct issue_result *result, int r) {
        return fail(result, ISSUE_STORE, "The key store: %s; %s.", store_error_text(r),
                    store_error_effect(r));
}

bool issue_take_user(const char *user, int r, const struct account_record *account,
                     struct account_record *ret, struct issue_result *result) {
        char shown[2 * WIRE_USER_MAX];

        text_escape(shown, sizeof(shown), user);
        if (r < 0 || account->state == ACCOUNT_UNKNOWN)
                return fail(result, ISSUE_NO_ANSWER,
                            "The user database does not answer for '%s'; try again.", shown);
        if (account->state != ACCOUNT_PRESENT)
                return fail(result, ISSUE_NO_SUCH_USER, "This host knows no user '%s'.", shown);
        /* The name that the directory gives is the one that services will log in. A colon would
         * make it that of a realm's user. */
        if (!text_is_label(account->name, WIRE_USER_MAX) || strchr(account->name, ':'))
                return fail(result, ISSUE_NO_SUCH_USER,
                            "The name of user '%s' has characters that no key can carry.", shown);
        *ret = *account;
        return true;
}

/* The new key is good for the same as the old one. If the old key had an expiry of its own, the
 * new one lives as long again. */
static void fill_successor(struct key_record *key, const struct key_record *old) {
        key->owner_uid = old->owner_uid;
        memcpy(key->owner, old->owner, sizeof(key->owner));
        memcpy(key->realm, old->realm, sizeof(key->realm));
        memcpy(key->linked, old->linked, sizeof(key->linked));
        memcpy(key->name, old->name, sizeof(key->name));
        memcpy(key->services, old->services, sizeof(key->services));
        memcpy(key->networks, old->networks, sizeof(key->networks));
        key->certificate_need = old->certificate_need;
        key->bound = old->bound;
        memcpy(key->certificate, old->certificate, sizeof(key->certificate));
        memcpy(key->predecessor, old->id, sizeof(key->predecessor));
        memcpy(key->hosts, old->hosts, sizeof(key->hosts));
        if (old->expires_at != 0)
                key->expires_at = key->created_at + (old->expires_at - old->created_at);
}

static void fill_new(struct key_record *key, const struct issue_request *request) {
        key->owner_uid = request->owner.uid;
        memcpy(key->owner, request->owner.name, sizeof(key->owner));
        if (key->owner_uid == RECORD_UNBOUND)
                (void) realm_split(key->owner, key->realm);
        if (strcmp(request->linked.name, request->owner.name) != 0)
                memcpy(key->linked, request->linked.name, sizeof(key->linked));
        memcpy(key->name, request->name, sizeof(key->name));
        memcpy(key->services, request->services, sizeof(key->services));
        memcpy(key->networks, request->networks, sizeof(key->networks));
        memcpy(key->origin, request->origin, sizeof(key->origin));
        memcpy(key->hosts, request->hosts, sizeof(key->hosts));
        key->certificate_need = request->certificate_need;
}

static void fill_key(struct making *making) {
        struct key_record *key = &making->key;

        key->created_at = key->updated_at = clock_now();
        if (making->request->predecessor)
                fill_successor(key, making->request->predecessor);
        else
                fill_new(key, making->request);
}

static bool decide_expiry(struct making *making) {
        const struct policy *policy = &making->policy;
        const char *expires = making->request->expires;
        struct key_record *key = &making->key;
        char shown[80], most[PARSE_DURATION_LEN];

        if (strcmp(expires, "never") == 0)
                key->expires_at = EXPIRY_NEVER;
        else if (expires[0] && parse_when(expires, key->created_at, &key->expires_at) < 0) {
                text_escape(shown, sizeof(shown), expires);
                return fail(making->result, ISSUE_INVALID,
                            "'%s' is neither a time to come nor a duration with its unit: such as "
                            "12h, 90d, 6months or 1y, or a moment to come, such as 2030-01-31 or "
                            "2030-01-31T12:00:00Z, or never.",
                            shown);
        }
        if (policy->max_lifetime_s == 0)
                return true;
        key->bound_at = key->created_at + policy->max_lifetime_s;
        if (expires[0] && key->expires_at > key->bound_at) {
                parse_duration_format(policy->max_lifetime_s, most);
                return fail(
                        making->result, ISSUE_LIMIT,
                        "The policy max-lifetime=%s bounds new keys: ask for an earlier expiry.",
                        most);
        }
        return true;
}

struct counting {
        const struct making *making;
        int64_t active, all;
        char in_the_way[KEYTEXT_ID_LEN + 1], same_name[KEYTEXT_ID_LEN + 1];
};

/* A key that serves the same purpose: a login must not add another one. A revoked key counts until
 * somebody removes it, because logging in again must not undo a revocation. An expired or
 * idle key does not count, because the user has just authenticated again. A key of another uid does
 * not count either: it was made for another person with the same name. */
static bool stands_in_the_way(const struct key_record *made, const struct key_record *key,
                              enum key_status status) {
        return status != KEY_EXPIRED && status != KEY_IDLE && key->owner_uid == made->owner_uid &&
               (key->services[0] == '\0' || text_has_word(key->services, made->services));
}

/* A key that retires and its successor count as one key while the successor lives. */
static bool counts_with_successor(const struct making *making, const struct key_record *key) {
        struct key_record successor;

        return key->retires_at != 0 &&
               store_key_get(making->writer, key->successor, &successor) >= 0 &&
               expiry_status(&making->policy, &successor, making->key.created_at) == KEY_ACTIVE;
}

static int count_key(const struct key_record *key, void *userdata) {
        struct counting *counting = userdata;
        const struct making *making = counting->making;
        enum key_status status = expiry_status(&making->policy, key, making->key.created_at);

        if (status == KEY_ACTIVE && !counts_with_successor(making, key))
                counting->active++;
        if (status == KEY_ACTIVE && strcmp(key->name, making->key.name) == 0)
                memcpy(counting->same_name, key->id, sizeof(counting->same_name));
        if (stands_in_the_way(&making->key, key, status))
                memcpy(counting->in_the_way, key->id, sizeof(counting->in_the_way));
        return ++counting->all >= KEYS_MAX ? -EOVERFLOW : 0;
}

static bool has_room(struct making *making) {
        struct counting counting = { .making = making };
        const struct policy *policy = &making->policy;
        int r;

        r = store_key_each(making->writer, making->key.owner, "", count_key, &counting);
        if (r == -EOVERFLOW)
                return fail(making->result, ISSUE_LIMIT,
                            "The user has %d keys, dead ones among them: remove some first.",
                            KEYS_MAX);
        if (r < 0)
                return fail_store(making->result, r);
        if (making->request->unique_name && counting.same_name[0]) {
                memcpy(making->result->key.id, counting.same_name, sizeof(counting.same_name));
                return fail(making->result, ISSUE_NAME_TAKEN,
                            "The user has the active key %s with this name.", counting.same_name);
        }
        if (making->request->first_use && counting.in_the_way[0])
                return fail(making->result, ISSUE_HAS_KEY,
                            "The user has the key %s, alive or revoked.", counting.in_the_way);
        if (!making->request->predecessor && counting.active >= policy->max_keys_per_user)
                return fail(making->result, ISSUE_LIMIT,
                            "The user has %lld active keys and the policy max-keys-per-user=%lld "
                            "allows no "
                            "more: revoke or remove one first.",
                            (long long) counting.active, (long long) policy->max_keys_per_user);
        return true;
}

/* Ids are drawn from 62^10. A second draw is hardly ever needed, a third one never. */
static int insert(struct making *making) {
        const struct keymint *keymint = making->request->keymint;
        const struct secret *given = making->request->given;
        struct secret *drawn = &making->result->secret;
        struct key_record *key = &making->key;
        int r = -EEXIST;

        for (unsigned tries = 0; r == -EEXIST && tries < 3; tries++) {
                if (given)
                        memcpy(key->id, keytext_id(given->text), KEYTEXT_ID_LEN);
                else {
                        keymint_make_id(key->id);
                        keymint_make_secret(key->id, drawn);
                }
                keymint_digest(keymint, key->pepper_id, (given ?: drawn)->text, key->digest);
                r = store_key_insert(making->writer, key);
        }
        return r;
}

/* A verification believes what the store knows of a user, and this answer is fresh. Where there is
 * no answer, what is known has to do. An answer may be older than the passwd file that has lost the
 * user, or than a report of userdel. Only the look at that file says that the user is back or has
 * another number, because it also ends the keys of the one before. -EAGAIN: it has not been there
 * yet. */
static int note_account(struct store *writer, const char *name, int64_t now,
                        struct account_record *account) {
        struct account_record known = {};
        int r;

        r = store_account_get(writer, name, &known);
        if (r < 0 && r != -ENOENT)
                return r;
        if (account->state == ACCOUNT_UNKNOWN) {
                *account = known;
                return 0;
        }
        if (known.local && (known.state == ACCOUNT_GONE || known.uid != account->uid))
                return -EAGAIN;
        *account = facts_answered(&known, account);
        account->checked_at = now;
        expiry_note_number(&known, account, now, clock_is_trusted());
        expiry_note_password(&known, account, now, clock_is_trusted(), false);
        return store_account_put(writer, account);
}

static int add_record(const struct making *making) {
        const struct key_record *key = &making->key;
        struct audit_record record = making->request->audit;

        record.at = record.until = key->created_at;
        record.owner_uid = key->owner_uid;
        memcpy(record.key, key->id, sizeof(record.key));
        memcpy(record.user, key->owner, sizeof(key->owner));
        return store_audit_add(making->writer, &record);
}

static int note_accounts(struct making *making) {
        const struct key_record *key = &making->key;
        int r;

        making->owner = making->request->owner;
        r = note_account(making->writer, key->owner, key->created_at, &making->owner);
        if (r >= 0 && key->linked[0]) {
                making->linked = making->request->linked;
                r = note_account(making->writer, key->linked, key->created_at, &making->linked);
        } else
                making->linked = making->owner;
        return r;
}

static bool is_closed(const struct account_record *account, int64_t now) {
        return account->closes_at != 0 && now >= account->closes_at;
}

/* A login with the key would be refused for these reasons anyway. The answer may be newer than what
 * is known. */
static bool check_accounts(struct making *making) {
        const struct policy *policy = &making->policy;
        const struct issue_request *request = making->request;
        const struct account_record *asked =
                making->key.linked[0] ? &request->linked : &request->owner;
        int64_t now = making->key.created_at;

        if (making->owner.admin && !policy->admin_keys)
                return fail(making->result, ISSUE_ADMIN,
                            "The policy admin-keys=no allows no keys for administrators.");
        if (is_closed(&making->owner, now) || is_closed(&request->owner, now))
                return fail(making->result, ISSUE_CLOSED, "The account has expired.");
        if (policy->remove_on_password_expiry &&
            (!expiry_password_good(&making->linked, now) ||
             (asked->state == ACCOUNT_PRESENT && !expiry_password_good(asked, now))))
                return fail(making->result, ISSUE_CLOSED,
                            "The password that the key would depend on has expired or is locked "
                            "(policy "
                            "remove-on-password-expiry).");
        return true;
}

static bool bind_to(struct making *making) {
        const char *which = making->request->certificate;
        struct cert_record cert;
        char shown[4 * WIRE_NAME_MAX + 1];
        int r;

        if (!which[0])
                return true;
        r = registered_find(making->writer, which, &cert);
        if (r < 0 && r != -ENOENT && r != -ENOTUNIQ)
                return fail_store(making->result, r);
        text_escape(shown, sizeof(shown), text_without_key(which));
        if (r < 0 || cert.kind != CERT_CLIENT)
                return fail(making->result, ISSUE_INVALID,
                            "'%s' names no registered client certificate: it takes a name, a "
                            "thumbprint, or "
                            "8 or more of its first "
                            "digits.",
                            shown);
        making->key.bound = true;
        memcpy(making->key.certificate, cert.thumbprint, sizeof(making->key.certificate));
        return true;
}

int issue_pepper(struct store *s, const struct keymint *keymint, const char *hosts, uint32_t *ret) {
        struct store_fleet fleet;
        int r;

        if (!hosts[0]) {
                *ret = keymint_pepper_id(keymint);
                return 0;
        }
        r = store_fleet_get(s, &fleet);
        if (r >= 0)
                *ret = fleet.pepper_id;
        explicit_bzero(&fleet, sizeof(fleet));
        return r;
}

static int count_group(const struct store_fleet_group *group, void *userdata) {
        struct making *making = userdata;

        /* each host of a fleet is in a group */
        making->in_fleet = true;
        making->n_groups += text_has_word(making->key.hosts, group->name);
        return 0;
}

static size_t count_words(const char *list) {
        size_t n = list[0] != '\0';

        for (; *list; list++)
                n += *list == ' ';
        return n;
}

/* A key of the fleet is good on other hosts, so it is digested with the pepper that all have. */
static bool choose_pepper(struct making *making) {
        struct key_record *key = &making->key;
        int64_t known = RECORD_FLEET_EPOCH;
        int r;

        key->epoch = key->hosts[0] ? making->policy.fleet_epoch : making->policy.epoch;
        r = key->hosts[0] ? store_fleet_epoch(making->writer, &known) : 0;
        if (r < 0)
                return fail_store(making->result, r);
        /* Hosts take no key that is further than one: fleet_apply.c. */
        if (key->hosts[0] && key->epoch > known + 1)
                return fail(making->result, ISSUE_NO_ANSWER,
                            "This host does not have all changes of its fleet yet; try again "
                            "when 'fleet status' says that it has.");
        if (key->hosts[0] && key->epoch < known)
                key->epoch = known;
        key->revision = key->hosts[0] != '\0';
        if (key->hosts[0]) {
                making->n_groups = 0;
                r = store_fleet_each_group(making->writer, count_group, making);
                if (r < 0)
                        return fail_store(making->result, r);
                if (making->n_groups != count_words(key->hosts))
                        return fail(
                                making->result, ISSUE_INVALID,
                                making->in_fleet
                                        ? "There is no such group of hosts: 'fleet groups' "
                                          "lists those that there are."
                                        : "This host is in no fleet, so a key of its own is for "
                                          "no groups of hosts. 'wfapikeyctl fleet init' begins "
                                          "a fleet.");
        }
        r = issue_pepper(making->writer, making->request->keymint, key->hosts, &key->pepper_id);
        return r >= 0 || fail_store(making->result, r);
}

/* The number of nobody stands for a user of a realm, whose keys are for this host alone. */
static bool check_realm(struct making *making) {
        const struct key_record *key = &making->key;
        bool of_realm = key->realm[0] != '\0';

        if (of_realm == (key->owner_uid == RECORD_UNBOUND) &&
            (!of_realm || (!key->hosts[0] && !key->linked[0])))
                return true;
        return fail(making->result, ISSUE_INVALID,
                    "Keys of a realm's users are for this host alone, and depend on no password.");
}

static bool make(struct making *making) {
        const struct policy *policy = &making->policy;
        int r;

        fill_key(making);
        if (!making->request->predecessor && !check_realm(making))
                return false;
        r = facts_policy(making->writer, &making->policy);
        if (r >= 0)
                r = note_accounts(making);
        if (r == -EAGAIN)
                return fail(making->result, ISSUE_NO_ANSWER,
                            "The passwd file, or the list of the realm, has changed, and the user "
                            "with it; try again in a moment.");
        if (r < 0)
                return fail_store(making->result, r);
        if (!policy->enabled)
                return fail(making->result, ISSUE_DISABLED,
                            "API keys are disabled: an administrator sets the policy enabled=yes "
                            "first.");
        if (making->request->by_password && !policy->password_issue)
                return fail(making->result, ISSUE_DISABLED,
                            "The policy password-issue=no does not give keys for a password.");
        if (!check_accounts(making) || !decide_expiry(making) || !has_room(making) ||
            !bind_to(making) || !choose_pepper(making))
                return false;
        r = insert(making);
        if (r >= 0)
                r = add_record(making);
        return r >= 0 || fail_store(making->result, r);
}

bool issue_add(const struct issue_request *request, struct store *writer,
               struct issue_result *result) {
        struct making making = { .request = request, .writer = writer, .result = result };

        if (!make(&making))
                return false;
        result->key = making.key;
        return true;
}

bool issue_make(const struct issue_request *request, struct store *writer,
                struct issue_result *result) {
        bool made;
        int r;

        r = store_begin(writer);
        if (r < 0)
                return fail_store(result, r);
        made = issue_add(request, writer, result);
        if (made) {
                r = store_commit(writer);
                made = r >= 0 || fail_store(result, r);
        }
        store_rollback(writer);
        return made;
}

bool issue_could(const struct issue_request *request, struct store *writer,
                 struct issue_result *result) {
        bool could;
        int r;

        r = store_begin(writer);
        if (r < 0)
                return fail_store(result, r);
        could = issue_add(request, writer, result);
        store_rollback(writer);
        if (could)
                explicit_bzero(result, sizeof(*result));
        return could;
}
