#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "expiry.h"
#include "limits.h"
#include "log.h"
#include "parse.h"
#include "policy.h"
#include "retire.h"
#include "text.h"
#include "verify.h"

#define USES_MAX   4096
#define RECENT_LEN 1024

/* Invariants: (1) policy is what the reader's snapshot says, or policy_known is false and nothing is accepted; (2) uses[0..n_uses)
 * are not yet in the store. */
struct verify {
        struct store *reader;
        const struct keymint *keymint;
        const struct conf *conf;
        struct policy policy;
        bool policy_known;
        bool account_unknown; /* somebody should find out */
        int store_error;      /* of the last REASON_STORE */
        uint64_t accepted, refused;
        struct limits limits;
        struct worker *worker; /* NULL: none, and nothing retires for good */
        struct retire *retire;
        size_t n_uses;
        struct key_use *uses;
        uint16_t recent
                [RECENT_LEN]; /* by hash of the id: 1 + where it stands in uses; what stands elsewhere stands twice */
};

struct flush_job {
        struct worker_job job;
        size_t n;
        struct key_use uses[];
};

int verify_new(struct verify **ret, struct store *reader, const struct keymint *keymint) {
        struct verify *v = calloc(1, sizeof(*v));

        if (!v)
                return -ENOMEM;
        v->uses = calloc(USES_MAX, sizeof(*v->uses));
        if (!v->uses || retire_new(&v->retire) < 0) {
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
                free(v->uses);
                (void) retire_free(v->retire);
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

/* A policy that this build does not know was set by a newer one: who knows what it forbids? */
static int on_policy(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        return policy_apply(userdata, name, value, changed_at) < 0 ? -EPROTONOSUPPORT : 0;
}

int verify_load_policy(struct store *s, struct policy *ret) {
        policy_init(ret);
        return store_policy_each(s, on_policy, ret);
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
        r = verify_load_policy(v->reader, &v->policy);
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

/* Whether the credential is the key's. Without a key the same work is done against nothing, so that an unknown id takes as long as a
 * wrong secret. */
static bool check_credential(const struct verify *v, const struct wire_request *req,
                             const struct key_record *key, bool found) {
        uint8_t mine[RECORD_DIGEST_LEN];
        bool equal, pepper = keymint_knows(v->keymint, key->pepper_id);

        if (req->kind == WIRE_VERIFY)
                keymint_digest(v->keymint, key->pepper_id, req->key.text, mine);
        else
                keymint_ticket(v->keymint, key, req->user, mine);
        equal = keymint_equal(mine, req->kind == WIRE_VERIFY ? key->digest : req->ticket);
        explicit_bzero(mine, sizeof(mine));
        return equal && pepper && found;
}

/* What the store knows of a user; that it knows nothing is an answer, too. */
static int get_account(struct store *s, const char *name, struct account_record *ret) {
        int r = store_account_get(s, name, ret);

        return r == -ENOENT ? 0 : r;
}

int verify_get_accounts(struct store *s, const struct key_record *key, struct account_record *ret_owner,
                        struct account_record *ret_linked) {
        int r;

        r = get_account(s, key->owner, ret_owner);
        if (r < 0)
                return r;
        if (!key->linked[0]) {
                *ret_linked = *ret_owner;
                return 0;
        }
        return get_account(s, key->linked, ret_linked);
}

static enum reason store_failed(struct verify *v, int r) {
        store_release(v->reader);
        v->policy_known = false;
        v->store_error = r;
        return REASON_STORE;
}

static enum reason decide(struct verify *v, const struct wire_request *req, const struct ucred *peer,
                          int64_t now, struct key_record *key) {
        struct account_record owner = {}, linked = {};
        struct policy_facts facts = { .policy = &v->policy,
                                      .owner = &owner,
                                      .linked = &linked,
                                      .confirming = req->kind == WIRE_CONFIRM,
                                      .user = req->user,
                                      .service = req->service,
                                      .rhost = req->rhost,
                                      .now = now };
        char id[KEYTEXT_ID_LEN + 1] = {};
        int r;

        memcpy(id, req->kind == WIRE_VERIFY ? keytext_id(req->key.text) : req->id, KEYTEXT_ID_LEN);
        r = refresh(v);
        if (r >= 0)
                r = store_key_get(v->reader, id, key);
        if (r < 0 && r != -ENOENT)
                return store_failed(v, r);
        facts.secret_ok = check_credential(v, req, key, r >= 0);
        facts.key = r >= 0 ? key : NULL;
        if (facts.key && key->retires_at == RECORD_RETIRES_ON_USE && retire_has(v->retire, key->id))
                key->retires_at = now;
        /* The accounts matter only to a key that is right so far. */
        if (facts.secret_ok) {
                r = verify_get_accounts(v->reader, key, &owner, &linked);
                if (r < 0)
                        return store_failed(v, r);
        }
        facts.peer_may_claim = conf_peer_may_claim(v->conf, peer->uid, req->service);
        return policy_decide(&facts);
}

const char *verify_without_key(const char *text) {
        return strstr(text, "wfk_") ? "(something like a key)" : text;
}

static void note_use(struct verify *v, const struct wire_request *req, const struct key_record *key,
                     int64_t now) {
        uint16_t *recent = &v->recent[limits_hash(0, key->id) % RECENT_LEN];
        struct key_use *use = *recent > 0 ? &v->uses[*recent - 1] : NULL;

        if (!use || strcmp(use->id, key->id) != 0) {
                /* When the writer does not come along, later uses go unnoted rather than verifications wait. */
                if (v->n_uses == USES_MAX)
                        return;
                use = &v->uses[v->n_uses++];
                *recent = (uint16_t) v->n_uses;
                memcpy(use->id, key->id, sizeof(use->id));
                use->count = 0;
        }
        use->count++;
        /* Whoever may ask may claim any bytes; these will be shown. */
        text_escape(use->service, sizeof(use->service), verify_without_key(req->service));
        text_escape(use->rhost, sizeof(use->rhost), verify_without_key(req->rhost));
        use->at = now;
}

/* The first use of a key that took another's place. */
static void retire_predecessor(struct verify *v, const struct key_record *key, int64_t now) {
        struct key_record old;

        if (key->predecessor[0] && store_key_get(v->reader, key->predecessor, &old) >= 0 &&
            old.retires_at == RECORD_RETIRES_ON_USE && strcmp(old.successor, key->id) == 0)
                retire_note(v->retire, v->worker, &old, now);
}

static void fill_event(const struct verify *v, const struct wire_request *req, const struct key_record *key,
                       const struct ucred *peer, int64_t now, enum reason reason,
                       struct verify_event *event) {
        *event = (struct verify_event){ .reason = reason, .kind = req->kind, .peer = *peer, .now = now };
        event->store_error = v->store_error;
        memcpy(event->id, req->kind == WIRE_VERIFY ? keytext_id(req->key.text) : req->id, KEYTEXT_ID_LEN);
        memcpy(event->user, req->user, sizeof(event->user));
        memcpy(event->service, req->service, sizeof(event->service));
        memcpy(event->rhost, req->rhost, sizeof(event->rhost));
        event->known = key->id[0] != '\0';
        if (!event->known)
                return;
        memcpy(event->owner, key->owner, sizeof(event->owner));
        event->owner_uid = key->owner_uid;
        event->expires_at = expiry_of(&v->policy, key);
}

int verify_packet(struct verify *v, const uint8_t *in, size_t len, const struct ucred *peer, int64_t now,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) {
        _cleanup_request_ struct wire_request req = {};
        struct wire_reply reply = {};
        struct key_record key = {};
        enum reason reason;
        int r;

        r = wire_request_decode(in, len, &req);
        if (r == -EPROTONOSUPPORT) {
                reply = (struct wire_reply){ .seq = wire_request_seq(in, len), .verdict = VERDICT_VERSION };
                wire_reply_encode(out, &reply);
                return 0;
        }
        if (r < 0)
                return r;
        if (req.kind == WIRE_ISSUE)
                return VERIFY_ISSUE;

        reason = decide(v, &req, peer, now, &key);
        reply.seq = req.seq;
        reply.verdict = verdict_of(reason);
        if (reply.verdict == VERDICT_ALLOW) {
                memcpy(reply.id, key.id, sizeof(reply.id));
                memcpy(reply.name, key.name, sizeof(reply.name));
                keymint_ticket(v->keymint, &key, req.user, reply.ticket);
                if (req.kind == WIRE_VERIFY) {
                        note_use(v, &req, &key, now);
                        retire_predecessor(v, &key, now);
                }
                v->accepted++;
        } else {
                if (peer->uid == 0)
                        reply.reason = reason;
                v->refused++;
                v->account_unknown |= reason == REASON_ACCOUNT_UNKNOWN;
        }
        wire_reply_encode(out, &reply);
        fill_event(v, &req, &key, peer, now, reason, ret_event);
        return 1;
}

/* Who said what, for counting how often. Ids that nobody has are left out: there are as many as a guesser likes. */
static uint64_t event_hash(const struct verify_event *event) {
        uint64_t hash = limits_hash(event->peer.uid + UINT64_C(1), verdict_reason_name(event->reason));

        return event->known ? limits_hash(hash, event->id) : hash;
}

static void add_fields(struct log_entry *entry, const struct verify_event *event) {
        char number[24];

        log_add(entry, "WFA_VERDICT", event->reason == REASON_NONE ? "accepted" : "refused");
        log_add(entry, "WFA_REASON", verdict_reason_name(event->reason));
        log_add(entry, "WFA_KEY_ID", event->id);
        log_add(entry, "WFA_USER", verify_without_key(event->user));
        log_add(entry, "WFA_SERVICE", verify_without_key(event->service));
        log_add(entry, "WFA_RHOST", verify_without_key(event->rhost));
        (void) snprintf(number, sizeof(number), "%u", event->peer.uid);
        log_add(entry, "WFA_PEER_UID", number);
        (void) snprintf(number, sizeof(number), "%d", event->peer.pid);
        log_add(entry, "WFA_PEER_PID", number);
}

/* Whoever uses a retired key was not given the new one, or should not have the old one. */
static int priority_of(enum reason reason) {
        if (reason == REASON_NONE)
                return LOG_INFO;
        if (reason == REASON_STORE)
                return LOG_ERR;
        return reason == REASON_RETIRED ? LOG_WARNING : LOG_NOTICE;
}

void verify_log(struct verify *v, const struct verify_event *event) {
        char user[2 * WIRE_USER_MAX], service[2 * WIRE_SERVICE_MAX], rhost[2 * WIRE_RHOST_MAX];
        char detail[128] = "", date[PARSE_TIME_LEN];
        bool accepted = event->reason == REASON_NONE;
        struct log_entry entry;
        unsigned kept;

        if (!limits_say(&v->limits, event_hash(event), event->now, &kept))
                return;
        text_escape(user, sizeof(user), verify_without_key(event->user));
        text_escape(service, sizeof(service), verify_without_key(event->service));
        text_escape(rhost, sizeof(rhost), event->rhost[0] ? verify_without_key(event->rhost) : "unknown");
        if (event->reason == REASON_EXPIRED) {
                parse_time_format(event->expires_at, date);
                (void) snprintf(detail, sizeof(detail), " (at %s)", date);
        } else if (event->reason == REASON_RETIRED) {
                parse_time_format(event->expires_at, date);
                (void) snprintf(detail, sizeof(detail), " (used after its retirement at %s)", date);
        } else if (event->reason == REASON_STORE)
                (void) snprintf(detail, sizeof(detail), " (%s)", store_error_text(event->store_error));

        log_begin(&entry, priority_of(event->reason),
                  "%s key %s: user '%s', service '%s', source '%s', asked by uid %u%s%s%s",
                  accepted ? (event->kind == WIRE_CONFIRM ? "confirmed" : "accepted") : "refused", event->id,
                  user, service, rhost, event->peer.uid, accepted ? "" : ": ",
                  accepted ? "" : verdict_reason_text(event->reason), detail);
        add_fields(&entry, event);
        log_end(&entry);
        if (kept > 0)
                log_line(LOG_NOTICE,
                         "%u more such lines were left out before this one (key %s, peer uid %u, %s)", kept,
                         event->id, event->peer.uid, verdict_reason_name(event->reason));
}

static void flush_run(struct worker_job *job, struct store *writer) {
        struct flush_job *flush = (struct flush_job *) job;
        int r;

        r = store_begin(writer);
        for (size_t i = 0; r >= 0 && i < flush->n; i++)
                r = store_key_used(writer, &flush->uses[i], flush->uses[i].count);
        if (r >= 0)
                r = store_commit_quietly(writer);
        if (r < 0) {
                store_rollback(writer);
                log_line(LOG_WARNING, "the last uses of %zu keys were not noted, ignoring: %s", flush->n,
                         store_error_text(r));
        }
}

static void flush_done(struct worker_job *job) {
        free(job);
}

void verify_flush(struct verify *v, struct worker *worker) {
        struct flush_job *flush;

        if (v->n_uses == 0)
                return;
        flush = malloc(sizeof(*flush) + v->n_uses * sizeof(flush->uses[0]));
        if (!flush)
                return;
        flush->job = (struct worker_job){ .run = flush_run, .done = flush_done, .urgent = true };
        flush->n = v->n_uses;
        memcpy(flush->uses, v->uses, v->n_uses * sizeof(flush->uses[0]));
        if (worker_submit(worker, &flush->job) < 0) {
                free(flush);
                return;
        }
        v->n_uses = 0;
        memset(v->recent, 0, sizeof(v->recent));
}

bool verify_take_unknown(struct verify *v) {
        bool unknown = v->account_unknown;

        v->account_unknown = false;
        return unknown;
}

void verify_counts(const struct verify *v, uint64_t *ret_accepted, uint64_t *ret_refused) {
        *ret_accepted = v->accepted;
        *ret_refused = v->refused;
}
