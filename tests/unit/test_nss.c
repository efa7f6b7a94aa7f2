/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups, and each way in which NSS says "no". The directories behind NSS are not
 * asked. */
#include "unit_nss.h"

#include "base/nss.h"

static int calm(void **state) {
        (void) state;
        unit_nss_error = 0;
        unit_nss_users[0].name = "alice";
        return 0;
}

static void test_users_are_found_by_name_and_by_uid(void **state) {
        struct nss_entry account;

        (void) state;
        unit_poison(&account, sizeof(account));
        assert_int_equal(nss_user("alice", &account), 0);
        assert_string_equal(account.name, "alice");
        assert_int_equal(account.uid, 1001);
        unit_poison(&account, sizeof(account));
        assert_int_equal(nss_uid(1002, &account), 0);
        assert_string_equal(account.name, "bob");
        assert_int_equal(account.uid, 1002);
}

static void test_groups_are_found_by_name(void **state) {
        gid_t gid = 7;

        (void) state;
        assert_int_equal(nss_group("admins", &gid), 0);
        assert_int_equal(gid, 2001);
}

int __real_nss_local_group(const char *path, const char *name, gid_t *ret);

static void test_a_local_group_is_one_of_the_file(void **state) {
        static const char text[] =
                "root:x:0:\n# a comment\nbroken\nwfapikey-admin:x:2100:alice,bob\n";
        char path[UNIT_PATH_LEN];
        gid_t gid = 7;

        unit_write(unit_join(path, *state, "group"), text, strlen(text), 0644);
        assert_int_equal(__real_nss_local_group(path, "wfapikey-admin", &gid), 0);
        assert_int_equal(gid, 2100);
        unit_poison(&gid, sizeof(gid));
        assert_int_equal(__real_nss_local_group(path, "admins", &gid), -ENOENT);
        assert_int_equal(__real_nss_local_group(path, "broken", &gid), -ENOENT);
        unit_join(path, *state, "absent");
        assert_int_equal(__real_nss_local_group(path, "root", &gid), -ENOENT);
        unit_poisoned("no group", &gid, sizeof(gid));
}

/* A file that is written in place is short for a moment. */
static void test_half_a_number_is_none(void **state) {
        static const char text[] = "root:x:0:\nwfapikey-admin:x:2100:alice,bob5\n";
        const size_t number = strlen("root:x:0:\nwfapikey-admin:x:"), all = strlen(text);
        char path[UNIT_PATH_LEN];
        gid_t gid;

        unit_join(path, *state, "group");
        for (size_t len = 1; len < all; len++) {
                unit_write(path, text, len, 0644);
                unit_poison(&gid, sizeof(gid));
                unit_int("of a part", __real_nss_local_group(path, "wfapikey-admin", &gid),
                         len <= number       ? -ENOENT
                         : len <= number + 4 ? -EBADMSG
                                             : 0);
                if (len > number + 4)
                        assert_int_equal(gid, 2100);
                else
                        unit_poisoned("of a part", &gid, sizeof(gid));
        }
}

/* As for getpwnam(3), who is there under any line is there. Who has another number now is not. */
static void test_whose_number_is_another_s(void **state) {
        static const char users[] = "root:x:0:0::/:/bin/sh\nbroken\nalice:x:1001:1::/:\n"
                                    "toor:x:0:0::/:/bin/sh\nno-newline:x:1002:1::/:";
        static const char groups[] = "root:x:0:\nbroken\nadmins:x:2001:alice\nlast:x:2002:";
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, *state, "passwd"), users, strlen(users), 0644);
        assert_false(nss_local_other_user(path, "alice", 1001));
        assert_false(nss_local_other_user(path, "toor", 0));
        assert_true(nss_local_other_user(path, "alice", 0));
        assert_true(nss_local_other_user(path, "bob", 1001));
        assert_true(nss_local_other_user(path, "bob", 1002));
        assert_false(nss_local_other_user(path, "bob", 1003));
        unit_write(unit_join(path, *state, "group"), groups, strlen(groups), 0644);
        assert_false(nss_local_other_group(path, "admins", 2001));
        assert_true(nss_local_other_group(path, "admins", 2002));
        assert_true(nss_local_other_group(path, "users", 2001));
        assert_true(nss_local_other_group(path, "users", 2002));
        assert_false(nss_local_other_group(path, "users", 2003));
        unit_join(path, *state, "absent");
        assert_false(nss_local_other_user(path, "bob", 1001));
        assert_false(nss_local_other_group(path, "users", 2001));
}

static void test_which_files_are_believed(void **state) {
        static const struct {
                const char *text;
                enum nss_file want;
        } rows[] = {
                { "", NSS_FILE_BAD },
                { "alice:x:1001:1001::/:/bin/sh\n", NSS_FILE_BAD },
                { "alice:x:100:0:0:0:/bin/sh\nroot:x\n", NSS_FILE_BAD },
                { "alice:x:1001:1::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n", NSS_FILE_GOOD },
                { "root:x:0:\nadmins:x:2001:", NSS_FILE_CUT },
                { "root:x:0:\nadmins:x:2001:\n", NSS_FILE_GOOD },
        };
        char path[UNIT_PATH_LEN];

        unit_join(path, *state, "file");
        assert_int_equal(nss_local_file(path), NSS_FILE_BAD);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_write(path, rows[i].text, strlen(rows[i].text), 0644);
                unit_int(rows[i].text, nss_local_file(path), rows[i].want);
        }
}

static void check_all(const char *row, int r) {
        struct nss_entry account;
        gid_t gid;

        unit_poison(&account, sizeof(account));
        unit_poison(&gid, sizeof(gid));
        unit_int(row, nss_user("nobody-knows-me", &account), r);
        unit_int(row, nss_uid(4711, &account), r);
        unit_int(row, nss_group("nobody-knows-me", &gid), r);
        unit_poisoned(row, &account, sizeof(account));
        unit_poisoned(row, &gid, sizeof(gid));
}

static void test_who_is_not_known_is_told_from_who_cannot_be_asked_for(void **state) {
        static const int no[] = { ENOENT, ESRCH, EBADF, EPERM };
        static const int failed[] = { EIO,    EINTR,  EMFILE,    ENFILE,       ENOMEM,
                                      ERANGE, EAGAIN, ETIMEDOUT, ECONNREFUSED, 4711 };

        (void) state;
        check_all("no", -ENOENT);
        for (size_t i = 0; i < ARRAY_LEN(no); i++) {
                unit_nss_error = no[i];
                check_all("no, or away", -ESRCH);
        }
        for (size_t i = 0; i < ARRAY_LEN(failed); i++) {
                unit_nss_error = failed[i];
                check_all("failed", -EIO);
        }
}

/* A name that is too long for us belongs to nobody: its first half could be another user's name. */
static void test_a_name_fits_or_is_nobody_s(void **state) {
        char name[WIRE_USER_MAX + 2];
        struct nss_entry account;

        (void) state;
        memset(name, 'u', sizeof(name));
        unit_nss_users[0].name = name;
        name[WIRE_USER_MAX] = '\0';
        assert_int_equal(nss_user(name, &account), 0);
        assert_string_equal(account.name, name);
        assert_int_equal(nss_uid(1001, &account), 0);

        name[WIRE_USER_MAX] = 'u';
        name[WIRE_USER_MAX + 1] = '\0';
        unit_poison(&account, sizeof(account));
        assert_int_equal(nss_user(name, &account), -ENOENT);
        assert_int_equal(nss_uid(1001, &account), -ENOENT);
        unit_nss_users[0].name = "";
        assert_int_equal(nss_user("", &account), -ENOENT);
        assert_int_equal(nss_uid(1001, &account), -ENOENT);
        unit_poisoned("too long, or empty", &account, sizeof(account));
}

#define test_account(f) cmocka_unit_test_setup_teardown(f, calm, calm)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_account(test_users_are_found_by_name_and_by_uid),
                test_account(test_groups_are_found_by_name),
                unit_test_in_dir(test_a_local_group_is_one_of_the_file),
                unit_test_in_dir(test_half_a_number_is_none),
                unit_test_in_dir(test_whose_number_is_another_s),
                unit_test_in_dir(test_which_files_are_believed),
                test_account(test_who_is_not_known_is_told_from_who_cannot_be_asked_for),
                test_account(test_a_name_fits_or_is_nobody_s),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
