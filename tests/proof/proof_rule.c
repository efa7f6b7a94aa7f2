/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of a login, over all facts: a login passes only where each of the conditions that stand
 * here in their own words holds. Only who has the secret learns more than that a key is not good.
 */
#include <errno.h>
#include <string.h>

#include "network.h"
#include "proof.h"
#include "rules/expiry.h"
#include "rules/rule.h"
#include "text.h"

static bool has_service, has_network, source_known;
static enum certificate_need of_service;

/* What the rules ask of others is answered in one way in each login. */
bool text_has_word(const char *list, const char *word) {
        (void) list, (void) word;
        return has_service;
}

int network_parse_source(const char *text, struct network *ret) {
        (void) text, (void) ret;
        return source_known ? 0 : -EINVAL;
}

int network_parse(const char *text, struct network *ret) {
        (void) text, (void) ret;
        return 0;
}

bool network_contains(const struct network *net, const struct network *address) {
        (void) net, (void) address;
        return has_network;
}

enum certificate_need policy_service_need(const struct policy *policy, const char *service) {
        (void) policy, (void) service;
        return of_service;
}

static int64_t max_age;

int64_t policy_replica_max_age(const struct policy *policy, const char *service) {
        (void) policy, (void) service;
        return max_age;
}

const char *realm_split(const char *owner, char realm[static REALM_NAME_MAX + 1]) {
        (void) realm;
        return owner[0] && owner[1] == ':' ? owner + 2 : NULL;
}

bool any_spelling(const char *a, const char *b) {
        return a[0] && b[0] && nondet_bool();
}

static struct policy policy;
static struct key_record key;
static struct account_record owner, linked, spelled;
static struct rule_certificate certificate;
static char user[4];

/* Texts of a few characters: the rules know no length of a name. */
static void end(char *text, size_t max) {
        text[max] = '\0';
}

static bool is_good_account(const struct account_record *account) {
        return account->state == ACCOUNT_PRESENT;
}

/* Of no other account, however the name is spelled. */
static bool is_owners(const struct rule_facts *facts) {
        if (key.realm[0])
                return key.owner[1] == ':' && strcmp(key.owner + 2, user) == 0;
        return strcmp(key.owner, user) == 0 ||
               (facts->spelled && spelled.state == ACCOUNT_PRESENT &&
                spelled.uid == key.owner_uid && strcmp(spelled.name, key.owner) == 0);
}

static void prove_key(const struct rule_facts *facts) {
        int64_t at = expiry_of(&policy, &key);

        prove(policy.enabled);
        prove(facts->key && facts->secret_ok);
        prove(user[0] && is_owners(facts));
        prove(key.status == KEY_ACTIVE);
        prove(key.epoch >= (key.hosts[0] ? policy.fleet_epoch : policy.epoch));
        prove(at == 0 || facts->now < at);
        prove(key.expires_at == 0 || facts->now < key.expires_at);
        prove(key.bound_at == 0 || facts->now < key.bound_at);
        prove(key.retires_at <= 0 || facts->now < key.retires_at);
        prove(key.dead_at == 0 || facts->now < key.dead_at);
        prove(!key.hosts[0] || facts->fleet_age_s <= max_age);
}

static void prove_account(const struct rule_facts *facts) {
        prove(facts->owner && is_good_account(&owner) && owner.uid == key.owner_uid);
        prove((owner.uid == RECORD_UNBOUND) == (key.realm[0] != '\0'));
        prove(owner.closes_at == 0 || facts->now < owner.closes_at);
        prove(policy.admin_keys || !owner.admin);
        prove(!policy.remove_on_password_expiry || key.realm[0] ||
              (facts->linked && is_good_account(&linked) && !linked.locked &&
               (linked.password_ends_at == 0 || facts->now < linked.password_ends_at)));
        prove(facts->realm.accounts != (key.realm[0] != '\0'));
        prove(!key.realm[0] || (facts->realm.known && facts->realm.named && facts->realm.served));
}

static void prove_way(const struct rule_facts *facts) {
        enum certificate_need need = rule_need(&policy, &key, "");

        prove(facts->peer_may_claim);
        prove(!key.services[0] || has_service);
        prove(!key.networks[0] || (source_known && has_network));
        prove(need >= of_service && need >= policy.require_certificate &&
              need >= key.certificate_need);
        prove(!key.bound || need >= CERTIFICATE_YES);
        prove(need == CERTIFICATE_NO || (facts->certificate && certificate.reason == REASON_NONE));
        prove(need < CERTIFICATE_PROOF || certificate.proved);
        prove(!key.bound ||
              memcmp(certificate.thumbprint, key.certificate, RECORD_THUMBPRINT_LEN) == 0);
}

/* What may be said to who does not have the secret. */
static bool tells_nothing(enum reason reason) {
        return reason == REASON_DISABLED || reason == REASON_UNKNOWN_KEY ||
               reason == REASON_WRONG_SECRET || reason == REASON_STALE;
}

static void any_facts(struct rule_facts *facts) {
        any(&policy);
        any(&key);
        any(&owner);
        any(&linked);
        any(&spelled);
        any(&certificate);
        any(user);
        end(user, 1);
        end(key.owner, 3);
        end(key.realm, 1);
        end(key.networks, 1);
        end(spelled.name, 3);
        has_service = nondet_bool();
        has_network = nondet_bool();
        source_known = nondet_bool();
        of_service = (enum certificate_need) nondet_unsigned();
        max_age = nondet_int64();
        grant(of_service <= CERTIFICATE_PROOF && policy.require_certificate <= CERTIFICATE_PROOF &&
              key.certificate_need <= CERTIFICATE_PROOF);
        facts->policy = &policy;
        facts->key = nondet_bool() ? &key : NULL;
        facts->owner = nondet_bool() ? &owner : NULL;
        facts->linked = nondet_bool() ? &linked : NULL;
        facts->spelled = nondet_bool() ? &spelled : NULL;
        facts->certificate = nondet_bool() ? &certificate : NULL;
        facts->realm =
                (struct realm_facts){ nondet_bool(), nondet_bool(), nondet_bool(), nondet_bool() };
        facts->user = user;
        facts->service = "s";
        facts->rhost = "h";
}

int main(void) {
        struct rule_facts facts;
        enum reason reason;

        any_facts(&facts);
        reason = rule_decide(&facts);
        prove(facts.secret_ok || tells_nothing(reason));
        if (reason != REASON_NONE)
                return 0;
        prove_key(&facts);
        prove_account(&facts);
        prove_way(&facts);
        return 0;
}
