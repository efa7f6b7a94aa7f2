/* SPDX-License-Identifier: BSD-2-Clause */
/* The question to a directory, its answer, and what the helper does in between; with users and
 * groups of our own making. */
#include <grp.h>
#include <pwd.h>
#include <shadow.h>

#include "unit.h"

#include "accounts/accounts_directory.h"
#include "base/helper.h"

#define ADMINS 2001
#define NOBODY ((gid_t) -1)
#define LONG                                                                                       \
        "a-name-of-a-length-that-no-request-could-have-carried-a-name-of-a-length-that-no-"        \
        "request-could-"                                                                           \
        "have-carried-"                                                                            \
        "a-name-of-a-length-that-no"

/* --- A directory. --- */

int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t len,
                      struct passwd **ret);
int __wrap_getspnam_r(const char *name, struct spwd *sp, char *buffer, size_t len,
                      struct spwd **ret);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *ngroups);

static const struct remote {
        const char *asked, *name;
        int error; /* with a name: of shadow */
        uid_t uid;
        gid_t gid;
        int n_groups;         /* the last of them is ADMINS */
        const char *password; /* NULL: no shadow */
        long changed;
        /* what must come of it */
        enum account_state state;
        bool admin, locked;
        int64_t ends;
        /* after the groups were read */
        int groups_error;
        bool unsure;
} remotes[] = {
        { "wfa-plain", "wfa-plain", 0, 5001, 7, 0, NULL, 0, ACCOUNT_PRESENT, false, false, 0 },
        { "WFA-Spelt", "wfa-spelt", 0, 5002, 7, 0, NULL, 0, ACCOUNT_PRESENT, false, false, 0 },
        { "wfa-uid0", "wfa-uid0", 0, 0, 7, 0, NULL, 0, ACCOUNT_PRESENT, true, false, 0 },
        { "wfa-primary", "wfa-primary", 0, 5003, ADMINS, 1, NULL, 0, ACCOUNT_PRESENT, true, false,
          0 },
        { "wfa-member", "wfa-member", 0, 5004, 7, 5, NULL, 0, ACCOUNT_PRESENT, true, false, 0 },
        { "wfa-groups", "wfa-groups", 0, 5005, 7, 3000, NULL, 0, ACCOUNT_PRESENT, true, false, 0 },
        { "wfa-too-many", "wfa-too-many", 0, 5006, 7, 70000, NULL, 0, ACCOUNT_PRESENT, true, false,
          0, 0, true },
        { "wfa-groups-away", "wfa-groups-away", 0, 5013, 7, 0, NULL, 0, ACCOUNT_PRESENT, true,
          false, 0, ECONNREFUSED, true },
        { "wfa-groups-none", "wfa-groups-none", 0, 5014, 7, 0, NULL, 0, ACCOUNT_PRESENT, false,
          false, 0, ESRCH, false },
        { "wfa-groups-some", "wfa-groups-some", 0, 5015, 7, 1, NULL, 0, ACCOUNT_PRESENT, true,
          false, 0, EAGAIN, false },
        { "wfa-change", "wfa-change", 0, 5007, 7, 0, "$y$x", 0, ACCOUNT_PRESENT, false, false, 1 },
        { "wfa-locked", "wfa-locked", 0, 5008, 7, 0, "!$y$x", 20000, ACCOUNT_PRESENT, false, true,
          0 },
        { "wfa-silent", "wfa-silent", EAGAIN, 5011, 7, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false,
          0 },
        { "wfa-no-ldap", "wfa-no-ldap", ENOENT, 5012, 7, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false,
          0 },
        { "wfa-gone", NULL, 0, 0, 0, 0, NULL, 0, ACCOUNT_GONE, false, false, 0 },
        { "wfa-ENOENT", NULL, ENOENT, 0, 0, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        { "wfa-EIO", NULL, EIO, 0, 0, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        { "wfa-EAGAIN", NULL, EAGAIN, 0, 0, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        { "wfa-ERANGE", NULL, ERANGE, 0, 0, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        { "wfa-ENOMEM", NULL, ENOMEM, 0, 0, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        { "wfa-long", LONG, 0, 5009, 7, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        { "wfa-no-uid", "wfa-no-uid", 0, (uid_t) -1, 7, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false,
          0 },
        { "wfa-no-name", "", 0, 5010, 7, 0, NULL, 0, ACCOUNT_UNKNOWN, false, false, 0 },
        /* of passwd, with another number */
        { "daemon", "daemon", 0, 5013, 7, 0, NULL, 0, ACCOUNT_GONE, false, false, 0 },
};

static const struct remote *find(const char *name, bool spelt) {
        for (size_t i = 0; i < ARRAY_LEN(remotes); i++)
                if (strcmp(spelt && remotes[i].name ? remotes[i].name : remotes[i].asked, name) ==
                    0)
                        return &remotes[i];
        return NULL;
}

int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t len,
                      struct passwd **ret) {
        const struct remote *remote = find(name, false);

        *ret = NULL;
        if (!remote || !remote->name)
                return remote ? remote->error : 0;
        (void) snprintf(buffer, len, "%s", remote->name);
        *pw = (struct passwd){ .pw_name = buffer, .pw_uid = remote->uid, .pw_gid = remote->gid };
        *ret = pw;
        return 0;
}

int __wrap_getspnam_r(const char *name, struct spwd *sp, char *buffer, size_t len,
                      struct spwd **ret) {
        const struct remote *remote = find(name, true);

        *ret = NULL;
        if (!remote || !remote->password)
                return remote ? remote->error : 0;
        (void) snprintf(buffer, len, "%s", remote->password);
        *sp = (struct spwd){ .sp_namp = buffer,
                             .sp_pwdp = buffer,
                             .sp_lstchg = remote->changed,
                             .sp_max = -1,
                             .sp_inact = -1,
                             .sp_expire = -1 };
        *ret = sp;
        return 0;
}

int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *ngroups) {
        const struct remote *remote = find(user, true);
        int room = *ngroups, n = remote && remote->n_groups > 0 ? remote->n_groups : 1;

        *ngroups = n;
        for (int i = 0; i < n && i < room; i++)
                groups[i] = remote && i == remote->n_groups - 1 ? ADMINS
                            : i == 0                            ? group
                                                                : (gid_t) (10000 + i);
        if (remote && remote->groups_error != 0)
                errno = remote->groups_error;
        return n > room ? -1 : n;
}

static bool group_is_gone, groups_are_silent;

int __wrap_getgrgid_r(gid_t gid, struct group *gr, char *buffer, size_t len, struct group **ret);
int __wrap_getgrgid_r(gid_t gid, struct group *gr, char *buffer, size_t len, struct group **ret) {
        (void) buffer;
        (void) len;
        *gr = (struct group){ .gr_gid = gid };
        *ret = gid == ADMINS && !group_is_gone ? gr : NULL;
        /* a module whose server is away */
        return !*ret && groups_are_silent ? ENOENT : 0;
}

/* --- In between --- */

static void look(const char *name, gid_t admin_group, struct accounts_directory_answer *ret) {
        uint8_t in[ACCOUNTS_DIRECTORY_QUESTION_MAX], *out = malloc(HELPER_BYTES_MAX);
        ssize_t len;

        assert_non_null(out);
        len = accounts_directory_ask(&name, 1, admin_group, in, sizeof(in));
        unit_int(name, len, 9 + 4 + strlen(name));
        len = accounts_directory_run(in, (size_t) len, out);
        unit_succeeds(name, (int) len);
        memset(ret, 0, sizeof(*ret));
        (void) snprintf(ret->asked, sizeof(ret->asked), "%s", name);
        unit_int(name, accounts_directory_take(out, (size_t) len, ret, 1), 0);
        free(out);
}

static void test_what_a_directory_s_answer_means(void **state) {
        struct accounts_directory_answer got;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(remotes); i++) {
                const struct remote *want = &remotes[i];

                look(want->asked, ADMINS, &got);
                unit_str(want->asked, got.asked, want->asked);
                unit_int(want->asked, got.account.state, want->state);
                unit_int(want->asked, got.account.local, false);
                unit_int(want->asked, got.account.admin, want->admin);
                unit_int(want->asked, got.account.admin_unsure, want->unsure);
                unit_int(want->asked, got.account.locked, want->locked);
                unit_int(want->asked, got.account.password_ends_at, want->ends);
                unit_int(want->asked, got.account.uid,
                         want->state == ACCOUNT_PRESENT ? want->uid : 0);
                unit_str(want->asked, got.account.name,
                         want->state == ACCOUNT_PRESENT ? want->name : "");
        }
        look("nobody-has-ever-heard-of", ADMINS, &got);
        assert_int_equal(got.account.state, ACCOUNT_GONE);
}

static void test_without_an_admin_group_only_uid_0_administers(void **state) {
        struct accounts_directory_answer got;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(remotes); i++) {
                look(remotes[i].asked, NOBODY, &got);
                unit_int(remotes[i].asked, got.account.admin,
                         remotes[i].name && remotes[i].uid == 0);
        }
}

/* Who is no member by what there is may be one. */
static void test_groups_that_nobody_knows(void **state) {
        struct accounts_directory_answer got;

        (void) state;
        for (unsigned i = 0; i < 3; i++) {
                group_is_gone = i == 0;
                groups_are_silent = i == 1;
                look("wfa-plain", ADMINS, &got);
                assert_int_equal(got.account.state, ACCOUNT_PRESENT);
                assert_int_equal(got.account.admin, i < 2);
                assert_int_equal(got.account.admin_unsure, i < 2);
                look("wfa-member", ADMINS, &got);
                assert_int_equal(got.account.admin, true);
                assert_int_equal(got.account.admin_unsure, false);
        }
}

/* What the files say is not asked of a directory, which here knows no root. */
static void test_the_files_come_first(void **state) {
        struct accounts_directory_answer got;

        (void) state;
        look("root", NOBODY, &got);
        assert_int_equal(got.account.state, ACCOUNT_PRESENT);
        assert_int_equal(got.account.local, true);
        assert_int_equal(got.account.uid, 0);
}

static void test_a_whole_batch(void **state) {
        static char texts[ACCOUNTS_DIRECTORY_BATCH + 1][WIRE_USER_MAX + 1];
        static struct accounts_directory_answer got[ACCOUNTS_DIRECTORY_BATCH];
        const char *names[ACCOUNTS_DIRECTORY_BATCH + 1];
        uint8_t *in = malloc(HELPER_BYTES_MAX), *out = malloc(HELPER_BYTES_MAX);
        ssize_t len;

        (void) state;
        assert_true(in && out);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                memset(texts[i], (int) ('A' + i % 26), WIRE_USER_MAX);
                names[i] = texts[i];
        }
        assert_true(accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH + 1, 0, in,
                                           HELPER_BYTES_MAX) == -EMSGSIZE);
        len = accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH, NOBODY, in, HELPER_BYTES_MAX);
        assert_int_equal(len, ACCOUNTS_DIRECTORY_QUESTION_MAX);
        names[5] = "wfa-plain";
        len = accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH, NOBODY, in, HELPER_BYTES_MAX);
        assert_true(len > 0);
        /* what does not fit is refused, not cut */
        for (ssize_t size = 0; size < len; size++)
                assert_true(accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH, NOBODY, out,
                                                   (size_t) size) == -EMSGSIZE);
        len = accounts_directory_run(in, (size_t) len, out);
        assert_in_range(len, 1, ACCOUNTS_DIRECTORY_BATCH * ACCOUNTS_DIRECTORY_ANSWER_MAX);
        for (size_t i = 0; i < ARRAY_LEN(got); i++)
                (void) snprintf(got[i].asked, sizeof(got[i].asked), "%s", names[i]);
        assert_int_equal(
                accounts_directory_take(out, (size_t) len, got, ACCOUNTS_DIRECTORY_BATCH - 1),
                -EBADMSG);
        assert_int_equal(accounts_directory_take(out, (size_t) len, got, ARRAY_LEN(got)), 0);
        for (size_t i = 0; i < ARRAY_LEN(got); i++) {
                assert_string_equal(got[i].asked, names[i]);
                assert_int_equal(got[i].account.state, i == 5 ? ACCOUNT_PRESENT : ACCOUNT_GONE);
        }
        free(in);
        free(out);
}

static void no_question(const char *why, const void *in, size_t len) {
        static struct accounts_directory_question question;
        uint8_t *out = malloc(HELPER_BYTES_MAX);

        assert_non_null(out);
        unit_poison(&question, sizeof(question));
        unit_int(why, accounts_directory_take_question(in, len, &question), -EBADMSG);
        unit_poisoned(why, &question, sizeof(question));
        unit_int(why, accounts_directory_run(in, len, out), -EBADMSG);
        free(out);
}

static void test_a_question_that_is_none(void **state) {
        static struct accounts_directory_question question;
        static const char *const names[] = { "alice", "", "bob" };
        uint8_t in[512], again[512];
        const char *asked[ARRAY_LEN(names)];
        ssize_t len = accounts_directory_ask(names, ARRAY_LEN(names), ADMINS, in, sizeof(in));

        (void) state;
        assert_int_equal(accounts_directory_take_question(in, (size_t) len, &question), 0);
        assert_int_equal(question.admin_group, ADMINS);
        assert_int_equal(question.n, ARRAY_LEN(names));
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                assert_string_equal(question.names[i], names[i]);
                asked[i] = question.names[i];
        }
        assert_int_equal(accounts_directory_ask(asked, question.n, question.admin_group, again,
                                                sizeof(again)),
                         len);
        assert_memory_equal(again, in, len);
        for (size_t cut = 0; cut < (size_t) len; cut++)
                no_question("cut", in, cut);
        in[len] = 0;
        no_question("longer", in, (size_t) len + 1);
        in[0] ^= 1;
        no_question("of another kind", in, (size_t) len);
        in[0] ^= 1;
        in[5] = 4;
        no_question("more names than there are", in, (size_t) len);
        in[5] = 2;
        no_question("fewer names than there are", in, (size_t) len);
        in[5] = ARRAY_LEN(names);
        in[5 + 4 + 4] = '\0';
        no_question("a name with a NUL", in, (size_t) len);
        memset(in + 9, 0, sizeof(in) - 9);
        in[5] = ACCOUNTS_DIRECTORY_BATCH + 1;
        no_question("more names than a batch", in, 9 + 4 * (ACCOUNTS_DIRECTORY_BATCH + 1) - 13);
        in[5] = 1;
        in[9] = WIRE_USER_MAX + 1;
        memset(in + 13, 'x', WIRE_USER_MAX + 1);
        no_question("a name that is too long", in, 13 + WIRE_USER_MAX + 1);
}

/* --- Answers that something which was loaded into the helper could have written --- */

static struct accounts_directory_answer good_answer(void) {
        return (struct accounts_directory_answer){ .asked = "alice",
                                                   .account = { .name = "alice",
                                                                .state = ACCOUNT_PRESENT,
                                                                .uid = 1001,
                                                                .admin = true,
                                                                .locked = true,
                                                                .password_ends_at = 20031,
                                                                .closes_at = INT64_MAX } };
}

static void no_answer(const char *why, const void *in, size_t len) {
        struct accounts_directory_answer got;

        unit_poison(&got, sizeof(got));
        memcpy(got.asked, "alice", 6);
        unit_int(why, accounts_directory_take(in, len, &got, 1), -EBADMSG);
        unit_poisoned(why, &got.account, sizeof(got.account));
}

static void not_so(const char *why, const struct accounts_directory_answer *answer) {
        uint8_t bytes[ACCOUNTS_DIRECTORY_ANSWER_MAX];
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };

        accounts_directory_put(&w, answer);
        no_answer(why, bytes, w.len);
}

static void test_an_answer_and_back(void **state) {
        struct accounts_directory_answer got = { .asked = "alice" }, good = good_answer();
        uint8_t bytes[ACCOUNTS_DIRECTORY_ANSWER_MAX], again[sizeof(bytes)];
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) },
                            w2 = { .out = again, .size = sizeof(again) };

        (void) state;
        accounts_directory_put(&w, &good);
        assert_int_equal(accounts_directory_take(bytes, w.len, &got, 1), 0);
        assert_string_equal(got.account.name, "alice");
        assert_int_equal(got.account.uid, 1001);
        assert_int_equal(got.account.local, false);
        assert_int_equal(got.account.admin, true);
        assert_int_equal(got.account.locked, true);
        assert_int_equal(got.account.password_ends_at, 20031);
        assert_int_equal(got.account.closes_at, INT64_MAX);
        accounts_directory_put(&w2, &got);
        assert_int_equal(w2.len, w.len);
        assert_memory_equal(again, bytes, w.len);
}

static void test_answers_that_cannot_be(void **state) {
        const struct accounts_directory_answer good = good_answer();
        struct accounts_directory_answer bad;

        (void) state;
#define bad_when(...)                                                                              \
        ({                                                                                         \
                bad = good;                                                                        \
                __VA_ARGS__;                                                                       \
                not_so(#__VA_ARGS__, &bad);                                                        \
        })
        bad_when(bad.asked[0] = 'A');
        bad_when(bad.asked[4] = '\0');
        bad_when(bad.account.name[0] = '\0');
        bad_when(bad.account.uid = (uid_t) -1);
        bad_when(bad.account.state = ACCOUNT_UNKNOWN);
        bad_when(bad.account.state = ACCOUNT_GONE);
        for (int state_byte = 3; state_byte < 256; state_byte++)
                bad_when(bad.account.state = (enum account_state) state_byte);
        bad = (struct accounts_directory_answer){ .asked = "alice",
                                                  .account = { .state = ACCOUNT_GONE } };
        bad.account.closes_at = 1;
        not_so("gone, and closes", &bad);
        bad.account.closes_at = 0;
        bad.account.local = true;
        not_so("gone, and local", &bad);
}

static void test_hostile_answers(void **state) {
        const struct accounts_directory_answer good = good_answer();
        uint8_t bytes[2 * ACCOUNTS_DIRECTORY_ANSWER_MAX];
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        struct accounts_directory_answer two[2] = { good, good };
        size_t name_at = 1, flags_at = 1 + 4 + 5 + 1 + 4 + 5 + 4, len;

        (void) state;
        accounts_directory_put(&w, &good);
        len = w.len;
        for (size_t cut = 0; cut < len; cut++)
                no_answer("cut", bytes, cut);
        no_answer("a byte follows", bytes, len + 1);
        accounts_directory_put(&w, &good);
        no_answer("an answer follows", bytes, w.len);
        assert_int_equal(accounts_directory_take(bytes, w.len, two, 2), 0);
        for (size_t flag = 0; flag < 4; flag++) {
                uint8_t was = bytes[flags_at + flag];

                bytes[flags_at + flag] = 2;
                no_answer("neither yes nor no", bytes, len);
                bytes[flags_at + flag] = was;
        }
        bytes[0] ^= 1;
        no_answer("of another kind", bytes, len);
        bytes[0] ^= 1;
        bytes[name_at + 3] = 0xff;
        no_answer("a length beyond everything", bytes, len);
        bytes[name_at + 3] = 0;
        bytes[name_at + 4 + 2] = '\0';
        no_answer("a NUL in a name", bytes, len);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_a_directory_s_answer_means),
                cmocka_unit_test(test_without_an_admin_group_only_uid_0_administers),
                cmocka_unit_test(test_groups_that_nobody_knows),
                cmocka_unit_test(test_the_files_come_first),
                cmocka_unit_test(test_a_whole_batch),
                cmocka_unit_test(test_a_question_that_is_none),
                cmocka_unit_test(test_an_answer_and_back),
                cmocka_unit_test(test_answers_that_cannot_be),
                cmocka_unit_test(test_hostile_answers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
