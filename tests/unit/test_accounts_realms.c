/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of realms: which names they have, and when they are not believed. */
#include "unit.h"

#include "accounts/accounts_realms.h"

static uint64_t ticks = UINT64_C(100000000000);

uint64_t __wrap_clock_ticks(void);
uint64_t __wrap_clock_ticks(void) {
        return ticks;
}

static struct accounts_realms_memory memory;
static char names[512];

static int on_name(const char *owner, void *userdata) {
        (void) userdata;
        (void) snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ", owner);
        return 0;
}

/* Whether the list at ${path} is believed. */
static bool read_list(const char *path, size_t lines) {
        struct realm realm = { .name = "mail" };
        struct accounts_realms *lists = NULL;
        struct realms *realms = NULL;
        bool believed;
        int r;

        (void) snprintf(realm.list, sizeof(realm.list), "%.255s", path);
        assert_int_equal(realms_new(&realms, &realm, 1), 0);
        assert_int_equal(accounts_realms_new(&lists, realms, &memory), 0);
        names[0] = '\0';
        while ((r = accounts_realms_step(lists, lines, on_name, NULL)) > 0)
                continue;
        assert_int_equal(r, 0);
        believed = accounts_realms_believed(lists, &realms->of[0]);
        accounts_realms_freep(&lists);
        assert_null(lists);
        (void) realms_unref(realms);
        assert_int_equal(believed, memory.of[0].error[0] == '\0');
        return believed;
}

static void put(const char *path, const char *text, size_t len) {
        (void) unlink(path);
        unit_write(path, text, len, 0644);
}

static void test_what_stands_in_a_list(void **state) {
        static const char text[] = "# users\n"
                                   "\n"
                                   "alice\n"
                                   "bob@example.org\r\n"
                                   "carol:{SHA512-CRYPT}$6$x:1000:1000::/home/carol\n"
                                   "dave@example.org|{SHA512-CRYPT}$6$x\n"
                                   "erin and more\n"
                                   " frank\n"
                                   "a@b@example.org\n"
                                   "@example.org\n"
                                   "gr\xc3\xa4te\n"
                                   "hal\0ivan\n"
                                   "../judy\n"
                                   "mail:kim\n"
                                   "leo\n";
        static const char want[] = "mail:alice mail:bob@example.org mail:carol "
                                   "mail:dave@example.org mail:erin mail:mail "
                                   "mail:leo ";
        char path[UNIT_PATH_LEN];

        put(unit_join(path, *state, "users"), text, sizeof(text) - 1);
        for (size_t lines = 1; lines < 20; lines += 6) {
                assert_true(read_list(path, lines));
                assert_string_equal(names, want);
        }
}

static void test_files_that_are_not_believed(void **state) {
        char path[UNIT_PATH_LEN], other[UNIT_PATH_LEN];

        unit_join(path, *state, "users");
        unit_join(other, *state, "other");
        assert_false(read_list(path, 9));
        assert_non_null(strstr(memory.of[0].error, "No such file"));
        put(path, "alice\n", 6);
        assert_true(read_list(path, 9));
        assert_int_equal(chmod(path, 0664), 0);
        assert_false(read_list(path, 9));
        assert_int_equal(chmod(path, 0646), 0);
        assert_false(read_list(path, 9));
        assert_int_equal(chmod(path, 0640), 0);
        assert_true(read_list(path, 9));
        assert_int_equal(chown(path, 4242, 0), 0);
        assert_false(read_list(path, 9));
        assert_non_null(strstr(memory.of[0].error, "must belong to root"));
        assert_int_equal(chown(path, 0, 4242), 0);
        assert_true(read_list(path, 9));
        assert_int_equal(symlink(path, other), 0);
        assert_false(read_list(other, 9));
        assert_int_equal(unlink(other), 0);
        assert_int_equal(mkfifo(other, 0600), 0);
        assert_false(read_list(other, 9));
        assert_false(read_list(*state, 9));
        assert_int_equal(truncate(path, ACCOUNTS_REALMS_BYTES_MAX + 1), 0);
        assert_false(read_list(path, 9));
}

/* A program that writes a list may have come to any byte of it. */
static void test_half_a_list_is_not_believed(void **state) {
        static const char *const halves[] = { "", "alice\nbob@example.or", "a" };
        char path[UNIT_PATH_LEN];

        unit_join(path, *state, "users");
        for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
                memory = (struct accounts_realms_memory){};
                put(path, halves[i], strlen(halves[i]));
                unit_int(halves[i], read_list(path, 9), false);
                ticks += ACCOUNTS_STEADY_S * UINT64_C(1000000000) - 1;
                unit_int(halves[i], read_list(path, 9), false);
                ticks += 1;
                unit_int(halves[i], read_list(path, 9), true);
                put(path, "bob\ncarol", 9);
                unit_int(halves[i], read_list(path, 9), false);
        }
}

static int write_more(const char *owner, void *userdata) {
        static const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

        (void) owner;
        assert_int_equal(utimensat(AT_FDCWD, userdata, times, 0), 0);
        return 0;
}

static void test_a_list_that_is_written_meanwhile(void **state) {
        struct accounts_realms *lists = NULL;
        struct realm realm = { .name = "mail" };
        struct realms *realms = NULL;
        char path[UNIT_PATH_LEN];

        put(unit_join(path, *state, "users"), "alice\n", 6);
        (void) snprintf(realm.list, sizeof(realm.list), "%.255s", path);
        assert_int_equal(realms_new(&realms, &realm, 1), 0);
        assert_int_equal(accounts_realms_new(&lists, realms, NULL), 0);
        assert_int_equal(accounts_realms_step(lists, 100, write_more, path), 0);
        assert_false(accounts_realms_believed(lists, &realms->of[0]));
        assert_true(accounts_realms_again(lists));
        accounts_realms_free(lists);
        (void) realms_unref(realms);
}

static void test_one_user_is_looked_for(void **state) {
        struct realm both[2] = { { .name = "chat" }, { .name = "mail" } };
        char path[UNIT_PATH_LEN], error[ERROR_LEN];
        struct realms *realms = NULL;

        put(unit_join(path, *state, "users"), "alice\nbob\n", 10);
        (void) snprintf(both[1].list, sizeof(both[1].list), "%.255s", path);
        assert_int_equal(realms_new(&realms, both, 2), 0);
        assert_int_equal(accounts_realms_has(realms, &realms->of[1], "bob", &memory, error), 1);
        assert_int_equal(accounts_realms_has(realms, &realms->of[1], "bo", NULL, error), 0);
        assert_int_equal(accounts_realms_has(realms, &realms->of[1], "bobby", NULL, error), 0);
        assert_int_equal(chmod(path, 0666), 0);
        assert_int_equal(accounts_realms_has(realms, &realms->of[1], "bob", &memory, error), -EIO);
        assert_non_null(strstr(error, path));
        assert_string_equal(memory.of[0].error, "");
        put(path, "alice\nbob", 9);
        assert_int_equal(accounts_realms_has(realms, &realms->of[1], "bob", NULL, error), -EAGAIN);
        (void) realms_unref(realms);
}

static void test_what_is_another_list(void **state) {
        struct realm realm = { .name = "mail", .suffixes = "@example.org" };
        struct realms *realms = NULL;
        char path[UNIT_PATH_LEN];
        uint64_t before;
        bool certain;

        before = accounts_realms_identify(NULL, &certain);
        assert_true(certain);
        assert_int_equal(realms_new(&realms, &realm, 1), 0);
        assert_int_not_equal(accounts_realms_identify(realms, &certain), before);
        (void) snprintf(realms->of[0].list, sizeof(realm.list), "%.255s",
                        unit_join(path, *state, "users"));
        (void) accounts_realms_identify(realms, &certain);
        assert_false(certain);
        put(path, "alice\n", 6);
        before = accounts_realms_identify(realms, &certain);
        assert_false(certain); /* it has just been changed */
        assert_int_equal(accounts_realms_identify(realms, &certain), before);
        put(path, "alicf\n", 6);
        assert_int_not_equal(accounts_realms_identify(realms, &certain), before);
        (void) realms_unref(realms);
}

static int forget(void **state) {
        memory = (struct accounts_realms_memory){};
        return unit_dir_make(state);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_stands_in_a_list, forget,
                                                unit_dir_remove),
                cmocka_unit_test_setup_teardown(test_files_that_are_not_believed, forget,
                                                unit_dir_remove),
                cmocka_unit_test_setup_teardown(test_half_a_list_is_not_believed, forget,
                                                unit_dir_remove),
                cmocka_unit_test_setup_teardown(test_a_list_that_is_written_meanwhile, forget,
                                                unit_dir_remove),
                cmocka_unit_test_setup_teardown(test_one_user_is_looked_for, forget,
                                                unit_dir_remove),
                cmocka_unit_test_setup_teardown(test_what_is_another_list, forget, unit_dir_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
