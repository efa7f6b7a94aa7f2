/* SPDX-License-Identifier: BSD-2-Clause */
/* The reading of pam.d and the working out of a stack, against libpam itself: hand-written
 * stacks, and thousands that chance wrote, are put to both, with modules that answer what the
 * stack says (pam_debug.so). */
#include <security/pam_appl.h>

#include "unit.h"

#include "doctor/pamstack.h"

#define MODULE   "pam_debug.so"
#define ROUNDS   3000
#define FILE_LEN 2048

static const char *const codes[] = {
        "success",
        "open_err",
        "symbol_err",
        "service_err",
        "system_err",
        "buf_err",
        "perm_denied",
        "auth_err",
        "cred_insufficient",
        "authinfo_unavail",
        "user_unknown",
        "maxtries",
        "new_authtok_reqd",
        "acct_expired",
        "session_err",
        "cred_unavail",
        "cred_expired",
        "cred_err",
        "no_module_data",
        "conv_err",
        "authtok_err",
        "authtok_recover_err",
        "authtok_lock_busy",
        "authtok_disable_aging",
        "try_again",
        "ignore",
        "abort",
        "authtok_expired",
        "module_unknown",
        "bad_item",
};

static const char *dir;
static char auth_word[] = "auth=", account_word[] = "acct=";

static char *load(const char *name, void *userdata) {
        char path[UNIT_PATH_LEN], text[2 * FILE_LEN] = "";
        FILE *f = fopen(name[0] == '/' ? name : unit_join(path, dir, name), "r");
        size_t len;

        (void) userdata;
        if (!f)
                return NULL;
        len = fread(text, 1, sizeof(text) - 1, f);
        assert_int_equal(fclose(f), 0);
        text[len] = '\0';
        return strdup(text);
}

/* What pam_debug.so will answer. */
static int answer(const struct pamstack_line *line, void *userdata) {
        size_t head = strlen(userdata);

        assert_true(pamstack_is_module(line, "pam_debug"));
        for (size_t i = 0; i < line->n_args; i++)
                for (size_t code = 0; code < ARRAY_LEN(codes); code++)
                        if (strncmp(line->args[i], userdata, head) == 0 &&
                            strcmp(line->args[i] + head, codes[code]) == 0)
                                return (int) code;
        return PAMSTACK_SUCCESS;
}

/* libpam keeps some memory when it refuses a file. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libpam.so";
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        (void) messages;
        (void) userdata;
        *ret = calloc((size_t) n, sizeof(**ret));
        return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* libpam refuses some files at the start, and then everything. */
static void ask_libpam(int *ret_auth, int *ret_account) {
        static const struct pam_conv conv = { .conv = converse };
        pam_handle_t *pamh = NULL;
        int rv = pam_start_confdir("top", "alice", &conv, dir, &pamh);

        *ret_auth = *ret_account = rv;
        if (rv != PAM_SUCCESS)
                return;
        *ret_auth = pam_authenticate(pamh, PAM_SILENT);
        *ret_account = pam_acct_mgmt(pamh, PAM_SILENT);
        (void) pam_end(pamh, PAM_SUCCESS);
}

/* Debian's libpam includes from /etc/pam.d and from absolute paths alone: @D is the directory
 * here. */
static void write_file(const char *name, const char *in) {
        char path[UNIT_PATH_LEN], text[2 * FILE_LEN] = "";
        size_t len = 0;

        for (const char *p = in; *p; p++)
                if (strncmp(p, "@D", 2) == 0)
                        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s", dir), p++;
                else
                        text[len++] = *p;
        unit_write(unit_join(path, dir, name), text, len, 0600);
}

static void compare(const char *row) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};
        int auth, account;

        ask_libpam(&auth, &account);
        unit_int(row, pamstack_read("top", load, NULL, &stack), 0);
        unit_int(row, pamstack_eval(&stack, PAMSTACK_AUTH, answer, auth_word), auth);
        unit_int(row, pamstack_eval(&stack, PAMSTACK_ACCOUNT, answer, account_word), account);
}

#define AUTH(control, code) "auth " control " " MODULE " auth=" code "\n"
#define DENY                "account required " MODULE " acct=perm_denied\n"

static const struct {
        const char *top, *a;
} rows[] = {
        { AUTH("required", "success") DENY, "" },
        { AUTH("[success=done default=ignore]", "auth_err") "@include @D/a\n" DENY,
          AUTH("[success=1 default=ignore]", "success") AUTH("requisite", "perm_denied")
                  AUTH("required", "success") },
        { AUTH("[success=done default=ignore]", "auth_err") "@include @D/a\n" DENY,
          AUTH("[success=1 default=ignore]", "auth_err") AUTH("requisite", "perm_denied")
                  AUTH("required", "success") },
        { "auth substack @D/a\n" AUTH("required", "success") DENY,
          AUTH("sufficient", "success") AUTH("required", "auth_err") },
        { "auth substack @D/a\n" AUTH("optional", "success") DENY,
          AUTH("requisite", "auth_err") AUTH("required", "success") },
        { "auth include @D/a\n" AUTH("required", "auth_err") DENY, AUTH("sufficient", "success") },
        { AUTH("[success=1 default=bad]", "success") "auth substack @D/a\n" AUTH("required",
                                                                                 "success") DENY,
          AUTH("required", "auth_err") },
        { AUTH("[success=5 default=bad]", "success") AUTH("required", "success") DENY, "" },
        { AUTH("required", "auth_err") "auth substack @D/a\n" DENY,
          AUTH("[default=reset]", "success") AUTH("required", "success") },
        { AUTH("[ success = ok  default=bad ]", "success") DENY, "" },
        { AUTH("[default=ignore success=ok]", "success") DENY, "" },
        { AUTH("[success=ok nonsense=bad]", "success") DENY, "" },
        { AUTH("[success=nonsense]", "success") DENY, "" },
        { AUTH("[success=ok", "success") DENY, "" },
        { AUTH("requird", "success") DENY, "" },
        { AUTH("REQUIRED", "success") DENY, "" },
        { "AUTH required " MODULE " auth=success\n" DENY, "" },
        { "auth required \\\n  " MODULE " \\\n auth=auth_err\n" DENY, "" },
        { "auth required " MODULE " \\ \t \n auth=auth_err\n" DENY, "" },
        { "auth required " MODULE " # auth=auth_err\n" DENY, "" },
        { "# auth required " MODULE " auth=auth_err \\\nauth required " MODULE "\n" DENY, "" },
        { "auth required " MODULE " [auth=auth_err]\n" DENY, "" },
        { "atuh required " MODULE "\n" AUTH("required", "success") DENY, "" },
        { "atuh include @D/a\n" DENY, AUTH("required", "success") },
        { AUTH("required", "success") "atuh substack @D/a\n" DENY, AUTH("required", "auth_err") },
        { AUTH("[success=okdefault=bad]", "success") DENY, "" },
        { AUTH("[success=2default=ignore]", "success") AUTH("required", "auth_err") DENY, "" },
        { AUTH("[success=doneish]", "success") DENY, "" },
        { AUTH("[\rsuccess\v=\fok]", "success") DENY, "" },
        { "auth substack @D/a\n" AUTH("required", "success") DENY,
          AUTH("required", "success") "@include missing\n" },
        { "auth substack @D/a\n" AUTH("required", "success") DENY,
          AUTH("[success=1]", "success") "@include missing\n" },
        { AUTH("required", "success") "@include @D/a\n" DENY, "@include missing\n" },
        { AUTH("required", "success") "auth optional []\n" DENY, "" },
        { AUTH("required", "success") "auth optional ?.so\n" DENY, "" },
        /* No row for a module ".so": libpam looks in front of the name, and may crash. */
        { "auth required\n" AUTH("required", "success") DENY, "" },
        { "auth\n" AUTH("required", "success") DENY, "" },
        { "auth include missing\n" AUTH("required", "success") DENY, "" },
        { "auth substack missing\n" AUTH("required", "success") DENY, "" },
        { "auth optional " MODULE " auth=auth_err\naccount optional " MODULE " acct=ignore\n", "" },
        { "\n\n  auth required " MODULE "\n\t\n" DENY, "" },
        { "auth required " MODULE "\naccount required " MODULE, "" },
        { AUTH("required", "success") DENY "account required \\\n", "" },
        { AUTH("required", "success") "@include @D/a\n" DENY, "account \\\n" },
        { AUTH("required", "success") "auth include @D/a\n" DENY,
          AUTH("required", "auth_err") "\\\n" },
        { "auth substack @D/a\n" AUTH("required", "success") DENY,
          AUTH("required", "success") "auth required \\\n" },
};

static void test_written_stacks_are_what_libpam_makes_of_them(void **state) {
        dir = *state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                write_file("top", rows[i].top);
                write_file("a", rows[i].a);
                write_file("other", "auth required pam_deny.so\naccount required pam_deny.so\n");
                compare(rows[i].top);
        }
}

static uint32_t seed = 1;

static unsigned chance(unsigned n) {
        seed = seed * 1664525 + 1013904223;
        return (seed >> 8) % n;
}

static void add_control(char *out, size_t size) {
        static const char *const words[] = { "required", "requisite", "sufficient", "optional" };
        static const char *const actions[] = { "ignore", "ok", "done", "bad", "die",
                                               "reset",  "1",  "2",    "4" };
        static const char *const likely[] = { "success", "auth_err", "ignore", "perm_denied" };
        size_t len = 0;

        if (chance(2) == 0) {
                (void) snprintf(out, size, "%s", words[chance(ARRAY_LEN(words))]);
                return;
        }
        out[0] = '\0';
        for (unsigned i = chance(4); i > 0; i--)
                len += (size_t) snprintf(out + len, size - len, "%s%s=%s", len > 0 ? " " : "[",
                                         likely[chance(ARRAY_LEN(likely))],
                                         actions[chance(ARRAY_LEN(actions))]);
        (void) snprintf(out + len, size - len, "%sdefault=%s]", len > 0 ? " " : "[",
                        actions[chance(ARRAY_LEN(actions))]);
}

static const char *choose_code(void) {
        static const char *const likely[] = { "success",  "success", "success",
                                              "auth_err", "ignore",  "perm_denied" };

        return chance(6) > 0 ? likely[chance(ARRAY_LEN(likely))] : codes[chance(ARRAY_LEN(codes))];
}

/* ${deeper}: a file that may be included, NULL for none. */
static void write_by_chance(const char *name, const char *deeper) {
        char text[FILE_LEN] = "", control[128];
        size_t len = 0;

        for (unsigned i = chance(6); i > 0; i--) {
                const char *type = chance(4) > 0 ? "auth" : "account";

                if (deeper && chance(4) == 0)
                        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s %s @D/%s\n",
                                                 type, chance(2) > 0 ? "substack" : "include",
                                                 deeper);
                else if (deeper && chance(8) == 0)
                        len += (size_t) snprintf(text + len, sizeof(text) - len, "@include @D/%s\n",
                                                 deeper);
                else {
                        add_control(control, sizeof(control));
                        len += (size_t) snprintf(text + len, sizeof(text) - len,
                                                 "%s %s " MODULE " auth=%s acct=%s\n", type,
                                                 control, choose_code(), choose_code());
                }
        }
        write_file(name, text);
}

static void test_stacks_of_chance_are_what_libpam_makes_of_them(void **state) {
        char row[32];

        dir = *state;
        write_file("other", "");
        for (unsigned i = 0; i < ROUNDS; i++) {
                (void) snprintf(row, sizeof(row), "seed %u", seed);
                write_by_chance("top", "a");
                write_by_chance("a", "b");
                write_by_chance("b", NULL);
                compare(row);
        }
}

static void test_the_codes_are_libpams(void **state) {
        (void) state;
        assert_int_equal(PAMSTACK_CODES, _PAM_RETURN_VALUES);
        assert_int_equal(PAMSTACK_SUCCESS, PAM_SUCCESS);
        assert_int_equal(PAMSTACK_SERVICE_ERR, PAM_SERVICE_ERR);
        assert_int_equal(PAMSTACK_BUF_ERR, PAM_BUF_ERR);
        assert_int_equal(PAMSTACK_PERM_DENIED, PAM_PERM_DENIED);
        assert_int_equal(PAMSTACK_AUTH_ERR, PAM_AUTH_ERR);
        assert_int_equal(PAMSTACK_CRED_UNAVAIL, PAM_CRED_UNAVAIL);
        assert_int_equal(PAMSTACK_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(PAMSTACK_USER_UNKNOWN, PAM_USER_UNKNOWN);
        assert_int_equal(PAMSTACK_NEW_AUTHTOK_REQD, PAM_NEW_AUTHTOK_REQD);
        assert_int_equal(PAMSTACK_CONV_ERR, PAM_CONV_ERR);
        assert_int_equal(PAMSTACK_IGNORE, PAM_IGNORE);
}

static void test_lines_say_where_they_stand(void **state) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};

        dir = *state;
        write_file("top", "# nothing\n\nauth required \\\n pam_x.so a [b c]\n@include a\nauth "
                          "include gone\n");
        write_file("a", "session optional /lib/pam_y.so\n");
        assert_int_equal(pamstack_read("gone", load, NULL, &stack), -ENOENT);
        assert_int_equal(pamstack_read("top", load, NULL, &stack), 0);
        assert_int_equal(stack.n, 3);
        assert_string_equal(stack.lines[0].file, "top");
        assert_int_equal(stack.lines[0].number, 3);
        assert_string_equal(stack.lines[0].module, "pam_x.so");
        assert_int_equal(stack.lines[0].n_args, 2);
        assert_string_equal(stack.lines[0].args[1], "b c");
        assert_string_equal(stack.lines[1].file, "a");
        assert_int_equal(stack.lines[1].number, 1);
        assert_int_equal(stack.lines[1].type, PAMSTACK_SESSION);
        assert_true(pamstack_is_module(&stack.lines[1], "pam_y"));
        assert_false(pamstack_is_module(&stack.lines[1], "pam_"));
        assert_true(stack.lines[2].broken);
        assert_string_equal(stack.missing, "gone");
}

static void test_a_missing_file_behind_at_include_is_the_end(void **state) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};

        dir = *state;
        write_file("top", AUTH("sufficient", "success") "@include gone\n" DENY);
        assert_int_equal(pamstack_read("top", load, NULL, &stack), 0);
        assert_true(stack.dead);
        assert_int_equal(pamstack_eval(&stack, PAMSTACK_AUTH, answer, auth_word), PAM_ABORT);
}

/* libpam itself does not survive this one. */
static void test_a_file_that_includes_itself_ends(void **state) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};

        dir = *state;
        write_file("top", "auth required pam_debug.so\nauth substack top\naccount include top\n");
        assert_int_equal(pamstack_read("top", load, NULL, &stack), 0);
        assert_in_range(stack.n, 1, 4 * PAMSTACK_LEVEL_MAX);
        assert_string_equal(stack.missing, "top");
        assert_int_not_equal(pamstack_eval(&stack, PAMSTACK_AUTH, answer, auth_word), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_codes_are_libpams),
                unit_test_in_dir(test_lines_say_where_they_stand),
                unit_test_in_dir(test_a_missing_file_behind_at_include_is_the_end),
                unit_test_in_dir(test_a_file_that_includes_itself_ends),
                unit_test_in_dir(test_written_stacks_are_what_libpam_makes_of_them),
                unit_test_in_dir(test_stacks_of_chance_are_what_libpam_makes_of_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
