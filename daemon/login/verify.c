/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "keys/facts.h"
#include "keys/retire.h"
#include "keys/uses.h"
#include "login/verify.h"
#include "rules/expiry.h"
#include "rules/loglimit.h"
#include "rules/rule.h"
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
        bool account_unknown; /* somebody should find out */
        int store_error;      /* of the last REASON_STORE */
        struct tally tally;
        struct loglimit limits;
        /* NULL: none, and nothing retires for good */
        struct worker *worker;
        struct retire *retire;
        struct uses *uses;
        struct trust *trust;
};

int verify_new(struct verify **ret, struct store *reader, const struct keymint *keymint) {
        struct verify *v = calloc(1, sizeof(*v));

        if (!v)
                return -ENOMEM;
        if (uses_new(&v->uses) < 0 || retire_new(&v->retire) < 0 || trust_new(&v->trust) < 0) {
                (void) verify_free(v);
                return -ENOMEM;
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

void verify_set_worker(struct verify *v, struct worker *worker) {
        v->worker = worker;
}

/* Sees to it that the snapshot and the policy are those of now. */
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

/* One login that is being decided. */
struct login {
        const struct wire_request *req;
        const struct verify_packet *packet;
        /* zeroes: there is none with this id */
        struct key_record key;
        struct trust_evidence evidence;
        /* on that, when the login depends on it */
        struct trust_verdict verdict;
        bool judged, pending; /* or it has to be read first */
};

static bool check_ticket(const struct verify *v, const struct login *l, const uint8_t *thumbprint) {
        return keymint_check_ticket(v->keymint, &l->key, l->req->user, thumbprint,
                                    l->evidence.proved, l->req->ticket);
}

/* A ticket was made with the certificate that is shown now, or without any; then what is shown
 * does not count. */
static bool check_confirmation(const struct verify *v, struct login *l) {
        if (check_ticket(v, l, l->evidence.found ? l->evidence.thumbprint : NULL))
                return true;
        if (!l->evidence.there)
                return false;
        l->evidence = (struct trust_evidence){};
        return check_ticket(v, l, NULL);
}

/* Whether the credential is that of the key, which is all zero when there is none: an unknown id
 * takes as long as a wrong secret. */
static bool check_credential(const struct verify *v, struct login *l) {
        if (l->req->kind == WIRE_CONFIRM)
                return check_confirmation(v, l);
        return keymint_check(v->keymint, &l->key, l->req->key.text);
}

static enum reason store_failed(struct verify *v, int r) {
        store_release(v->reader);
        v->policy_known = false;
        v->store_error = r;
        return REASON_STORE;
}

static const char *id_of(const struct wire_request *req) {
        return req->kind == WIRE_CONFIRM ? req->id : keytext_id(req->key.text);
}

/* The challenge that a signature has to be over; NULL where this connection was not given one
 * for this key. */
static const char *challenge_of(const struct login *l, char out[static CHALLENGE_MESSAGE_LEN]) {
        const struct verify_session *session = l->packet->session;
        char text[CHALLENGE_TEXT_LEN];

        if (!session || !session->offered || strcmp(session->id, l->key.id) != 0)
                return NULL;
        challenge_format(text, session->nonce, l->req->user, l->req->service);
        (void) challenge_message(out, text);
        return out;
}

/* The login is right but for a certificate, and shows one. 0; -EINPROGRESS; an error of the
 * store. */
static int judge(struct verify *v, struct login *l) {
        char message[CHALLENGE_MESSAGE_LEN];
        int r;

        if (l->packet->judged) {
                l->verdict = *l->packet->judged;
                if (l->verdict.trust != v->policy.trust) /* something has changed since */
                        l->verdict.certificate.reason = REASON_CERTIFICATE_UNCHECKED;
                return 0;
        }
        r = trust_look(v->trust, v->reader, &v->policy, &l->evidence, l->packet->now, &l->verdict);
        if (r != -EINPROGRESS || !l->evidence.is_signed || challenge_of(l, message))
                return r;
        l->verdict.certificate.reason = REASON_CERTIFICATE_SIGNATURE;
        return 0;
}

static enum reason check_certificate(struct verify *v, struct login *l, struct rule_facts *facts) {
        int r = judge(v, l);

        l->pending = r == -EINPROGRESS;
        if (r < 0)
                return l->pending ? REASON_CERTIFICATE_UNCHECKED : store_failed(v, r);
        l->judged = true;
        facts->certificate = &l->verdict.certificate;
        return rule_check(RULE_CERTIFICATE, facts);
}

/* The key's row and what is shown of a certificate. -ENOENT when there is no such key. */
static int look_up(struct verify *v, struct login *l) {
        bool may_vouch = conf_peer_may_vouch(v->conf, l->packet->peer->uid, l->req->service);
        char id[KEYTEXT_ID_LEN + 1] = {};
        int r, found;

        memcpy(id, id_of(l->req), KEYTEXT_ID_LEN);
        r = refresh(v);
        if (r < 0)
                return r;
        found = store_key_get(v->reader, id, &l->key);
        if (found < 0 && found != -ENOENT)
                return found;
        trust_hash(l->req, &l->evidence);
        r = trust_identify(v->reader, &l->key, may_vouch, &l->evidence);
        return r < 0 ? r : found;
}

static enum reason decide(struct verify *v, struct login *l) {
        const struct wire_request *req = l->req;
        struct account_record owner = {}, linked = {};
        struct rule_facts facts = { .policy = &v->policy,
                                    .owner = &owner,
                                    .linked = &linked,
                                    .confirming = req->kind == WIRE_CONFIRM,
                                    .user = req->user,
                                    .service = req->service,
                                    .rhost = req->rhost,
                                    .now = l->packet->now };
        enum reason reason;
        int r;

        r = look_up(v, l);
        if (r < 0 && r != -ENOENT)
                return store_failed(v, r);
        facts.secret_ok = check_credential(v, l) && r >= 0;
        facts.key = r >= 0 ? &l->key : NULL;
        if (facts.key && l->key.retires_at == RECORD_RETIRES_ON_USE &&
            retire_has(v->retire, l->key.id))
                l->key.retires_at = l->packet->now;
        /* The accounts matter only to a key that is right so far. */
        if (facts.secret_ok) {
                r = facts_accounts(v->reader, &l->key, &owner, &linked);
                if (r < 0)
                        return store_failed(v, r);
        }
        facts.peer_may_claim = conf_peer_may_claim(v->conf, l->packet->peer->uid, req->service);
        reason = rule_decide(&facts);
        /* Only when nothing else is in the way: whoever has no good key has no certificate read. */
        return reason == REASON_CERTIFICATE_MISSING && l->evidence.there
                       ? check_certificate(v, l, &facts)
                       : reason;
}

static void fill_event(const struct verify *v, const struct login *l, enum reason reason,
                       struct verify_event *event) {
        const struct wire_request *req = l->req;

        *event = (struct verify_event){ .reason = reason,
                                        .kind = req->kind == WIRE_OFFER ? WIRE_VERIFY : req->kind,
                                        .peer = *l->packet->peer,
                                        .now = l->packet->now };
        event->store_error = v->store_error;
        memcpy(event->id, id_of(req), KEYTEXT_ID_LEN);
        memcpy(event->user, req->user, sizeof(event->user));
        memcpy(event->service, req->service, sizeof(event->service));
        memcpy(event->rhost, req->rhost, sizeof(event->rhost));
        if (l->judged && l->evidence.found) {
                text_hex(event->thumbprint, l->evidence.thumbprint, RECORD_THUMBPRINT_LEN);
                memcpy(event->subject, l->verdict.subject, sizeof(event->subject));
                memcpy(event->detail, l->verdict.detail, sizeof(event->detail));
        }
        event->known = l->key.id[0] != '\0';
        if (!event->known)
                return;
        memcpy(event->owner, l->key.owner, sizeof(event->owner));
        event->owner_uid = l->key.owner_uid;
        event->expires_at = expiry_of(&v->policy, &l->key);
}

static void accept_login(struct verify *v, const struct login *l, struct wire_reply *reply) {
        memcpy(reply->id, l->key.id, sizeof(reply->id));
        memcpy(reply->name, l->key.name, sizeof(reply->name));
        keymint_ticket(v->keymint, &l->key, l->req->user,
                       l->judged ? l->verdict.certificate.thumbprint : NULL,
                       l->verdict.certificate.proved, reply->ticket);
        if (l->req->kind != WIRE_CONFIRM) {
                uses_note(v->uses, l->key.id, l->req->service, l->req->rhost, l->packet->now);
                retire_use(v->retire, v->worker, v->reader, &l->key, l->packet->now);
        }
}

/* It takes a certificate, which can be asked for: until then nothing has been decided. */
static int offer(struct verify_session *session, const struct login *l,
                 uint8_t out[static WIRE_REPLY_LEN]) {
        struct wire_reply reply = { .seq = l->req->seq, .verdict = VERDICT_CHALLENGE };

        session->offered = true;
        memcpy(session->id, l->key.id, sizeof(session->id));
        keymint_draw(session->nonce, sizeof(session->nonce));
        memcpy(reply.challenge, session->nonce, sizeof(reply.challenge));
        wire_reply_encode(out, &reply);
        return VERIFY_OFFERED;
}

static int answer(struct verify *v, struct login *l, uint8_t out[static WIRE_REPLY_LEN],
                  struct verify_event *ret_event) {
        struct wire_reply reply = { .seq = l->req->seq };
        enum reason reason = decide(v, l);

        if (l->pending)
                return VERIFY_READ;
        if (l->req->kind == WIRE_OFFER && reason == REASON_CERTIFICATE_MISSING &&
            l->packet->session) {
                fill_event(v, l, reason, ret_event);
                return offer(l->packet->session, l, out);
        }
        reply.verdict = verdict_of(reason);
        tally_count(&v->tally, l->req->kind == WIRE_CONFIRM, reason);
        if (reply.verdict == VERDICT_ALLOW)
                accept_login(v, l, &reply);
        else {
                if (l->packet->peer->uid == 0)
                        reply.reason = reason;
                v->account_unknown |= reason == REASON_ACCOUNT_UNKNOWN;
        }
        wire_reply_encode(out, &reply);
        fill_event(v, l, reason, ret_event);
        return VERIFY_ANSWERED;
}

int verify_packet(struct verify *v, const struct verify_packet *packet,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) {
        _cleanup_request_ struct wire_request req = {};
        struct login login = { .req = &req, .packet = packet };
        struct wire_reply reply;
        int r;

        r = wire_request_decode(packet->in, packet->len, &req);
        if (r == -EPROTONOSUPPORT) {
                reply = (struct wire_reply){ .seq = wire_request_seq(packet->in, packet->len),
                                             .verdict = VERDICT_VERSION };
                wire_reply_encode(out, &reply);
                return VERIFY_NOTHING;
        }
        if (r < 0)
                return r;
        /* Behind an offer comes the login itself, and nothing else. */
        if (packet->session && packet->session->offered && req.kind != WIRE_VERIFY)
                return -EBADMSG;
        return req.kind == WIRE_ISSUE ? VERIFY_ISSUE : answer(v, &login, out, ret_event);
}

ssize_t verify_ask(struct verify *v, const struct verify_packet *packet, uint8_t *out, size_t size,
                   struct verify_question *ret) {
        _cleanup_request_ struct wire_request req = {};
        struct login l = { .req = &req, .packet = packet };
        char message[CHALLENGE_MESSAGE_LEN];
        ssize_t n;
        int r;

        r = wire_request_decode(packet->in, packet->len, &req);
        if (r >= 0)
                r = look_up(v, &l);
        if (r < 0)
                return r;
        n = trust_ask(v->reader, &req, &l.evidence,
                      l.evidence.is_signed ? challenge_of(&l, message) : NULL, packet->now, out,
                      size);
        if (n < 0)
                return n;
        *ret = (struct verify_question){ .trust = v->policy.trust,
                                         .is_signed = l.evidence.is_signed };
        memcpy(ret->thumbprint, l.evidence.thumbprint, sizeof(ret->thumbprint));
        memcpy(ret->owner, l.key.owner, sizeof(ret->owner));
        return n;
}

int verify_take(struct verify *v, const struct verify_packet *packet,
                const struct verify_question *question, const struct cert_verdict *judged,
                struct trust_verdict *ret) {
        _cleanup_request_ struct wire_request req = {};
        struct login l = { .req = &req, .packet = packet };
        int r;

        r = wire_request_decode(packet->in, packet->len, &req);
        if (r >= 0)
                r = look_up(v, &l);
        if (r < 0 && r != -ENOENT)
                return r;
        /* What was asked under other circumstances is no answer. */
        if (v->policy.trust != question->trust ||
            memcmp(l.evidence.thumbprint, question->thumbprint, sizeof(question->thumbprint)) != 0)
                return -ESTALE;
        return trust_take(v->trust, v->reader, &v->policy, &l.evidence, judged, packet->now, ret);
}

void verify_flush(struct verify *v, struct worker *worker) {
        uses_flush(v->uses, worker);
        retire_flush(v->retire, worker);
}

void verify_finish(struct verify *v, struct worker *worker) {
        uses_finish(v->uses, worker);
        retire_finish(v->retire, worker);
}

bool verify_take_unknown(struct verify *v) {
        bool unknown = v->account_unknown;

        v->account_unknown = false;
        return unknown;
}

struct tally *verify_tally(struct verify *v) {
        return &v->tally;
}

struct loglimit *verify_limits(struct verify *v) {
        return &v->limits;
}
