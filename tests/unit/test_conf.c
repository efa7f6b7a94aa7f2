/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file: what is right is read, and what is wrong is named with its line. What
 * follows from it is in test_conf_peers.c. */
#include "unit_nss.h"

#include "base/conf.h"

static int load(const char *path, bool required, struct conf **ret, char *error) {
        return conf_load(ret, path, required, error);
}

static struct conf *load_text(const char *dir, const char *text) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf = NULL;
        int r;

        unit_write(unit_join(path, dir, "conf"), text, strlen(text), 0644);
        r = load(path, true, &conf, error);
        unit_str(text, error, "");
        unit_int(text, r, 0);
        return conf;
}

static void check_wrong(const char *dir, const char *text, int line, int column, const char *word) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "", where[UNIT_PATH_LEN + 16];
        struct conf *conf;

        unit_poison(&conf, sizeof(conf));
        unit_write(unit_join(path, dir, "conf"), text, strlen(text), 0644);
        unit_int(text, load(path, true, &conf, error), -EINVAL);
        unit_poisoned(text, &conf, sizeof(conf));
        (void) snprintf(where, sizeof(where), "%s:%d:%d: ", path, line, column);
        unit_mem(text, error, where, strlen(where));
        if (!strstr(error, word))
                unit_str(text, error, word);
}

/* --- The file --- */

static void check_defaults(const struct conf *conf) {
        assert_int_equal(conf->has_admin_group, false);
        assert_int_equal(conf->has_developer_group, false);
        assert_int_equal(conf->n_peers, 0);
}

static void test_no_file_is_the_defaults_unless_it_must_be_there(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf = NULL;

        unit_join(path, *state, "absent");
        assert_int_equal(load(path, false, &conf, error), 0);
        assert_string_equal(error, "");
        assert_int_equal(conf->from_file, false);
        check_defaults(conf);
        conf = conf_free(conf);
        assert_int_equal(load(path, true, &conf, error), -ENOENT);
        assert_null(conf);
        assert_non_null(strstr(error, path));
}

static void test_a_file_without_values_is_the_defaults(void **state) {
        static const char *const rows[] = { "\n\n", "# nothing\n; at all\n", "[daemon]\n",
                                            "\xef\xbb\xbf[daemon]\n" };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct conf *conf = load_text(*state, rows[i]);

                assert_int_equal(conf->from_file, true);
                check_defaults(conf);
                conf_freep(&conf);
                assert_null(conf);
        }
        assert_null(conf_free(NULL));
}

/* It is about to be written. What it has said must not be dropped for that. */
static void test_a_file_of_no_bytes_is_refused(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN];
        static const char *const names[] = { "conf", "conf.d/a.conf" };
        struct conf *conf = NULL;

        assert_int_equal(mkdir(unit_join(path, *state, "conf.d"), 0755), 0);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                unit_write(unit_join(path, *state, names[i]), "", 0, 0644);
                unit_join(path, *state, "conf");
                unit_int(names[i], load(path, false, &conf, error), -ENODATA);
                assert_null(conf);
                assert_non_null(strstr(error, names[i]));
                unit_write(path, "#", 1, 0644);
        }
}

/* So a file system leaves a file that was written shortly before a power loss. */
static void test_a_file_with_zeros_is_refused(void **state) {
        static const char zeros[5000];
        static const struct {
                const char *text;
                size_t len;
                const char *place;
        } rows[] = {
                { zeros, 1, ":1:1: " },
                { zeros, 60, ":1:1: " },
                { zeros, sizeof(zeros), ":1:1: " },
                { "#\n\0", 3, ":2:1: " },
                { "#\n#\n\n\0\n#\n", 9, ":4:1: " },
                { "\0\n[daemon]\n", 11, ":1:1: " },
                { "[daemon]\n  # \xc3\xa4\0\n", 17, ":2:6: " },
                { "[daemon]\nadmin-group = \0admins\n", 31, ":2:15: " },
                { "[daemon]\nadmin-group = admins\0\n", 31, ":2:21: " },
                { "[Peer bob\0]\n", 12, ":1:10: " },
        };
        static const char *const names[] = { "conf", "conf.d/a.conf" };
        char path[UNIT_PATH_LEN], error[ERROR_LEN], where[64];

        assert_int_equal(mkdir(unit_join(path, *state, "conf.d"), 0755), 0);
        for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
                const char *name = names[i / ARRAY_LEN(rows)];
                struct conf *conf = NULL;

                unit_write(unit_join(path, *state, "conf"), "#", 1, 0644);
                unit_write(unit_join(path, *state, name), rows[i % ARRAY_LEN(rows)].text,
                           rows[i % ARRAY_LEN(rows)].len, 0644);
                (void) snprintf(where, sizeof(where), "%s%s", name,
                                rows[i % ARRAY_LEN(rows)].place);
                unit_join(path, *state, "conf");
                unit_int(where, load(path, false, &conf, error), -EINVAL);
                assert_null(conf);
                if (!strstr(error, where) || !strstr(error, "a byte that is 0"))
                        unit_str(where, error, where);
        }
}

static void test_the_file_is_one_that_nobody_else_can_write(void **state) {
        static const struct {
                mode_t mode;
                int r;
        } rows[] = {
                { 0644, 0 },      { 0600, 0 },      { 0640, 0 },
                { 0444, 0 },      { 0664, -EPERM }, { 0646, -EPERM },
                { 0620, -EPERM }, { 0602, -EPERM }, { 0666, -EPERM },
        };
        char path[UNIT_PATH_LEN], row[16];

        unit_join(path, *state, "conf");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char error[ERROR_LEN] = "";
                struct conf *conf = NULL;

                (void) unlink(path);
                unit_write(path, "#", 1, rows[i].mode);
                (void) snprintf(row, sizeof(row), "mode %04o", rows[i].mode);
                unit_int(row, load(path, false, &conf, error), rows[i].r);
                unit_int(row, error[0] != '\0', rows[i].r < 0);
                unit_int(row, conf != NULL, rows[i].r >= 0);
                conf_free(conf);
        }
}

static void test_what_is_no_file_is_refused(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN];
        struct conf *conf = NULL;

        assert_int_equal(load(*state, false, &conf, error), -EPERM);
        assert_int_equal(mkfifo(unit_join(path, *state, "fifo"), 0600), 0);
        assert_int_equal(load(path, false, &conf, error), -EPERM);
        assert_non_null(strstr(error, path));
        assert_int_equal(symlink("loop", unit_join(path, *state, "loop")), 0);
        assert_int_equal(load(path, false, &conf, error), -ELOOP);
        assert_null(conf);
}

static void test_a_file_of_another_owner_is_refused(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN];
        struct conf *conf = NULL;

        unit_write(unit_join(path, *state, "conf"), "#", 1, 0644);
        assert_int_equal(chown(path, 4242, 0), 0);
        assert_int_equal(load(path, false, &conf, error), -EPERM);
        assert_null(conf);
}

/* --- What is in it --- */

static const char example[] = "# wfapikeyd.conf\n"
                              "[daemon]\n"
                              "admin-group = admins\n"
                              "developer-group=developers ; who make keys\n"
                              "\n"
                              "[Peer postgres]\n"
                              "services = postgresql\n"
                              "[Peer  bob]\n"
                              "services =  imap\tSMTP  Pop3 \n";

static void test_everything_is_read(void **state) {
        struct conf *conf = load_text(*state, example);

        assert_int_equal(conf->has_admin_group, true);
        assert_int_equal(conf->admin_group, 2001);
        assert_int_equal(conf->has_developer_group, true);
        assert_int_equal(conf->developer_group, 2002);
        assert_int_equal(conf->n_peers, 2);
        assert_int_equal(conf->peers[0].uid, 110);
        assert_string_equal(conf->peers[0].services, "postgresql");
        assert_int_equal(conf->peers[1].uid, 1002);
        assert_string_equal(conf->peers[1].services, "imap smtp pop3");
        conf_free(conf);
}

static void test_a_list_may_go_on_in_the_next_line(void **state) {
        struct conf *conf =
                load_text(*state, "[Peer bob]\nservices = imap\n  smtp\n  pop3\nservices = ftp\n");

        assert_int_equal(conf->n_peers, 1);
        assert_string_equal(conf->peers[0].services, "imap smtp pop3 ftp");
        conf_free(conf);
}

static void test_what_is_wrong_is_named_with_its_line(void **state) {
        static const struct {
                const char *text;
                int line, column;
                const char *word;
        } rows[] = {
                { "[daemon]\nadmin-grup = admins\n", 2, 1, "'admin-grup'" },
                { "[daemon]\nAdmin-Group = admins\n", 2, 1, "'Admin-Group'" },
                { "[daemon]\n\nadmin-group = nobody-knows-me\n", 3, 15, "'nobody-knows-me'" },
                { "[daemon]\nadmin-group:nobody-knows-me\n", 2, 13, "'nobody-knows-me'" },
                { "[daemon]\nadmin-group = admins developers\n", 2, 15, "'admins developers'" },
                { "[Demon]\nadmin-group = admins\n", 1, 2, "'Demon'" },
                { "[pair bob]\nservices = imap\n", 1, 2, "'pair bob'" },
                { "[Peer]\nservices = imap\n", 1, 2, "'Peer'" },
                { "[Peer ]\nservices = imap\n", 1, 7, "no such user" },
                { "[Peer mallory]\nservices = imap\n", 1, 7, "'mallory'" },
                { "# one\n  [Peer   mallory]\n", 2, 11, "'mallory'" },
                { "[Peer bob alice]\nservices = imap\n", 1, 7, "'bob alice'" },
                { "[Peer bob]\n\tservice = imap\n", 2, 2, "'service'" },
                { "[Peer bob]\nservices = im/ap\n", 2, 12, "'im/ap'" },
                { "[Peer bob]\nservices = imap,smtp\n", 2, 12, "'imap,smtp'" },
                { "[Peer bob]\nservices = imap  .imap\n", 2, 18, "'imap  .imap'" },
                { "[Peer bob]\nservices = imap\n  smtp po/p\n", 3, 8, "'smtp po/p'" },
                /* columns count characters, as an editor does */
                { "[Peer bob]\nservices = \xc3\xa4\xc3\xb6 /\n", 2, 12, "bad service" },
                { "[Peer b\xc3\xb6 b]\n", 1, 7, "no such user" },
                { "[\xc3\xa4]\n", 1, 2, "unknown section" },
                { "\xef\xbb\xbf[bogus]\n", 1, 2, "'bogus'" },
                { "admin-group = admins\n", 1, 1, "section" },
                { "[daemon]\n  admin-group\n", 2, 3, "neither" },
                { "[daemon\nadmin-group = admins\n", 1, 1, "neither" },
                { "[daemon]\nadmin-group = admins\n[Peer bob]\nservices = imap\nrubbish\n", 5, 1,
                  "neither" },
                /* the first of two errors */
                { "[daemon]\nfirst = 1\nsecond = 2\n", 2, 1, "'first'" },
                /* bytes that a terminal would obey are escaped */
                { "[daemon]\n\x1b[2J = 1\n", 2, 1, "\\x1b[2J" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                check_wrong(*state, rows[i].text, rows[i].line, rows[i].column, rows[i].word);
}

static void test_a_directory_that_does_not_answer_is_no_yes(void **state) {
        unit_nss_error = EIO;
        check_wrong(*state, "[daemon]\nadmin-group = admins\n", 2, 15, "admins");
        check_wrong(*state, "[Peer bob]\nservices = imap\n", 1, 7, "bob");
        unit_nss_error = 0;
}

/* A heading alone is an error already, because an administrator has meant something by it. */
static void test_an_unknown_section_is_an_error_without_keys_too(void **state) {
        check_wrong(*state, "[bogus]\n", 1, 2, "'bogus'");
}

static void test_names_of_sections_can_have_capitals(void **state) {
        struct conf *conf = load_text(*state, "[Daemon]\nadmin-group = admins\n[PEER bob]\n"
                                              "services = imap\n");

        assert_int_equal(conf->has_admin_group, true);
        assert_int_equal(conf->n_peers, 1);
        conf_free(conf);
}

static void test_the_group_of_the_package_administers_unless_a_file_says_otherwise(void **state) {
        const struct {
                const char *text;
                bool has;
                gid_t gid;
        } rows[] = {
                { "#", true, 2003 },
                { "[daemon]\ndeveloper-group = developers\n", true, 2003 },
                { "[daemon]\nadmin-group = admins\n", true, 2001 },
                { "[daemon]\nadmin-group =\n", false, 0 },
        };

        unit_nss_local[0].name = CONF_ADMIN_GROUP;
        unit_nss_local[0].id = 2003;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct conf *conf = load_text(*state, rows[i].text);

                unit_int(rows[i].text, conf->has_admin_group, rows[i].has);
                unit_int(rows[i].text, conf->admin_group, rows[i].gid);
                conf_free(conf);
        }
        unit_nss_local[0].name = NULL;
}

static void test_a_key_is_given_once(void **state) {
        check_wrong(*state, "[daemon]\nadmin-group = admins\nadmin-group = developers\n", 3, 1,
                    "admin-group");
}

static void append(char *text, size_t size, const char *more, size_t len) {
        size_t at = strlen(text);

        assert_in_range(at + len + 1, 1, size);
        memcpy(text + at, more, len);
        text[at + len] = '\0';
}

/* As many services as a peer may have, with the longest names, in one line: all are read, or the
 * message speaks of the length of the line. */
static void test_a_long_line_is_read_whole_or_refused_as_such(void **state) {
        char text[4096] = "[Peer bob]\nservices =", want[RECORD_LIST_LEN] = "",
             word[WIRE_SERVICE_MAX + 1];
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf = NULL;

        for (int i = 0; i < RECORD_SERVICES_MAX; i++) {
                memset(word, 'a' + i, WIRE_SERVICE_MAX);
                append(text, sizeof(text), " ", 1);
                append(text, sizeof(text), word, WIRE_SERVICE_MAX);
                append(want, sizeof(want), " ", i > 0);
                append(want, sizeof(want), word, WIRE_SERVICE_MAX);
        }
        append(text, sizeof(text), "\n", 1);
        unit_write(unit_join(path, *state, "conf"), text, strlen(text), 0644);
        if (load(path, true, &conf, error) < 0) {
                assert_non_null(strstr(error, ":2:1: "));
                assert_non_null(strstr(error, "long"));
        } else
                assert_string_equal(conf->peers[0].services, want);
        conf_free(conf);
}

/* Text behind a # is no configuration, however long it is. */
static void test_the_end_of_a_long_comment_is_no_configuration(void **state) {
        for (size_t len = 100; len < 1000; len++) {
                char text[2048] = "[daemon]\n# ", path[UNIT_PATH_LEN], error[ERROR_LEN] = "",
                     row[32];
                struct conf *conf = NULL;

                memset(text + strlen(text), '-', len);
                append(text, sizeof(text), "admin-group = admins\n",
                       strlen("admin-group = admins\n"));
                unit_write(unit_join(path, *state, "conf"), text, strlen(text), 0644);
                (void) snprintf(row, sizeof(row), "behind %zu dashes", len);
                if (load(path, true, &conf, error) < 0)
                        unit_int(row, strstr(error, ":2:1: ") != NULL, true);
                else
                        unit_int(row, conf->has_admin_group, false);
                conf_free(conf);
        }
}

static void test_services_are_limited(void **state) {
        char text[8192] = "[Peer bob]\n";

        for (unsigned i = 0; i < RECORD_LIST_LEN / 8 + 1; i++)
                append(text, sizeof(text), "services = imap123\n", strlen("services = imap123\n"));
        check_wrong(*state, text, RECORD_LIST_LEN / 8 + 2, 12, "too many services");
}

static void test_peers_are_limited(void **state) {
        char *text = calloc(1, 65536);

        assert_non_null(text);
        for (unsigned i = 0; i < 257; i++) {
                static const char *const sections[] = { "[Peer bob]\nservices = a\n",
                                                        "[Peer alice]\nservices = b\n" };

                append(text, 65536, sections[i % 2], strlen(sections[i % 2]));
        }
        check_wrong(*state, text, 2 * 257 - 1, 2, "too many sections");
        free(text);
}

/* --- The files beside it --- */

static void write_dropin(const char *dir, const char *name, const char *text) {
        char sub[UNIT_PATH_LEN], path[UNIT_PATH_LEN];

        unit_join(sub, dir, "conf.d");
        if (mkdir(sub, 0755) < 0)
                assert_int_equal(errno, EEXIST);
        unit_write(unit_join(path, sub, name), text, strlen(text), 0644);
}

static void test_a_later_file_takes_the_place_of_an_earlier_one(void **state) {
        struct conf *conf;

        write_dropin(*state, "20-b.conf", "[Peer bob]\nservices = smtp\nservices = pop3\n");
        write_dropin(*state, "10-a.conf",
                     "[daemon]\nadmin-group = developers\n[Peer bob]\nservices = ftp\ncertificates "
                     "= ftp\n");
        write_dropin(*state, "30-c.conf.old", "rubbish\n");
        write_dropin(*state, ".40-d.conf", "rubbish\n");
        write_dropin(*state, "B.conf", "[daemon]\ndeveloper-group =\n");
        write_dropin(*state, "a.conf",
                     "[Peer alice]\nservices = ssh\n[Peer alice]\nservices = imap\n");
        conf = load_text(*state, example);
        assert_int_equal(conf->has_admin_group, true);
        assert_int_equal(conf->admin_group, 2002);
        assert_int_equal(conf->has_developer_group, false);
        /* The services that the file itself and 10-a.conf tie to bob are not tied any more. His
         * other list stays, and so do the lists of other users. */
        assert_int_equal(conf_peer_may_claim(conf, 4242, "imap"), false);
        assert_int_equal(conf_peer_may_claim(conf, 1002, "imap"), false);
        assert_int_equal(conf_peer_may_claim(conf, 4242, "ftp"), true);
        assert_int_equal(conf_peer_may_claim(conf, 4242, "smtp"), false);
        assert_int_equal(conf_peer_may_claim(conf, 1002, "smtp"), true);
        assert_int_equal(conf_peer_may_claim(conf, 1002, "pop3"), true);
        assert_int_equal(conf_peer_may_vouch(conf, 1002, "ftp"), true);
        assert_int_equal(conf_peer_may_claim(conf, 4242, "postgresql"), false);
        assert_int_equal(conf_peer_may_claim(conf, 1001, "ssh"), true);
        assert_int_equal(conf_peer_may_claim(conf, 4242, "ssh"), false);
        conf_free(conf);
}

static void test_files_beside_it_need_no_file(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf = NULL;

        write_dropin(*state, "a.conf", "[daemon]\nadmin-group = admins\n");
        assert_int_equal(load(unit_join(path, *state, "conf"), false, &conf, error), 0);
        assert_int_equal(conf->from_file, false);
        assert_int_equal(conf->admin_group, 2001);
        conf_free(conf);
}

static void test_a_file_beside_it_is_held_to_the_same(void **state) {
        char path[UNIT_PATH_LEN], sub[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf = NULL;

        unit_join(path, *state, "conf");
        write_dropin(*state, "a.conf", "[daemon]\n\nadmin-group = nobody-knows-me\n");
        assert_int_equal(load(path, false, &conf, error), -EINVAL);
        assert_non_null(strstr(error, "conf.d/a.conf:3:15: "));
        unit_join(sub, *state, "conf.d/a.conf");
        assert_int_equal(chmod(sub, 0664), 0);
        assert_int_equal(load(path, false, &conf, error), -EPERM);
        assert_non_null(strstr(error, sub));
        assert_int_equal(chmod(sub, 0644), 0);
        unit_join(sub, *state, "conf.d");
        assert_int_equal(chmod(sub, 0775), 0);
        assert_int_equal(load(path, false, &conf, error), -EPERM);
        assert_non_null(strstr(error, "directory"));
        assert_null(conf);
}

static void test_a_key_without_a_value_names_nobody(void **state) {
        struct conf *conf = load_text(*state, "[daemon]\nadmin-group =\ndeveloper-group=\n"
                                              "[Peer bob]\nservices =\ncertificates =\n");

        assert_int_equal(conf->has_admin_group, false);
        assert_int_equal(conf->has_developer_group, false);
        assert_int_equal(conf_peer_may_claim(conf, 4242, "imap"), true);
        conf_free(conf);
}

static void test_certificates_of_a_peer_are_read(void **state) {
        struct conf *conf = load_text(*state, "[Peer postgres]\n"
                                              "certificates = postgresql\tsmtp\n"
                                              "services = postgresql\n"
                                              "certificates = imap\n");

        assert_int_equal(conf->n_peers, 1);
        assert_string_equal(conf->peers[0].certificates, "postgresql smtp imap");
        assert_string_equal(conf->peers[0].services, "postgresql");
        assert_null(conf_free(conf));
}

/* inih skips these blanks before a section. If ours did not, the values would go to the section
 * before, which may be root's. */
static void test_a_section_is_one_whatever_blanks_are_before_it(void **state) {
        static const char *const blanks[] = { "", " ", "\t", "\v", "\f", "\r", " \f\t" };
        char text[128];

        for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
                struct conf *conf;

                (void) snprintf(text, sizeof(text), "[Peer alice]\n%s[Peer bob]\nservices = imap\n",
                                blanks[i]);
                conf = load_text(*state, text);
                unit_int(text, conf_peer_may_claim(conf, 1002, "imap"), true);
                unit_int(text, conf_peer_may_claim(conf, 1001, "imap"), false);
                conf_free(conf);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_no_file_is_the_defaults_unless_it_must_be_there),
                unit_test_in_dir(test_a_file_without_values_is_the_defaults),
                unit_test_in_dir(test_a_file_of_no_bytes_is_refused),
                unit_test_in_dir(test_a_file_with_zeros_is_refused),
                unit_test_in_dir(test_the_file_is_one_that_nobody_else_can_write),
                unit_test_in_dir(test_what_is_no_file_is_refused),
                unit_test_if(geteuid() == 0,
                             (struct CMUnitTest) unit_test_in_dir(
                                     test_a_file_of_another_owner_is_refused),
                             "needs root"),
                unit_test_in_dir(test_everything_is_read),
                unit_test_in_dir(test_a_list_may_go_on_in_the_next_line),
                unit_test_in_dir(test_what_is_wrong_is_named_with_its_line),
                unit_test_in_dir(test_a_directory_that_does_not_answer_is_no_yes),
                unit_test_in_dir(test_an_unknown_section_is_an_error_without_keys_too),
                unit_test_in_dir(test_names_of_sections_can_have_capitals),
                unit_test_in_dir(
                        test_the_group_of_the_package_administers_unless_a_file_says_otherwise),
                unit_test_in_dir(test_a_key_is_given_once),
                unit_test_in_dir(test_a_long_line_is_read_whole_or_refused_as_such),
                unit_test_in_dir(test_the_end_of_a_long_comment_is_no_configuration),
                unit_test_in_dir(test_services_are_limited),
                unit_test_in_dir(test_peers_are_limited),
                unit_test_in_dir(test_a_later_file_takes_the_place_of_an_earlier_one),
                unit_test_in_dir(test_files_beside_it_need_no_file),
                unit_test_in_dir(test_a_file_beside_it_is_held_to_the_same),
                unit_test_in_dir(test_a_key_without_a_value_names_nobody),
                unit_test_in_dir(test_certificates_of_a_peer_are_read),
                unit_test_in_dir(test_a_section_is_one_whatever_blanks_are_before_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
