/* SPDX-License-Identifier: BSD-2-Clause */
/* [Realm NAME] in the configuration: what is right is read, and what could let in the wrong one is
 * an error. */
#include "unit_nss.h"

#include "base/conf.h"

static int load(const char *dir, const char *text, const char *dropin, struct conf **ret,
                char *error) {
        char path[UNIT_PATH_LEN], dropins[UNIT_PATH_LEN], file[UNIT_PATH_LEN + 16];

        unit_write(unit_join(path, dir, "conf"), text, strlen(text), 0644);
        (void) mkdir(unit_join(dropins, dir, "conf.d"), 0755);
        (void) snprintf(file, sizeof(file), "%s/a.conf", dropins);
        (void) unlink(file);
        if (dropin)
                unit_write(file, dropin, strlen(dropin), 0644);
        return conf_load(ret, path, true, error);
}

static struct conf *load_well(const char *dir, const char *text, const char *dropin) {
        char error[ERROR_LEN] = "";
        struct conf *conf = NULL;
        int r = load(dir, text, dropin, &conf, error);

        unit_str(text, error, "");
        unit_int(text, r, 0);
        return conf;
}

static void test_a_realm_is_read(void **state) {
        struct conf *conf;

        unit_nss_local[0].name = "postmasters";
        unit_nss_local[0].id = 3001;
        conf = load_well(*state,
                         "[Realm mail]\nservices = Dovecot smtp\nservices = imap\n"
                         "suffix = @example.org @example.net\nissuers = postmasters\n"
                         "[realm chat]\nlist = /etc/chat/users\n",
                         NULL);
        assert_int_equal(conf->realms->n, 2);
        assert_string_equal(conf->realms->of[0].name, "mail");
        assert_string_equal(conf->realms->of[0].services, "dovecot smtp imap");
        assert_string_equal(conf->realms->of[0].suffixes, "@example.org @example.net");
        assert_true(conf->realms->of[0].has_issuers);
        assert_int_equal(conf->realms->of[0].issuers, 3001);
        assert_string_equal(conf->realms->of[1].list, "/etc/chat/users");
        assert_string_equal(conf->realms->of[1].services, "");
        assert_false(conf->realms->of[1].has_issuers);
        conf_free(conf);
        conf = load_well(*state, "[daemon]\n", NULL);
        assert_null(conf->realms);
        conf_free(conf);
        unit_nss_local[0].name = NULL;
}

/* Key by key, as for groups and peers. */
static void test_a_later_file_replaces_what_it_has(void **state) {
        struct conf *conf =
                load_well(*state, "[Realm mail]\nservices = dovecot\nsuffix = @example.org\n",
                          "[Realm mail]\nsuffix =\nlist = /etc/users\n");

        assert_int_equal(conf->realms->n, 1);
        assert_string_equal(conf->realms->of[0].services, "dovecot");
        assert_string_equal(conf->realms->of[0].suffixes, "");
        assert_string_equal(conf->realms->of[0].list, "/etc/users");
        conf_free(conf);
}

static void test_what_is_wrong_is_named(void **state) {
        static const struct {
                const char *text, *place, *word;
        } rows[] = {
                { "[Realm Mail]\n", ":1:8: ", "no name of a realm" },
                { "[Realm ]\n", ":1:8: ", "no name of a realm" },
                { "[Realm mail]\nsuffixes = @a.org\n", ":2:1: ", "services, suffix, list" },
                { "[Realm mail]\nservices = ../sshd\n", ":2:12: ", "PAM service names" },
                { "[Realm mail]\nservices = dovecot sshd\n", ":2:20: ", "logs in accounts" },
                { "[Realm mail]\nservices = SUDO\n", ":2:12: ", "logs in accounts" },
                { "[Realm mail]\nservices = su-l\n", ":2:12: ", "logs in accounts" },
                { "[Realm mail]\nservices = wfapikey\n", ":2:12: ", "logs in accounts" },
                { "[Realm mail]\nsuffix = example.org\n", ":2:10: ", "an @ and a domain" },
                { "[Realm mail]\nsuffix = @a.org @\n", ":2:17: ", "an @ and a domain" },
                { "[Realm mail]\nlist = users\n", ":2:8: ", "the whole path" },
                { "[Realm mail]\nlist = /a\nlist = /b\n", ":3:1: ", "given twice" },
                { "[Realm mail]\nissuers = admins\n", ":2:11: ", "that /etc/group has" },
                { "[Realm mail]\nsuffix = @a.org\nlist = /a\n", "", "a suffix and a list" },
                { "[Realm a]\nservices = x dovecot\n[Realm b]\nservices = Dovecot\n", "",
                  "'dovecot' is in two realms, [Realm a] and [Realm b]" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char error[ERROR_LEN] = "";
                struct conf *conf = NULL;

                unit_int(rows[i].text, load(*state, rows[i].text, NULL, &conf, error), -EINVAL);
                assert_null(conf);
                if (!strstr(error, rows[i].place) || !strstr(error, rows[i].word))
                        unit_str(rows[i].text, error, rows[i].word);
        }
}

/* A directory might have a group of that name, and others make groups there. */
static void test_issuers_are_a_group_of_the_file(void **state) {
        gid_t groups[] = { 3001 };
        struct peer peer = { .cred = { .uid = 1001, .gid = 100 }, .n_groups = 1, .groups = groups };
        struct conf *conf;

        unit_nss_local[0].name = "postmasters";
        unit_nss_local[0].id = 3001;
        conf = load_well(*state,
                         "[Realm a]\n[Realm b]\nissuers = postmasters\n[Realm c]\nissuers =\n",
                         NULL);
        assert_int_equal(conf_issues(conf, &peer), 1 << 1);
        assert_int_equal(conf_role(conf, &peer), ROLE_USER);
        peer.n_groups = 0;
        assert_int_equal(conf_issues(conf, &peer), 0);
        peer.cred.gid = 3001;
        assert_int_equal(conf_issues(conf, &peer), 1 << 1);
        conf_free(conf);
        unit_nss_local[0].name = NULL;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_a_realm_is_read),
                unit_test_in_dir(test_a_later_file_replaces_what_it_has),
                unit_test_in_dir(test_what_is_wrong_is_named),
                unit_test_in_dir(test_issuers_are_a_group_of_the_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
