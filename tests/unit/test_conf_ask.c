/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration on its way from the helper that reads it. What it means is in test_conf.c. */
#include "unit_nss.h"

#include "base/bytes.h"
#include "base/conf_ask.h"
#include "base/helper.h"

static uint8_t answer[HELPER_BYTES_MAX];

/* What the helper answers for a file with ${text}, which is at ${path}. */
static size_t ask(const char *dir, const char *text, char path[UNIT_PATH_LEN]) {
        uint8_t question[UNIT_PATH_LEN + 16];
        struct bytes_writer w = { .out = question, .size = sizeof(question) };
        ssize_t len;

        unit_write(unit_join(path, dir, "conf"), text, strlen(text), 0644);
        bytes_write(&w, 1, 'C');
        bytes_write(&w, 1, true);
        bytes_write_text(&w, path);
        len = conf_ask_run(question, (size_t) bytes_written(&w), answer);
        assert_true(len > 0);
        return (size_t) len;
}

static void test_a_configuration_arrives_whole(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf = NULL;
        size_t len = ask(*state,
                         "[daemon]\nadmin-group = admins\n[Peer postgres]\nservices = imap pop3\n"
                         "certificates = nginx\n[Peer postgres]\nservices = sshd\n"
                         "[Realm mail]\nservices = dovecot\nsuffix = @example.org\n"
                         "[Realm chat]\nlist = /etc/chat\n",
                         path);

        assert_int_equal(conf_ask_take(answer, len, &conf, error), 0);
        assert_string_equal(error, "");
        assert_true(conf->from_file);
        assert_true(conf->has_admin_group);
        assert_int_equal(conf->admin_group, 2001);
        assert_false(conf->admin_group_default);
        assert_false(conf->has_developer_group);
        assert_true(conf_peer_may_claim(conf, 110, "imap"));
        assert_false(conf_peer_may_claim(conf, 12345, "imap"));
        assert_false(conf_peer_may_claim(conf, 12345, "sshd"));
        assert_true(conf_peer_may_claim(conf, 12345, "su"));
        assert_false(conf_peer_may_vouch(conf, 12345, "nginx"));
        assert_true(conf->n_peers > 0);
        assert_string_equal(conf->peers[0].certificates, "nginx");
        assert_int_equal(conf->realms->n, 2);
        assert_string_equal(conf->realms->of[0].name, "mail");
        assert_string_equal(conf->realms->of[0].services, "dovecot");
        assert_string_equal(conf->realms->of[0].suffixes, "@example.org");
        assert_string_equal(conf->realms->of[1].list, "/etc/chat");
        assert_false(conf->realms->of[1].has_issuers);
        conf_free(conf);
}

static void test_what_is_wrong_is_said_as_without_a_helper(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "", want[ERROR_LEN] = "";
        struct conf *conf;
        size_t len = ask(*state, "[daemon]\nadmin-group = no-such-group-here\n", path);

        unit_poison(&conf, sizeof(conf));
        assert_int_equal(conf_ask_take(answer, len, &conf, error), -EINVAL);
        assert_int_equal(conf_load(&conf, path, true, want), -EINVAL);
        assert_string_equal(error, want);
        unit_poisoned("conf", &conf, sizeof(conf));
}

static void replace(size_t len, const char *from, const char *to) {
        memcpy(memmem(answer, len, from, strlen(from)), to, strlen(to));
}

/* The helper loads modules of others, which may write anything. */
static void test_other_answers_are_refused(void **state) {
        char path[UNIT_PATH_LEN], error[ERROR_LEN] = "";
        struct conf *conf;
        size_t len;

        unit_poison(&conf, sizeof(conf));
        len = ask(*state, "[Peer postgres]\nservices = imap\n[Realm a]\nservices = b\n", path);
        for (size_t i = 0; i < len; i++)
                assert_int_equal(conf_ask_take(answer, i, &conf, error), -EBADMSG);
        answer[len] = 0;
        assert_int_equal(conf_ask_take(answer, len + 1, &conf, error), -EBADMSG);
        answer[0] ^= 1;
        assert_int_equal(conf_ask_take(answer, len, &conf, error), -EBADMSG);
        /* what no file can say: a service of two realms, one that logs in accounts */
        len = ask(*state, "[Realm a]\nservices = bb\n[Realm b]\nservices = cc\n", path);
        replace(len, "bb", "cc");
        assert_int_equal(conf_ask_take(answer, len, &conf, error), -EBADMSG);
        len = ask(*state, "[Realm a]\nservices = bb\n", path);
        replace(len, "bb", "su");
        assert_int_equal(conf_ask_take(answer, len, &conf, error), -EBADMSG);
        len = ask(*state, "[Realm aa]\nservices = bb\n", path);
        replace(len, "aa", "A:");
        assert_int_equal(conf_ask_take(answer, len, &conf, error), -EBADMSG);
        len = ask(*state, "nonsense\n", path);
        answer[len - 1] = '\n'; /* would begin a line of the log */
        assert_int_equal(conf_ask_take(answer, len, &conf, error), -EBADMSG);
        unit_poisoned("conf", &conf, sizeof(conf));
        assert_string_equal(error, "");
}

static void test_other_questions_are_refused(void **state) {
        static const uint8_t question[] = "C\1\5\0\0\0/etc/";

        (void) state;
        for (size_t i = 0; i < 6; i++)
                assert_int_equal(conf_ask_run(question, i, answer), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_a_configuration_arrives_whole),
                unit_test_in_dir(test_what_is_wrong_is_said_as_without_a_helper),
                unit_test_in_dir(test_other_answers_are_refused),
                cmocka_unit_test(test_other_questions_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
