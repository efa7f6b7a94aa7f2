/* SPDX-License-Identifier: BSD-2-Clause */
/* Which users get a key by which policy, which keys stand in the way, and what a new key is like.
 * How a person or a login asks is not known here. */
#include "unit_accounts.h"
#include "unit_keymint.h"

#include "base/clock.h"
#include "keys/issue.h"
#include "parse.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_key.h"
#include "text.h"

#define ALICE 1001

struct fixture {
        struct unit_store *store;
        struct keymint *keymint;
        struct issue_request request;
        struct issue_result result;
};

static void set_policy(struct fixture *f, const char *name, int64_t value) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_policy_set(f->store->writer, name, value, 1), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

/* A key of alice, made just now. */
static void insert(struct fixture *f, const char *id, const struct key_record *but) {
        struct key_record key = unit_key(id, "alice");

        key.owner_uid = but->owner_uid;
        key.status = but->status;
        key.expires_at = but->expires_at;
        key.epoch = but->epoch;
        memcpy(key.services, but->services, sizeof(key.services));
        key.created_at = key.updated_at = clock_now();
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void prepare(struct fixture *f, bool first_use) {
        f->request = (struct issue_request){
                .keymint = f->keymint, .first_use = first_use, .name = "a key", .services = "sshd"
        };
        f->result = (struct issue_result){};
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        void *store = NULL;

        unit_accounts_error = 0;
        unit_accounts_as = (struct account_record){};
        if (!f || unit_store_make(&store) < 0)
                return -1;
        f->store = store;
        if (unit_keymint_make(f->store, &f->keymint) < 0)
                return -1;
        set_policy(f, "enabled", 1);
        prepare(f, false);
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *store = f->store;

        (void) keymint_free(f->keymint);
        free(f);
        return unit_store_remove(&store);
}

static bool take(struct fixture *f, const char *user, struct account_record *ret) {
        struct account_record account = unit_accounts_look(user);

        return issue_take_user(user, unit_accounts_error, &account, ret, &f->result);
}

static bool issue_to(struct fixture *f, const char *user) {
        return take(f, user, &f->request.owner) &&
               issue_make(&f->request, f->store->writer, &f->result);
}

static void test_a_key_is_as_it_was_asked_for(void **state) {
        struct fixture *f = *state;
        struct account_record account;
        int64_t begun = clock_now();
        struct key_record key;
        bool changed;

        assert_true(issue_to(f, "alice"));
        assert_int_equal(store_refresh(f->store->reader, &changed), 0);
        assert_int_equal(store_key_get(f->store->reader, f->result.key.id, &key), 0);
        assert_string_equal(key.owner, "alice");
        assert_int_equal(key.owner_uid, ALICE);
        assert_string_equal(key.name, "a key");
        assert_string_equal(key.services, "sshd");
        assert_int_equal(key.status, KEY_ACTIVE);
        assert_int_equal(key.expires_at, 0);
        assert_in_range(key.created_at, begun, clock_now());
        assert_true(keytext_is_key(f->result.secret.text, KEYTEXT_LEN));
        assert_memory_equal(keytext_id(f->result.secret.text), key.id, KEYTEXT_ID_LEN);
        assert_int_equal(store_account_get(f->store->reader, "alice", &account), 0);
        assert_int_equal(account.uid, ALICE);
}

struct row {
        const char *why;
        void (*spoil)(struct fixture *f);
        const char *user;
        enum issue_error error;
};

static void nothing(struct fixture *f) {
        (void) f;
}

static void no_nss(struct fixture *f) {
        (void) f;
        unit_accounts_error = -ETIMEDOUT;
}

static void disable(struct fixture *f) {
        set_policy(f, "enabled", 0);
}

static void forbid_passwords(struct fixture *f) {
        f->request.by_password = true;
        set_policy(f, "password-issue", 0);
}

static void forbid_admins(struct fixture *f) {
        unit_accounts_as.admin = true;
        set_policy(f, "admin-keys", 0);
}

static void close_account(struct fixture *f) {
        (void) f;
        unit_accounts_as.closes_at = 1;
}

static void lock_password(struct fixture *f) {
        set_policy(f, "remove-on-password-expiry", 1);
        unit_accounts_as.locked = true;
}

static void expire_linked(struct fixture *f) {
        struct account_record linked = { .name = "bob",
                                         .state = ACCOUNT_PRESENT,
                                         .password_ends_at = 1 };

        set_policy(f, "remove-on-password-expiry", 1);
        assert_true(issue_take_user("bob", 0, &linked, &f->request.linked, &f->result));
}

static void ask_for_nonsense(struct fixture *f) {
        (void) snprintf(f->request.expires, sizeof(f->request.expires), "whenever");
}

static void ask_for_long(struct fixture *f) {
        set_policy(f, "max-lifetime", PARSE_DAY_S);
        (void) snprintf(f->request.expires, sizeof(f->request.expires), "2d");
}

static void have_many(struct fixture *f) {
        set_policy(f, "max-keys-per-user", 1);
        insert(f, "aaaaaaaaaa", &(struct key_record){ .owner_uid = ALICE });
}

static void break_store(struct fixture *f) {
        unit_sql(f->store->path, "DROP TABLE policy");
}

/* the key is there by then, and goes again */
static void break_audit(struct fixture *f) {
        unit_sql(f->store->path, "DROP TABLE audit");
}

static const struct row refusals[] = {
        { "no such user", nothing, "nobody-here", ISSUE_NO_SUCH_USER },
        { "no answer", no_nss, "alice", ISSUE_NO_ANSWER },
        { "disabled", disable, "alice", ISSUE_DISABLED },
        { "no passwords", forbid_passwords, "alice", ISSUE_DISABLED },
        { "administrator", forbid_admins, "alice", ISSUE_ADMIN },
        { "account closed", close_account, "alice", ISSUE_CLOSED },
        { "password locked", lock_password, "alice", ISSUE_CLOSED },
        { "linked user's password expired", expire_linked, "alice", ISSUE_CLOSED },
        { "no expiry", ask_for_nonsense, "alice", ISSUE_INVALID },
        { "too late an expiry", ask_for_long, "alice", ISSUE_LIMIT },
        { "too many", have_many, "alice", ISSUE_LIMIT },
        { "no store", break_store, "alice", ISSUE_STORE },
        { "no audit log", break_audit, "alice", ISSUE_STORE },
};

static void test_every_refusal_says_why_and_changes_nothing(void **state) {
        for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
                void *fixture = NULL;
                struct fixture *f;
                int64_t keys;

                assert_int_equal(make(&fixture), 0);
                f = fixture;
                refusals[i].spoil(f);
                keys = unit_sql_number(f->store->path, "SELECT count(*) FROM key");
                unit_int(refusals[i].why, issue_to(f, refusals[i].user), false);
                unit_int(refusals[i].why, f->result.error, refusals[i].error);
                unit_int(refusals[i].why, text_is_label(f->result.error_text, 255), true);
                unit_str(refusals[i].why, f->result.secret.text, "");
                unit_int(refusals[i].why,
                         unit_sql_number(f->store->path, "SELECT count(*) FROM key"), keys);
                unit_int(refusals[i].why,
                         unit_sql_number(f->store->path, "SELECT count(*) FROM account"), 0);
                assert_int_equal(drop(&fixture), 0);
        }
        (void) state;
}

static void test_what_does_not_concern_it_is_no_refusal(void **state) {
        struct fixture *f = *state;

        /* the policy remove-on-password-expiry is off */
        unit_accounts_as.locked = true;
        set_policy(f, "password-issue", 0);
        set_policy(f, "admin-keys", 0);
        set_policy(f, "max-lifetime", PARSE_DAY_S);
        assert_true(issue_to(f, "alice"));
        assert_int_equal(f->result.key.bound_at, f->result.key.created_at + PARSE_DAY_S);
        prepare(f, false);
        set_policy(f, "password-issue", 1);
        f->request.by_password = true;
        assert_true(issue_to(f, "alice"));
}

/* The keys that a first use finds, and whether the user still gets one. */
static const struct {
        const char *why;
        struct key_record key;
        bool made;
} first_uses[] = {
        { "a key for the service", { .services = "sshd", .owner_uid = ALICE }, false },
        { "a key for it among others",
          { .services = "imap sshd smtp", .owner_uid = ALICE },
          false },
        { "a key for all services", { .services = "", .owner_uid = ALICE }, false },
        { "a revoked key for the service",
          { .services = "sshd", .owner_uid = ALICE, .status = KEY_REVOKED },
          false },
        { "a key for another service", { .services = "imap", .owner_uid = ALICE }, true },
        { "a revoked key for another service",
          { .services = "sshd2", .owner_uid = ALICE, .status = KEY_REVOKED },
          true },
        { "an expired key", { .services = "sshd", .owner_uid = ALICE, .expires_at = 1 }, true },
        { "the key of who had the name before",
          { .services = "sshd", .owner_uid = ALICE + 1 },
          true },
        { "a key that was removed with all others",
          { .services = "sshd", .owner_uid = ALICE, .epoch = -1 },
          true },
};

static void test_what_stands_in_the_way_of_a_first_use(void **state) {
        for (size_t i = 0; i < ARRAY_LEN(first_uses); i++) {
                void *fixture = NULL;
                struct fixture *f;

                assert_int_equal(make(&fixture), 0);
                f = fixture;
                insert(f, "aaaaaaaaaa", &first_uses[i].key);
                prepare(f, true);
                unit_int(first_uses[i].why, issue_to(f, "alice"), first_uses[i].made);
                if (!first_uses[i].made)
                        unit_int(first_uses[i].why, f->result.error, ISSUE_HAS_KEY);
                /* never twice; nothing stands in the way of a user who asks for a key */
                prepare(f, true);
                unit_int(first_uses[i].why, issue_to(f, "alice"), false);
                prepare(f, false);
                unit_int(first_uses[i].why, issue_to(f, "alice"), true);
                assert_int_equal(drop(&fixture), 0);
        }
        (void) state;
}

static void test_a_secret_that_is_given_stays_where_it_is(void **state) {
        const struct secret given = {
                "wfk_AAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        };
        struct fixture *f = *state;

        f->request.given = &given;
        assert_true(issue_to(f, "alice"));
        assert_memory_equal(f->result.key.id, keytext_id(given.text), KEYTEXT_ID_LEN);
        assert_string_equal(f->result.secret.text, "");
}

/* The answer may be older than a removal. Only the look at the passwd file says that a user is
 * back, because it also ends the keys of the one before. */
static void test_a_user_whom_passwd_has_lost_gets_no_key(void **state) {
        static const int64_t checked[] = { 0, RECORD_REMOVED, 7 };

        for (size_t i = 0; i < ARRAY_LEN(checked); i++) {
                struct account_record gone = { .state = ACCOUNT_GONE,
                                               .local = true,
                                               .gone_since = 5,
                                               .checked_at = checked[i] },
                                      now;
                struct fixture *f = *state;

                memcpy(gone.name, "alice", 6);
                assert_int_equal(store_begin(f->store->writer), 0);
                assert_int_equal(store_account_put(f->store->writer, &gone), 0);
                assert_int_equal(store_commit(f->store->writer), 0);
                prepare(f, false);
                assert_false(issue_to(f, "alice"));
                assert_int_equal(f->result.error, ISSUE_NO_ANSWER);
                assert_int_equal(store_account_get(f->store->writer, "alice", &now), 0);
                assert_int_equal(now.state, ACCOUNT_GONE);
                assert_int_equal(now.checked_at, checked[i]);
        }
}

/* The answer comes from a helper that may not have believed the files, or from a shadow file that
 * lacks the line just now. */
static void test_what_passwd_says_of_a_user_stays(void **state) {
        struct account_record known = { .name = "alice",
                                        .state = ACCOUNT_PRESENT,
                                        .uid = ALICE,
                                        .local = true },
                              now;
        struct fixture *f = *state;

        for (unsigned i = 0; i < 3; i++) {
                known.closes_at = i == 1 ? 1 : 0;
                known.uid = i == 2 ? ALICE + 1 : ALICE;
                assert_int_equal(store_begin(f->store->writer), 0);
                assert_int_equal(store_account_put(f->store->writer, &known), 0);
                assert_int_equal(store_commit(f->store->writer), 0);
                prepare(f, false);
                unit_accounts_as = (struct account_record){ .admin = true };
                assert_int_equal(issue_to(f, "alice"), i == 0);
                if (i > 0)
                        assert_int_equal(f->result.error, i == 1 ? ISSUE_CLOSED : ISSUE_NO_ANSWER);
                assert_int_equal(store_account_get(f->store->writer, "alice", &now), 0);
                assert_int_equal(now.local, true);
                assert_int_equal(now.admin, i == 0);
                assert_int_equal(now.uid, known.uid);
                assert_int_equal(now.closes_at, known.closes_at);
        }
        /* Groups are silent. */
        unit_accounts_as = (struct account_record){ .admin = true, .admin_unsure = true };
        known.uid = ALICE;
        known.closes_at = 0;
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_account_put(f->store->writer, &known), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        prepare(f, false);
        assert_true(issue_to(f, "alice"));
        assert_int_equal(store_account_get(f->store->writer, "alice", &now), 0);
        assert_int_equal(now.admin, false);
        /* It was closed a moment ago, and the files were not looked at yet. */
        prepare(f, false);
        unit_accounts_as = (struct account_record){ .closes_at = 1 };
        assert_false(issue_to(f, "alice"));
        assert_int_equal(f->result.error, ISSUE_CLOSED);
}

#define test_issue(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* --- Linked users, and keys that take another's place --- */

static void test_whose_password_counts_is_known_from_then_on(void **state) {
        struct fixture *f = *state;
        struct account_record account;

        assert_false(take(f, "nobody-here", &f->request.linked));
        assert_int_equal(f->result.error, ISSUE_NO_SUCH_USER);
        assert_true(take(f, "alice", &f->request.linked));
        assert_true(issue_to(f, "alice"));
        assert_string_equal(f->result.key.linked, ""); /* that is the owner's already */
        assert_true(take(f, "bob", &f->request.linked));
        assert_true(issue_to(f, "alice"));
        assert_string_equal(f->result.key.linked, "bob");
        assert_int_equal(store_account_get(f->store->writer, "bob", &account), 0);
        assert_int_equal(account.state, ACCOUNT_PRESENT);
}

/* Since when the password is as it is. A key that is issued later begins no new time. */
static void test_since_when_a_password_is_so_is_kept(void **state) {
        struct fixture *f = *state;
        struct account_record account;

        assert_true(issue_to(f, "alice"));
        assert_int_equal(store_account_get(f->store->writer, "alice", &account), 0);
        account.password_since = 12345;
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_account_put(f->store->writer, &account), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        assert_true(issue_to(f, "alice"));
        assert_int_equal(store_account_get(f->store->writer, "alice", &account), 0);
        assert_int_equal(account.password_since, 12345);
}

static void retire(struct fixture *f, const char *id, const char *successor) {
        char sql[160];

        (void) snprintf(sql, sizeof(sql),
                        "UPDATE key SET retires_at = -1, successor = '%s' WHERE id = '%s'",
                        successor, id);
        unit_sql(f->store->path, sql);
}

static void test_a_pair_counts_as_one_while_the_successor_lives(void **state) {
        const struct key_record alive = { .owner_uid = ALICE },
                                revoked = { .owner_uid = ALICE, .status = KEY_REVOKED };
        struct fixture *f = *state;

        set_policy(f, "max-keys-per-user", 2);
        insert(f, "aaaaaaaaaa", &alive);
        insert(f, "bbbbbbbbbb", &alive);
        insert(f, "cccccccccc", &revoked);
        assert_false(issue_to(f, "alice"));
        retire(f, "aaaaaaaaaa", "cccccccccc");
        assert_false(issue_to(f, "alice"));
        retire(f, "aaaaaaaaaa", "dddddddddd");
        assert_false(issue_to(f, "alice"));
        retire(f, "aaaaaaaaaa", "bbbbbbbbbb");
        prepare(f, false);
        assert_true(issue_to(f, "alice"));
        prepare(f, false);
        assert_false(issue_to(f, "alice"));
}

static void test_a_successor_needs_no_place_and_is_bounded(void **state) {
        const struct key_record alive = { .owner_uid = ALICE };
        struct fixture *f = *state;
        struct policy policy = {};
        struct key_record old;

        set_policy(f, "max-keys-per-user", 1);
        set_policy(f, "max-lifetime", PARSE_DAY_S);
        insert(f, "aaaaaaaaaa", &alive);
        assert_int_equal(store_key_get(f->store->writer, "aaaaaaaaaa", &old), 0);
        old.expires_at = old.created_at + 9 * PARSE_DAY_S;
        old.certificate_need = CERTIFICATE_YES;
        memcpy(old.services, "sshd", 5);
        memcpy(old.certificate, "laptop", 7);
        f->request.predecessor = &old;
        assert_int_equal(store_begin(f->store->writer), 0);
        /* That of a key of the fleet would be one of the fleet, in which this host is not. */
        memcpy(old.hosts, "web", 4);
        assert_false(issue_add(&f->request, f->store->writer, &f->result));
        assert_non_null(strstr(f->result.error_text, "no fleet"));
        old.hosts[0] = '\0';
        f->result = (struct issue_result){};
        assert_true(issue_add(&f->request, f->store->writer, &f->result));
        assert_string_equal(f->result.key.owner, old.owner);
        assert_string_equal(f->result.key.name, old.name);
        assert_string_equal(f->result.key.networks, old.networks);
        assert_string_equal(f->result.key.services, old.services);
        assert_memory_equal(f->result.key.certificate, old.certificate, sizeof(old.certificate));
        assert_int_equal(f->result.key.certificate_need, old.certificate_need);
        assert_string_equal(f->result.key.predecessor, old.id);
        assert_int_equal(f->result.key.expires_at, f->result.key.created_at + 9 * PARSE_DAY_S);
        assert_int_equal(expiry_of(&policy, &f->result.key),
                         f->result.key.created_at + PARSE_DAY_S);
        store_rollback(f->store->writer); /* the caller's transaction */
        assert_int_equal(unit_sql_number(f->store->path, "SELECT count(*) FROM key"), 1);
}

static void be_of_realm(struct fixture *f, const char *owner) {
        f->request.owner = (struct account_record){ .state = ACCOUNT_PRESENT,
                                                    .uid = RECORD_UNBOUND,
                                                    .local = true };
        (void) snprintf(f->request.owner.name, sizeof(f->request.owner.name), "%s", owner);
}

static void test_a_user_of_a_realm_has_no_number(void **state) {
        struct fixture *f = *state;
        struct account_record account;
        struct key_record key;
        bool changed;

        set_policy(f, "remove-on-password-expiry", 1);
        set_policy(f, "admin-keys", 0);
        be_of_realm(f, "mail:alice@example.org");
        assert_true(issue_make(&f->request, f->store->writer, &f->result));
        assert_string_equal(f->result.key.realm, "mail");
        assert_int_equal(store_refresh(f->store->reader, &changed), 0);
        assert_int_equal(store_key_get(f->store->reader, f->result.key.id, &key), 0);
        assert_string_equal(key.owner, "mail:alice@example.org");
        assert_string_equal(key.realm, "mail");
        assert_int_equal(key.owner_uid, RECORD_UNBOUND);
        assert_int_equal(store_account_get(f->store->reader, "mail:alice@example.org", &account),
                         0);
        assert_int_equal(account.uid, RECORD_UNBOUND);
        /* and the key that takes its place */
        prepare(f, false);
        f->request.predecessor = &key;
        assert_true(issue_make(&f->request, f->store->writer, &f->result));
        assert_string_equal(f->result.key.realm, "mail");
        assert_int_equal(f->result.key.owner_uid, RECORD_UNBOUND);
}

/* What would be an account, or somebody's on other hosts. */
static void test_what_is_no_user_of_a_realm(void **state) {
        static const char *const owners[] = { "alice", "mail:", "Mail:alice", "mail:a:b",
                                              "mail:al ice" };
        struct account_record account = { .name = "mail:alice",
                                          .state = ACCOUNT_PRESENT,
                                          .uid = 1000 };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
                prepare(f, false);
                be_of_realm(f, owners[i]);
                assert_false(issue_make(&f->request, f->store->writer, &f->result));
                unit_int(owners[i], f->result.error, ISSUE_INVALID);
        }
        prepare(f, false);
        be_of_realm(f, "mail:alice");
        memcpy(f->request.hosts, "web", 4);
        assert_false(issue_make(&f->request, f->store->writer, &f->result));
        prepare(f, false);
        be_of_realm(f, "mail:alice");
        f->request.linked = account;
        memcpy(f->request.linked.name, "boss", 5);
        assert_false(issue_make(&f->request, f->store->writer, &f->result));
        /* a directory that has such an account */
        prepare(f, false);
        assert_false(issue_take_user("mail:alice", 0, &account, &f->request.owner, &f->result));
        assert_int_equal(f->result.error, ISSUE_NO_SUCH_USER);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT count(*) FROM key"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_issue(test_a_key_is_as_it_was_asked_for),
                cmocka_unit_test(test_every_refusal_says_why_and_changes_nothing),
                test_issue(test_what_does_not_concern_it_is_no_refusal),
                cmocka_unit_test(test_what_stands_in_the_way_of_a_first_use),
                test_issue(test_a_secret_that_is_given_stays_where_it_is),
                test_issue(test_a_user_whom_passwd_has_lost_gets_no_key),
                test_issue(test_what_passwd_says_of_a_user_stays),
                test_issue(test_whose_password_counts_is_known_from_then_on),
                test_issue(test_since_when_a_password_is_so_is_kept),
                test_issue(test_a_pair_counts_as_one_while_the_successor_lives),
                test_issue(test_a_successor_needs_no_place_and_is_bounded),
                test_issue(test_a_user_of_a_realm_has_no_number),
                test_issue(test_what_is_no_user_of_a_realm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
