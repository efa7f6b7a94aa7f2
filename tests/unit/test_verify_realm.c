/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins with the keys of realms, from the bytes of the request to the reply: an account and a user
 * of a realm of the same name never log in as each other. */
#include "unit_verify.h"

#include "login/verify_audit.h"

#define REALM_ID "rrrrrrrrrr"

static struct realms *realms;

static void configure(struct unit_verify *f, const struct realm *realm) {
        realms = realms_unref(realms);
        if (realm)
                assert_int_equal(realms_new(&realms, realm, 1), 0);
        f->conf.realms = realms;
}

static const struct realm mail = { .name = "mail", .services = "dovecot", .list = "/etc/users" };
static const struct realm by_suffix = { .name = "mail",
                                        .services = "dovecot",
                                        .suffixes = "@example.org" };

static void put_user(struct unit_verify *f, const char *owner, enum account_state state) {
        struct account_record account = { .state = state,
                                          .uid = state == ACCOUNT_PRESENT ? RECORD_UNBOUND : 0,
                                          .local = true,
                                          .gone_since = state == ACCOUNT_GONE ? NOW - 5 : 0,
                                          .checked_at = NOW - 5 };

        (void) snprintf(account.name, sizeof(account.name), "%s", owner);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_account_put(f->store->writer, &account), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void put_key(struct unit_verify *f, const char *owner) {
        struct key_record key = unit_verify_key(f, REALM_ID, owner);

        key.owner_uid = RECORD_UNBOUND;
        key.services[0] = key.networks[0] = '\0';
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static int make(void **state) {
        int r = unit_verify_make(state);

        if (r < 0)
                return r;
        configure(*state, &mail);
        put_key(*state, "mail:alice");
        put_user(*state, "mail:alice", ACCOUNT_PRESENT);
        /* alice's own key is good for every service */
        unit_sql(((struct unit_verify *) *state)->store->path,
                 "UPDATE key SET services = '', networks = ''");
        return 0;
}

static int drop(void **state) {
        configure(*state, NULL);
        return unit_verify_drop(state);
}

static struct wire_request request(const char *id, const char *user, const char *service) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        keytext_format(req.key.text, id, unit_secret);
        (void) snprintf(req.user, sizeof(req.user), "%s", user);
        (void) snprintf(req.service, sizeof(req.service), "%s", service);
        return req;
}

static enum reason reason_of(struct unit_verify *f, const char *id, const char *user,
                             const char *service) {
        struct wire_request req = request(id, user, service);

        return unit_verify_reason(f, &req);
}

static void test_each_service_takes_one_kind_of_key(void **state) {
        static const struct {
                const char *id, *user, *service;
                enum reason reason;
        } rows[] = {
                { REALM_ID, "alice", "dovecot", REASON_NONE },
                { ID, "alice", "imap", REASON_NONE },
                { ID, "alice", "dovecot", REASON_REALM_SERVICE },
                { ID, "alice", "DOVECOT", REASON_REALM_SERVICE },
                { REALM_ID, "alice", "imap", REASON_REALM_SERVICE },
                { REALM_ID, "alice", "sshd", REASON_REALM_SERVICE },
                { REALM_ID, "alice", "sudo", REASON_REALM_SERVICE },
                { REALM_ID, "alice", "", REASON_REALM_SERVICE },
                { REALM_ID, "mail:alice", "dovecot", REASON_OTHER_USER },
                { REALM_ID, "mail:alice", "sshd", REASON_OTHER_USER },
                { REALM_ID, "Alice", "dovecot", REASON_OTHER_USER },
                { REALM_ID, "alice@example.org", "dovecot", REASON_OTHER_USER },
                { REALM_ID, "root", "dovecot", REASON_OTHER_USER },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char row[64];

                (void) snprintf(row, sizeof(row), "%s %s %s", rows[i].id, rows[i].user,
                                rows[i].service);
                unit_int(row, reason_of(*state, rows[i].id, rows[i].user, rows[i].service),
                         rows[i].reason);
        }
}

/* The account may be of a realm's name, even by a directory that has such names. */
static void test_the_account_of_the_same_name_does_not_count(void **state) {
        struct unit_verify *f = *state;

        unit_sql(f->store->path, "DELETE FROM account WHERE name = 'mail:alice'");
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_ACCOUNT_UNKNOWN);
        unit_account_put(f->store->writer, "mail:alice", 1000);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_ACCOUNT_GONE);
        put_user(f, "mail:alice", ACCOUNT_GONE);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_ACCOUNT_GONE);
        put_user(f, "mail:alice", ACCOUNT_PRESENT);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_NONE);
}

static void test_a_realm_that_is_gone_or_changed_lets_nobody_in(void **state) {
        struct realm other = mail;
        struct unit_verify *f = *state;

        configure(f, NULL);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_REALM);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "sshd"), REASON_REALM);
        /* its service is everybody's then, and the account's key is good for it */
        assert_int_equal(reason_of(f, ID, "alice", "dovecot"), REASON_NONE);
        (void) snprintf(other.name, sizeof(other.name), "post");
        configure(f, &other);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_REALM);
        assert_int_equal(reason_of(f, ID, "alice", "dovecot"), REASON_REALM_SERVICE);
        other = mail;
        (void) snprintf(other.services, sizeof(other.services), "smtp");
        configure(f, &other);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_REALM_SERVICE);
        configure(f, &by_suffix);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_REALM);
        other = mail;
        other.list[0] = other.services[0] = '\0';
        configure(f, &other);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_REALM);
        configure(f, &mail);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_NONE);
}

static void test_the_account_stack_asks_again(void **state) {
        struct wire_request req = request(REALM_ID, "alice", "dovecot"), confirm;
        struct unit_verify *f = *state;

        confirm = unit_verify_login(f, &req, OTHER);
        memcpy(confirm.service, "dovecot", 8);
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_NONE);
        /* the ticket is of one user */
        memcpy(confirm.user, "bob", 4);
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_STALE);
        memcpy(confirm.user, "alice", 6);
        memcpy(confirm.service, "sshd", 5);
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_REALM_SERVICE);
        memcpy(confirm.service, "dovecot", 8);
        put_user(f, "mail:alice", ACCOUNT_GONE);
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_ACCOUNT_GONE);
        put_user(f, "mail:alice", ACCOUNT_PRESENT);
        configure(f, NULL);
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_REALM);
}

static void test_rows_that_are_no_realms(void **state) {
        static const char *const damages[] = {
                "UPDATE key SET owner = 'alice'",        "UPDATE key SET owner = 'mail:'",
                "UPDATE key SET owner = ':alice'",       "UPDATE key SET owner = 'Mail:alice'",
                "UPDATE key SET owner = 'mail:a b'",     "UPDATE key SET owner = 'mail:a:b'",
                "UPDATE key SET owner_uid = 4294967296", "UPDATE key SET owner_uid = -1",
        };
        struct unit_verify *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
                unit_sql(f->store->path, damages[i]);
                unit_int(damages[i], reason_of(f, REALM_ID, "alice", "dovecot"), REASON_STORE);
                unit_sql(f->store->path,
                         "UPDATE key SET owner = 'mail:alice', owner_uid = 4294967295");
        }
        /* With a number it is an account whose name has a colon. */
        unit_sql(f->store->path, "UPDATE key SET owner_uid = 1000");
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_OTHER_USER);
        assert_int_equal(reason_of(f, REALM_ID, "mail:alice", "dovecot"), REASON_REALM_SERVICE);
        assert_int_equal(reason_of(f, REALM_ID, "mail:alice", "sshd"), REASON_ACCOUNT_GONE);
        /* With hosts it is the fleet's, and no account of this host. */
        unit_sql(f->store->path,
                 "UPDATE key SET owner_uid = 4294967295, hosts = 'web', revision = 1, "
                 "epoch = 1099511627776");
        f->store->shared.fleet_at = INT64_MAX / 2;
        unit_verify_policy(f, "replica-max-age", INT32_MAX);
        assert_int_equal(reason_of(f, REALM_ID, "alice", "dovecot"), REASON_OTHER_USER);
        assert_int_not_equal(reason_of(f, REALM_ID, "mail:alice", "sshd"), REASON_NONE);
}

/* The audit log and the log tell whose key it was, apart from the accounts. */
static void test_what_is_noted(void **state) {
        struct wire_request req = request(REALM_ID, "alice", "dovecot");
        struct unit_answer answer = unit_verify_ask_as(*state, &req, OTHER, NOW);

        assert_string_equal(answer.event.owner, "mail:alice");
        assert_true(answer.event.of_realm);
        assert_int_equal(answer.event.owner_uid, RECORD_UNBOUND);
        assert_string_equal(verify_audit_user(&answer.event), "alice");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_each_service_takes_one_kind_of_key, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_the_account_of_the_same_name_does_not_count,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_a_realm_that_is_gone_or_changed_lets_nobody_in,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_the_account_stack_asks_again, make, drop),
                cmocka_unit_test_setup_teardown(test_rows_that_are_no_realms, make, drop),
                cmocka_unit_test_setup_teardown(test_what_is_noted, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
