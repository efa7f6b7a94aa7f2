/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler of the verify socket, from the bytes of a request to those of the reply, over a
 * store of its own. */
#include <semaphore.h>

#include "unit_store.h"

#include "login/verify.h"
#include "store/store_key.h"

#define NOW INT64_C(1800000000)
/* a peer that is neither root nor this process */
#define OTHER 4242
#define ID    "aaaaaaaaaa"

static const char secret_text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq";
static const char other_secret[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopr";

struct fixture {
        struct unit_store *store;
        struct keymint *keymint;
        struct verify *verify;
        struct conf conf;
        struct conf_peer tied;
};

/* --- What a verification has libsodium do, counted with the linker's --wrap --- */

static unsigned n_digests, n_compared;

int __wrap_crypto_generichash_blake2b_salt_personal(unsigned char *out, size_t out_len,
                                                    const unsigned char *in,
                                                    unsigned long long in_len,
                                                    const unsigned char *key, size_t key_len,
                                                    const unsigned char *salt,
                                                    const unsigned char *personal);
int __real_crypto_generichash_blake2b_salt_personal(unsigned char *out, size_t out_len,
                                                    const unsigned char *in,
                                                    unsigned long long in_len,
                                                    const unsigned char *key, size_t key_len,
                                                    const unsigned char *salt,
                                                    const unsigned char *personal);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t len);
int __real_sodium_memcmp(const void *a, const void *b, size_t len);

int __wrap_crypto_generichash_blake2b_salt_personal(unsigned char *out, size_t out_len,
                                                    const unsigned char *in,
                                                    unsigned long long in_len,
                                                    const unsigned char *key, size_t key_len,
                                                    const unsigned char *salt,
                                                    const unsigned char *personal) {
        if (memcmp(personal, "wfapikey digest", 16) == 0)
                n_digests++;
        return __real_crypto_generichash_blake2b_salt_personal(out, out_len, in, in_len, key,
                                                               key_len, salt, personal);
}

int __wrap_sodium_memcmp(const void *a, const void *b, size_t len) {
        n_compared++;
        return __real_sodium_memcmp(a, b, len);
}

/* --- The fixture --- */

static struct key_record good_key(const struct fixture *f, const char *secret) {
        struct key_record key = unit_key(ID, "alice");
        struct secret text;

        keytext_format(text.text, ID, secret);
        keymint_digest(f->keymint, keymint_pepper_id(f->keymint), text.text, key.digest);
        key.pepper_id = keymint_pepper_id(f->keymint);
        key.created_at = NOW - 1000;
        key.expires_at = NOW + 1000;
        return key;
}

static void set_policy(const struct fixture *f, const char *name, int64_t value) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_policy_set(f->store->writer, name, value, NOW), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void update_key(const struct fixture *f, const struct key_record *key) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_update(f->store->writer, key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        uint8_t pepper[PEPPER_LEN] = "0123456789abcdef0123456789abcde";
        struct key_record key;
        void *store = NULL;
        char sql[80];

        if (!f || unit_store_make(&store) < 0 || keymint_new(&f->keymint, pepper) < 0)
                return -1;
        f->store = store;
        (void) snprintf(sql, sizeof(sql), "INSERT INTO pepper (id) VALUES (%u)",
                        keymint_pepper_id(f->keymint));
        unit_sql(f->store->path, sql);
        if (verify_new(&f->verify, f->store->reader, f->keymint) < 0)
                return -1;
        f->tied = (struct conf_peer){ .uid = 110, .services = "postgresql" };
        f->conf = (struct conf){ .n_peers = 1, .peers = &f->tied };
        verify_set_conf(f->verify, &f->conf);

        key = good_key(f, secret_text);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &key), 0);
        assert_int_equal(store_policy_set(f->store->writer, "enabled", 1, NOW), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        unit_account_put(f->store->writer, "alice", 1000);
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *store = f->store;

        verify_free(f->verify);
        keymint_free(f->keymint);
        free(f);
        return unit_store_remove(&store);
}

/* --- Asking --- */

static struct wire_request good_request(void) {
        struct wire_request req = { .kind = WIRE_VERIFY,
                                    .seq = 0x89abcdef,
                                    .user = "alice",
                                    .service = "imap",
                                    .rhost = "192.0.2.7" };

        keytext_format(req.key.text, ID, secret_text);
        return req;
}

struct answer {
        struct wire_reply reply;
        struct verify_event event;
};

static struct answer ask_as(const struct fixture *f, const struct wire_request *req, uid_t uid,
                            int64_t now) {
        const struct ucred peer = { .pid = 77, .uid = uid, .gid = 78 };
        uint8_t in[WIRE_REQUEST_LEN], out[WIRE_REPLY_LEN];
        struct answer answer;

        unit_poison(&answer, sizeof(answer));
        unit_poison(out, sizeof(out));
        assert_int_equal(wire_request_encode(in, req), 0);
        assert_int_equal(verify_packet(f->verify,
                                       &(const struct verify_packet){ in, sizeof(in), &peer, now },
                                       out, &answer.event),
                         VERIFY_ANSWERED);
        assert_int_equal(wire_reply_decode(out, sizeof(out), &answer.reply), 0);
        assert_int_equal(answer.reply.seq, req->seq);
        return answer;
}

static enum reason reason_of(const struct fixture *f, const struct wire_request *req) {
        return ask_as(f, req, OTHER, NOW).event.reason;
}

static void test_a_good_key_is_accepted(void **state) {
        struct wire_request req = good_request();
        struct answer a = ask_as(*state, &req, OTHER, NOW);

        assert_int_equal(a.reply.verdict, VERDICT_ALLOW);
        assert_int_equal(a.reply.reason, REASON_NONE);
        assert_string_equal(a.reply.id, ID);
        assert_string_equal(a.reply.name, "backup job");
        assert_int_equal(a.event.reason, REASON_NONE);
        assert_int_equal(a.event.kind, WIRE_VERIFY);
        assert_string_equal(a.event.id, ID);
        assert_string_equal(a.event.user, "alice");
        assert_string_equal(a.event.service, "imap");
        assert_string_equal(a.event.rhost, "192.0.2.7");
        assert_int_equal(a.event.peer.uid, OTHER);
        assert_int_equal(a.event.peer.pid, 77);
        assert_int_equal(a.event.expires_at, NOW + 1000);
        assert_int_equal(a.event.now, NOW);
}

/* --- Every reason --- */

static void disable(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "enabled", 0);
}

static void guess_id(struct fixture *f, struct wire_request *req) {
        (void) f;
        keytext_format(req->key.text, "bbbbbbbbbb", secret_text);
}

static void guess_secret(struct fixture *f, struct wire_request *req) {
        (void) f;
        keytext_format(req->key.text, ID, other_secret);
}

static void change_user(struct fixture *f, struct wire_request *req) {
        (void) f;
        memcpy(req->user, "bob", 4);
}

static void revoke_key(struct fixture *f, struct wire_request *req) {
        struct key_record key = good_key(f, secret_text);

        (void) req;
        key.status = KEY_REVOKED;
        update_key(f, &key);
}

static void expire_key(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET expires_at = 1800000000");
}

static void expire_by_policy(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET expires_at = 0, created_at = 1700000000");
        unit_sql(f->store->path, "INSERT INTO policy VALUES ('lifetime', 1000, 1799999000)");
}

static void change_service(struct fixture *f, struct wire_request *req) {
        (void) f;
        memcpy(req->service, "ftp", 4);
}

static void claim_service(struct fixture *f, struct wire_request *req) {
        unit_sql(f->store->path, "UPDATE key SET services = ''");
        memcpy(req->service, "postgresql", 11);
}

static void change_source(struct fixture *f, struct wire_request *req) {
        (void) f;
        memcpy(req->rhost, "192.0.3.7", 10);
}

static void lose_source(struct fixture *f, struct wire_request *req) {
        (void) f;
        req->rhost[0] = '\0';
}

static void name_source(struct fixture *f, struct wire_request *req) {
        (void) f;
        memcpy(req->rhost, "localhost", 10);
}

static void demand_certificate(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "require-certificate", 1);
}

static void damage_row(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET status = 2");
}

static void damage_digest(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET digest = zeroblob(32)");
}

static void change_pepper(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET pepper = 4294967295");
}

static void add_policy(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "from-the-future", 1);
}

static void spoil_policy(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "max-keys-per-user", -1);
}

static void drop_policy(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "DROP TABLE policy");
}

static void drop_keys(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "DROP TABLE key_use; DROP TABLE key");
}

static void forget_accounts(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "DELETE FROM account");
}

static void forget_linked(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "remove-on-password-expiry", 1);
        unit_sql(f->store->path, "UPDATE key SET linked = 'boss'");
}

static void lose_account(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET state = 2");
}

static void reuse_uid(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET uid = 1001");
}

static void close_account(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET closes_at = 1800000000");
}

static void expire_password(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "remove-on-password-expiry", 1);
        unit_sql(f->store->path, "UPDATE account SET password_ends_at = 1800000000");
}

static void expire_linked(struct fixture *f, struct wire_request *req) {
        forget_linked(f, req);
        unit_account_put(f->store->writer, "boss", 1002);
        unit_sql(f->store->path, "UPDATE account SET password_ends_at = 1 WHERE name = 'boss'");
}

static void forbid_admins(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "admin-keys", 0);
        unit_sql(f->store->path, "UPDATE account SET admin = 1");
}

static void retire_key(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET retires_at = 1800000000");
}

static void remove_all(struct fixture *f, struct wire_request *req) {
        (void) req;
        set_policy(f, "epoch", 1);
}

static void damage_account(struct fixture *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET state = 7");
}

static void bad_ticket(struct fixture *f, struct wire_request *req) {
        (void) f;
        req->kind = WIRE_CONFIRM;
        memcpy(req->id, ID, sizeof(ID));
}

static void bad_ticket_for_no_key(struct fixture *f, struct wire_request *req) {
        (void) f;
        req->kind = WIRE_CONFIRM;
        memcpy(req->id, "bbbbbbbbbb", 11);
}

static const struct {
        const char *why;
        void (*spoil)(struct fixture *f, struct wire_request *req);
        enum reason reason;
        int store_error; /* with REASON_STORE; 0: any */
} reasons[] = {
        { "disabled", disable, REASON_DISABLED, 0 },
        { "no such id", guess_id, REASON_UNKNOWN_KEY, 0 },
        { "wrong secret", guess_secret, REASON_WRONG_SECRET, 0 },
        { "a digest that somebody has changed", damage_digest, REASON_WRONG_SECRET, 0 },
        { "a row of another pepper", change_pepper, REASON_WRONG_SECRET, 0 },
        { "other user", change_user, REASON_OTHER_USER, 0 },
        { "revoked", revoke_key, REASON_REVOKED, 0 },
        { "expired", expire_key, REASON_EXPIRED, 0 },
        { "expired by the policy", expire_by_policy, REASON_EXPIRED, 0 },
        { "retired", retire_key, REASON_RETIRED, 0 },
        { "removed with all others", remove_all, REASON_REMOVED, 0 },
        { "nothing known of the owner", forget_accounts, REASON_ACCOUNT_UNKNOWN, 0 },
        { "nothing known of the linked user", forget_linked, REASON_ACCOUNT_UNKNOWN, 0 },
        { "the owner is gone", lose_account, REASON_ACCOUNT_GONE, 0 },
        { "the uid is another's", reuse_uid, REASON_ACCOUNT_GONE, 0 },
        { "account closed", close_account, REASON_ACCOUNT_EXPIRED, 0 },
        { "password expired", expire_password, REASON_PASSWORD_EXPIRED, 0 },
        { "the linked user's password expired", expire_linked, REASON_PASSWORD_EXPIRED, 0 },
        { "administrator", forbid_admins, REASON_ADMIN, 0 },
        { "damaged account", damage_account, REASON_STORE, -EUCLEAN },
        { "peer", claim_service, REASON_PEER, 0 },
        { "service", change_service, REASON_SERVICE, 0 },
        { "source", change_source, REASON_SOURCE, 0 },
        { "no source", lose_source, REASON_SOURCE_UNKNOWN, 0 },
        { "a name for a source", name_source, REASON_SOURCE_UNKNOWN, 0 },
        { "certificate", demand_certificate, REASON_CERTIFICATE_MISSING, 0 },
        { "a ticket of zeros", bad_ticket, REASON_STALE, 0 },
        { "a ticket of zeros for no key", bad_ticket_for_no_key, REASON_STALE, 0 },
        { "damaged row", damage_row, REASON_STORE, -EUCLEAN },
        { "a policy that this build does not know", add_policy, REASON_STORE, 0 },
        { "a policy's value that this build does not know", spoil_policy, REASON_STORE, 0 },
        { "no policies at all", drop_policy, REASON_STORE, 0 },
        { "no keys at all", drop_keys, REASON_STORE, 0 },
};

static void check_reason(struct fixture *f, size_t i, uid_t uid) {
        struct wire_request req = good_request();
        struct answer a;

        reasons[i].spoil(f, &req);
        a = ask_as(f, &req, uid, NOW);
        unit_int(reasons[i].why, a.event.reason, reasons[i].reason);
        unit_int(reasons[i].why, a.reply.verdict, verdict_of(reasons[i].reason));
        unit_int(reasons[i].why, a.reply.reason, uid == 0 ? reasons[i].reason : REASON_NONE);
        unit_str(reasons[i].why, a.reply.id, "");
        unit_str(reasons[i].why, a.reply.name, "");
        if (reasons[i].reason == REASON_STORE)
                unit_fails(reasons[i].why, a.event.store_error);
        if (reasons[i].store_error < 0)
                unit_int(reasons[i].why, a.event.store_error, reasons[i].store_error);
}

/* As another uid and as root, each over a fresh store. A row says to root alone why; root may
 * claim every service. */
static void test_every_reason_refuses_and_root_alone_is_told(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
                for (unsigned root = 0; root < 2; root++) {
                        void *fixture = NULL;

                        if (root && reasons[i].reason == REASON_PEER)
                                continue;
                        assert_int_equal(make(&fixture), 0);
                        check_reason(fixture, i, root ? 0 : OTHER);
                        assert_int_equal(drop(&fixture), 0);
                }
}

static void test_every_reason_is_in_the_table(void **state) {
        bool seen[_REASON_MAX] = { [REASON_NONE] = true,
                                   /* of keys that are to be made */
                                   [REASON_HAS_KEY] = true,
                                   [REASON_NOT_ISSUABLE] = true,
                                   [REASON_KEY_LIMIT] = true,
                                   [REASON_BUSY] = true };

        (void) state;
        /* of certificates: see test_verify_certificate.c */
        for (int i = REASON_CERTIFICATE_UNREADABLE; i <= REASON_CERTIFICATE_UNCHECKED; i++)
                seen[i] = true;
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
                seen[reasons[i].reason] = true;
        for (int i = 0; i < _REASON_MAX; i++)
                unit_int(verdict_reason_name((enum reason) i), seen[i], true);
}

static void test_root_and_the_tied_peer_may_claim_the_service(void **state) {
        struct wire_request req = good_request();

        claim_service(*state, &req);
        assert_int_equal(ask_as(*state, &req, OTHER, NOW).event.reason, REASON_PEER);
        assert_int_equal(ask_as(*state, &req, 110, NOW).event.reason, REASON_NONE);
        assert_int_equal(ask_as(*state, &req, 0, NOW).event.reason, REASON_NONE);
}

static void test_a_new_configuration_counts_at_once(void **state) {
        struct wire_request req = good_request();
        const struct conf untied = {};
        struct fixture *f = *state;

        claim_service(f, &req);
        assert_int_equal(reason_of(f, &req), REASON_PEER);
        verify_set_conf(f->verify, &untied);
        assert_int_equal(reason_of(f, &req), REASON_NONE);
}

static void test_the_second_of_expiry_refuses(void **state) {
        struct wire_request req = good_request();

        assert_int_equal(ask_as(*state, &req, OTHER, NOW + 999).event.reason, REASON_NONE);
        assert_int_equal(ask_as(*state, &req, OTHER, NOW + 1000).event.reason, REASON_EXPIRED);
}

/* --- What was committed counts for the very next request --- */

static void test_a_revocation_counts_for_the_next_request(void **state) {
        struct wire_request req = good_request();

        assert_int_equal(reason_of(*state, &req), REASON_NONE);
        revoke_key(*state, &req);
        assert_int_equal(reason_of(*state, &req), REASON_REVOKED);
}

static void test_a_removal_counts_for_the_next_request(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;

        assert_int_equal(reason_of(f, &req), REASON_NONE);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_delete(f->store->writer, ID), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        assert_int_equal(reason_of(f, &req), REASON_UNKNOWN_KEY);
}

static void test_a_new_secret_counts_for_the_next_request(void **state) {
        struct wire_request req = good_request(), new = good_request();
        struct fixture *f = *state;
        struct key_record key = good_key(f, other_secret);

        keytext_format(new.key.text, ID, other_secret);
        assert_int_equal(reason_of(f, &req), REASON_NONE);
        assert_int_equal(reason_of(f, &new), REASON_WRONG_SECRET);
        update_key(f, &key);
        assert_int_equal(reason_of(f, &req), REASON_WRONG_SECRET);
        assert_int_equal(reason_of(f, &new), REASON_NONE);
}

static void test_a_policy_counts_for_the_next_request(void **state) {
        struct wire_request req = good_request();

        for (unsigned i = 0; i < 3; i++) {
                set_policy(*state, "enabled", 0);
                assert_int_equal(reason_of(*state, &req), REASON_DISABLED);
                set_policy(*state, "enabled", 1);
                assert_int_equal(reason_of(*state, &req), REASON_NONE);
        }
}

static void test_what_is_not_committed_does_not_count(void **state) {
        struct key_record key = good_key(*state, secret_text);
        struct wire_request req = good_request();
        struct fixture *f = *state;

        key.status = KEY_REVOKED;
        assert_int_equal(reason_of(f, &req), REASON_NONE);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_update(f->store->writer, &key), 0);
        assert_int_equal(reason_of(f, &req), REASON_NONE);
        store_release(f->store->reader);
        assert_int_equal(reason_of(f, &req), REASON_NONE);
        store_rollback(f->store->writer);
        assert_int_equal(reason_of(f, &req), REASON_NONE);
}

/* An unknown policy closes everything, and its removal opens it again. */
static void test_a_store_that_recovers_is_read_again(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;

        assert_int_equal(reason_of(f, &req), REASON_NONE);
        add_policy(f, &req);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(reason_of(f, &req), REASON_STORE);
        unit_sql(f->store->path, "DELETE FROM policy WHERE name = 'from-the-future'");
        assert_int_equal(reason_of(f, &req), REASON_NONE);
}

/* --- Confirming --- */

static struct wire_request login(const struct fixture *f) {
        struct wire_request req = good_request();
        struct answer a = ask_as(f, &req, OTHER, NOW);

        assert_int_equal(a.reply.verdict, VERDICT_ALLOW);
        secret_wipe(&req.key);
        req.kind = WIRE_CONFIRM;
        memcpy(req.id, a.reply.id, sizeof(req.id));
        memcpy(req.ticket, a.reply.ticket, sizeof(req.ticket));
        return req;
}

static void test_a_ticket_confirms_the_login_it_came_from(void **state) {
        struct wire_request req = login(*state);
        struct answer a = ask_as(*state, &req, OTHER, NOW);

        assert_int_equal(a.reply.verdict, VERDICT_ALLOW);
        assert_string_equal(a.reply.id, ID);
        assert_int_equal(a.event.kind, WIRE_CONFIRM);
        assert_memory_equal(a.reply.ticket, req.ticket, sizeof(req.ticket));
}

static void test_a_ticket_confirms_nothing_else(void **state) {
        struct wire_request good = login(*state), req;
        struct fixture *f = *state;

        for (unsigned bit = 0; bit < 8 * WIRE_TICKET_LEN; bit++) {
                req = good;
                req.ticket[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(reason_of(f, &req), REASON_STALE);
        }
        req = good;
        memcpy(req.user, "bob", 4);
        assert_int_equal(reason_of(f, &req), REASON_STALE);
        req = good;
        memcpy(req.id, "bbbbbbbbbb", 11);
        assert_int_equal(reason_of(f, &req), REASON_STALE);
        req = good;
        memcpy(req.service, "ftp", 4);
        assert_int_equal(reason_of(f, &req), REASON_SERVICE);
        req = good;
        memcpy(req.rhost, "192.0.3.7", 10);
        assert_int_equal(reason_of(f, &req), REASON_SOURCE);
        assert_int_equal(ask_as(f, &good, OTHER, NOW + 1000).event.reason, REASON_EXPIRED);
        set_policy(f, "enabled", 0);
        assert_int_equal(reason_of(f, &good), REASON_DISABLED);
}

static void test_a_ticket_dies_with_the_key(void **state) {
        struct wire_request req = login(*state);
        struct fixture *f = *state;
        struct key_record key = good_key(f, other_secret);

        update_key(f, &key);
        assert_int_equal(reason_of(f, &req), REASON_STALE);
        key = good_key(f, secret_text);
        update_key(f, &key);
        assert_int_equal(reason_of(f, &req), REASON_NONE);
        revoke_key(f, &req);
        assert_int_equal(reason_of(f, &req), REASON_REVOKED);
        unit_sql(f->store->path, "DELETE FROM key");
        store_release(f->store->reader);
        assert_int_equal(reason_of(f, &req), REASON_STALE);
}

/* --- The same work for every refusal --- */

static void check_work(const struct fixture *f, const char *row, const struct wire_request *req) {
        n_digests = n_compared = 0;
        (void) reason_of(f, req);
        unit_int(row, n_digests, req->kind == WIRE_VERIFY);
        unit_int(row, n_compared, 1);
}

static void test_an_unknown_id_is_digested_and_compared_like_any_other(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
                struct wire_request req = good_request();
                void *fixture = NULL;

                if (reasons[i].reason == REASON_STORE)
                        continue;
                assert_int_equal(make(&fixture), 0);
                check_work(fixture, "good", &req);
                reasons[i].spoil(fixture, &req);
                check_work(fixture, reasons[i].why, &req);
                assert_int_equal(drop(&fixture), 0);
        }
}

/* --- What is no request --- */

static void test_what_is_no_request_gets_no_answer(void **state) {
        const struct ucred peer = { .uid = OTHER };
        struct wire_request req = good_request();
        uint8_t in[2 * WIRE_REQUEST_LEN] = {}, out[WIRE_REPLY_LEN];
        struct fixture *f = *state;
        struct verify_event event;

        unit_poison(out, sizeof(out));
        unit_poison(&event, sizeof(event));
        assert_int_equal(wire_request_encode(in, &req), 0);
        for (size_t len = 0; len <= sizeof(in); len++)
                if (len != WIRE_REQUEST_LEN)
                        assert_int_equal(
                                verify_packet(f->verify,
                                              &(const struct verify_packet){ in, len, &peer, NOW },
                                              out, &event),
                                -EBADMSG);
        in[5] = 1;
        assert_int_equal(
                verify_packet(f->verify,
                              &(const struct verify_packet){ in, WIRE_REQUEST_LEN, &peer, NOW },
                              out, &event),
                -EBADMSG);
        unit_poisoned("reply", out, sizeof(out));
        unit_poisoned("event", &event, sizeof(event));
}

static void test_another_version_is_told_so_and_nothing_else(void **state) {
        const struct ucred peer = { .uid = 0 };
        const uint8_t in[12] = { 'W', 'F', 'K', 2, 9, 9, 9, 9, 4, 3, 2, 1 };
        struct fixture *f = *state;
        struct verify_event event;
        uint8_t out[WIRE_REPLY_LEN];
        struct wire_reply reply;

        unit_poison(&event, sizeof(event));
        assert_int_equal(verify_packet(f->verify,
                                       &(const struct verify_packet){ in, sizeof(in), &peer, NOW },
                                       out, &event),
                         0);
        unit_poisoned("event", &event, sizeof(event));
        assert_int_equal(wire_reply_decode(out, sizeof(out), &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_VERSION);
        assert_int_equal(reply.seq, 0x01020304);
        assert_int_equal(reply.reason, REASON_NONE);
}

static void test_verifications_are_counted(void **state) {
        struct wire_request req = good_request(), bad = good_request();
        struct fixture *f = *state;
        const struct tally *tally = verify_tally(f->verify);

        assert_int_equal(tally_sum(tally, TALLY_ACCEPTED), 0);
        assert_int_equal(tally_sum(tally, TALLY_REFUSED), 0);
        guess_id(f, &bad);
        (void) reason_of(f, &req);
        (void) reason_of(f, &bad);
        (void) reason_of(f, &bad);
        assert_int_equal(tally->counts[false][REASON_NONE], 1);
        assert_int_equal(tally->counts[false][REASON_UNKNOWN_KEY], 2);
        assert_int_equal(tally_sum(tally, TALLY_ACCEPTED), 1);
        assert_int_equal(tally_sum(tally, TALLY_REFUSED), 2);
        assert_int_equal(tally_sum(tally, TALLY_UNDECIDED), 0);
}

/* --- Uses --- */

static sem_t begun, go_on;

struct hold {
        struct worker_job job;
        bool waits;
        unsigned *n_done;
};

static void hold_run(struct worker_job *job, struct store *writer) {
        (void) writer;
        if (!((struct hold *) job)->waits)
                return;
        (void) sem_post(&begun);
        while (sem_wait(&go_on) < 0)
                continue;
}

static void hold_done(struct worker_job *job) {
        ++*((struct hold *) job)->n_done;
        free(job);
}

static int submit_hold(struct worker *worker, bool waits, unsigned *n_done) {
        struct hold *hold = calloc(1, sizeof(*hold));
        int r;

        assert_non_null(hold);
        *hold = (struct hold){ .job = { .run = hold_run, .done = hold_done },
                               .waits = waits,
                               .n_done = n_done };
        r = worker_submit(worker, &hold->job);
        if (r < 0)
                free(hold);
        return r;
}

static void on_done(void *userdata) {
        store_release(userdata);
}

static struct worker *worker_of(struct fixture *f, sd_event **event) {
        struct worker *worker = NULL;

        unit_succeeds("sd_event_new", sd_event_new(event));
        assert_int_equal(worker_new(&worker, *event, f->store->writer, on_done, f->store->reader),
                         0);
        return worker;
}

/* Ends the worker, and with it what it was to do; the writer was its own and is opened again. */
static void end_worker(struct fixture *f, struct worker *worker, sd_event *event) {
        worker_free(worker);
        sd_event_unref(event);
        f->store->writer = NULL;
        assert_int_equal(
                store_open(&f->store->writer, f->store->path, STORE_WRITER, &f->store->shared), 0);
}

static struct key_record used_key(const struct fixture *f) {
        struct key_record key;

        assert_int_equal(store_key_get_used(f->store->writer, ID, &key), 0);
        return key;
}

static void test_uses_reach_the_store(void **state) {
        struct wire_request req = good_request(), confirm, bad = good_request();
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;
        struct key_record key;

        guess_secret(f, &bad);
        confirm = login(f);
        (void) ask_as(f, &req, OTHER, NOW + 5);
        (void) ask_as(f, &confirm, OTHER, NOW + 6);
        (void) ask_as(f, &bad, OTHER, NOW + 7);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        verify_flush(f->verify, worker); /* there is nothing left */
        end_worker(f, worker, event);
        key = used_key(f);
        assert_int_equal(key.uses, 2);
        assert_int_equal(key.last_used_at, NOW + 5);
        assert_string_equal(key.last_service, "imap");
        assert_string_equal(key.last_rhost, "192.0.2.7");
}

/* A peer may claim any bytes; a list of keys with such in it could not be sent, nor shown. */
static void test_what_a_peer_claimed_is_stored_printable(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;
        struct key_record key;

        unit_sql(f->store->path, "UPDATE key SET networks = ''");
        (void) snprintf(req.rhost, sizeof(req.rhost), "\xff\x1b[31m\n");
        (void) ask_as(f, &req, OTHER, NOW);
        /* more than there are places: they are counted in one */
        for (unsigned i = 0; i < 5000; i++)
                (void) ask_as(f, &req, OTHER, NOW);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        key = used_key(f);
        assert_int_equal(key.uses, 5001);
        assert_string_equal(key.last_rhost, "\\xff\\x1b[31m\\x0a");
}

static void test_a_use_does_not_disturb_the_snapshot(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;
        uint64_t generation = f->store->shared.generation;
        struct worker *worker;
        sd_event *event = NULL;

        (void) reason_of(f, &req);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(used_key(f).uses, 1);
        assert_int_equal(f->store->shared.generation, generation);
}

static void test_no_use_is_lost_while_the_writer_is_busy(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;
        unsigned n_done = 0;

        assert_int_equal(sem_init(&begun, 0, 0), 0);
        assert_int_equal(sem_init(&go_on, 0, 0), 0);
        worker = worker_of(f, &event);
        assert_int_equal(submit_hold(worker, true, &n_done), 0);
        assert_int_equal(sem_wait(&begun), 0);
        while (submit_hold(worker, false, &n_done) == 0)
                continue;
        (void) reason_of(f, &req);
        verify_flush(f->verify, worker); /* no place: it keeps what it has */
        (void) reason_of(f, &req);
        assert_int_equal(sem_post(&go_on), 0);
        while (n_done <= WORKER_QUEUE_MAX)
                unit_succeeds("sd_event_run", sd_event_run(event, UINT64_MAX));
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(used_key(f).uses, 2);
        assert_int_equal(sem_destroy(&begun), 0);
        assert_int_equal(sem_destroy(&go_on), 0);
}

/* Makes n keys of alice, and a request with each. */
static void use_many_keys(struct fixture *f, unsigned n) {
        struct wire_request req = good_request();

        for (unsigned made = 0; made < 2; made++) {
                if (!made)
                        assert_int_equal(store_begin(f->store->writer), 0);
                for (unsigned i = 0; i < n; i++) {
                        struct key_record key = good_key(f, secret_text);

                        (void) snprintf(key.id, sizeof(key.id), "%010u", i);
                        keytext_format(req.key.text, key.id, secret_text);
                        keymint_digest(f->keymint, key.pepper_id, req.key.text, key.digest);
                        if (made)
                                assert_int_equal(reason_of(f, &req), REASON_NONE);
                        else
                                assert_int_equal(store_key_insert(f->store->writer, &key), 0);
                }
                if (!made)
                        assert_int_equal(store_commit(f->store->writer), 0);
        }
}

static void test_when_no_use_can_be_noted_logins_go_on(void **state) {
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        use_many_keys(f, 4200);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT sum(uses) FROM key_use"), 4096);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT max(uses) FROM key_use"), 1);
}

static void test_a_use_after_a_flush_is_a_new_one(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        worker = worker_of(f, &event);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(ask_as(f, &req, OTHER, NOW + i).event.reason, REASON_NONE);
                verify_flush(f->verify, worker);
        }
        end_worker(f, worker, event);
        assert_int_equal(used_key(f).uses, 3);
        assert_int_equal(used_key(f).last_used_at, NOW + 2);
}

/* Many keys in turn, and all of them once more: no use is lost, or counted for another. */
static void test_uses_of_several_keys_are_kept_apart(void **state) {
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        use_many_keys(f, 1500);
        for (unsigned i = 0; i < 1500; i++) {
                struct wire_request req = good_request();
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i);
                keytext_format(req.key.text, id, secret_text);
                assert_int_equal(reason_of(f, &req), REASON_NONE);
        }
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(
                unit_sql_number(f->store->path, "SELECT count(*) FROM key_use WHERE uses = 2"),
                1500);
}

static void test_a_use_of_a_key_that_is_gone_is_no_matter(void **state) {
        struct wire_request req = good_request();
        struct fixture *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        (void) reason_of(f, &req);
        unit_sql(f->store->path, "DELETE FROM key");
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT count(*) FROM key_use"), 0);
}

/* --- The first use of a key that takes another's place --- */

#define NEW "nnnnnnnnnn"

static struct wire_request new_request(void) {
        struct wire_request req = good_request();

        keytext_format(req.key.text, NEW, other_secret);
        return req;
}

/* The good key, and another that takes its place. */
static void rotate_key(const struct fixture *f, int64_t retires_at) {
        struct key_record key = good_key(f, secret_text), next = good_key(f, secret_text);
        struct secret text;

        key.retires_at = retires_at;
        memcpy(key.successor, NEW, sizeof(NEW));
        update_key(f, &key);
        memcpy(next.id, NEW, sizeof(NEW));
        memcpy(next.predecessor, ID, sizeof(ID));
        keytext_format(text.text, NEW, other_secret);
        keymint_digest(f->keymint, next.pepper_id, text.text, next.digest);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &next), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

/* No worker is there: what counts at once counts before anything is written. */
static void test_the_first_use_of_a_successor_retires_the_key_at_once(void **state) {
        struct wire_request old = good_request(), new = new_request();
        struct fixture *f = *state;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        assert_int_equal(reason_of(f, &old), REASON_NONE);
        assert_int_equal(reason_of(f, &old), REASON_NONE);
        assert_int_equal(reason_of(f, &new), REASON_NONE);
        assert_int_equal(reason_of(f, &old), REASON_RETIRED);
        assert_int_equal(ask_as(f, &old, OTHER, NOW).event.expires_at, NOW);
        assert_int_equal(reason_of(f, &new), REASON_NONE);
}

static void test_a_refused_use_of_a_successor_retires_nothing(void **state) {
        struct wire_request old = good_request(), new = new_request(), confirm = good_request();
        struct fixture *f = *state;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        memcpy(new.service, "ftp", 4);
        assert_int_equal(reason_of(f, &new), REASON_SERVICE);
        new = new_request();
        keytext_format(new.key.text, NEW, secret_text);
        assert_int_equal(reason_of(f, &new), REASON_WRONG_SECRET);
        confirm.kind = WIRE_CONFIRM;
        memcpy(confirm.id, NEW, sizeof(NEW));
        assert_int_equal(reason_of(f, &confirm), REASON_STALE);
        assert_int_equal(reason_of(f, &old), REASON_NONE);
}

static void test_an_overlap_is_not_ended_by_a_use(void **state) {
        struct wire_request old = good_request(), new = new_request();
        struct fixture *f = *state;

        rotate_key(f, NOW + 10);
        assert_int_equal(reason_of(f, &new), REASON_NONE);
        assert_int_equal(reason_of(f, &old), REASON_NONE);
        assert_int_equal(ask_as(f, &old, OTHER, NOW + 10).event.reason, REASON_RETIRED);
        assert_int_equal(ask_as(f, &new, OTHER, NOW + 10).event.reason, REASON_NONE);
}

static void test_a_successor_of_another_key_retires_nothing(void **state) {
        struct wire_request old = good_request(), new = new_request();
        struct fixture *f = *state;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        unit_sql(f->store->path, "UPDATE key SET successor = 'cccccccccc' WHERE id = '" ID "'");
        assert_int_equal(reason_of(f, &new), REASON_NONE);
        assert_int_equal(reason_of(f, &old), REASON_NONE);
        unit_sql(f->store->path, "DELETE FROM key WHERE id = '" ID "'");
        assert_int_equal(reason_of(f, &new), REASON_NONE);
}

static void test_a_first_use_is_written(void **state) {
        struct wire_request old = good_request(), new = new_request();
        struct fixture *f = *state;
        sd_event *event = NULL;
        struct worker *worker;
        struct key_record key;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        worker = worker_of(f, &event);
        verify_set_worker(f->verify, worker);
        assert_int_equal(ask_as(f, &new, OTHER, NOW + 3).event.reason, REASON_NONE);
        assert_int_equal(ask_as(f, &old, OTHER, NOW + 4).event.reason, REASON_RETIRED);
        end_worker(f, worker, event);
        assert_int_equal(store_key_get(f->store->writer, ID, &key), 0);
        assert_int_equal(key.retires_at, NOW + 3);
        assert_int_equal(key.dead_at, NOW + 3);
        assert_int_equal(ask_as(f, &old, OTHER, NOW + 5).event.reason, REASON_RETIRED);
        assert_int_equal(ask_as(f, &old, OTHER, NOW + 5).event.expires_at, NOW + 3);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(verify_free(NULL));
}

#define test_verify(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_verify(test_a_good_key_is_accepted),
                cmocka_unit_test(test_every_reason_refuses_and_root_alone_is_told),
                cmocka_unit_test(test_every_reason_is_in_the_table),
                test_verify(test_root_and_the_tied_peer_may_claim_the_service),
                test_verify(test_a_new_configuration_counts_at_once),
                test_verify(test_the_second_of_expiry_refuses),
                test_verify(test_a_revocation_counts_for_the_next_request),
                test_verify(test_a_removal_counts_for_the_next_request),
                test_verify(test_a_new_secret_counts_for_the_next_request),
                test_verify(test_a_policy_counts_for_the_next_request),
                test_verify(test_what_is_not_committed_does_not_count),
                test_verify(test_a_store_that_recovers_is_read_again),
                test_verify(test_a_ticket_confirms_the_login_it_came_from),
                test_verify(test_a_ticket_confirms_nothing_else),
                test_verify(test_a_ticket_dies_with_the_key),
                cmocka_unit_test(test_an_unknown_id_is_digested_and_compared_like_any_other),
                test_verify(test_what_is_no_request_gets_no_answer),
                test_verify(test_another_version_is_told_so_and_nothing_else),
                test_verify(test_verifications_are_counted),
                test_verify(test_uses_reach_the_store),
                test_verify(test_what_a_peer_claimed_is_stored_printable),
                test_verify(test_a_use_does_not_disturb_the_snapshot),
                test_verify(test_no_use_is_lost_while_the_writer_is_busy),
                test_verify(test_when_no_use_can_be_noted_logins_go_on),
                test_verify(test_a_use_after_a_flush_is_a_new_one),
                test_verify(test_uses_of_several_keys_are_kept_apart),
                test_verify(test_a_use_of_a_key_that_is_gone_is_no_matter),
                test_verify(test_the_first_use_of_a_successor_retires_the_key_at_once),
                test_verify(test_a_refused_use_of_a_successor_retires_nothing),
                test_verify(test_an_overlap_is_not_ended_by_a_use),
                test_verify(test_a_successor_of_another_key_retires_nothing),
                test_verify(test_a_first_use_is_written),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
