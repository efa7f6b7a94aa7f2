/* SPDX-License-Identifier: BSD-2-Clause */
/* Decides logins: gets the facts from the store, asks the rules, and fills the reply and the
 * event. Must not block, write to the store, or know a socket. The order of refusals is
 * rule.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cleanup.h"
#include "keys/facts.h"
#include "keys/retire.h"
#include "keys/uses.h"
#include "login/verify.h"
#include "rules/expiry.h"
#include "rules/loglimit.h"
#include "rules/rule.h"
#include "store/store_fleet.h"
#include "store/store_key.h"
#include "text.h"

/* Invariant: policy is what the reader's snapshot says, or policy_known is false and nothing is
 * accepted. */
struct verify {
        struct store *reader;
        const struct keymint *keymint;
        const struct conf *conf;
        struct policy policy;
        bool policy_known;
        int store_error; /* of the last REASON_STORE */
        struct tally tally;
        struct loglimit limits;
        /* NULL: none, so no retirement is written */
        struct worker *worker;
        struct retire *retire;
        struct uses *uses;
        struct trust *trust;
        struct spellings *spellings;    /* NULL: none */
        void (*wanted)(void *userdata); /* NULL: nobody is told */
        void *userdata;
};

int verify_new(struct verify **ret, struct store *reader, const struct keymint *keymint) {
        struct verify *v = calloc(1, sizeof(*v));

        if (!v)
                return -ENOMEM;
        if (uses_new(&v->uses) < 0 || retire_new(&v->retire) < 0 || trust_new(&v->trust) < 0) {
                (void) verify_free(v);
                return -ENOMEM;
        }
        if (loglimit_init(&v->limits) < 0) {
                (void) verify_free(v);
                return -EIO;
        }
        v->reader = reader;
        v->keymint = keymint;
        *ret = v;
        return 0;
}

struct verify *verify_free(struct verify *v) {
        if (v) {
                (void) uses_free(v->uses);
                (void) retire_free(v->retire);
                (void) trust_free(v->trust);
        }
        free(v);
        return NULL;
}

void verify_set_conf(struct verify *v, const struct conf *conf) {
        v->conf = conf;
}

void verify_set_spellings(struct verify *v, struct spellings *spellings) {
        v->spellings = spellings;
}

void verify_on_unknown(struct verify *v, void (*wanted)(void *userdata), void *userdata) {
        v->wanted = wanted;
        v->userdata = userdata;
}

void verify_set_worker(struct verify *v, struct worker *worker) {
        v->worker = worker;
}

/* Renews the snapshot and the policy, if the store has changed. */
static int refresh(struct verify *v) {
        bool changed = false;
        int r;

        r = store_refresh(v->reader, &changed);
        if (r < 0)
                return r;
        if (!changed && v->policy_known)
                return 0;
        v->policy_known = false;
        r = facts_policy(v->reader, &v->policy);
        if (r < 0)
                return r;
        v->policy_known = true;
        return 0;
}

int verify_get_policy(struct verify *v, struct policy *ret) {
        int r = refresh(v);

        if (r >= 0)
                *ret = v->policy;
        return r;
}

int verify_get_reader(struct verify *v, struct store **ret) {
        int r = refresh(v);

        if (r >= 0)
                *ret = v->reader;
        return r;
}

/* One decision on a login. */
struct decision {
        struct verify_login *login;
        /* what came of reading its certificate; NULL: nobody has been asked */
        const struct verify_reading *reading;
        /* on its evidence, when the login depends on it */
        struct trust_verdict verdict;
        bool judged, pending; /* or it has to be read first */
        bool may_wait;        /* for what accounts are */
};

static bool check_ticket(const struct verify *v, const struct verify_login *l,
                         const uint8_t *thumbprint) {
        return keymint_check_ticket(v->keymint, &l->key, l->req.user, thumbprint,
                                    l->evidence.proved, l->req.ticket);
}

/* The ticket was made with the certificate that is shown now, or without any. In the second case
 * the certificate does not count. */
static bool check_confirmation(const struct verify *v, struct verify_login *l) {
        if (check_ticket(v, l, l->evidence.found ? l->evidence.thumbprint : NULL))
                return true;
        if (!l->evidence.there)
                return false;
        l->evidence = (struct trust_evidence){};
        return check_ticket(v, l, NULL);
}

/* Whether the credential is that of the key, which is all zero when there is none: an unknown id
 * takes as long as a wrong secret. */
static bool check_credential(const struct verify *v, struct verify_login *l) {
        if (l->req.kind == WIRE_CONFIRM)
                return check_confirmation(v, l);
        if (l->waits)
                return l->key.pepper_id == l->pepper_id && keymint_equal(l->key.digest, l->digest);
        return keymint_check(v->keymint, &l->key, l->req.key.text);
}

static enum reason store_failed(struct verify *v, int r) {
        store_release(v->reader);
        v->policy_known = false;
        v->store_error = r;
        return REASON_STORE;
}

/* The challenge that must be signed; NULL if this connection was given none for this key. */
static const char *challenge_of(const struct verify_login *l,
                                char out[static CHALLENGE_MESSAGE_LEN]) {
        const struct verify_session *session = l->session;
        char text[CHALLENGE_TEXT_LEN];

        if (!session || !session->offered || strcmp(session->id, l->key.id) != 0)
                return NULL;
        challenge_format(text, session->nonce, l->req.user, l->req.service);
        (void) challenge_message(out, text);
        return out;
}

/* Whether the question was about this certificate, under this trust. */
static bool is_answer(const struct verify *v, const struct verify_login *l,
                      const struct verify_reading *reading) {
        const struct verify_question *question = reading->question;

        return question && reading->verdict && question->trust == v->policy.trust &&
               memcmp(question->thumbprint, l->evidence.thumbprint, sizeof(question->thumbprint)) ==
                       0;
}

/* Applies the answer of the helper. Without an answer that holds now, the certificate is
 * unchecked. A client that has disconnected does not log in, but its attempt is logged. */
static void judge_reading(struct verify *v, struct decision *d) {
        struct verify_login *l = d->login;

        d->verdict.certificate.reason = REASON_CERTIFICATE_UNCHECKED;
        if (!is_answer(v, l, d->reading) ||
            trust_take(v->trust, v->reader, &v->policy, &l->evidence, d->reading->verdict, l->now,
                       &d->verdict) < 0)
                return;
        if (d->reading->gone && d->verdict.certificate.reason == REASON_NONE)
                d->verdict.certificate.reason = REASON_CERTIFICATE_UNCHECKED;
}

/* Judges the certificate, which is all that the login lacks. 0; -EINPROGRESS; an error of the
 * store. */
static int judge(struct verify *v, struct decision *d) {
        struct verify_login *l = d->login;
        char message[CHALLENGE_MESSAGE_LEN];
        int r;

        if (d->reading) {
                judge_reading(v, d);
                return 0;
        }
        r = trust_look(v->trust, v->reader, &v->policy, &l->evidence, l->now, &d->verdict);
        if (r != -EINPROGRESS || !l->evidence.is_signed || challenge_of(l, message))
                return r;
        d->verdict.certificate.reason = REASON_CERTIFICATE_SIGNATURE;
        return 0;
}

static enum reason check_certificate(struct verify *v, struct decision *d,
                                     struct rule_facts *facts) {
        int r = judge(v, d);

        d->pending = r == -EINPROGRESS;
        if (r < 0)
                return d->pending ? REASON_CERTIFICATE_UNCHECKED : store_failed(v, r);
        d->judged = true;
        facts->certificate = &d->verdict.certificate;
        return rule_check(RULE_CERTIFICATE, facts);
}

static bool may_be_idle(const struct verify *v, const struct verify_login *l) {
        return l->key.dead_at == 0 && expiry_status(&v->policy, &l->key, l->now) == KEY_IDLE;
}

/* When the key was last used matters only if it is idle without that. A use of a moment ago may be
 * in memory, or in the store and not in this snapshot. */
static int find_use(struct verify *v, struct verify_login *l) {
        int64_t lost = uses_known(v->uses, l->now).lost;
        int r;

        if (lost > v->policy.idle_from)
                v->policy.idle_from = lost;
        l->key.use_known = true;
        if (!may_be_idle(v, l))
                return 0;
        r = store_key_last_use(v->reader, l->id, &l->key.last_used_at);
        if (r < 0 || !may_be_idle(v, l))
                return r;
        if (uses_waits(v->uses, l->id))
                l->key.last_used_at = l->now;
        store_release(v->reader);
        r = refresh(v);
        return r < 0 || !may_be_idle(v, l)
                       ? r
                       : store_key_last_use(v->reader, l->id, &l->key.last_used_at);
}

/* Reads the row of the key and identifies the certificate. -ENOENT when there is no such key. */
static int look_up(struct verify *v, struct verify_login *l) {
        bool may_vouch = conf_peer_may_vouch(v->conf, l->peer.uid, l->req.service);
        int r, found;

        r = refresh(v);
        if (r < 0)
                return r;
        found = store_key_get(v->reader, l->id, &l->key);
        if (found < 0 && found != -ENOENT)
                return found;
        r = trust_identify(v->reader, &l->key, may_vouch, &l->evidence);
        return r < 0 ? r : found;
}

/* Why the login fails whatever the user is called, or REASON_NONE. */
static enum reason check_all_but_user(const struct rule_facts *facts) {
        for (enum rule rule = 0; rule < RULE_CERTIFICATE; rule++) {
                enum reason reason = rule == RULE_USER ? REASON_NONE : rule_check(rule, facts);

                if (reason != REASON_NONE)
                        return reason;
        }
        return REASON_NONE;
}

/* A directory is asked only about the user of a good key. */
static enum reason find_spelling(const struct verify *v, const struct key_record *key,
                                 struct rule_facts *facts) {
        enum reason reason;

        if (key->realm[0] || strcmp(key->owner, facts->user) == 0 ||
            !rule_may_be_same(key->owner, facts->user))
                return REASON_NONE;
        reason = check_all_but_user(facts);
        if (reason == REASON_NONE)
                facts->spelled = spellings_find(v->spellings, facts->user, key->owner);
        return reason;
}

static enum reason decide(struct verify *v, struct decision *d) {
        struct verify_login *l = d->login;
        struct account_record owner = {}, linked = {};
        struct rule_facts facts = { .policy = &v->policy,
                                    .owner = &owner,
                                    .linked = &linked,
                                    .confirming = l->req.kind == WIRE_CONFIRM,
                                    .user = l->req.user,
                                    .service = l->req.service,
                                    .rhost = l->req.rhost,
                                    .now = l->now };
        enum reason reason;
        int r;

        r = look_up(v, l);
        if (r < 0 && r != -ENOENT)
                return store_failed(v, r);
        facts.secret_ok = check_credential(v, l) && r >= 0;
        facts.key = r >= 0 ? &l->key : NULL;
        if (facts.key && l->key.hosts[0])
                facts.fleet_age_s = store_fleet_age(v->reader, clock_boot_ms() / 1000);
        if (facts.key && l->key.retires_at == RECORD_RETIRES_ON_USE &&
            retire_has(v->retire, l->key.id))
                l->key.retires_at = l->now;
        facts.peer_may_claim = conf_peer_may_claim(v->conf, l->peer.uid, l->req.service);
        facts.realm = realms_facts(v->conf->realms, facts.key, l->req.service);
        /* Accounts matter only to a key whose secret is right. */
        if (facts.secret_ok) {
                r = find_use(v, l);
                if (r >= 0)
                        r = facts_accounts(v->reader, &l->key, &owner, &linked);
                if (r < 0)
                        return store_failed(v, r);
                reason = find_spelling(v, &l->key, &facts);
                if (reason != REASON_NONE)
                        return reason;
        }
        reason = rule_decide(&facts);
        if (reason != REASON_CERTIFICATE_MISSING || !l->evidence.there)
                return reason;
        /* Nothing else is wrong. A certificate is read only for a client with a good key. */
        return check_certificate(v, d, &facts);
}

static void fill_event(const struct verify *v, const struct decision *d, enum reason reason,
                       struct verify_event *event) {
        const struct verify_login *l = d->login;
        const struct wire_request *req = &l->req;

        *event = (struct verify_event){ .reason = reason,
                                        .kind = req->kind == WIRE_OFFER ? WIRE_VERIFY : req->kind,
                                        .peer = l->peer,
                                        .now = l->now };
        event->store_error = v->store_error;
        memcpy(event->id, l->id, sizeof(event->id));
        memcpy(event->user, req->user, sizeof(event->user));
        memcpy(event->service, req->service, sizeof(event->service));
        memcpy(event->rhost, req->rhost, sizeof(event->rhost));
        if (d->judged && l->evidence.found) {
                text_hex(event->thumbprint, l->evidence.thumbprint, RECORD_THUMBPRINT_LEN);
                memcpy(event->subject, d->verdict.subject, sizeof(event->subject));
                memcpy(event->detail, d->verdict.detail, sizeof(event->detail));
        }
        event->known = l->key.id[0] != '\0';
        if (!event->known)
                return;
        memcpy(event->owner, l->key.owner, sizeof(event->owner));
        event->of_realm = l->key.realm[0] != '\0';
        event->owner_uid = l->key.owner_uid;
        event->expires_at = expiry_of(&v->policy, &l->key);
}

static void accept_login(struct verify *v, const struct decision *d, struct wire_reply *reply) {
        const struct verify_login *l = d->login;

        memcpy(reply->id, l->key.id, sizeof(reply->id));
        memcpy(reply->name, l->key.name, sizeof(reply->name));
        keymint_ticket(v->keymint, &l->key, l->req.user,
                       d->judged ? d->verdict.certificate.thumbprint : NULL,
                       d->verdict.certificate.proved, reply->ticket);
        if (l->req.kind != WIRE_CONFIRM) {
                uses_note(v->uses, l->key.id, l->req.service, l->req.rhost, l->now);
                retire_use(v->retire, v->worker, v->reader, &l->key, l->now);
        }
}

/* The login lacks a certificate, and the client can ask for one. Nothing is decided yet. */
static int offer(const struct verify_login *l, uint8_t out[static WIRE_REPLY_LEN]) {
        struct wire_reply reply = { .seq = l->req.seq, .verdict = VERDICT_CHALLENGE };
        struct verify_session *session = l->session;

        session->offered = true;
        memcpy(session->id, l->key.id, sizeof(session->id));
        keymint_draw(session->nonce, sizeof(session->nonce));
        memcpy(reply.challenge, session->nonce, sizeof(reply.challenge));
        wire_reply_encode(out, &reply);
        return VERIFY_OFFERED;
}

/* Everything else is right, but a helper has to read the certificate first. */
static int put_off(struct verify_login *l) {
        secret_wipe(&l->req.key);
        l->pepper_id = l->key.pepper_id;
        memcpy(l->digest, l->key.digest, sizeof(l->digest));
        l->waits = true;
        return VERIFY_READ;
}

static bool must_wait(const struct verify *v, enum reason reason) {
        if (reason == REASON_ACCOUNT_UNKNOWN && v->wanted)
                v->wanted(v->userdata);
        return reason == REASON_ACCOUNT_UNKNOWN || reason == REASON_SPELLING_UNKNOWN;
}

static int answer(struct verify *v, struct decision *d, uint8_t out[static WIRE_REPLY_LEN],
                  struct verify_event *ret_event) {
        struct verify_login *l = d->login;
        struct wire_reply reply = { .seq = l->req.seq };
        enum reason reason = decide(v, d);

        if (d->pending)
                return put_off(l);
        if (d->may_wait && must_wait(v, reason))
                return VERIFY_WAIT;
        fill_event(v, d, reason, ret_event);
        if (l->req.kind == WIRE_OFFER && reason == REASON_CERTIFICATE_MISSING && l->session)
                return offer(l, out);
        reply.verdict = verdict_of(reason);
        tally_count(&v->tally, l->req.kind == WIRE_CONFIRM, reason);
        if (reply.verdict == VERDICT_ALLOW)
                accept_login(v, d, &reply);
        else if (l->peer.uid == 0)
                reply.reason = reason;
        wire_reply_encode(out, &reply);
        return VERIFY_ANSWERED;
}

static int refuse_version(const struct verify_packet *packet, uint8_t out[static WIRE_REPLY_LEN]) {
        const struct wire_reply reply = { .seq = wire_request_seq(packet->in, packet->len),
                                          .verdict = VERDICT_VERSION };

        wire_reply_encode(out, &reply);
        return VERIFY_NOTHING;
}

int verify_packet(struct verify *v, const struct verify_packet *packet, struct verify_login *login,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) {
        struct decision decision = { .login = login, .may_wait = packet->may_wait };
        const struct wire_request *req = &login->req;
        int r;

        *login = (struct verify_login){ .now = packet->now,
                                        .received = packet->received,
                                        .session = packet->session };
        login->peer = *packet->peer;
        r = wire_request_decode(packet->in, packet->len, &login->req);
        if (r == -EPROTONOSUPPORT)
                return refuse_version(packet, out);
        if (r < 0)
                return r;
        /* A client may claim what libpam never says. */
        text_fold_service(login->req.service);
        /* After an offer only the login itself may follow. */
        if (packet->session && packet->session->offered && req->kind != WIRE_VERIFY)
                return -EBADMSG;
        login->of_realm = realms_of_service(v->conf->realms, req->service);
        if (req->kind == WIRE_ISSUE || req->kind == WIRE_WARN)
                return VERIFY_ISSUE;
        memcpy(login->id, req->kind == WIRE_CONFIRM ? req->id : keytext_id(req->key.text),
               KEYTEXT_ID_LEN);
        trust_hash(req, &login->evidence);
        return answer(v, &decision, out, ret_event);
}

ssize_t verify_ask(struct verify *v, const struct verify_login *login, uint8_t *out, size_t size,
                   struct verify_question *ret) {
        const struct trust_evidence *evidence = &login->evidence;
        char message[CHALLENGE_MESSAGE_LEN];
        ssize_t n;

        n = trust_ask(v->reader, &login->req, evidence,
                      evidence->is_signed ? challenge_of(login, message) : NULL, login->now, out,
                      size);
        if (n < 0)
                return n;
        *ret = (struct verify_question){ .trust = v->policy.trust,
                                         .is_signed = evidence->is_signed };
        memcpy(ret->thumbprint, evidence->thumbprint, sizeof(ret->thumbprint));
        memcpy(ret->owner, login->key.owner, sizeof(ret->owner));
        return n;
}

void verify_keep(const struct verify_login *login, struct verify_login *ret) {
        *ret = *login;
        ret->session = NULL;
        ret->req.certificate = ret->req.signature = NULL;
        ret->req.certificate_len = ret->req.signature_len = 0;
}

int verify_resume(struct verify *v, struct verify_login *login,
                  const struct verify_reading *reading, int64_t now,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) {
        struct decision decision = { .login = login, .reading = reading };

        login->now = now;
        login->session = NULL;
        login->key = (struct key_record){};
        return answer(v, &decision, out, ret_event);
}

const struct uses *verify_get_uses(const struct verify *v) {
        return v->uses;
}

void verify_flush(struct verify *v, struct worker *worker) {
        uses_flush(v->uses, worker);
        retire_flush(v->retire, worker);
}

void verify_finish(struct verify *v, struct worker *worker) {
        uses_finish(v->uses, worker);
        retire_finish(v->retire, worker);
}

struct tally *verify_tally(struct verify *v) {
        return &v->tally;
}

struct loglimit *verify_limits(struct verify *v) {
        return &v->limits;
}
