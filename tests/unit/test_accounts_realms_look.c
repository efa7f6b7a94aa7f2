/* SPDX-License-Identifier: BSD-2-Clause */
/* Users of realms come and go by their lists: refused at once, ended after the grace, held when
 * many go, and never ended because the configuration or passwd lacks them. */
#include "unit_accounts_update.h"

#define GRACE INT64_C(86400)

static struct realms *configured;

static const char *list_name = "users";

static void configure(const char *dir, const char *suffixes) {
        struct realm mail = { .name = "mail", .services = "dovecot" };

        configured = realms_unref(configured);
        if (suffixes)
                (void) snprintf(mail.suffixes, sizeof(mail.suffixes), "%s", suffixes);
        else
                (void) snprintf(mail.list, sizeof(mail.list), "%.200s/%s", etc, list_name);
        if (dir)
                assert_int_equal(realms_new(&configured, &mail, 1), 0);
        unit_realms = configured;
}

static void put_realm_key(struct unit_store *s, const char *id, const char *owner) {
        struct key_record key = unit_key(id, owner);

        key.owner_uid = RECORD_UNBOUND;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static int make_realm(void **state) {
        if (make(state) < 0)
                return -1;
        list_name = "users";
        configure(etc, NULL);
        put("users", "carol\ndave\nerin\nfrank\n");
        put_realm_key(*state, "cccccccccc", "mail:carol");
        pass(*state, true, "", "");
        return 0;
}

static int drop_realm(void **state) {
        configure(NULL, NULL);
        return unit_store_remove(state);
}

static enum account_state state_of(struct unit_store *s, const char *owner) {
        return known(s, owner).state;
}

static bool lives(struct unit_store *s, const char *id) {
        struct key_record key;

        assert_int_equal(store_key_get(s->writer, id, &key), 0);
        return key.status == KEY_ACTIVE;
}

static void test_who_is_in_the_list_is_there(void **state) {
        struct account_record carol = known(*state, "mail:carol");

        assert_int_equal(carol.state, ACCOUNT_PRESENT);
        assert_int_equal(carol.uid, RECORD_UNBOUND);
        assert_false(carol.admin || carol.locked);
        assert_int_equal(carol.closes_at, 0);
        /* those without a key need not be known */
        assert_int_equal(state_of(*state, "mail:dave"), ACCOUNT_UNKNOWN);
}

static void test_who_leaves_the_list_is_refused_and_ends_after_the_grace(void **state) {
        struct account_record carol;

        put("users", "dave\nerin\n");
        /* no directory has such a user, and the answer only brings the end when it is time */
        assert_true(pass(*state, false, "mail:carol ", ""));
        carol = known(*state, "mail:carol");
        assert_int_equal(carol.state, ACCOUNT_GONE);
        assert_int_equal(carol.gone_since, T0);
        assert_true(carol.checked_at > 0);
        assert_false(carol.held);
        now = T0 + GRACE - 1;
        pass(*state, true, "mail:carol ", "mail:carol=gone");
        assert_true(lives(*state, "cccccccccc"));
        now = T0 + GRACE;
        pass(*state, true, "mail:carol ", "mail:carol=gone");
        key_is(*state, "cccccccccc", KEY_REVOKED, "the account was removed");
}

static void test_who_comes_back_in_time_is_there_again(void **state) {
        put("users", "dave\n");
        pass(*state, false, "mail:carol ", "");
        put("users", "dave\ncarol\n");
        now = T0 + 2 * GRACE;
        pass(*state, false, "", "");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
        assert_true(lives(*state, "cccccccccc"));
}

static void test_many_who_leave_at_once_are_held(void **state) {
        put_realm_key(*state, "dddddddddd", "mail:dave");
        put_realm_key(*state, "eeeeeeeeee", "mail:erin");
        put_realm_key(*state, "ffffffffff", "mail:frank");
        pass(*state, true, "", "");
        put("users", "nobody-else\n");
        pass(*state, false, "mail:carol mail:dave mail:erin mail:frank ", "");
        assert_true(known(*state, "mail:carol").held);
        now = T0 + 5 * GRACE;
        pass(*state, true, "mail:carol mail:dave mail:erin mail:frank ",
             "mail:carol=gone mail:dave=gone mail:erin=gone mail:frank=gone");
        assert_true(lives(*state, "cccccccccc"));
        put("users", "carol\ndave\nerin\nfrank\n");
        pass(*state, false, "", "");
        assert_int_equal(state_of(*state, "mail:frank"), ACCOUNT_PRESENT);
}

/* A list that cannot be read, or that somebody writes just now, says nothing. */
static void test_a_list_that_is_not_believed_ends_nothing(void **state) {
        char path[UNIT_PATH_LEN];

        unit_join(path, etc, "users");
        assert_int_equal(unlink(path), 0);
        pass(*state, true, "", "");
        put("users", "");
        pass(*state, true, "", "");
        put("users", "dave\ncar");
        pass(*state, true, "", "");
        put("users", "dave\n");
        assert_int_equal(chmod(path, 0666), 0);
        pass(*state, true, "", "");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
        now = T0 + 5 * GRACE;
        pass(*state, true, "", "");
        assert_true(lives(*state, "cccccccccc"));
}

/* Nobody has said that the new list has them. An outage is what they get, until it can be read. */
static void check_moved(void **state, const char *id, const char *owner) {
        struct account_record moved;

        list_name = "others";
        configure(etc, NULL);
        pass(*state, false, "", "");
        moved = known(*state, owner);
        assert_int_equal(moved.state, ACCOUNT_GONE);
        assert_int_equal(moved.checked_at, 0);
        now = T0 + 5 * GRACE;
        pass(*state, true, "", "");
        assert_true(lives(*state, id));
        /* nor does the list that was there before count, while this one cannot be read */
        put("users", "carol\n");
        pass(*state, false, "", "");
        assert_int_equal(state_of(*state, owner), ACCOUNT_GONE);
        put("others", "somebody\ncarol\ndave@example.org\n");
        pass(*state, false, "", "");
        assert_int_equal(state_of(*state, owner), ACCOUNT_PRESENT);
        assert_true(lives(*state, id));
}

static void test_a_realm_that_moves_to_a_list_that_cannot_be_read(void **state) {
        char path[UNIT_PATH_LEN];

        check_moved(state, "cccccccccc", "mail:carol");
        /* This one was read. */
        assert_int_equal(unlink(unit_join(path, etc, "others")), 0);
        pass(*state, true, "", "");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
        /* Who is not in the new list is held: a move is no removal. */
        list_name = "third";
        configure(etc, NULL);
        pass(*state, false, "", "");
        put("third", "somebody\n");
        pass(*state, true, "mail:carol ", "mail:carol=gone");
        now = T0 + 10 * GRACE;
        pass(*state, true, "mail:carol ", "mail:carol=gone");
        assert_true(lives(*state, "cccccccccc"));
}

static void test_users_of_a_suffix_move_to_a_list_that_cannot_be_read(void **state) {
        configure(etc, "@example.org");
        put_realm_key(*state, "dddddddddd", "mail:dave@example.org");
        pass(*state, true, "", "");
        check_moved(state, "dddddddddd", "mail:dave@example.org");
}

/* A store of a version that noted no list. */
static void test_users_of_before_stay_where_they_were(void **state) {
        char path[UNIT_PATH_LEN];
        struct account_record carol = known(*state, "mail:carol");
        struct unit_store *s = *state;

        carol.password_since = 0;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_account_put(s->writer, &carol), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(unlink(unit_join(path, etc, "users")), 0);
        pass(*state, true, "", "");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
        put("users", "carol\n");
        pass(*state, true, "", "");
        assert_in_range(known(*state, "mail:carol").password_since, 1, INT64_MAX);
}

static void test_a_configuration_without_the_realm_ends_nothing(void **state) {
        put("users", "dave\n");
        pass(*state, false, "mail:carol ", "");
        configure(NULL, NULL);
        now = T0 + 5 * GRACE;
        pass(*state, true, "", "");
        configure(etc, "@example.org"); /* not with this user */
        pass(*state, true, "", "");
        configure(etc, "");
        pass(*state, true, "", "");
        assert_true(lives(*state, "cccccccccc"));
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_GONE);
}

/* What passwd, shadow and group say is about accounts. */
static void test_passwd_and_shadow_have_no_part_in_it(void **state) {
        set_policy(*state, "remove-on-password-expiry", 1);
        put("shadow", "root:!:1:0:99999:7:::\nmail:!:1:0:99999:7:::\ncarol:!:1:0:99999:7:::\n");
        put("passwd", ROOT "mail:x:8:8::/:/bin/sh\n");
        pass(*state, true, "alice bob ", "alice=gone bob=gone");
        now = T0 + 5 * GRACE;
        pass(*state, true, "alice bob ", "alice=gone bob=gone");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
        assert_true(lives(*state, "cccccccccc"));
        assert_false(lives(*state, "aaaaaaaaaa"));
}

/* A service might take the name for the account's. */
static void test_an_account_of_the_same_name_comes_first(void **state) {
        put("passwd", ROOT ALICE BOB "carol:x:1007:100::/:/bin/sh\n");
        pass(*state, false, "mail:carol ", "");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_GONE);
        assert_int_equal(state_of(*state, "carol"), ACCOUNT_UNKNOWN);
        put("passwd", ROOT ALICE BOB);
        pass(*state, false, "", "");
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
}

static void test_a_suffix_needs_no_list(void **state) {
        configure(etc, "@example.org");
        put_realm_key(*state, "dddddddddd", "mail:dave@example.org");
        put_realm_key(*state, "eeeeeeeeee", "mail:erin@example.net");
        pass(*state, true, "", "");
        assert_int_equal(state_of(*state, "mail:dave@example.org"), ACCOUNT_PRESENT);
        assert_int_equal(state_of(*state, "mail:erin@example.net"), ACCOUNT_UNKNOWN);
}

/* As after an import: nobody knows them yet. */
static void test_keys_whose_user_was_never_there(void **state) {
        put_realm_key(*state, "gggggggggg", "mail:grace");
        put_realm_key(*state, "hhhhhhhhhh", "other:carol");
        pass(*state, true, "mail:grace ", "mail:grace=gone");
        assert_int_equal(state_of(*state, "mail:grace"), ACCOUNT_GONE);
        assert_int_equal(state_of(*state, "other:carol"), ACCOUNT_UNKNOWN);
        now = T0 + 5 * GRACE;
        pass(*state, true, "mail:grace ", "mail:grace=gone");
        assert_false(lives(*state, "gggggggggg"));
        assert_true(lives(*state, "hhhhhhhhhh"));
}

/* A directory that answers for such a name has no account of it. */
static void test_a_directory_brings_nobody_back(void **state) {
        put("users", "dave\n");
        pass(*state, false, "mail:carol ", "mail:carol=present");
        assert_int_not_equal(known(*state, "mail:carol").uid, RECORD_UNBOUND);
}

static void say_removed(struct unit_store *s, const char *owner, uint64_t ended) {
        struct accounts_files_memory files = {};
        const struct accounts_source source = {
                .etc = etc, .admin_group = NOBODY, .memory = &files, .realms = unit_realms
        };
        struct audit_record record = {
                .count = 0, .event = "account-removed", .verdict = "done", .door = "control"
        };

        assert_int_equal(accounts_update_removed(s->writer, &source, owner, &record), 0);
        unit_int(owner, (int64_t) record.count, (int64_t) ended);
}

static void test_a_report_is_not_believed_against_the_list(void **state) {
        struct accounts_files_memory files = {};
        const struct accounts_source source = {
                .etc = etc, .admin_group = NOBODY, .memory = &files, .realms = unit_realms
        };
        struct audit_record record = {};

        say_removed(*state, "mail:carol", 0);
        say_removed(*state, "carol", 0);
        assert_int_equal(state_of(*state, "mail:carol"), ACCOUNT_PRESENT);
        put("users", "dave\ncar");
        assert_true(accounts_update_removed((*(struct unit_store **) state)->writer, &source,
                                            "mail:carol", &record) < 0);
        assert_non_null(strstr(files.error, "ends within a line"));
        put("users", "dave\n");
        pass(*state, false, "mail:carol ", "");
        say_removed(*state, "carol", 0); /* userdel speaks of accounts */
        assert_true(lives(*state, "cccccccccc"));
        say_removed(*state, "mail:carol", 1);
        key_is(*state, "cccccccccc", KEY_REVOKED, "the account was removed");
}

#define test_realm(f) cmocka_unit_test_setup_teardown(f, make_realm, drop_realm)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_realm(test_who_is_in_the_list_is_there),
                test_realm(test_who_leaves_the_list_is_refused_and_ends_after_the_grace),
                test_realm(test_who_comes_back_in_time_is_there_again),
                test_realm(test_many_who_leave_at_once_are_held),
                test_realm(test_a_list_that_is_not_believed_ends_nothing),
                test_realm(test_a_realm_that_moves_to_a_list_that_cannot_be_read),
                test_realm(test_users_of_a_suffix_move_to_a_list_that_cannot_be_read),
                test_realm(test_users_of_before_stay_where_they_were),
                test_realm(test_a_configuration_without_the_realm_ends_nothing),
                test_realm(test_passwd_and_shadow_have_no_part_in_it),
                test_realm(test_an_account_of_the_same_name_comes_first),
                test_realm(test_a_suffix_needs_no_list),
                test_realm(test_keys_whose_user_was_never_there),
                test_realm(test_a_directory_brings_nobody_back),
                test_realm(test_a_report_is_not_believed_against_the_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
