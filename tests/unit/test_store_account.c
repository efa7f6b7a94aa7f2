/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of accounts, in the store. Where it comes from is not known here. */
#include "store/store_account.h"
#include "store/store_audit.h"
#include "store/store_key.h"
#include "unit_store.h"

#define T0 INT64_C(1800000000)

static int put(struct unit_store *s, const struct account_record *account) {
        int r;

        assert_int_equal(store_begin(s->writer), 0);
        r = store_account_put(s->writer, account);
        if (r >= 0)
                assert_int_equal(store_commit(s->writer), 0);
        else
                store_rollback(s->writer);
        return r;
}

static struct account_record named(const char *name) {
        struct account_record account = { .state = ACCOUNT_PRESENT, .uid = 1000 };

        (void) snprintf(account.name, sizeof(account.name), "%s", name);
        return account;
}

static void equal(const char *row, const struct account_record *got,
                  const struct account_record *want) {
        unit_str(row, got->name, want->name);
        unit_int(row, got->state, want->state);
        unit_int(row, got->uid, want->uid);
        unit_int(row, got->number_since, want->number_since);
        unit_int(row, got->local, want->local);
        unit_int(row, got->admin, want->admin);
        unit_int(row, got->locked, want->locked);
        unit_int(row, got->password_ends_at, want->password_ends_at);
        unit_int(row, got->closes_at, want->closes_at);
        unit_int(row, got->gone_since, want->gone_since);
        unit_int(row, got->checked_at, want->checked_at);
        unit_int(row, got->held, want->held);
}

static void test_what_was_put_is_got(void **state) {
        struct account_record rows[] = {
                { .name = "least", .state = ACCOUNT_PRESENT },
                { .name = "gone", .state = ACCOUNT_GONE, .gone_since = T0 },
                { .name = "held", .state = ACCOUNT_GONE, .gone_since = T0, .held = true },
                { .name = "local", .state = ACCOUNT_PRESENT, .local = true },
                { .name = "admin", .state = ACCOUNT_PRESENT, .admin = true },
                { .name = "locked", .state = ACCOUNT_PRESENT, .locked = true },
                { .name = "most",
                  .state = ACCOUNT_PRESENT,
                  .uid = (uid_t) -2,
                  .number_since = INT64_MAX,
                  .local = true,
                  .admin = true,
                  .locked = true,
                  .password_ends_at = INT64_MAX,
                  .closes_at = INT64_MAX,
                  .checked_at = INT64_MAX },
                { .name = "'; DROP TABLE key; --",
                  .state = ACCOUNT_PRESENT,
                  .password_ends_at = 1,
                  .closes_at = 2 },
                { .name = "\xc3\xa4\x01%s",
                  .state = ACCOUNT_PRESENT,
                  .number_since = RECORD_UNCERTAIN,
                  .checked_at = 4 },
        };
        struct unit_store *s = *state;
        struct account_record got;
        bool changed;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].name, put(s, &rows[i]), 0);
        assert_int_equal(store_refresh(s->reader, &changed), 0);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_int(rows[i].name, store_account_get(s->writer, rows[i].name, &got), 0);
                equal(rows[i].name, &got, &rows[i]);
                unit_int(rows[i].name, store_account_get(s->reader, rows[i].name, &got), 0);
                equal(rows[i].name, &got, &rows[i]);
        }
}

static void test_the_last_put_counts(void **state) {
        struct account_record account = named("alice"), got;
        struct unit_store *s = *state;

        account.locked = true;
        account.password_ends_at = 7;
        assert_int_equal(put(s, &account), 0);
        account = named("alice");
        account.state = ACCOUNT_GONE;
        assert_int_equal(put(s, &account), 0);
        assert_int_equal(store_account_get(s->writer, "alice", &got), 0);
        equal("alice", &got, &account);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM account"), 1);
}

static void test_who_is_not_there(void **state) {
        struct unit_store *s = *state;
        struct account_record got, account = named("alice");

        assert_int_equal(put(s, &account), 0);
        unit_poison(&got, sizeof(got));
        assert_int_equal(store_account_get(s->writer, "Alice", &got), -ENOENT);
        assert_int_equal(store_account_get(s->writer, "alic", &got), -ENOENT);
        assert_int_equal(store_account_get(s->writer, "alice ", &got), -ENOENT);
        assert_int_equal(store_account_get(s->writer, "", &got), -ENOENT);
        unit_poisoned("get", &got, sizeof(got));
}

static void test_what_the_schema_refuses(void **state) {
        struct account_record account = named("");
        struct unit_store *s = *state;

        assert_int_equal(put(s, &account), -EEXIST);
        account = named("alice");
        account.state = ACCOUNT_UNKNOWN;
        assert_int_equal(put(s, &account), -EEXIST);
        account.state = (enum account_state) 3;
        assert_int_equal(put(s, &account), -EEXIST);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM account"), 0);
}

static const char *const damages[] = {
        "UPDATE account SET state = 0",     "UPDATE account SET state = 3",
        "UPDATE account SET uid = -1",      "UPDATE account SET uid = 4294967295",
        "UPDATE account SET uid = 1 << 40", "UPDATE account SET name = printf('%.*c', 129, 'x')",
};

static int visit_none(const struct account_record *account, void *userdata) {
        (void) account;
        (void) userdata;
        fail();
        return 0;
}

static void test_a_damaged_row_is_no_account(void **state) {
        struct account_record account = named("alice"), got;
        struct unit_store *s = *state;
        char name[WIRE_USER_MAX + 2];

        for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
                unit_sql(s->path, "DELETE FROM account");
                assert_int_equal(put(s, &account), 0);
                unit_sql(s->path, damages[i]);
                memset(name, 'x', sizeof(name));
                name[WIRE_USER_MAX + 1] = '\0';
                unit_poison(&got, sizeof(got));
                unit_int(damages[i],
                         store_account_get(s->writer, strstr(damages[i], "name") ? name : "alice",
                                           &got),
                         -EUCLEAN);
                unit_poisoned(damages[i], &got, sizeof(got));
                unit_int(damages[i], store_account_each(s->writer, "", 9, visit_none, NULL),
                         -EUCLEAN);
        }
}

/* --- Many --- */

struct seen {
        char names[1024];
        int stop; /* what the visit returns */
};

static int see_name(const char *name, bool known, void *userdata) {
        struct seen *seen = userdata;

        (void) strncat(seen->names, name, sizeof(seen->names) - strlen(seen->names) - 1);
        (void) strncat(seen->names, known ? " " : "? ",
                       sizeof(seen->names) - strlen(seen->names) - 1);
        return seen->stop;
}

static int see(const struct account_record *account, void *userdata) {
        return see_name(account->name, true, userdata);
}

static void fill(struct unit_store *s) {
        static const char *const names[] = { "alice", "bob", "carol", "dave", "eve" };

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                struct account_record account = named(names[i]);

                assert_int_equal(put(s, &account), 0);
        }
}

static void test_everybody_in_pieces(void **state) {
        static const struct {
                const char *after;
                int64_t max;
                const char *names;
        } rows[] = {
                { "", 9, "alice bob carol dave eve " },
                { "", 2, "alice bob " },
                { "bob", 2, "carol dave " },
                { "bobb", 2, "carol dave " },
                { "dave", 2, "eve " },
                { "eve", 2, "" },
                { "", 0, "" },
        };
        struct unit_store *s = *state;

        fill(s);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct seen seen = {};

                unit_int(rows[i].names,
                         store_account_each(s->writer, rows[i].after, rows[i].max, see, &seen), 0);
                unit_str(rows[i].names, seen.names, rows[i].names);
        }
        struct seen seen = { .stop = -77 };

        assert_int_equal(store_account_each(s->writer, "", 9, see, &seen), -77);
        assert_string_equal(seen.names, "alice ");
        seen = (struct seen){ .stop = 3 };
        assert_int_equal(store_account_each(s->reader, "", 9, see, &seen), 3);
        assert_string_equal(seen.names, "alice ");
}

static void insert(struct unit_store *s, const char *id, const char *owner, const char *linked) {
        struct key_record key = unit_key(id, owner);

        (void) snprintf(key.linked, sizeof(key.linked), "%s", linked);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void test_whom_keys_name(void **state) {
        static const struct {
                bool linked;
                const char *after;
                int64_t max;
                const char *names;
        } rows[] = {
                { false, "", 9, "alice mallory? trent? " },
                { false, "", 2, "alice mallory? " },
                { false, "mallory", 2, "trent? " },
                { false, "trent", 2, "" },
                { true, "", 9, "bob peggy? trent? " },
                { true, "", 1, "bob " },
                { true, "bob", 1, "peggy? " },
                { true, "trent", 1, "" },
        };
        struct unit_store *s = *state;
        struct seen seen = {};

        fill(s);
        assert_int_equal(store_account_each_name(s->writer, false, "", 9, see_name, &seen), 0);
        assert_int_equal(store_account_each_name(s->writer, true, "", 9, see_name, &seen), 0);
        assert_string_equal(seen.names, "");
        insert(s, "aaaaaaaaaa", "alice", "");
        insert(s, "bbbbbbbbbb", "mallory", "");
        insert(s, "cccccccccc", "mallory", "bob");
        insert(s, "dddddddddd", "alice", "peggy");
        insert(s, "eeeeeeeeee", "trent", "trent");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                seen = (struct seen){};
                unit_int(rows[i].names,
                         store_account_each_name(s->writer, rows[i].linked, rows[i].after,
                                                 rows[i].max, see_name, &seen),
                         0);
                unit_str(rows[i].names, seen.names, rows[i].names);
        }
        seen = (struct seen){ .stop = -77 };
        assert_int_equal(store_account_each_name(s->writer, false, "", 9, see_name, &seen), -77);
        assert_string_equal(seen.names, "alice ");
}

/* Keys that were removed all at once, or that have ended, do not count. */
static void test_on_whom_live_keys_depend(void **state) {
        struct unit_store *s = *state;

        fill(s);
        assert_int_equal(store_account_lives(s->writer, "alice"), 0);
        insert(s, "aaaaaaaaaa", "alice", "bob");
        assert_int_equal(store_account_lives(s->writer, "alice"), 1);
        assert_int_equal(store_account_lives(s->writer, "bob"), 1);
        assert_int_equal(store_account_lives(s->writer, "carol"), 0);
        assert_int_equal(store_account_lives(s->writer, ""), 0);
        unit_sql(s->path, "UPDATE key SET dead_at = 1");
        assert_int_equal(store_account_lives(s->writer, "alice"), 0);
        /* An idle key can live again, so its owner counts among those who are gone at one look. */
        unit_sql(s->path, "UPDATE key SET reason = 'not used for 3mo'");
        assert_int_equal(store_account_lives(s->writer, "alice"), 1);
        assert_int_equal(store_account_lives(s->writer, "bob"), 1);
        unit_sql(s->path, "UPDATE key SET dead_at = 0, reason = '';"
                          "INSERT INTO policy (name, value, changed_at) VALUES ('epoch', 1, 1)");
        assert_int_equal(store_account_lives(s->writer, "bob"), 0);
}

static void test_who_has_no_key_and_no_event_is_forgotten(void **state) {
        const struct audit_record event = { .at = T0,
                                            .until = T0,
                                            .count = 1,
                                            .event = "removed",
                                            .verdict = "done",
                                            .door = "control",
                                            .user = "carol" };
        struct unit_store *s = *state;
        struct seen seen = {};

        fill(s);
        unit_account_put(s->writer, "carol", 1234);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &event), 0);
        assert_int_equal(store_commit(s->writer), 0);
        insert(s, "aaaaaaaaaa", "alice", "bob");
        insert(s, "bbbbbbbbbb", "mallory", "");
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_account_forget(s->writer, "alice", "dave"), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_account_each(s->writer, "", 9, see, &seen), 0);
        assert_string_equal(seen.names, "alice bob carol eve ");
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_account_forget(s->writer, "", "eve"), 0);
        assert_int_equal(store_commit(s->writer), 0);
        seen = (struct seen){};
        assert_int_equal(store_account_each(s->writer, "", 9, see, &seen), 0);
        assert_string_equal(seen.names, "alice bob carol ");
}

static void test_who_has_a_number(void **state) {
        struct unit_store *s = *state;
        struct account_record account;

        unit_account_put(s->writer, "carol", 1234);
        unit_account_put(s->writer, "alias", 1234);
        unit_account_put(s->writer, "peggy", 1235);
        unit_sql(s->path, "UPDATE account SET state = 2 WHERE name = 'peggy'");
        assert_int_equal(store_account_of_uid(s->writer, 1234, &account), 0);
        assert_string_equal(account.name, "alias");
        assert_int_equal(store_account_of_uid(s->writer, 1235, &account), -ENOENT);
        assert_int_equal(store_account_of_uid(s->writer, 7, &account), -ENOENT);
}

static uid_t owner_uid(struct unit_store *s, const char *id) {
        struct key_record key;

        assert_int_equal(store_key_get(s->writer, id, &key), 0);
        return key.owner_uid;
}

static int64_t bound(struct unit_store *s, uid_t uid) {
        char sql[80];

        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM key WHERE owner_uid = %u", uid);
        return unit_sql_number(s->path, sql);
}

/* A key of the fleet was here before its owner. It is for the name, until this host is sure of the
 * number. */
static void test_keys_that_waited_for_an_account(void **state) {
        struct account_record account = named("alice");
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        unit_sql(s->path, "UPDATE key SET hosts = 'web', epoch = 1099511627776, "
                          "owner_uid = 4294967295");
        assert_int_equal(owner_uid(s, "aaaaaaaaaa"), RECORD_UNBOUND);
        account.state = ACCOUNT_GONE;
        account.uid = 1001;
        assert_int_equal(put(s, &account), 0);
        assert_int_equal(owner_uid(s, "aaaaaaaaaa"), RECORD_UNBOUND);
        account.state = ACCOUNT_PRESENT;
        account.number_since = T0;
        assert_int_equal(put(s, &account), 0);
        assert_int_equal(owner_uid(s, "aaaaaaaaaa"), 1001);
        assert_int_equal(owner_uid(s, "bbbbbbbbbb"), RECORD_UNBOUND);
        account.uid = 1002; /* the one before was wrong */
        account.number_since = RECORD_UNCERTAIN;
        assert_int_equal(put(s, &account), 0);
        assert_int_equal(owner_uid(s, "aaaaaaaaaa"), 1002);
        assert_int_equal(bound(s, RECORD_UNBOUND), 2);
        account.number_since = 0;
        assert_int_equal(put(s, &account), 0);
        account.uid = 1003; /* another person of that name */
        assert_int_equal(put(s, &account), 0);
        assert_int_equal(owner_uid(s, "aaaaaaaaaa"), 1002);
        assert_int_equal(bound(s, 1002), 1);
}

static int count_key(const struct key_record *key, void *userdata) {
        (void) key;
        ++*(unsigned *) userdata;
        return 0;
}

/* So the owner sees it, and nobody else. */
static void test_whose_a_key_without_a_number_is(void **state) {
        struct account_record account = named("alice");
        struct unit_store *s = *state;
        unsigned n = 0;

        account.number_since = T0;
        assert_int_equal(put(s, &account), 0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_sql(s->path, "UPDATE key SET hosts = 'web', epoch = 1099511627776, "
                          "owner_uid = 4294967295");
        assert_int_equal(store_key_each_own(s->writer, 1000, "", count_key, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(store_key_each_own(s->writer, 1001, "", count_key, &n), 0);
        assert_int_equal(n, 1);
}

/* However many there are, one transaction does not take long. */
static void test_very_many_keys_that_waited_for_an_account(void **state) {
        struct account_record account = named("alice");
        struct unit_store *s = *state;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 2 * STORE_ACCOUNT_BIND_MAX; i++) {
                char id[KEYTEXT_ID_LEN + 1];
                struct key_record key;

                (void) snprintf(id, sizeof(id), "k%09u", i % 100000);
                key = unit_key(id, "alice");
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        unit_sql(s->path, "UPDATE key SET hosts = 'web', epoch = 1099511627776, "
                          "owner_uid = 4294967295");
        assert_int_equal(put(s, &account), 0);
        assert_int_equal(bound(s, 1000), STORE_ACCOUNT_BIND_MAX);
        assert_int_equal(store_account_get(s->writer, "alice", &account), 0);
        assert_int_equal(account.number_since, RECORD_UNCERTAIN); /* for the others */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_what_was_put_is_got),
                unit_test_with_store(test_the_last_put_counts),
                unit_test_with_store(test_who_is_not_there),
                unit_test_with_store(test_what_the_schema_refuses),
                unit_test_with_store(test_a_damaged_row_is_no_account),
                unit_test_with_store(test_everybody_in_pieces),
                unit_test_with_store(test_whom_keys_name),
                unit_test_with_store(test_on_whom_live_keys_depend),
                unit_test_with_store(test_who_has_no_key_and_no_event_is_forgotten),
                unit_test_with_store(test_who_has_a_number),
                unit_test_with_store(test_keys_that_waited_for_an_account),
                unit_test_with_store(test_whose_a_key_without_a_number_is),
                unit_test_with_store(test_very_many_keys_that_waited_for_an_account),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
