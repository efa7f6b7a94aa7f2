/* SPDX-License-Identifier: BSD-2-Clause */
/* passwd, shadow and group, as people and programs leave them. */

#include "unit.h"

#include "accounts/accounts_files.h"
#include "cleanup.h"
#include "parse.h"

#define NOBODY ((gid_t) -1)
#define ADMINS 2001
#define ROOT   "root:x:0:0:root:/root:/bin/bash\n"
#define ALICE  "alice:x:1001:1001::/home/alice:/bin/bash\n"

#define SECOND UINT64_C(1000000000)

static uint64_t ticks = 1;

uint64_t __wrap_clock_ticks(void);
uint64_t __wrap_clock_ticks(void) {
        return ticks;
}

static void put(const char *dir, const char *name, const char *text) {
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, dir, name), text, strlen(text), 0600);
}

static struct accounts_files *read_all(const char *dir, const char *passwd, const char *shadow,
                                       const char *group, gid_t admin_group) {
        struct accounts_files_memory memory = {};
        struct accounts_files *files = NULL;

        put(dir, "passwd", passwd);
        put(dir, "shadow", shadow);
        put(dir, "group", group);
        unit_int(passwd, accounts_files_read(&files, dir, admin_group, &memory), 0);
        assert_string_equal(memory.error, "");
        assert_non_null(files);
        return files;
}

static void test_what_a_line_says(void **state) {
        struct accounts_files *files = read_all(
                *state, ROOT ALICE "bob:x:1002:2001::/:/bin/sh\ncarol:x:1003:7::/:/bin/sh\n",
                "alice:!$y$x:20000:30::::20500:\n", "admins:x:2001:carol\nother:x:7:alice\n",
                ADMINS);
        const struct account_record *found = accounts_files_find(files, "alice");

        assert_non_null(found);
        assert_string_equal(found->name, "alice");
        assert_int_equal(found->state, ACCOUNT_PRESENT);
        assert_int_equal(found->uid, 1001);
        assert_int_equal(found->local, true);
        assert_int_equal(found->admin, false);
        assert_int_equal(found->locked, true);
        assert_int_equal(found->closes_at, 20500 * PARSE_DAY_S);
        assert_int_equal(accounts_files_find(files, "root")->admin, true);
        assert_int_equal(accounts_files_find(files, "bob")->admin, true); /* by the primary group */
        assert_int_equal(accounts_files_find(files, "carol")->admin, true); /* as a member */
        assert_null(accounts_files_find(files, "alic"));
        assert_null(accounts_files_find(files, "alicee"));
        assert_null(accounts_files_find(files, "Alice"));
        assert_null(accounts_files_find(files, ""));
        assert_null(accounts_files_free(files));
        assert_null(accounts_files_free(NULL));
}

static void test_without_an_admin_group_only_root_administers(void **state) {
        struct accounts_files *files = read_all(*state, ROOT "toor:x:0:7::/:/bin/sh\n" ALICE, "",
                                                "all:x:4294967295:alice\n", NOBODY);

        assert_int_equal(accounts_files_find(files, "root")->admin, true);
        assert_int_equal(accounts_files_find(files, "toor")->admin, true);
        assert_int_equal(accounts_files_find(files, "alice")->admin, false);
        accounts_files_freep(&files);
        assert_null(files);
}

/* What must not be taken for a user, nor keep the others from being read. */
static const struct {
        const char *why, *line, *name; /* the name must not be found */
} strange[] = {
        { "all of NIS", "+::::::\n", "+" },
        { "a netgroup", "+@staff::::::\n", "+@staff" },
        { "one of NIS", "+dave::::::\n", "+dave" },
        { "all but one of NIS", "-dave::::::\n", "-dave" },
        { "an empty line", "\n", "" },
        { "a comment", "#dave:x:7:7::/:/bin/sh\n", "dave" },
        { "no name", ":x:7:7::/:/bin/sh\n", "" },
        { "nothing but a name", "dave\n", "dave" },
        { "too few fields", "dave:x:7\n", "dave" },
        { "no number", "dave:x::7::/:/bin/sh\n", "dave" },
        { "letters for a number", "dave:x:seven:7::/:/bin/sh\n", "dave" },
        { "a number that no user has", "dave:x:4294967295:7::/:/bin/sh\n", "dave" },
        { "a number past all numbers", "dave:x:99999999999999999999:7::/:/bin/sh\n", "dave" },
        { "colons", ":::::::\n", "" },
        { "bytes", "\x80\xff\x01:\n", "\x80\xff\x01" },
};

static void test_strange_lines_are_nobody(void **state) {
        char passwd[1024];

        for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
                struct accounts_files *files;

                (void) snprintf(passwd, sizeof(passwd), "%s%s%s", ROOT, strange[i].line, ALICE);
                files = read_all(*state, passwd, strange[i].line, strange[i].line, ADMINS);
                unit_int(strange[i].why, accounts_files_find(files, strange[i].name) != NULL,
                         false);
                unit_int(strange[i].why, accounts_files_find(files, "alice") != NULL, true);
                unit_int(strange[i].why, accounts_files_find(files, "root") != NULL, true);
                accounts_files_freep(&files);
        }
}

static void test_lines_of_another_system_are_read(void **state) {
        struct accounts_files *files = read_all(
                *state,
                "root:x:0:0::/:/bin/sh\r\nalice:x:1001:1001::/:/bin/sh\r\nbob:x:1002:1::/:\n",
                "alice:$y$x:0:::::\r\n", "admins:x:2001:alice\r\n", ADMINS);

        assert_int_equal(accounts_files_find(files, "alice")->uid, 1001);
        assert_int_equal(accounts_files_find(files, "bob")->uid, 1002);
        accounts_files_freep(&files);
}

/* As getpwnam(3) and getspnam(3) have it: otherwise it would depend on the other users who
 * somebody is. */
static void test_of_two_lines_the_first_counts(void **state) {
        static const char *const more[] = { "a", "b", "c", "x", "y", "z" };
        char passwd[1024], line[64];

        for (unsigned mask = 0; mask < 64; mask++) {
                struct accounts_files *files;

                (void) snprintf(passwd, sizeof(passwd),
                                "%salice:x:1001:1::/:\nalice:x:0:1::/:\nalice:x:7:1::/:\n", ROOT);
                for (unsigned i = 0; i < ARRAY_LEN(more); i++)
                        if (mask & 1U << i) {
                                (void) snprintf(line, sizeof(line), "%s:x:%u:1::/:\n", more[i],
                                                5000 + i);
                                strncat(passwd, line, sizeof(passwd) - strlen(passwd) - 1);
                        }
                files = read_all(*state, passwd,
                                 "alice:!$y$x:0:::::0:\nalice:$y$x:20000:99999:::::\n", "", NOBODY);
                unit_int(passwd, accounts_files_find(files, "alice")->uid, 1001);
                unit_int(passwd, accounts_files_find(files, "alice")->admin, false);
                unit_int(passwd, accounts_files_find(files, "alice")->locked, true);
                unit_int(passwd, accounts_files_find(files, "alice")->closes_at, 1);
                accounts_files_freep(&files);
        }
}

static void test_names_up_to_the_limit(void **state) {
        char passwd[2 * WIRE_USER_MAX + 256], name[WIRE_USER_MAX + 2];
        struct accounts_files *files;

        memset(name, 'n', sizeof(name));
        name[WIRE_USER_MAX + 1] = '\0';
        (void) snprintf(passwd, sizeof(passwd), "%s%.*s:x:1:1::/:\n%s:x:2:1::/:\n", ROOT,
                        WIRE_USER_MAX, name, name);
        files = read_all(*state, passwd, "", "", NOBODY);
        assert_null(accounts_files_find(files, name));
        name[WIRE_USER_MAX] = '\0';
        assert_int_equal(accounts_files_find(files, name)->uid, 1);
        accounts_files_freep(&files);
}

static void test_of_twenty_thousand_each_is_found(void **state) {
        char *passwd = malloc(20000 * 64 + 64), *shadow = malloc(20000 * 64),
             *group = malloc(20000 * 8 + 64);
        size_t np, ns = 0, ng;
        struct accounts_files *files;
        char name[16];

        assert_true(passwd && shadow && group);
        np = (size_t) sprintf(passwd, ROOT);
        ng = (size_t) sprintf(group, "admins:x:%d:", ADMINS);
        for (unsigned i = 0; i < 20000; i++) {
                unsigned user = i * 7919 % 20000; /* in no order */

                np += (size_t) sprintf(passwd + np, "u%u:x:%u:100::/nonexistent:/bin/sh\n", user,
                                       10000 + user);
                ns += (size_t) sprintf(shadow + ns, "u%u:$y$x:%u:0:30:7:::\n", user, 1 + user);
                if (user % 2 == 0)
                        ng += (size_t) sprintf(group + ng, "%su%u", i > 0 ? "," : "", user);
        }
        (void) sprintf(group + ng, "\n");
        files = read_all(*state, passwd, shadow, group, ADMINS);
        for (unsigned i = 0; i < 20000; i++) {
                const struct account_record *found;

                (void) snprintf(name, sizeof(name), "u%u", i);
                found = accounts_files_find(files, name);
                unit_int(name, found ? found->uid : 0, 10000 + i);
                unit_int(name, found->password_ends_at, (i + 32) * PARSE_DAY_S);
                unit_int(name, found->admin, i % 2 == 0);
        }
        accounts_files_freep(&files);
        free(passwd);
        free(shadow);
        free(group);
}

/* --- What is not believed --- */

static void refused(const char *dir, int r, const char *part) {
        struct accounts_files *files = (void *) 1;
        struct accounts_files_memory memory = {};

        unit_int(part, accounts_files_read(&files, dir, ADMINS, &memory), r);
        assert_ptr_equal(files, (void *) 1);
        if (!strstr(memory.error, part))
                fail_msg("'%s' has no '%s'", memory.error, part);
}

static void test_without_root_nothing_is_believed(void **state) {
        static const char *const rootless[] = {
                "", "\n", ALICE, "root:x:1:0::/:\n", "+:x:0:0::/:\n", "#" ROOT
        };

        put(*state, "shadow", "");
        put(*state, "group", "");
        for (size_t i = 0; i < ARRAY_LEN(rootless); i++) {
                put(*state, "passwd", rootless[i]);
                refused(*state, -EUCLEAN, "has no root");
        }
}

/* root comes first in every passwd file, so that a file was cut shows at its end alone. */
static void test_a_file_that_was_cut_is_not_believed(void **state) {
        static const char *const names[] = { "passwd", "shadow", "group" };
        static const char *const whole[] = { ROOT ALICE, "root:*:20000::::::\nalice:!:0::::::0:\n",
                                             "admins:x:2001:alice\n" };

        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                for (size_t len = 1; len <= strlen(whole[i]); len++) {
                        char path[UNIT_PATH_LEN];

                        accounts_files_free(read_all(*state, whole[0], whole[1], whole[2], ADMINS));
                        unit_write(unit_join(path, *state, names[i]), whole[i], len, 0600);
                        if (whole[i][len - 1] != '\n')
                                refused(*state, -EAGAIN, "ends within a line");
                }
}

/* Whether ${name} is found by a reading of the files after so many seconds. */
static bool found_after(struct accounts_files_memory *memory, const char *dir, uint64_t seconds,
                        const char *name) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        int r;

        ticks += seconds * SECOND;
        r = accounts_files_read(&files, dir, ADMINS, memory);
        assert_true(r == 0 || r == -EAGAIN);
        assert_int_equal(r == 0, memory->error[0] == '\0');
        return files && accounts_files_find(files, name);
}

/* As printf 'bob:...' >>/etc/passwd leaves it. glibc reads the last line, too. */
static void test_a_cut_file_is_believed_when_it_stays(void **state) {
        static const char *const names[] = { "passwd", "shadow", "group" };
        static const char *const texts[] = { ROOT ALICE "bob:x:1002:1::/:/bin/sh",
                                             "alice:!:0::::::0:", "admins:x:2001:alice" };

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                struct accounts_files_memory memory = {};

                accounts_files_free(read_all(*state, ROOT ALICE, "", "", ADMINS));
                put(*state, names[i], texts[i]);
                unit_int(names[i], found_after(&memory, *state, 1000, "alice"), false);
                unit_int(names[i], found_after(&memory, *state, 4, "alice"), false);
                unit_int(names[i], found_after(&memory, *state, 1, "alice"), true);
                unit_int(names[i], found_after(&memory, *state, 1, "alice"), true);
                unit_int(names[i], found_after(&memory, *state, 0, "bob"), i == 0);
        }
}

/* A program that goes on writing has it begin anew, as has a file in its place with all its
 * bytes. */
static void test_a_cut_file_that_changes_is_not_believed(void **state) {
        static const char text[] = ROOT ALICE "bob:x:1002";
        char path[UNIT_PATH_LEN], other[UNIT_PATH_LEN];
        struct accounts_files_memory memory = {};

        accounts_files_free(read_all(*state, ROOT, "", "", ADMINS));
        for (size_t len = strlen(ROOT) + 1; len <= strlen(text); len++)
                if (text[len - 1] != '\n') {
                        unit_write(unit_join(path, *state, "passwd"), text, len, 0600);
                        assert_false(found_after(&memory, *state, 1000, "root"));
                        assert_false(found_after(&memory, *state, 4, "root"));
                }
        unit_write(unit_join(other, *state, "other"), text, strlen(text), 0600);
        assert_int_equal(rename(other, path), 0);
        assert_false(found_after(&memory, *state, 1000, "root"));
        assert_true(found_after(&memory, *state, 5, "root"));
        put(*state, "passwd", ROOT ALICE);
        assert_true(found_after(&memory, *state, 0, "alice"));
        put(*state, "passwd", text); /* it was whole meanwhile */
        assert_false(found_after(&memory, *state, 0, "alice"));
}

static void test_a_file_that_is_missing(void **state) {
        static const char *const names[] = { "passwd", "shadow", "group" };
        char path[UNIT_PATH_LEN];

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                accounts_files_free(read_all(*state, ROOT, "", "", ADMINS));
                assert_int_equal(unlink(unit_join(path, *state, names[i])), 0);
                refused(*state, -ENOENT, names[i]);
        }
        refused("/nowhere", -ENOENT, "/nowhere");
}

/* As pwunconv(8) leaves it. A password there does not age. */
static void test_passwords_in_passwd(void **state) {
        static const char passwd[] =
                "root:$y$x:0:0::/:\nalice:!$y$x:1001:1::/:\nbob:$y$x:1002:1::/:\n"
                "carol:*:1003:1::/:\ndave:x:1004:1::/:\n";
        struct accounts_files_memory memory = {};
        struct accounts_files *files;
        char path[UNIT_PATH_LEN];

        files = read_all(*state, passwd, "alice:$y$x:20000:0:30::::\n", "", NOBODY);
        assert_int_equal(accounts_files_find(files, "alice")->locked, false);
        assert_int_equal(accounts_files_has_shadow(files, "bob"), false);
        accounts_files_free(files);
        assert_int_equal(unlink(unit_join(path, *state, "shadow")), 0);
        assert_int_equal(accounts_files_read(&files, *state, NOBODY, &memory), 0);
        assert_int_equal(accounts_files_find(files, "alice")->locked, true);
        assert_int_equal(accounts_files_find(files, "alice")->password_ends_at, 0);
        assert_int_equal(accounts_files_find(files, "bob")->locked, false);
        assert_int_equal(accounts_files_find(files, "carol")->locked, false);
        assert_int_equal(accounts_files_has_shadow(files, "bob"), true);
        assert_int_equal(accounts_files_has_shadow(files, "dave"), false);
        accounts_files_free(files);
}

static void test_a_file_that_cannot_be_read(void **state) {
        static const char *const names[] = { "passwd", "shadow", "group" };
        char path[UNIT_PATH_LEN];

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                accounts_files_free(read_all(*state, ROOT, "", "", ADMINS));
                assert_int_equal(unlink(unit_join(path, *state, names[i])), 0);
                assert_int_equal(mkdir(path, 0700), 0);
                refused(*state, -EISDIR, names[i]);
                assert_int_equal(rmdir(path), 0);
        }
}

static void test_a_line_past_all_measure(void **state) {
        size_t len = 3 * 1024 * 1024;
        char *passwd = malloc(len + 1);

        assert_non_null(passwd);
        memset(passwd, 'x', len);
        memcpy(passwd, ROOT "long:x:1:1::/", sizeof(ROOT "long:x:1:1::/") - 1);
        passwd[len - 1] = '\n';
        passwd[len] = '\0';
        put(*state, "passwd", passwd);
        put(*state, "shadow", "");
        put(*state, "group", "");
        refused(*state, -ERANGE, "passwd");
        free(passwd);
}

/* Reads the files a line at a time, and changes one of them after ${lines}. */
static int read_while(const char *dir, size_t lines, const char *name, bool replace) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        struct accounts_files_memory memory = {};
        char path[UNIT_PATH_LEN], other[UNIT_PATH_LEN];
        size_t n = 0;
        int r;

        accounts_files_free(read_all(dir, ROOT ALICE, "alice:!$y$x:0::::::\n", "a:x:7:\n", ADMINS));
        assert_int_equal(accounts_files_open(&files, dir, ADMINS, &memory), 0);
        do {
                if (n++ == lines) {
                        (void) unit_join(path, dir, name);
                        unit_write(replace ? unit_join(other, dir, "other") : path, ROOT,
                                   strlen(ROOT), 0600);
                        if (replace)
                                assert_int_equal(rename(other, path), 0);
                }
                r = accounts_files_step(files, 1);
        } while (r > 0);
        if (r == 0)
                assert_true(accounts_files_find(files, "alice")->locked);
        assert_int_equal(r == -EAGAIN, strstr(memory.error, "was written") != NULL);
        return r;
}

/* Reading goes on in steps, and the files change between them. A file that is replaced is read as
 * it was, with the others of that time. */
static void test_a_file_that_is_written_while_it_is_read(void **state) {
        static const char *const names[] = { "passwd", "shadow", "group" };

        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                for (size_t lines = 0; lines < 6; lines++) {
                        /* two lines of passwd, one of the others, and the end of each */
                        bool read = lines >= (i == 0 ? 3 : i == 1 ? 5 : 7);

                        unit_int(names[i], read_while(*state, lines, names[i], true), 0);
                        unit_int(names[i], read_while(*state, lines, names[i], false),
                                 read ? 0 : -EAGAIN);
                }
}

/* A file of another file system is another, though its number may be the same. */
static void test_which_files_these_are(void **state) {
        struct accounts_files *files = read_all(*state, ROOT, "", "admins:x:2001:\n", ADMINS);
        static const char *const names[] = { "passwd", "shadow", "group" };
        struct accounts_files_identity now, read;
        char path[UNIT_PATH_LEN];
        struct stat st;

        assert_int_equal(accounts_files_identify(*state, ADMINS, &now), 0);
        (void) !accounts_files_identity(files, &read);
        assert_memory_equal(&read, &now, sizeof(now));
        assert_int_equal(now.admin_group, ADMINS);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                assert_int_equal(stat(unit_join(path, *state, names[i]), &st), 0);
                assert_true(now.of[i].dev == st.st_dev && now.of[i].ino == st.st_ino);
                assert_int_equal(now.of[i].size, st.st_size);
                assert_int_equal(now.of[i].written_s, st.st_mtim.tv_sec);
                assert_int_equal(now.of[i].written_ns, st.st_mtim.tv_nsec);
                assert_int_equal(now.of[i].changed_s, st.st_ctim.tv_sec);
                assert_int_equal(now.of[i].changed_ns, st.st_ctim.tv_nsec);
        }
        assert_null(accounts_files_free(files));
}

static void test_one_user_alone(void **state) {
        struct accounts_files_memory memory = {};
        char path[UNIT_PATH_LEN];

        put(*state, "passwd", ROOT ALICE "+bob::::::\n");
        assert_int_equal(accounts_files_has(*state, "alice", &memory), 1);
        assert_int_equal(accounts_files_has(*state, "root", &memory), 1);
        assert_int_equal(accounts_files_has(*state, "alic", &memory), 0);
        assert_int_equal(accounts_files_has(*state, "+bob", &memory), 0);
        assert_int_equal(accounts_files_has(*state, "", &memory), 0);
        assert_string_equal(memory.error, "");
        put(*state, "passwd", ALICE);
        assert_int_equal(accounts_files_has(*state, "alice", &memory), -EUCLEAN);
        put(*state, "passwd", ROOT "alice:x");
        assert_int_equal(accounts_files_has(*state, "alice", &memory), -EAGAIN);
        assert_int_equal(unlink(unit_join(path, *state, "passwd")), 0);
        assert_int_equal(accounts_files_has(*state, "alice", &memory), -ENOENT);
        assert_non_null(strstr(memory.error, "passwd"));
}

/* Who may not read shadow is no root, and then a daemon for trying out. */
static void test_another_user_does_without_shadow(void **state) {
        struct accounts_files *files = NULL;
        struct accounts_files_memory memory = {};
        char path[UNIT_PATH_LEN];
        int r;

        accounts_files_free(read_all(*state, ROOT ALICE, "alice:$y$x:0:::::\n", "", NOBODY));
        assert_int_equal(chmod(*state, 0755), 0);
        assert_int_equal(chmod(unit_join(path, *state, "passwd"), 0644), 0);
        if (geteuid() == 0)
                assert_int_equal(seteuid(65534), 0);
        else
                assert_int_equal(chmod(unit_join(path, *state, "shadow"), 0), 0);
        r = accounts_files_read(&files, *state, NOBODY, &memory);
        if (geteuid() == 65534)
                assert_int_equal(seteuid(0), 0);
        assert_int_equal(r, 0);
        assert_int_equal(accounts_files_find(files, "alice")->password_ends_at, 0);
        accounts_files_freep(&files);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_what_a_line_says),
                unit_test_in_dir(test_without_an_admin_group_only_root_administers),
                unit_test_in_dir(test_strange_lines_are_nobody),
                unit_test_in_dir(test_lines_of_another_system_are_read),
                unit_test_in_dir(test_of_two_lines_the_first_counts),
                unit_test_in_dir(test_names_up_to_the_limit),
                unit_test_in_dir(test_of_twenty_thousand_each_is_found),
                unit_test_in_dir(test_without_root_nothing_is_believed),
                unit_test_in_dir(test_a_file_that_was_cut_is_not_believed),
                unit_test_in_dir(test_a_cut_file_is_believed_when_it_stays),
                unit_test_in_dir(test_a_cut_file_that_changes_is_not_believed),
                unit_test_in_dir(test_a_file_that_is_missing),
                unit_test_in_dir(test_passwords_in_passwd),
                unit_test_in_dir(test_a_file_that_cannot_be_read),
                unit_test_in_dir(test_a_line_past_all_measure),
                unit_test_in_dir(test_a_file_that_is_written_while_it_is_read),
                unit_test_in_dir(test_which_files_these_are),
                unit_test_in_dir(test_one_user_alone),
                unit_test_in_dir(test_another_user_does_without_shadow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
