/* SPDX-License-Identifier: BSD-2-Clause */
/* A handler of the verify socket over a store of its own, with a key of alice that is good for
 * everything. */
#pragma once

#include "unit_keymint.h"
#include "unit_trust.h"

#include "login/verify.h"
#include "store/store_key.h"

#define NOW INT64_C(1800000000)
/* a peer that is neither root nor this process */
#define OTHER 4242
#define ID    "aaaaaaaaaa"

static const char unit_secret[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop";
static const char unit_other_secret[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnoq";

struct unit_verify {
        struct unit_store *store;
        struct keymint *keymint;
        struct verify *verify;
        struct conf conf;
        /* uid 110, of postgresql, which is believed about certificates for imap */
        struct conf_peer peer;
};

static inline void unit_verify_digest(const struct unit_verify *f, struct key_record *key,
                                      const char *secret) {
        struct secret text;

        keytext_format(text.text, key->id, secret);
        key->pepper_id = keymint_pepper_id(f->keymint);
        keymint_digest(f->keymint, key->pepper_id, text.text, key->digest);
}

static inline struct key_record unit_verify_key(const struct unit_verify *f, const char *id,
                                                const char *owner) {
        struct key_record key = unit_key(id, owner);

        unit_verify_digest(f, &key, unit_secret);
        key.created_at = NOW - 1000;
        key.expires_at = NOW + 1000;
        return key;
}

static inline void unit_verify_insert(const struct unit_verify *f, const char *id,
                                      const char *owner) {
        struct key_record key = unit_verify_key(f, id, owner);

        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static inline void unit_verify_update(const struct unit_verify *f, const struct key_record *key) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_update(f->store->writer, key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static inline void unit_verify_policy(const struct unit_verify *f, const char *name,
                                      int64_t value) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_policy_set(f->store->writer, name, value, NOW), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static inline int unit_verify_make(void **state) {
        struct unit_verify *f = calloc(1, sizeof(*f));
        void *store = NULL;

        if (!f || unit_store_make(&store) < 0)
                return -1;
        f->store = store;
        if (unit_keymint_make(f->store, &f->keymint) < 0 ||
            verify_new(&f->verify, f->store->reader, f->keymint) < 0)
                return -1;
        f->peer =
                (struct conf_peer){ .uid = 110, .services = "postgresql", .certificates = "imap" };
        f->conf = (struct conf){ .n_peers = 1, .peers = &f->peer };
        verify_set_conf(f->verify, &f->conf);
        unit_verify_insert(f, ID, "alice");
        unit_verify_policy(f, "enabled", 1);
        unit_account_put(f->store->writer, "alice", 1000);
        *state = f;
        return 0;
}

static inline int unit_verify_drop(void **state) {
        struct unit_verify *f = *state;
        void *store = f->store;

        verify_free(f->verify);
        keymint_free(f->keymint);
        free(f);
        return unit_store_remove(&store);
}

static inline struct wire_request unit_verify_request(enum wire_kind kind) {
        struct wire_request req = { .kind = kind,
                                    .seq = 0x89abcdef,
                                    .user = "alice",
                                    .service = "imap",
                                    .rhost = "192.0.2.7" };

        keytext_format(req.key.text, ID, unit_secret);
        return req;
}

static inline void unit_verify_show(struct wire_request *req, enum wire_evidence evidence,
                                    const void *bytes, size_t len) {
        req->evidence = evidence;
        req->certificate = bytes;
        req->certificate_len = len;
        req->signature = (const uint8_t *) "signature";
        req->signature_len = evidence >= WIRE_SIGNED && req->kind == WIRE_VERIFY ? 9 : 0;
}

static inline struct wire_request unit_verify_showing(enum wire_evidence evidence,
                                                      const char *bytes) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        unit_verify_show(&req, evidence, bytes, strlen(bytes));
        return req;
}

static inline struct cert_record unit_verify_put(const struct unit_verify *f, uint8_t n,
                                                 const char *bytes) {
        struct cert_record cert = unit_cert(n);

        keymint_sha256(bytes, strlen(bytes), cert.thumbprint);
        unit_cert_put(f->store->writer, &cert, bytes, strlen(bytes));
        return cert;
}

static inline void unit_verify_demand(const struct unit_verify *f, enum certificate_need need) {
        unit_verify_policy(f, "require-certificate", need);
}

/* Who asks, and how; the rest as for a login of its own that nobody has waited for. */
struct unit_asking {
        uid_t uid;
        int64_t now; /* 0: NOW */
        struct verify_session *session;
};

struct unit_answer {
        int outcome;
        struct wire_reply reply;
        struct verify_event event;
};

static inline struct unit_answer unit_verify_ask(const struct unit_verify *f,
                                                 const struct wire_request *req,
                                                 const struct unit_asking *asking) {
        const struct peer_cred peer = { .pid = 77, .uid = asking->uid, .gid = 78 };
        uint8_t in[WIRE_REQUEST_MAX], out[WIRE_REPLY_LEN];
        const struct verify_packet packet = { .in = in,
                                              .len = wire_request_len(req),
                                              .peer = &peer,
                                              .now = asking->now ? asking->now : NOW,
                                              .session = asking->session };
        struct verify_login login;
        struct unit_answer answer;

        unit_poison(&answer, sizeof(answer));
        unit_poison(out, sizeof(out));
        assert_int_equal(wire_request_encode(in, req), 0);
        answer.outcome = verify_packet(f->verify, &packet, &login, out, &answer.event);
        if (answer.outcome == VERIFY_ANSWERED || answer.outcome == VERIFY_OFFERED) {
                assert_int_equal(wire_reply_decode(out, sizeof(out), &answer.reply), 0);
                assert_int_equal(answer.reply.seq, req->seq);
        } else {
                unit_poisoned("event", &answer.event, sizeof(answer.event));
                unit_poisoned("reply", out, sizeof(out));
        }
        return answer;
}

/* The answer to a request that is decided at once. */
static inline struct unit_answer unit_verify_ask_as(const struct unit_verify *f,
                                                    const struct wire_request *req, uid_t uid,
                                                    int64_t now) {
        struct unit_answer answer =
                unit_verify_ask(f, req, &(struct unit_asking){ .uid = uid, .now = now });

        assert_int_equal(answer.outcome, VERIFY_ANSWERED);
        return answer;
}

static inline enum reason unit_verify_reason(const struct unit_verify *f,
                                             const struct wire_request *req) {
        return unit_verify_ask_as(f, req, OTHER, NOW).event.reason;
}

/* What confirms the login that ${req} is: with its ticket, and without evidence. */
static inline struct wire_request unit_verify_login(const struct unit_verify *f,
                                                    const struct wire_request *req, uid_t uid) {
        struct unit_answer a = unit_verify_ask_as(f, req, uid, NOW);
        struct wire_request confirm = unit_verify_request(WIRE_CONFIRM);

        assert_int_equal(a.reply.verdict, VERDICT_ALLOW);
        secret_wipe(&confirm.key);
        memcpy(confirm.id, a.reply.id, sizeof(confirm.id));
        memcpy(confirm.ticket, a.reply.ticket, sizeof(confirm.ticket));
        return confirm;
}

#define unit_test_with_verify(f)                                                                   \
        cmocka_unit_test_setup_teardown(f, unit_verify_make, unit_verify_drop)
