/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of a configuration that are looked up again. The helper's work is done in this process, as
 * soon as it is started. */
#include "unit_nss.h"

#include "base/bytes.h"
#include "base/conf_names.h"
#include "base/helper.h"
#include "base/nss.h"

enum { ADMINS, DEVELOPERS, N_GROUPS };

static uint8_t answer[HELPER_BYTES_MAX];
static ssize_t answer_len;
static void (*helper_done)(int r, const uint8_t *out, size_t len, void *userdata);
static bool done, taken, steady, cut;
static enum nss_file users_file, groups_file;

int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*on_done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata);
bool __wrap_nss_local_other_user(const char *path, const char *name, uid_t uid);
bool __wrap_nss_local_other_group(const char *path, const char *name, gid_t gid);
enum nss_file __wrap_nss_local_file(const char *path);

int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*on_done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata) {
        (void) event;
        (void) timeout_usec;
        (void) userdata;
        assert_string_equal(mode, CONF_NAMES_MODE);
        answer_len = conf_names_run(in, in_len, answer);
        assert_true(answer_len > 0 && (size_t) answer_len <= out_max);
        for (size_t i = 0; i < in_len; i++)
                assert_int_equal(conf_names_run(in, i, answer + out_max), -EBADMSG);
        helper_done = on_done;
        *ret = NULL;
        return 0;
}

/* The number of a name that nobody answers for is another's. */
bool __wrap_nss_local_other_user(const char *path, const char *name, uid_t uid) {
        (void) name;
        (void) uid;
        assert_string_equal(path, "/etc/passwd");
        return taken;
}

bool __wrap_nss_local_other_group(const char *path, const char *name, gid_t gid) {
        (void) name;
        (void) gid;
        assert_string_equal(path, "/etc/group");
        return taken;
}

enum nss_file __wrap_nss_local_file(const char *path) {
        return strcmp(path, "/etc/passwd") == 0 ? users_file : groups_file;
}

static void on_done(int r, const struct conf_names *names, void *userdata) {
        (void) names;
        done = true;
        assert_int_equal(r, *(int *) userdata);
}

/* Looks up by ${by}, and puts the answer into ${conf}. */
static bool look(struct conf *conf, enum conf_names_by by) {
        struct conf_names *names = NULL;
        int want = 0;
        bool changed;

        if (conf_names_start(&names, NULL, conf, by, steady, on_done, &want) == 0)
                return false;
        done = false;
        helper_done(0, answer, (size_t) answer_len, names);
        assert_true(done);
        cut = conf_names_is_cut(names);
        changed = conf_names_put(names, conf);
        /* Only once. */
        assert_false(conf_names_put(names, conf));
        for (size_t len = 0; len < (size_t) answer_len; len++) {
                want = -EBADMSG;
                helper_done(0, answer, len, names);
        }
        want = -ETIMEDOUT;
        helper_done(-ETIMEDOUT, NULL, 0, names);
        assert_null(conf_names_free(names));
        return changed;
}

static const char text[] = "[daemon]\nadmin-group = admins\ndeveloper-group = developers\n"
                           "fleet-user = bob\n[Peer postgres]\nservices = imap\n"
                           "[Peer postgres]\ncertificates = imap\n";

static struct conf *load(const char *dir, const char *what) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN];
        struct conf *conf = NULL;

        unit_write(unit_join(path, dir, "conf"), what, strlen(what), 0644);
        unit_int(error, conf_load(&conf, path, true, error), 0);
        return conf;
}

/* Whether the peer is who the configuration says. */
static bool is(const struct conf *conf, uid_t uid, gid_t gid, enum role role) {
        return conf_role(conf, &(struct peer){ .cred = { .uid = uid, .gid = gid } }) == role;
}

static void test_names_that_are_gone_and_come_back(void **state) {
        struct conf *conf = load(*state, text);
        const char *users[] = { unit_nss_users[1].name, unit_nss_users[2].name };
        const char *groups[] = { unit_nss_groups[ADMINS].name, unit_nss_groups[DEVELOPERS].name };

        assert_false(look(conf, CONF_NAMES_NSS));
        assert_false(look(conf, CONF_NAMES_TAKEN));
        unit_nss_users[1].name = unit_nss_users[2].name = "other";
        unit_nss_groups[ADMINS].name = unit_nss_groups[DEVELOPERS].name = "other";
        /* Nobody is asked for them, or nobody answers. */
        assert_false(look(conf, CONF_NAMES_LOCAL));
        assert_false(look(conf, CONF_NAMES_TAKEN));
        unit_nss_error = EIO;
        assert_false(look(conf, CONF_NAMES_NSS));
        unit_nss_error = ENOENT;
        assert_false(look(conf, CONF_NAMES_NSS));
        unit_nss_error = 0;
        assert_true(is(conf, 4242, 2001, ROLE_ADMIN));

        assert_true(look(conf, CONF_NAMES_NSS));
        assert_true(is(conf, 4242, 2001, ROLE_USER));
        assert_true(is(conf, 4242, 2002, ROLE_USER));
        assert_true(is(conf, 1002, 1, ROLE_USER));
        /* Nobody is one of those who may, and still they alone may. */
        assert_int_equal(conf_admin_group(conf), CONF_ADMIN_GROUP_LOST);
        assert_true(conf->has_developer_group);
        assert_false(conf_peer_may_claim(conf, 110, "imap"));
        assert_false(conf_peer_may_vouch(conf, 110, "imap"));
        assert_true(conf_peer_may_claim(conf, 110, "sshd"));
        assert_false(look(conf, CONF_NAMES_NSS));

        unit_nss_users[1].name = users[0];
        unit_nss_users[2].name = users[1];
        unit_nss_groups[ADMINS].name = groups[0];
        unit_nss_groups[DEVELOPERS].name = groups[1];
        unit_nss_groups[ADMINS].id = 2003;
        assert_true(look(conf, CONF_NAMES_NSS));
        assert_true(is(conf, 4242, 2001, ROLE_USER));
        assert_true(is(conf, 4242, 2003, ROLE_ADMIN));
        assert_true(is(conf, 4242, 2002, ROLE_DEVELOPER));
        assert_true(is(conf, 1002, 1, ROLE_FLEET));
        assert_true(conf_peer_may_claim(conf, 110, "imap"));
        assert_true(conf_peer_may_vouch(conf, 110, "imap"));
        unit_nss_groups[ADMINS].id = 2001;
        conf_free(conf);
}

static void test_a_number_that_is_another_s_while_nobody_answers(void **state) {
        static const enum conf_names_by ways[] = { CONF_NAMES_NSS, CONF_NAMES_TAKEN };

        for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
                struct conf *conf = load(*state, text);

                unit_nss_error = EIO;
                taken = true;
                assert_true(look(conf, ways[i]));
                assert_true(is(conf, 4242, 2001, ROLE_USER));
                assert_false(conf_peer_may_claim(conf, 110, "imap"));
                taken = false;
                assert_false(look(conf, ways[i]));
                unit_nss_error = 0;
                assert_true(look(conf, CONF_NAMES_NSS));
                assert_true(is(conf, 4242, 2001, ROLE_ADMIN));
                conf_free(conf);
        }
}

static void test_groups_of_the_file(void **state) {
        struct conf *conf, *copy;

        unit_nss_local[0].name = CONF_ADMIN_GROUP;
        unit_nss_local[0].id = 2100;
        conf = load(*state, "[Realm mail]\nservices = dovecot\nsuffix = @example.org\n"
                            "issuers = wfapikey-admin\n");
        assert_true(is(conf, 4242, 2100, ROLE_ADMIN));
        assert_false(look(conf, CONF_NAMES_LOCAL));
        /* A directory has a group of that name, and it does not count. */
        unit_nss_local[0].name = "other";
        assert_false(look(conf, CONF_NAMES_NSS));
        copy = conf_copy(conf);
        assert_true(look(copy, CONF_NAMES_LOCAL));
        assert_true(is(copy, 4242, 2100, ROLE_USER));
        assert_int_equal(conf_admin_group(copy), CONF_ADMIN_GROUP_LOST);
        assert_int_equal(conf_issues(copy, &(struct peer){ .cred.gid = 2100 }), 0);
        assert_true(copy->realms->of[0].has_issuers);
        /* A copy is one. */
        assert_true(is(conf, 4242, 2100, ROLE_ADMIN));
        assert_int_equal(conf_issues(conf, &(struct peer){ .cred.gid = 2100 }), 1);
        conf_free(conf);

        unit_nss_local[0].name = CONF_READER_GROUP;
        assert_true(look(copy, CONF_NAMES_LOCAL));
        assert_true(is(copy, 4242, 2100, ROLE_READER));
        unit_nss_local[0].name = CONF_ADMIN_GROUP;
        unit_nss_local[0].id = 2101;
        assert_true(look(copy, CONF_NAMES_LOCAL));
        assert_true(is(copy, 4242, 2100, ROLE_USER));
        assert_true(is(copy, 4242, 2101, ROLE_ADMIN));
        assert_int_equal(conf_issues(copy, &(struct peer){ .cred.gid = 2101 }), 1);
        unit_nss_local[0].name = NULL;
        conf_free(copy);
}

/* Names keep their numbers while their file is not believed. */
static void test_a_file_that_is_not_whole(void **state) {
        static const enum nss_file bad[] = { NSS_FILE_CUT, NSS_FILE_BAD };
        struct conf *conf = load(*state, text);
        const char *user = unit_nss_users[2].name, *group = unit_nss_groups[ADMINS].name;

        unit_nss_users[2].name = unit_nss_groups[ADMINS].name = "other";
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                groups_file = users_file = bad[i];
                assert_false(look(conf, CONF_NAMES_NSS));
                assert_int_equal(cut, bad[i] == NSS_FILE_CUT);
                taken = true;
                assert_false(look(conf, CONF_NAMES_TAKEN));
                taken = false;
        }
        /* Each file by itself. */
        users_file = NSS_FILE_GOOD;
        assert_true(look(conf, CONF_NAMES_NSS));
        assert_false(cut);
        assert_false(conf_peer_may_claim(conf, 110, "imap"));
        assert_true(is(conf, 4242, 2001, ROLE_ADMIN));
        /* One that stays as it is ends so. */
        groups_file = NSS_FILE_BAD;
        steady = true;
        assert_false(look(conf, CONF_NAMES_NSS));
        groups_file = NSS_FILE_CUT;
        assert_true(look(conf, CONF_NAMES_NSS));
        assert_false(cut);
        assert_true(is(conf, 4242, 2001, ROLE_USER));
        steady = false;
        groups_file = NSS_FILE_GOOD;
        unit_nss_users[2].name = user;
        unit_nss_groups[ADMINS].name = group;
        conf_free(conf);
}

static void test_nobody_is_asked_for_nothing(void **state) {
        struct conf *conf = load(*state, "[daemon]\nadmin-group =\nreader-group =\n");

        assert_false(look(conf, CONF_NAMES_LOCAL));
        assert_false(look(conf, CONF_NAMES_NSS));
        assert_int_equal(conf_admin_group(conf), (gid_t) -1);
        conf_free(conf);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_names_that_are_gone_and_come_back),
                unit_test_in_dir(test_a_number_that_is_another_s_while_nobody_answers),
                unit_test_in_dir(test_groups_of_the_file),
                unit_test_in_dir(test_a_file_that_is_not_whole),
                unit_test_in_dir(test_nobody_is_asked_for_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
