/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys in the store. Whether a key is good is not known here. */
#include "store/store_key.h"
#include "unit_store.h"

static void begin(struct unit_store *s) {
        assert_int_equal(store_begin(s->writer), 0);
}

static void commit(struct unit_store *s) {
        assert_int_equal(store_commit(s->writer), 0);
}

static void fill(char *text, size_t size, char c) {
        memset(text, c, size - 1);
        text[size - 1] = '\0';
}

/* Every field has its greatest length or value. */
static struct key_record largest_key(void) {
        struct key_record key = { .id = "zzzzzzzzzz",
                                  .pepper_id = UNIT_PEPPER_ID,
                                  .owner_uid = (uid_t) -2,
                                  .status = KEY_REVOKED,
                                  .created_at = INT64_MAX,
                                  .updated_at = INT64_MAX - 1,
                                  .expires_at = INT64_MAX - 2,
                                  .bound_at = INT64_MAX - 3 };

        memset(key.digest, 0xff, sizeof(key.digest));
        fill(key.owner, sizeof(key.owner), 'o');
        fill(key.name, sizeof(key.name), 'n');
        fill(key.services, sizeof(key.services), 's');
        fill(key.networks, sizeof(key.networks), 'w');
        fill(key.reason, sizeof(key.reason), 'r');
        return key;
}

static struct key_record smallest_key(void) {
        struct key_record key = { .id = "0000000000", .owner = "o", .pepper_id = UNIT_PEPPER_ID };

        return key;
}

static void check_stored(struct unit_store *s, const struct key_record *key) {
        struct key_record got;
        bool changed;

        begin(s);
        assert_int_equal(store_key_insert(s->writer, key), 0);
        commit(s);
        unit_poison(&got, sizeof(got));
        assert_int_equal(store_key_get(s->writer, key->id, &got), 0);
        unit_key_equal("writer", &got, key);
        assert_int_equal(store_refresh(s->reader, &changed), 0);
        unit_poison(&got, sizeof(got));
        assert_int_equal(store_key_get(s->reader, key->id, &got), 0);
        unit_key_equal("reader", &got, key);
}

static void test_a_key_comes_back_as_it_was(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");

        check_stored(*state, &key);
        key = largest_key();
        check_stored(*state, &key);
        key = smallest_key();
        check_stored(*state, &key);
}

static void test_an_id_that_is_not_there_is_not_found(void **state) {
        static const char *const ids[] = { "bbbbbbbbbb", "aaaaaaaaa",   "AAAAAAAAAA",
                                           "",           "aaaaaaaaaaa", "' OR 1=1 --" };
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
                struct key_record key;

                unit_poison(&key, sizeof(key));
                unit_int(ids[i], store_key_get(s->writer, ids[i], &key), -ENOENT);
                unit_int(ids[i], store_key_get_used(s->writer, ids[i], &key), -ENOENT);
                unit_poisoned(ids[i], &key, sizeof(key));
        }
}

static void test_an_id_is_taken_once(void **state) {
        struct unit_store *s = *state;
        struct key_record key = unit_key("aaaaaaaaaa", "bob"), got;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        begin(s);
        assert_int_equal(store_key_insert(s->writer, &key), -EEXIST);
        /* the transaction can go on */
        memcpy(key.id, "bbbbbbbbbb", sizeof(key.id));
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        commit(s);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &got), 0);
        assert_string_equal(got.owner, "alice");
        assert_int_equal(store_key_get(s->writer, "bbbbbbbbbb", &got), 0);
}

static void test_what_the_schema_forbids_is_not_stored(void **state) {
        struct unit_store *s = *state;
        struct key_record key;

        begin(s);
        key = unit_key("aaaaaaaaaa", "alice");
        key.pepper_id = 7;
        unit_fails("a pepper that nobody knows", store_key_insert(s->writer, &key));
        key = unit_key("aaaaaaaaa", "alice");
        unit_fails("a short id", store_key_insert(s->writer, &key));
        key = unit_key("aaaaaaaaaa", "");
        unit_fails("no owner", store_key_insert(s->writer, &key));
        key = unit_key("aaaaaaaaaa", "alice");
        key.status = KEY_EXPIRED;
        unit_fails("a status that is never stored", store_key_insert(s->writer, &key));
        commit(s);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 0);
}

/* --- Changes --- */

static int update(struct unit_store *s, const struct key_record *key) {
        int r;

        begin(s);
        r = store_key_update(s->writer, key);
        commit(s);
        return r;
}

static void test_an_update_writes_what_may_change_and_nothing_else(void **state) {
        struct key_record key = largest_key(), want, got;
        struct unit_store *s = *state;

        unit_sql(s->path, "INSERT INTO pepper (id) VALUES (8)");
        want = unit_key("aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        memcpy(key.id, want.id, sizeof(key.id));
        key.pepper_id = want.pepper_id = 8;
        assert_int_equal(update(s, &key), 0);
        memcpy(want.digest, key.digest, sizeof(want.digest));
        memcpy(want.name, key.name, sizeof(want.name));
        memcpy(want.reason, key.reason, sizeof(want.reason));
        want.status = KEY_REVOKED;
        want.updated_at = key.updated_at;
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &got), 0);
        unit_key_equal("updated", &got, &want);
}

static void test_a_revoked_key_stays_revoked(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice"), got;
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        key.status = KEY_REVOKED;
        assert_int_equal(update(s, &key), 0);
        key.status = KEY_ACTIVE;
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(update(s, &key), 0);
                assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &got), 0);
                assert_int_equal(got.status, KEY_REVOKED);
        }
}

static void test_another_key_is_not_touched(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice"),
                          want = unit_key("aaaaaaaaab", "alice"), got;
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "aaaaaaaaab", "alice");
        key.status = KEY_REVOKED;
        assert_int_equal(update(s, &key), 0);
        begin(s);
        assert_int_equal(store_key_delete(s->writer, "aaaaaaaaaa"), 0);
        commit(s);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaab", &got), 0);
        unit_key_equal("the other", &got, &want);
}

static void test_what_is_not_there_cannot_be_changed(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct unit_store *s = *state;

        assert_int_equal(update(s, &key), -ENOENT);
        begin(s);
        assert_int_equal(store_key_delete(s->writer, "aaaaaaaaaa"), -ENOENT);
        commit(s);
}

static void test_an_update_cannot_break_the_schema(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice"), want = key, got;
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        key.pepper_id = 7;
        unit_fails("a pepper that nobody knows", update(s, &key));
        key.pepper_id = UNIT_PEPPER_ID;
        key.status = KEY_EXPIRED;
        unit_fails("a status that is never stored", update(s, &key));
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &got), 0);
        unit_key_equal("untouched", &got, &want);
}

/* --- Uses --- */

static void use(struct unit_store *s, const char *id, int64_t at, const char *service,
                uint64_t count) {
        struct key_use u = { .at = at, .rhost = "192.0.2.7" };

        (void) snprintf(u.id, sizeof(u.id), "%s", id);
        (void) snprintf(u.service, sizeof(u.service), "%s", service);
        begin(s);
        assert_int_equal(store_key_used(s->writer, &u, count), 0);
        commit(s);
}

static void test_uses_are_counted_and_the_last_is_kept(void **state) {
        struct unit_store *s = *state;
        struct key_record got;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        assert_int_equal(got.last_used_at, 0);
        assert_int_equal(got.uses, 0);
        assert_string_equal(got.last_service, "");
        use(s, "aaaaaaaaaa", 100, "sshd", 1);
        use(s, "aaaaaaaaaa", 200, "imap", 41);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        assert_int_equal(got.last_used_at, 200);
        assert_int_equal(got.uses, 42);
        assert_string_equal(got.last_service, "imap");
        assert_string_equal(got.last_rhost, "192.0.2.7");
}

static void test_the_clock_of_the_last_use_does_not_go_back(void **state) {
        struct unit_store *s = *state;
        struct key_record got;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        use(s, "aaaaaaaaaa", 200, "imap", 1);
        use(s, "aaaaaaaaaa", 100, "sshd", 1);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        assert_int_equal(got.last_used_at, 200);
        assert_int_equal(got.uses, 2);
}

static void test_a_use_of_a_key_that_is_gone_is_no_error(void **state) {
        struct unit_store *s = *state;

        use(s, "aaaaaaaaaa", 100, "sshd", 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key_use"), 0);
}

static void test_uses_go_with_their_key(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        use(s, "aaaaaaaaaa", 100, "sshd", 1);
        use(s, "bbbbbbbbbb", 100, "sshd", 1);
        begin(s);
        assert_int_equal(store_key_delete(s->writer, "aaaaaaaaaa"), 0);
        commit(s);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key_use"), 1);
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM key_use WHERE id = 'bbbbbbbbbb'"),
                1);
}

/* --- Lists --- */

struct seen {
        char ids[128];
        int stop_after, stop_with;
        unsigned visits;
        uint64_t uses;
};

static int see(const struct key_record *key, void *userdata) {
        struct seen *seen = userdata;
        size_t at = strlen(seen->ids);

        (void) snprintf(seen->ids + at, sizeof(seen->ids) - at, "%.1s", key->id);
        seen->uses += key->uses;
        return (int) ++seen->visits == seen->stop_after ? seen->stop_with : 0;
}

static void check_list(struct unit_store *s, const char *owner, const char *after,
                       const char *want) {
        struct seen seen = {};

        unit_int(want, store_key_each(s->writer, owner, after, see, &seen), 0);
        unit_str(want, seen.ids, want);
}

static void test_lists_are_in_order_of_id(void **state) {
        struct unit_store *s = *state;

        check_list(s, NULL, "", "");
        unit_key_insert(s->writer, "cccccccccc", "alice");
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        unit_key_insert(s->writer, "Bbbbbbbbbb", "alice");
        check_list(s, NULL, "", "Babc");
        check_list(s, NULL, "aaaaaaaaaa", "bc");
        check_list(s, NULL, "aaaaaaaaab", "bc");
        check_list(s, NULL, "cccccccccc", "");
        check_list(s, "alice", "", "Bac");
        check_list(s, "alice", "aaaaaaaaaa", "c");
        check_list(s, "bob", "", "b");
        check_list(s, "Alice", "", "");
        check_list(s, "", "", "");
        check_list(s, "nobody", "", "");
}

static void test_a_list_ends_when_it_is_told_to(void **state) {
        struct seen seen = { .stop_after = 2, .stop_with = 7 };
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        unit_key_insert(s->writer, "cccccccccc", "alice");
        assert_int_equal(store_key_each(s->writer, NULL, "", see, &seen), 7);
        assert_string_equal(seen.ids, "ab");
        seen = (struct seen){ .stop_after = 1, .stop_with = -EINTR };
        assert_int_equal(store_key_each(s->writer, "alice", "", see, &seen), -EINTR);
        assert_string_equal(seen.ids, "a");
        /* a statement that was left in the middle locks nothing */
        begin(s);
        commit(s);
}

static void test_a_list_has_the_uses(void **state) {
        struct unit_store *s = *state;
        struct seen seen = {};

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        use(s, "aaaaaaaaaa", 100, "sshd", 3);
        use(s, "bbbbbbbbbb", 100, "sshd", 4);
        assert_int_equal(store_key_each(s->writer, NULL, "", see, &seen), 0);
        assert_int_equal(seen.uses, 7);
}

static int is_wanted(const char *id, const char *name, const char *owner, void *userdata) {
        (void) userdata;
        assert_non_null(name);
        return *id == 'd' ? -EINTR : *id == 'c' ? 2 : strcmp(owner, "alice") == 0;
}

static void test_a_list_of_what_is_wanted(void **state) {
        struct unit_store *s = *state;
        struct seen seen = {};

        unit_key_insert(s->writer, "Aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        unit_key_insert(s->writer, "bbbbbbbbbc", "alice");
        use(s, "bbbbbbbbbc", 100, "sshd", 3);
        assert_int_equal(store_key_each_named(s->writer, "A", is_wanted, see, &seen), 0);
        assert_string_equal(seen.ids, "Aab");
        assert_int_equal(seen.uses, 3);
        seen = (struct seen){ .stop_after = 1, .stop_with = 7 };
        assert_int_equal(store_key_each_named(s->writer, "Aaaaaaaaaa", is_wanted, see, &seen), 7);
        assert_string_equal(seen.ids, "a");
        unit_key_insert(s->writer, "dddddddddd", "alice");
        assert_int_equal(store_key_each_named(s->writer, "", is_wanted, see, &seen), -EINTR);
        unit_key_insert(s->writer, "cccccccccc", "alice");
        assert_int_equal(store_key_each_named(s->writer, "", is_wanted, see, &seen), 2);
        /* what is removed, and not deleted yet, is shown to nobody */
        begin(s);
        assert_int_equal(store_policy_set(s->writer, "epoch", 1, 1), 0);
        commit(s);
        assert_int_equal(store_key_each_named(s->writer, "", is_wanted, see, &seen), 0);
}

/* --- Damage --- */

/* Such rows are possible only when another program wrote them. */
static const char *const damage[] = {
        "UPDATE key SET digest = x'00'",
        "UPDATE key SET digest = zeroblob(31)",
        "UPDATE key SET digest = zeroblob(33)",
        "UPDATE key SET status = 2",
        "UPDATE key SET status = -1",
        "UPDATE key SET status = 4294967296",
        "UPDATE key SET owner_uid = -1",
        "UPDATE key SET owner_uid = 4294967295",
        "UPDATE key SET owner_uid = 4294967296",
        "UPDATE key SET owner = 'root' || char(0) || 'x'",
        "UPDATE key SET owner = printf('%.129c', 'x')",
        "UPDATE key SET name = printf('%.65c', 'x')",
        "UPDATE key SET services = printf('%.1040c', 'x')",
        "UPDATE key SET services = 'sshd' || char(0)",
        "UPDATE key SET networks = printf('%.1040c', 'x')",
        "UPDATE key SET reason = printf('%.129c', 'x')",
};

static int is_wanted_whatever(const char *id, const char *name, const char *owner, void *userdata) {
        (void) id, (void) name, (void) owner, (void) userdata;
        return 1;
}

static void test_a_damaged_row_is_damage(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
                struct seen seen = {};
                struct key_record key;
                bool changed;

                unit_sql(s->path, damage[i]);
                unit_poison(&key, sizeof(key));
                unit_int(damage[i], store_key_get(s->writer, "aaaaaaaaaa", &key), -EUCLEAN);
                unit_int(damage[i], store_key_get_used(s->writer, "aaaaaaaaaa", &key), -EUCLEAN);
                store_release(s->reader);
                unit_int(damage[i], store_refresh(s->reader, &changed), 0);
                unit_int(damage[i], store_key_get(s->reader, "aaaaaaaaaa", &key), -EUCLEAN);
                unit_poisoned(damage[i], &key, sizeof(key));
                unit_int(damage[i], store_key_each(s->writer, NULL, "", see, &seen), -EUCLEAN);
                unit_int(damage[i],
                         store_key_each_named(s->writer, "", is_wanted_whatever, see, &seen),
                         -EUCLEAN);
                unit_int(damage[i], seen.visits, 0);
                unit_sql(s->path, "DELETE FROM key");
                unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        }
}

static void test_a_damaged_use_is_damage(void **state) {
        struct unit_store *s = *state;
        struct key_record key;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        use(s, "aaaaaaaaaa", 100, "sshd", 1);
        unit_sql(s->path, "UPDATE key_use SET service = printf('%.65c', 'x')");
        unit_poison(&key, sizeof(key));
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &key), -EUCLEAN);
        unit_poisoned("used", &key, sizeof(key));
        /* a verification does not read it */
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), 0);
}

static void test_the_newest_change_is_found(void **state) {
        struct unit_store *s = *state;
        int64_t newest = -1;

        unit_sql(s->path, "UPDATE audit SET at = 5");
        assert_int_equal(store_key_newest(s->writer, &newest), 0);
        assert_int_equal(newest, 5);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        unit_sql(s->path, "UPDATE key SET created_at = 9 WHERE id = 'bbbbbbbbbb';"
                          "UPDATE key SET created_at = 7 WHERE id = 'aaaaaaaaaa'");
        assert_int_equal(store_key_newest(s->writer, &newest), 0);
        assert_int_equal(newest, 9);
        unit_sql(s->path, "UPDATE key SET dead_at = 11 WHERE id = 'aaaaaaaaaa'");
        assert_int_equal(store_key_newest(s->writer, &newest), 0);
        assert_int_equal(newest, 11);
}

static int count_realm(const struct key_record *key, void *userdata) {
        assert_string_equal(key->realm, "mail");
        assert_int_equal(key->owner_uid, RECORD_UNBOUND);
        ++*(unsigned *) userdata;
        return 0;
}

static void test_keys_of_a_realm_are_found_by_it(void **state) {
        static const struct {
                const char *id, *owner;
                uid_t uid;
        } rows[] = { { "aaaaaaaaaa", "mail:alice", RECORD_UNBOUND },
                     { "bbbbbbbbbb", "mail:bob@example.org", RECORD_UNBOUND },
                     { "cccccccccc", "mailbox:alice", RECORD_UNBOUND },
                     { "dddddddddd", "mail", 1000 },
                     { "eeeeeeeeee", "mail:carol", 1000 } };
        struct unit_store *s = *state;
        unsigned n = 0, after = 0, own = 0;

        assert_int_equal(store_begin(s->writer), 0);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct key_record key = unit_key(rows[i].id, rows[i].owner);

                key.owner_uid = rows[i].uid;
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_key_each_realm(s->writer, "mail", "", count_realm, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(store_key_each_realm(s->writer, "mail", "aaaaaaaaaa", count_realm, &after),
                         0);
        assert_int_equal(after, 1);
        /* nobody has that number, and a caller with it has no keys */
        assert_int_equal(store_key_each_own(s->writer, RECORD_UNBOUND, "", count_realm, &own), 0);
        assert_int_equal(own, 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE realm <> ''"), 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_a_key_comes_back_as_it_was),
                unit_test_with_store(test_an_id_that_is_not_there_is_not_found),
                unit_test_with_store(test_an_id_is_taken_once),
                unit_test_with_store(test_what_the_schema_forbids_is_not_stored),
                unit_test_with_store(test_an_update_writes_what_may_change_and_nothing_else),
                unit_test_with_store(test_a_revoked_key_stays_revoked),
                unit_test_with_store(test_another_key_is_not_touched),
                unit_test_with_store(test_what_is_not_there_cannot_be_changed),
                unit_test_with_store(test_an_update_cannot_break_the_schema),
                unit_test_with_store(test_uses_are_counted_and_the_last_is_kept),
                unit_test_with_store(test_the_clock_of_the_last_use_does_not_go_back),
                unit_test_with_store(test_a_use_of_a_key_that_is_gone_is_no_error),
                unit_test_with_store(test_uses_go_with_their_key),
                unit_test_with_store(test_lists_are_in_order_of_id),
                unit_test_with_store(test_a_list_ends_when_it_is_told_to),
                unit_test_with_store(test_a_list_has_the_uses),
                unit_test_with_store(test_a_list_of_what_is_wanted),
                unit_test_with_store(test_a_damaged_row_is_damage),
                unit_test_with_store(test_a_damaged_use_is_damage),
                unit_test_with_store(test_the_newest_change_is_found),
                unit_test_with_store(test_keys_of_a_realm_are_found_by_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
