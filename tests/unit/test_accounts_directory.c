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
        int error;
        uid_t uid;
        gid_t gid;
        int n_groups;         /* the last of them is ADMINS */
        const char *password; /* NULL: no shadow */
        long changed;
        /* what must come of it */
        enum account_state state;
        bool admin, locked;
        int64_t ends;
} remotes[] = {
        { "wfa-plain", "wfa-plain", 0, 5001, 7, 0, NULL, 0, ACCOUNT_PRESENT, false, false, 0 },
        { "WFA-Spelt", "wfa-spelt", 0, 5002, 7, 0, NULL, 0, ACCOUNT_PRESENT, false, false, 0 },
        { "wfa-uid0", "wfa-uid0", 0, 0, 7, 0, NULL, 0, ACCOUNT_PRESENT, true, false, 0 },
        { "wfa-primary", "wfa-primary", 0, 5003, ADMINS, 1, NULL, 0, ACCOUNT_PRESENT, true, false,
          0 },
        { "wfa-member", "wfa-member", 0, 5004, 7, 5, NULL, 0, ACCOUNT_PRESENT, true, false, 0 },
        { "wfa-groups", "wfa-groups", 0, 5005, 7, 3000, NULL, 0, ACCOUNT_PRESENT, true, false, 0 },
        { "wfa-too-many", "wfa-too-many", 0, 5006, 7, 70000, NULL, 0, ACCOUNT_PRESENT, false, false,
          0 },
        { "wfa-change", "wfa-change", 0, 5007, 7, 0, "$y$x", 0, ACCOUNT_PRESENT, false, false, 1 },
        { "wfa-locked", "wfa-locked", 0, 5008, 7, 0, "!$y$x", 20000, ACCOUNT_PRESENT, false, true,
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
                return 0;
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
        return n > room ? -1 : n;
}

/* --- In between --- */

static void look(const char *name, gid_t admin_group, struct accounts_directory_answer *ret) {
        uint8_t in[1024], *out = malloc(HELPER_BYTES_MAX);
        size_t at = 0;
        ssize_t len;

        assert_non_null(out);
        len = accounts_directory_ask(&name, 1, admin_group, in, sizeof(in));
        unit_int(name, len, sizeof(gid_t) + strlen(name) + 1);
        len = accounts_directory_run(in, (size_t) len, out);
        unit_int(name, len, sizeof(*ret));
        unit_int(name, accounts_directory_next(out, (size_t) len, &at, ret), 1);
        unit_int(name, accounts_directory_next(out, (size_t) len, &at, ret), 0);
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
        const char *names[ACCOUNTS_DIRECTORY_BATCH + 1];
        uint8_t *in = malloc(HELPER_BYTES_MAX), *out = malloc(HELPER_BYTES_MAX);
        struct accounts_directory_answer got;
        size_t at = 0;
        ssize_t len;

        (void) state;
        assert_true(in && out);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                memset(texts[i], (int) ('A' + i % 26), WIRE_USER_MAX);
                names[i] = texts[i];
        }
        names[5] = "wfa-plain";
        assert_true(accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH + 1, 0, in,
                                           HELPER_BYTES_MAX) == -EMSGSIZE);
        len = accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH, NOBODY, in, HELPER_BYTES_MAX);
        assert_true(len > 0);
        /* what does not fit is refused, not cut */
        for (ssize_t size = 0; size < len; size++)
                assert_true(accounts_directory_ask(names, ACCOUNTS_DIRECTORY_BATCH, NOBODY, out,
                                                   (size_t) size) == -EMSGSIZE);
        len = accounts_directory_run(in, (size_t) len, out);
        assert_int_equal(len, ACCOUNTS_DIRECTORY_BATCH * sizeof(got));
        for (size_t i = 0; i < ACCOUNTS_DIRECTORY_BATCH; i++) {
                assert_int_equal(accounts_directory_next(out, (size_t) len, &at, &got), 1);
                assert_string_equal(got.asked, names[i]);
                assert_int_equal(got.account.state, i == 5 ? ACCOUNT_PRESENT : ACCOUNT_GONE);
        }
        assert_int_equal(accounts_directory_next(out, (size_t) len, &at, &got), 0);
        free(in);
        free(out);
}

static void test_a_question_that_is_none(void **state) {
        uint8_t *out = malloc(HELPER_BYTES_MAX), in[512] = {};

        (void) state;
        assert_non_null(out);
        for (size_t len = 0; len < sizeof(gid_t); len++)
                assert_true(accounts_directory_run(in, len, out) == -EBADMSG);
        assert_int_equal(accounts_directory_run(in, sizeof(gid_t), out), 0);
        memset(in + sizeof(gid_t), 'x', 8);
        assert_true(accounts_directory_run(in, sizeof(gid_t) + 8, out) == -EBADMSG); /* no end */
        memset(in + sizeof(gid_t), 'x', WIRE_USER_MAX + 1);
        /* too long */
        assert_true(accounts_directory_run(in, sizeof(gid_t) + WIRE_USER_MAX + 2, out) == -EBADMSG);
        /* More names than a batch: not more answers than there is room for. */
        memset(in, 0, sizeof(in));
        assert_true(
                accounts_directory_run(in, sizeof(in), out) <=
                (ssize_t) (ACCOUNTS_DIRECTORY_BATCH * sizeof(struct accounts_directory_answer)));
        free(out);
}

/* --- Answers that something which was loaded into the helper could have written --- */

static struct accounts_directory_answer good_answer(void) {
        struct accounts_directory_answer look;

        memset(&look, 0, sizeof(look));
        memcpy(look.asked, "alice", 6);
        memcpy(look.account.name, "alice", 6);
        look.account.state = ACCOUNT_PRESENT;
        look.account.uid = 1001;
        return look;
}

static void no_answer(const char *why, const void *in, size_t len) {
        struct accounts_directory_answer got;
        size_t at = 0;

        unit_poison(&got, sizeof(got));
        unit_int(why, accounts_directory_next(in, len, &at, &got), -EBADMSG);
        unit_int(why, at, 0);
        unit_poisoned(why, &got, sizeof(got));
}

static void test_hostile_answers(void **state) {
        struct accounts_directory_answer good = good_answer(), look, got;
        uint8_t bytes[2 * sizeof(good)];
        size_t at = 0;

        (void) state;
        memcpy(bytes, &good, sizeof(good));
        assert_int_equal(accounts_directory_next(bytes, sizeof(good), &at, &got), 1);
        assert_memory_equal(&got, &good, sizeof(got));
        for (size_t len = 1; len < sizeof(good); len++)
                no_answer("cut", bytes, len);
        look = good;
        memset(look.asked, 'x', sizeof(look.asked));
        no_answer("a name without an end", &look, sizeof(look));
        look = good;
        memset(look.account.name, 'x', sizeof(look.account.name));
        no_answer("an account's name without an end", &look, sizeof(look));
        look = good;
        look.account.name[0] = '\0';
        no_answer("present without a name", &look, sizeof(look));
        look = good;
        look.account.uid = (uid_t) -1;
        no_answer("present without a number", &look, sizeof(look));
        for (unsigned byte = 3; byte < 256; byte += 11) {
                memcpy(bytes, &good, sizeof(good));
                bytes[offsetof(struct accounts_directory_answer, account.state)] = (uint8_t) byte;
                no_answer("no such state", bytes, sizeof(good));
        }
        static const size_t switches[] = {
                offsetof(struct accounts_directory_answer, account.local),
                offsetof(struct accounts_directory_answer, account.admin),
                offsetof(struct accounts_directory_answer, account.locked)
        };
        for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
                memcpy(bytes, &good, sizeof(good));
                bytes[switches[i]] = 2;
                no_answer("neither yes nor no", bytes, sizeof(good));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_a_directory_s_answer_means),
                cmocka_unit_test(test_without_an_admin_group_only_uid_0_administers),
                cmocka_unit_test(test_the_files_come_first),
                cmocka_unit_test(test_a_whole_batch),
                cmocka_unit_test(test_a_question_that_is_none),
                cmocka_unit_test(test_hostile_answers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
