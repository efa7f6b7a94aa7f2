/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler of the verify socket, from the bytes of a request to those of the reply: every
 * reason to refuse one, what counts at once, and that every refusal costs the same. */
#include <sodium.h>

#include "unit_verify.h"

/* --- What a verification has libsodium do, counted with the linker's --wrap --- */

static unsigned n_digests, n_compared;

__typeof__(crypto_generichash_blake2b_salt_personal)
        __real_crypto_generichash_blake2b_salt_personal,
        __wrap_crypto_generichash_blake2b_salt_personal;
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

static void test_a_good_key_is_accepted(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_answer a = unit_verify_ask_as(*state, &req, OTHER, NOW);

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

static void disable(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "enabled", 0);
}

static void guess_id(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        keytext_format(req->key.text, "bbbbbbbbbb", unit_secret);
}

static void guess_secret(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        keytext_format(req->key.text, ID, unit_other_secret);
}

static void change_user(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->user, "bob", 4);
}

static void revoke_key(struct unit_verify *f, struct wire_request *req) {
        struct key_record key = unit_verify_key(f, ID, "alice");

        (void) req;
        key.status = KEY_REVOKED;
        unit_verify_update(f, &key);
}

static void expire_key(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET expires_at = 1800000000");
}

static void expire_by_policy(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET expires_at = 0, created_at = 1700000000");
        unit_sql(f->store->path, "INSERT INTO policy (name, value, changed_at) VALUES ('lifetime', "
                                 "1000, 1799999000)");
}

static void leave_unused(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET dead_at = 1, reason = 'not used for 3mo'");
}

static void change_service(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->service, "ftp", 4);
}

static void claim_service(struct unit_verify *f, struct wire_request *req) {
        unit_sql(f->store->path, "UPDATE key SET services = ''");
        memcpy(req->service, "postgresql", 11);
}

static void change_source(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->rhost, "192.0.3.7", 10);
}

static void lose_source(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        req->rhost[0] = '\0';
}

static void name_source(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->rhost, "localhost", 10);
}

static void demand_certificate(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "require-certificate", 1);
}

static void damage_row(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET status = 2");
}

static void damage_digest(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET digest = zeroblob(32)");
}

static void change_pepper(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET pepper = 4294967295");
}

static void add_policy(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "from-the-future", 1);
}

static void spoil_policy(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "max-keys-per-user", -1);
}

static void drop_policy(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "DROP TABLE policy");
}

static void drop_keys(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "DROP TABLE key_use; DROP TABLE key");
}

static void forget_accounts(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "DELETE FROM account");
}

static void forget_linked(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "remove-on-password-expiry", 1);
        unit_sql(f->store->path, "UPDATE key SET linked = 'boss'");
}

static void spell_user(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->user, "Alice@EXAMPLE.COM", 18);
}

static void lose_account(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET state = 2, checked_at = 1");
}

static void reuse_uid(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET uid = 1001");
}

static void close_account(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET closes_at = 1800000000");
}

static void expire_password(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "remove-on-password-expiry", 1);
        unit_sql(f->store->path, "UPDATE account SET password_ends_at = 1800000000");
}

static void expire_linked(struct unit_verify *f, struct wire_request *req) {
        forget_linked(f, req);
        unit_account_put(f->store->writer, "boss", 1002);
        unit_sql(f->store->path, "UPDATE account SET password_ends_at = 1 WHERE name = 'boss'");
}

static void forbid_admins(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "admin-keys", 0);
        unit_sql(f->store->path, "UPDATE account SET admin = 1");
}

static void retire_key(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE key SET retires_at = 1800000000");
}

static void remove_all(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_verify_policy(f, "epoch", 1);
}

/* The state of the fleet was current for the last time after the boot, or never. */
static void hear_nothing(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path,
                 "UPDATE key SET hosts = 'web', revision = 1, epoch = 1099511627776");
        unit_verify_policy(f, "replica-max-age", 1);
        f->store->shared.fleet_at = INT64_MIN;
}

static void damage_account(struct unit_verify *f, struct wire_request *req) {
        (void) req;
        unit_sql(f->store->path, "UPDATE account SET state = 7");
}

static void bad_ticket(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        req->kind = WIRE_CONFIRM;
        memcpy(req->id, ID, sizeof(ID));
}

static void bad_ticket_for_no_key(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        req->kind = WIRE_CONFIRM;
        memcpy(req->id, "bbbbbbbbbb", 11);
}

static const struct {
        const char *why;
        void (*spoil)(struct unit_verify *f, struct wire_request *req);
        enum reason reason;
        int store_error; /* with REASON_STORE; 0: any */
} reasons[] = {
        { "disabled", disable, REASON_DISABLED, 0 },
        { "no such id", guess_id, REASON_UNKNOWN_KEY, 0 },
        { "wrong secret", guess_secret, REASON_WRONG_SECRET, 0 },
        { "a digest that somebody has changed", damage_digest, REASON_WRONG_SECRET, 0 },
        { "a row of another pepper", change_pepper, REASON_WRONG_SECRET, 0 },
        { "other user", change_user, REASON_OTHER_USER, 0 },
        { "perhaps the owner", spell_user, REASON_SPELLING_UNKNOWN, 0 },
        { "revoked", revoke_key, REASON_REVOKED, 0 },
        { "expired", expire_key, REASON_EXPIRED, 0 },
        { "expired by the policy", expire_by_policy, REASON_EXPIRED, 0 },
        { "not used for long", leave_unused, REASON_IDLE, 0 },
        { "retired", retire_key, REASON_RETIRED, 0 },
        { "removed with all others", remove_all, REASON_REMOVED, 0 },
        { "an old state of the fleet", hear_nothing, REASON_FLEET_STALE, 0 },
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

static void check_reason(struct unit_verify *f, size_t i, uid_t uid) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_answer a;

        reasons[i].spoil(f, &req);
        a = unit_verify_ask_as(f, &req, uid, NOW);
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
                        assert_int_equal(unit_verify_make(&fixture), 0);
                        check_reason(fixture, i, root ? 0 : OTHER);
                        assert_int_equal(unit_verify_drop(&fixture), 0);
                }
}

static unsigned n_spelled;

const struct account_record *__wrap_spellings_find(struct spellings *s, const char *name,
                                                   const char *owner);

const struct account_record *__wrap_spellings_find(struct spellings *s, const char *name,
                                                   const char *owner) {
        (void) s;
        (void) name;
        assert_string_equal(owner, "alice");
        n_spelled++;
        return NULL;
}

/* A directory is asked about another spelling only if nothing else is wrong. */
static void test_no_directory_is_asked_for_a_bad_key(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
                struct wire_request req = unit_verify_request(WIRE_VERIFY);
                bool good = reasons[i].reason == REASON_SPELLING_UNKNOWN ||
                            reasons[i].reason == REASON_CERTIFICATE_MISSING;
                void *fixture = NULL;

                assert_int_equal(unit_verify_make(&fixture), 0);
                n_spelled = 0;
                spell_user(fixture, &req);
                reasons[i].spoil(fixture, &req);
                unit_int(reasons[i].why, unit_verify_reason(fixture, &req),
                         good ? REASON_SPELLING_UNKNOWN : reasons[i].reason);
                unit_int(reasons[i].why, n_spelled, good);
                assert_int_equal(unit_verify_drop(&fixture), 0);
        }
}

static void test_every_reason_is_in_the_table(void **state) {
        bool seen[_REASON_MAX] = { [REASON_NONE] = true,
                                   /* see test_verify_realm.c */
                                   [REASON_REALM] = true,
                                   [REASON_REALM_SERVICE] = true,
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
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        claim_service(*state, &req);
        assert_int_equal(unit_verify_ask_as(*state, &req, OTHER, NOW).event.reason, REASON_PEER);
        assert_int_equal(unit_verify_ask_as(*state, &req, 110, NOW).event.reason, REASON_NONE);
        assert_int_equal(unit_verify_ask_as(*state, &req, 0, NOW).event.reason, REASON_NONE);
}

static void test_a_new_configuration_counts_at_once(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        const struct conf untied = {};
        struct unit_verify *f = *state;

        claim_service(f, &req);
        assert_int_equal(unit_verify_reason(f, &req), REASON_PEER);
        verify_set_conf(f->verify, &untied);
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
}

static void test_the_second_of_expiry_refuses(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        assert_int_equal(unit_verify_ask_as(*state, &req, OTHER, NOW + 999).event.reason,
                         REASON_NONE);
        assert_int_equal(unit_verify_ask_as(*state, &req, OTHER, NOW + 1000).event.reason,
                         REASON_EXPIRED);
}

/* --- What was committed counts for the very next request --- */

static void test_a_revocation_counts_for_the_next_request(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        assert_int_equal(unit_verify_reason(*state, &req), REASON_NONE);
        revoke_key(*state, &req);
        assert_int_equal(unit_verify_reason(*state, &req), REASON_REVOKED);
}

static void test_a_removal_counts_for_the_next_request(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_delete(f->store->writer, ID), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        assert_int_equal(unit_verify_reason(f, &req), REASON_UNKNOWN_KEY);
}

static void test_a_new_secret_counts_for_the_next_request(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY),
                            new = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        struct key_record key = unit_verify_key(f, ID, "alice");

        unit_verify_digest(f, &key, unit_other_secret);
        keytext_format(new.key.text, ID, unit_other_secret);
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        assert_int_equal(unit_verify_reason(f, &new), REASON_WRONG_SECRET);
        unit_verify_update(f, &key);
        assert_int_equal(unit_verify_reason(f, &req), REASON_WRONG_SECRET);
        assert_int_equal(unit_verify_reason(f, &new), REASON_NONE);
}

static void test_a_policy_counts_for_the_next_request(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        for (unsigned i = 0; i < 3; i++) {
                unit_verify_policy(*state, "enabled", 0);
                assert_int_equal(unit_verify_reason(*state, &req), REASON_DISABLED);
                unit_verify_policy(*state, "enabled", 1);
                assert_int_equal(unit_verify_reason(*state, &req), REASON_NONE);
        }
}

static void test_what_is_not_committed_does_not_count(void **state) {
        struct key_record key = unit_verify_key(*state, ID, "alice");
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        key.status = KEY_REVOKED;
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_update(f->store->writer, &key), 0);
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        store_release(f->store->reader);
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        store_rollback(f->store->writer);
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
}

/* An unknown policy closes everything, and its removal opens it again. */
static void test_a_store_that_recovers_is_read_again(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        add_policy(f, &req);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(unit_verify_reason(f, &req), REASON_STORE);
        unit_sql(f->store->path, "DELETE FROM policy WHERE name = 'from-the-future'");
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
}

/* --- The same work for every refusal --- */

static void check_work(const struct unit_verify *f, const char *row,
                       const struct wire_request *req) {
        n_digests = n_compared = 0;
        (void) unit_verify_reason(f, req);
        unit_int(row, n_digests, req->kind == WIRE_VERIFY);
        unit_int(row, n_compared, 1);
}

static void test_an_unknown_id_is_digested_and_compared_like_any_other(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
                struct wire_request req = unit_verify_request(WIRE_VERIFY);
                void *fixture = NULL;

                if (reasons[i].reason == REASON_STORE)
                        continue;
                assert_int_equal(unit_verify_make(&fixture), 0);
                check_work(fixture, "good", &req);
                reasons[i].spoil(fixture, &req);
                check_work(fixture, reasons[i].why, &req);
                assert_int_equal(unit_verify_drop(&fixture), 0);
        }
}

/* --- What is no request --- */

static int ask_bytes(const struct unit_verify *f, const uint8_t *in, size_t len, uint8_t *out,
                     struct verify_event *event) {
        const struct peer_cred peer = { .uid = 0 };
        const struct verify_packet packet = { .in = in, .len = len, .peer = &peer, .now = NOW };
        struct verify_login login;

        return verify_packet(f->verify, &packet, &login, out, event);
}

static void test_what_is_no_request_gets_no_answer(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        uint8_t in[2 * WIRE_REQUEST_LEN] = {}, out[WIRE_REPLY_LEN];
        struct verify_event event;

        unit_poison(out, sizeof(out));
        unit_poison(&event, sizeof(event));
        assert_int_equal(wire_request_encode(in, &req), 0);
        for (size_t len = 0; len <= sizeof(in); len++)
                if (len != WIRE_REQUEST_LEN)
                        assert_int_equal(ask_bytes(*state, in, len, out, &event), -EBADMSG);
        in[5] = 1;
        assert_int_equal(ask_bytes(*state, in, WIRE_REQUEST_LEN, out, &event), -EBADMSG);
        unit_poisoned("reply", out, sizeof(out));
        unit_poisoned("event", &event, sizeof(event));
}

static void test_another_version_is_told_so_and_nothing_else(void **state) {
        const uint8_t in[12] = { 'W', 'F', 'K', 2, 9, 9, 9, 9, 4, 3, 2, 1 };
        struct verify_event event;
        uint8_t out[WIRE_REPLY_LEN];
        struct wire_reply reply;

        unit_poison(&event, sizeof(event));
        assert_int_equal(ask_bytes(*state, in, sizeof(in), out, &event), VERIFY_NOTHING);
        unit_poisoned("event", &event, sizeof(event));
        assert_int_equal(wire_reply_decode(out, sizeof(out), &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_VERSION);
        assert_int_equal(reply.seq, 0x01020304);
        assert_int_equal(reply.reason, REASON_NONE);
}

static void test_verifications_are_counted(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY),
                            bad = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        const struct tally *tally = verify_tally(f->verify);

        assert_int_equal(tally_sum(tally, TALLY_ACCEPTED), 0);
        assert_int_equal(tally_sum(tally, TALLY_REFUSED), 0);
        guess_id(f, &bad);
        (void) unit_verify_reason(f, &req);
        (void) unit_verify_reason(f, &bad);
        (void) unit_verify_reason(f, &bad);
        assert_int_equal(tally->counts[false][REASON_NONE], 1);
        assert_int_equal(tally->counts[false][REASON_UNKNOWN_KEY], 2);
        assert_int_equal(tally_sum(tally, TALLY_ACCEPTED), 1);
        assert_int_equal(tally_sum(tally, TALLY_REFUSED), 2);
        assert_int_equal(tally_sum(tally, TALLY_UNDECIDED), 0);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(verify_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_verify(test_a_good_key_is_accepted),
                cmocka_unit_test(test_every_reason_refuses_and_root_alone_is_told),
                cmocka_unit_test(test_no_directory_is_asked_for_a_bad_key),
                cmocka_unit_test(test_every_reason_is_in_the_table),
                unit_test_with_verify(test_root_and_the_tied_peer_may_claim_the_service),
                unit_test_with_verify(test_a_new_configuration_counts_at_once),
                unit_test_with_verify(test_the_second_of_expiry_refuses),
                unit_test_with_verify(test_a_revocation_counts_for_the_next_request),
                unit_test_with_verify(test_a_removal_counts_for_the_next_request),
                unit_test_with_verify(test_a_new_secret_counts_for_the_next_request),
                unit_test_with_verify(test_a_policy_counts_for_the_next_request),
                unit_test_with_verify(test_what_is_not_committed_does_not_count),
                unit_test_with_verify(test_a_store_that_recovers_is_read_again),
                cmocka_unit_test(test_an_unknown_id_is_digested_and_compared_like_any_other),
                unit_test_with_verify(test_what_is_no_request_gets_no_answer),
                unit_test_with_verify(test_another_version_is_told_so_and_nothing_else),
                unit_test_with_verify(test_verifications_are_counted),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
