/* SPDX-License-Identifier: BSD-2-Clause */
/* No secret stays anywhere that it was not given to: in the host's memory, in the daemon's memory,
 * files, log, arguments or environment, or in the module's lines for syslog. All debug options are
 * on. */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "devlog.h"
#include "login.h"
#include "needle.h"
#include "suite.h"

#define FURTHER_LOGINS 100
/* in one process: some in make check, WFAPIKEY_LOGINS in all */
#define LOGINS 100

enum form {
        WHOLE,
        /* Another last digit in the secret, with the right checksum. */
        WRONG_LAST,
        WRONG_CHECKSUM, /* not a key */
        OTHER_ID,
};

/* The exit status of a process that searches its own memory. */
enum outcome {
        CLEAN = 0,
        /* Found between authenticate and the end of the transaction. */
        FOUND_DURING = 1,
        FOUND_AFTER = 2,
        NOT_READABLE = 3,
        OTHER_ANSWER = 16, /* added to the PAM code */
};

static const struct scene {
        const char *name;
        const char *service;
        enum form form;
        int rv;
        const char *user; /* NULL for the owner */
} scenes[] = {
        { "an accepted key", .service = "host", .rv = PAM_SUCCESS },
        { "a wrong secret", .service = "host", .form = WRONG_LAST, .rv = PAM_AUTH_ERR },
        { "an id that nobody has", .service = "host", .form = OTHER_ID, .rv = PAM_AUTH_ERR },
        { "a mistyped checksum", .service = "host", .form = WRONG_CHECKSUM,
          .rv = PAM_CRED_UNAVAIL },
        { "another user's key", .service = "host", .rv = PAM_AUTH_ERR, .user = "somebody-else" },
        { "a daemon that does not answer", .service = "silent", .rv = PAM_AUTHINFO_UNAVAIL },
        { "a daemon that hangs up", .service = "hangs-up", .rv = PAM_AUTHINFO_UNAVAIL },
        { "a daemon that lies", .service = "lies", .rv = PAM_AUTHINFO_UNAVAIL },
        { "no daemon", .service = "down", .rv = PAM_AUTHINFO_UNAVAIL },
        { "a server of another uid", .service = "distrustful", .rv = PAM_AUTHINFO_UNAVAIL },
        { "an accepted key, without a line in the log", .service = "quiet", .rv = PAM_SUCCESS },
        { "a wrong secret, without debug", .service = "quiet", .form = WRONG_LAST,
          .rv = PAM_AUTH_ERR },
        { "a bad option", .service = "misspelt", .rv = PAM_AUTHINFO_UNAVAIL },
};

static const char *const bad_names[] = { "silent", "hangs-up", "lies" };

static struct standin bad_daemons[ARRAY_LEN(bad_names)];
static struct needle planted, other, reset_before, reset_after;

/* --- A host that wipes what it was given --- */

struct answer {
        const struct needle *needle;
        enum form form;
};

/* Writes the token into the memory that the module frees, and nowhere else. */
static void write_token(const struct answer *answer, char token[static KEYTEXT_LEN + 1]) {
        char secret[KEYTEXT_SECRET_LEN];

        needle_show(answer->needle, token);
        memcpy(secret, keytext_secret(token), sizeof(secret));
        /* Another digit of the alphabet: a character that is none would be no key. */
        if (answer->form == WRONG_LAST)
                secret[KEYTEXT_SECRET_LEN - 1] = secret[KEYTEXT_SECRET_LEN - 1] == '0' ? '1' : '0';
        keytext_format(token, answer->form == OTHER_ID ? "nobodyHas1" : answer->needle->id, secret);
        if (answer->form == WRONG_CHECKSUM)
                token[KEYTEXT_LEN - 1] ^= 1;
        explicit_bzero(secret, sizeof(secret));
}

/* The conversation of login.c answers with a copy of a text that it keeps. This one keeps none. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *data) {
        struct pam_response *response = calloc((size_t) n, sizeof(*response));

        if (!response)
                return PAM_BUF_ERR;
        if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) {
                response->resp = malloc(KEYTEXT_LEN + 1);
                if (!response->resp) {
                        free(response);
                        return PAM_BUF_ERR;
                }
                write_token(data, response->resp);
        }
        *ret = response;
        return PAM_SUCCESS;
}

/* Looks into this process from a thread, whose stack and heap are its own. A search on the stack of
 * the login would write over what the login has left there. */
static struct {
        pthread_t thread;
        sem_t begin, done;
        bool runs;
        int found;
} searcher;

static void *search(void *userdata) {
        while (sem_wait(&searcher.begin) == 0) {
                searcher.found = needle_in_process(&planted, getpid());
                (void) sem_post(&searcher.done);
        }
        return userdata;
}

static void searcher_start(void) {
        searcher.runs = sem_init(&searcher.begin, 0, 0) == 0 &&
                        sem_init(&searcher.done, 0, 0) == 0 &&
                        pthread_create(&searcher.thread, NULL, search, NULL) == 0;
}

static enum outcome look(enum outcome found) {
        if (!searcher.runs || sem_post(&searcher.begin) < 0)
                return NOT_READABLE;
        while (sem_wait(&searcher.done) < 0)
                ;
        return searcher.found < 0 ? NOT_READABLE : searcher.found > 0 ? found : CLEAN;
}

static int log_in(const char *service, const char *user, const struct answer *answer, bool scan) {
        struct pam_conv conv = { .conv = converse, .appdata_ptr = (void *) (uintptr_t) answer };
        enum outcome during = CLEAN, after = CLEAN;
        pam_handle_t *pamh = NULL;
        int rv;

        if (pam_start_confdir(service, user ? user : world.user, &conv, world.services, &pamh) !=
            PAM_SUCCESS)
                return OTHER_ANSWER + PAM_ABORT;
        rv = pam_authenticate(pamh, 0);
        if (scan)
                during = look(FOUND_DURING);
        if (rv == PAM_SUCCESS)
                rv = pam_acct_mgmt(pamh, 0);
        if (rv == PAM_SUCCESS)
                rv = pam_setcred(pamh, PAM_ESTABLISH_CRED);
        (void) pam_end(pamh, rv);
        if (scan)
                after = look(FOUND_AFTER);
        if (during != CLEAN || after != CLEAN)
                return (int) (during != CLEAN ? during : after);
        return rv == PAM_SUCCESS ? CLEAN : OTHER_ANSWER + rv;
}

static void check_host(const struct scene *scene) {
        const struct answer answer = { &planted, scene->form };
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                searcher_start();
                _exit(log_in(scene->service, scene->user, &answer, true));
        }
        status = world_wait(pid);
        if (status == FOUND_DURING || status == FOUND_AFTER)
                fail_msg("the secret is in the host's memory %s",
                         status == FOUND_DURING ? "after authenticate" : "after the end");
        assert_int_equal(status, scene->rv == PAM_SUCCESS ? CLEAN : OTHER_ANSWER + scene->rv);
}

static void test_host(void **state) {
        check_host(*state);
}

/* A service that goes on: what one login leaves is there in the next. Half of them are refused.
 * Without debug, because to write a line is to write over the stack. */
static int log_in_often(void) {
        const char *text = getenv("WFAPIKEY_LOGINS");
        const unsigned long logins = text ? strtoul(text, NULL, 10) : LOGINS;

        searcher_start();
        for (unsigned long i = 0; i < logins; i++) {
                const struct answer answer = { &planted, i % 2 ? WRONG_LAST : WHOLE };
                const int wanted = i % 2 ? OTHER_ANSWER + PAM_AUTH_ERR : CLEAN;

                if (log_in("quiet", NULL, &answer, i + 2 >= logins) != wanted)
                        return 1;
        }
        return look(FOUND_AFTER);
}

static void test_host_goes_on(void **state) {
        pid_t pid = fork();

        (void) state;
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(log_in_often());
        assert_int_equal(world_wait(pid), 0);
}

static void test_host_with_certificate(void **state) {
        static const struct scene scene = { "certificate", .service = "host", .rv = PAM_AUTH_ERR };

        (void) state;
        world_do(&world, "policy", "set", "require-certificate=yes", NULL);
        check_host(&scene);
        world_do(&world, "policy", "set", "require-certificate=no", NULL);
}

/* The search finds a secret that is there: in this process, in a file, in another process. */
static void test_search(void **state) {
        char path[96], clear[KEYTEXT_LEN + 1];
        int fd;

        (void) state;
        assert_int_equal(needle_in_process(&other, getpid()), 0);
        needle_show(&other, clear);
        assert_int_equal(needle_in_process(&other, getpid()), 1);
        (void) snprintf(path, sizeof(path), "%s/planted", world.dir);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, clear, KEYTEXT_LEN), KEYTEXT_LEN);
        assert_int_equal(close(fd), 0);
        explicit_bzero(clear, sizeof(clear));
        assert_int_equal(needle_in_tree(&other, world.dir), 1);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(needle_in_tree(&other, world.dir), 0);
        assert_int_equal(needle_in_process(&other, getpid()), 0);
}

static void test_search_elsewhere(void **state) {
        int up[2], down[2], found;
        char byte = 0;
        pid_t pid;

        (void) state;
        assert_int_equal(pipe2(up, O_CLOEXEC), 0);
        assert_int_equal(pipe2(down, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char *clear = malloc(KEYTEXT_LEN + 1);

                if (!clear)
                        _exit(1);
                needle_show(&other, clear);
                _exit(write(up[1], "", 1) != 1 || read(down[0], &byte, 1) != 1 || clear[0] != 'w');
        }
        assert_int_equal(read(up[0], &byte, 1), 1);
        found = needle_in_process(&other, pid);
        /* On some hosts a user may not look into his own processes. */
        if (found >= 0 || geteuid() == 0)
                assert_int_equal(found, 1);
        assert_int_equal(write(down[1], "", 1), 1);
        assert_int_equal(world_wait(pid), 0);
        for (int i = 0; i < 2; i++) {
                (void) close(up[i]);
                (void) close(down[i]);
        }
}

/* --- The daemon --- */

/* A user types the key as the user's name and the name as the password. */
static void type_key_as_user(void) {
        const struct answer answer = { &planted, WHOLE };
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                char user[KEYTEXT_LEN + 1];

                needle_show(&planted, user);
                _exit(log_in("host", user, &answer, false) != OTHER_ANSWER + PAM_AUTH_ERR);
        }
        assert_int_equal(world_wait(pid), 0);
}

static void test_log(void **state) {
        const struct needle *const needles[] = { &planted, &other, &reset_before, &reset_after };
        _cleanup_free_ char *line = NULL;
        size_t from = world_log_size(&world);

        (void) state;
        type_key_as_user();
        line = world_await_log(&world, from, "(something like a key)");
        assert_non_null(strstr(line, planted.id));
        for (size_t i = 0; i < ARRAY_LEN(needles); i++)
                assert_int_equal(needle_in_file(needles[i], world.log), 0);
}

static void test_state_dir(void **state) {
        const struct needle *const needles[] = { &planted, &other, &reset_before, &reset_after };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(needles); i++)
                assert_int_equal(needle_in_tree(needles[i], world.state), 0);
}

static void test_process(void **state) {
        static const char *const files[] = { "cmdline", "environ", "status", "limits" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(files); i++) {
                char path[64];
                int r;

                (void) snprintf(path, sizeof(path), "/proc/%d/%s", world.daemon, files[i]);
                r = needle_in_file(&planted, path);
                /* The daemon also keeps its own user from looking. */
                if (r < 0 && getuid() != 0)
                        continue;
                assert_int_equal(r, 0);
        }
}

static void test_no_core(void **state) {
        char path[64];
        _cleanup_free_ char *limits = NULL;
        const char *line;
        struct stat st;

        (void) state;
        (void) snprintf(path, sizeof(path), "/proc/%d/limits", world.daemon);
        limits = world_read(path, NULL);
        assert_non_null(limits);
        line = strstr(limits, "Max core file size");
        assert_non_null(line);
        assert_int_equal(strncmp(line + 18 + strspn(line + 18, " "), "0 ", 2), 0);
        /* The /proc files of a process that is not dumpable belong to root. */
        (void) snprintf(path, sizeof(path), "/proc/%d/mem", world.daemon);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 0);
}

static void test_memory(void **state) {
        const struct needle *const needles[] = { &planted, &reset_before, &reset_after };
        const struct answer answer = { &other, WHOLE };
        struct needle path;
        unsigned found = 0;

        (void) state;
        needle_hide_text(&path, world.state);
        assert_int_equal(needle_in_process(&path, world.daemon), 1); /* the path is there */
        for (unsigned i = 0; i < FURTHER_LOGINS; i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0)
                        _exit(log_in("host", NULL, &answer, false));
                assert_int_equal(world_wait(pid), CLEAN);
        }
        for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
                int r = needle_in_process(needles[i], world.daemon);

                assert_in_range(r, 0, 1);
                found |= (unsigned) r << i;
        }
        if (found)
                fail_msg("in the daemon's memory: planted %u, before reset %u, after reset %u",
                         found & 1, found >> 1 & 1, found >> 2 & 1);
}

/* --- syslog --- */

/* Each login has one line. The socket's queue is short, so each line is read at once. */
static unsigned log_in_and_listen(const struct scene *scene, int log, char *text, size_t size) {
        const struct answer answer = { &planted, scene->form };
        size_t used = strlen(text);

        (void) log_in(scene->service, scene->user, &answer, false);
        return devlog_read(log, text + used, size - used);
}

static int run_with_devlog(const char *dir) {
        char text[16384] = "";
        int log = devlog_open(dir);

        if (log < 0)
                return 100;
        for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
                /* the lines of the others have the debug option */
                if (log_in_and_listen(&scenes[i], log, text, sizeof(text)) == 0 &&
                    strcmp(scenes[i].service, "quiet") != 0)
                        return 101;
        if (needle_in_bytes(&planted, text, sizeof(text)))
                return 1;
        if (!strstr(text, "bad option 'tiemout=1'"))
                return 2;
        if (!strstr(text, "cannot ask wfapikeyd at '/nonexistent/s'"))
                return 3;
        if (!strstr(text, "is served by another uid than server_uid"))
                return 4;
        if (!strstr(text, "pam_wfapikey(host:auth): authenticate: accepted"))
                return 5;
        return 0;
}

static void test_syslog(void **state) {
        char dir[96];
        pid_t pid;

        (void) state;
        (void) snprintf(dir, sizeof(dir), "%s/dev", world.dir);
        assert_int_equal(mkdir(dir, 0755), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(run_with_devlog(dir));
        assert_int_equal(world_wait(pid), 0);
}

/* --- Set-up and table --- */

static void write_service(const char *name, const char *options) {
        world_service(&world, name,
                      "auth required %s debug %s\n"
                      "account required %s debug %s\n",
                      ours, options, ours, options);
}

static void start_bad_daemons(void) {
        for (size_t i = 0; i < ARRAY_LEN(bad_names); i++) {
                char options[300];

                standin_start(&bad_daemons[i], &world, bad_names[i]);
                (void) snprintf(options, sizeof(options), "socket=%s timeout=200ms",
                                bad_daemons[i].path);
                write_service(bad_names[i], options);
        }
        standin_set(&bad_daemons[0], STANDIN_SILENT);
        standin_set(&bad_daemons[1], STANDIN_CLOSE);
        standin_reply(&bad_daemons[2], (const uint8_t *) "nonsense", 8, false);
}

static void set_up(void) {
        char distrustful[32];

        needle_issue(&world, &planted);
        needle_issue(&world, &other);
        needle_issue(&world, &reset_before);
        needle_reset(&world, reset_before.id, &reset_after);
        (void) snprintf(distrustful, sizeof(distrustful), "server_uid=%u", getuid() + 1);
        write_service("host", "");
        world_service(&world, "quiet", "auth required %s\naccount required %s\n", ours, ours);
        write_service("distrustful", distrustful);
        write_service("misspelt", "tiemout=1");
        write_service("down", "socket=/nonexistent/s");
        start_bad_daemons();
}

static void tear_down(void) {
        for (size_t i = 0; i < ARRAY_LEN(bad_names); i++)
                standin_stop(&bad_daemons[i]);
}

static const char *not_root(void) {
        return geteuid() != 0 ? "only root may look into it" : NULL;
}

static const char *without_devlog(void) {
        return devlog_possible() ? NULL : "needs root, and mounts";
}

static const struct suite_test tests[] = {
        ROWS(scenes, test_host, "the host's memory forgets the secret: "),
        CASE(test_host_goes_on, "a host forgets the secret that goes on after many logins"),
        CASE_UNLESS(not_root, test_memory,
                    "the daemon's memory has no secret, of a login or of a key that was made"),
        CASE_UNLESS(without_devlog, test_syslog,
                    "what the module tells syslog has no secret, and what an administrator needs"),
        CASE(test_search, "for comparison: a secret is found in memory and in a file, and "
                          "gone when it is"),
        CASE(test_search_elsewhere, "for comparison: a secret is found in another process"),
        CASE(test_host_with_certificate,
             "the host's memory forgets the secret: a certificate is required"),
        CASE(test_log, "the daemon's log has no secret, not even one that was typed as a "
                       "user's name"),
        CASE(test_state_dir, "the state directory has no secret"),
        CASE(test_process, "the daemon's arguments and environment have no secret"),
        CASE(test_no_core, "the daemon leaves no core, and its memory is root's to read"),
};

const struct suite suite = {
        .name = "secrets",
        .daemon = true,
        .debugging = true,
        .set_up = set_up,
        .tear_down = tear_down,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};
