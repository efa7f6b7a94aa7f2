/* SPDX-License-Identifier: BSD-2-Clause */
/* Daemons that are down or slow. The login ends in time, and its code says that it could not be
 * decided: it is neither a wrong key nor a success. The user is told nothing. This holds in
 * authenticate, and in account for an old login. A password is not delayed at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"
#include "suite.h"

static struct login old; /* logged in more than a second ago */

/* --- Slow --- */

static void test_silent(void **state) {
        (void) state;
        standin_set(&standin, STANDIN_SILENT);
        check_undecided("hasty", 1);
}

static void test_hang_up(void **state) {
        (void) state;
        standin_set(&standin, STANDIN_CLOSE);
        check_undecided("svc", 2);
        check_account(&old, PAM_AUTHINFO_UNAVAIL, 2);
}

static void test_slam(void **state) {
        (void) state;
        standin_set(&standin, STANDIN_SLAM);
        check_undecided("svc", 2);
}

static void test_hang_up_once(void **state) {
        (void) state;
        standin_set(&standin, STANDIN_RELAY);
        standin_hang_up_first(&standin, 1);
        assert_pam(login_once(&world, "svc", world.user, key.text), PAM_SUCCESS);
        assert_int_equal(standin_asked(&standin), 2);
        standin_hang_up_first(&standin, 1);
        check_account(&old, PAM_SUCCESS, 2);
}

static void test_hang_up_then_silent(void **state) {
        (void) state;
        standin_set(&standin, STANDIN_SILENT);
        standin_hang_up_first(&standin, 1);
        check_undecided("hasty", 2);
}

/* Bytes that were sent before the question are read as the answer. They decide nothing. */
static void test_prepared_nonsense(void **state) {
        (void) state;
        standin_reply(&standin, (const uint8_t *) "nonsense", 8, false);
        standin_set(&standin, STANDIN_PREPARED);
        check_undecided("svc", 1);
}

static void test_dies(void **state) {
        struct standin mortal;

        (void) state;
        standin_start(&mortal, &world, "mortal");
        standin_set(&mortal, STANDIN_DIE);
        check_undecided("mortal", 0);
        check_undecided("mortal", 0);
        standin_stop(&mortal);
}

static void test_other_uid(void **state) {
        size_t len;

        (void) state;
        standin_set(&standin, STANDIN_RELAY);
        check_undecided("distrustful", 1);
        (void) standin_request(&standin, &len);
        assert_int_equal(len, 0);
}

static void test_stopped(void **state) {
        (void) state;
        standin_set(&standin, STANDIN_RELAY);
        assert_int_equal(kill(world.daemon, SIGSTOP), 0);
        check_undecided("direct-hasty", 0);
        assert_int_equal(kill(world.daemon, SIGCONT), 0);
        assert_pam(login_once(&world, "direct", world.user, key.text), PAM_SUCCESS);
}

static int bind_at(const char *name, int type) {
        _cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", world.dir, name);
        (void) unlink(sa.sun_path);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        return take_fd(&fd);
}

static void test_full_backlog(void **state) {
        _cleanup_close_ int listener = bind_at("absent", SOCK_SEQPACKET);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int waiting[16];
        size_t n = 0;

        (void) state;
        assert_int_equal(listen(listener, 0), 0);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/absent", world.dir);
        for (; n < ARRAY_LEN(waiting); n++) {
                waiting[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                assert_true(waiting[n] >= 0);
                if (connect(waiting[n], (struct sockaddr *) &sa, sizeof(sa)) < 0)
                        break;
        }
        assert_in_range(n, 1, ARRAY_LEN(waiting) - 1);
        check_undecided("absent", 0);
        for (size_t i = 0; i <= n; i++)
                (void) close(waiting[i]);
}

static void test_nothing_there(void **state) {
        char path[96];

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/absent", world.dir);
        (void) unlink(path);
        check_undecided("absent", 0);
        check_undecided("nowhere", 0);
}

static void test_nobody_listens(void **state) {
        _cleanup_close_ int fd = bind_at("absent", SOCK_SEQPACKET);

        (void) state;
        check_undecided("absent", 0); /* bound, not listening */
        (void) close(take_fd(&fd));
        check_undecided("absent", 0); /* left behind by a dead process */
}

static void test_other_things(void **state) {
        static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
        char path[96];

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/absent", world.dir);
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
                _cleanup_close_ int fd = bind_at("absent", types[i]);

                if (types[i] == SOCK_STREAM)
                        assert_int_equal(listen(fd, 1), 0);
                check_undecided("absent", 0);
        }
        (void) unlink(path);
        assert_int_equal(mkdir(path, 0755), 0);
        check_undecided("absent", 0);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(symlink("absent", path), 0);
        check_undecided("absent", 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0666), 0);
        check_undecided("absent", 0);
        assert_int_equal(unlink(path), 0);
}

static void test_password_without_daemon(void **state) {
        static const char *const services[] = { "nowhere", "absent", "hasty", "mortal" };

        (void) state;
        standin_set(&standin, STANDIN_SILENT);
        for (size_t i = 0; i < ARRAY_LEN(services); i++) {
                assert_pam(login_once(&world, services[i], world.user, "hunter2"),
                           PAM_CRED_UNAVAIL);
                assert_pam(login_once(&world, services[i], world.user, ""), PAM_CRED_UNAVAIL);
        }
        assert_int_equal(standin_asked(&standin), 0);
}

/* --- Set-up and table --- */

static void write_service(const char *name, const char *socket_name, const char *options) {
        world_service(&world, name,
                      "auth required %s socket=%s/%s %s\n"
                      "auth optional %s as=AFTER\n"
                      "account required %s socket=%s/%s %s\n",
                      ours, world.dir, socket_name, options, world.peek, ours, world.dir,
                      socket_name, options);
}

static void set_up(void) {
        char too_long[120], distrustful[32];

        (void) snprintf(distrustful, sizeof(distrustful), "server_uid=%u", getuid() + 1);
        (void) snprintf(too_long, sizeof(too_long), "%0110d", 0);
        write_service("svc", "standin", "");
        write_service("hasty", "standin", "timeout=200ms");
        write_service("direct", "verify", "");
        write_service("direct-hasty", "verify", "timeout=200ms");
        write_service("distrustful", "standin", distrustful);
        write_service("mortal", "mortal", "");
        write_service("absent", "absent", "timeout=200ms");
        write_service("nowhere", too_long, "timeout=200ms");

        check_login(&old, "svc", &key);
        login_age();
}

static void tear_down(void) {
        login_close(&old);
}

static const struct suite_test tests[] = {
        CASE(test_prepared_nonsense, "undecided: nonsense that is there before the question"),
        CASE(test_silent, "undecided in time: a daemon that never answers"),
        CASE(test_hang_up, "undecided: a daemon that hangs up, asked twice at most"),
        CASE(test_slam, "undecided: a daemon that hangs up without reading, asked twice at most"),
        CASE(test_hang_up_once, "a daemon that was just being restarted is asked again"),
        CASE(test_hang_up_then_silent, "undecided in time: first hangs up, then never answers"),
        CASE(test_dies, "undecided: a daemon that dies over the question, and is dead"),
        CASE(test_other_uid, "undecided: a server of another uid, and it is sent nothing"),
        CASE(test_stopped, "undecided in time: a daemon that is stopped; accepted when it goes on"),
        CASE(test_full_backlog, "undecided in time: a backlog that stays full"),
        CASE(test_nothing_there, "undecided: no socket, and a path that is too long for one"),
        CASE(test_nobody_listens, "undecided: a socket that nobody listens on"),
        CASE(test_other_things, "undecided: what is not such a socket"),
        CASE(test_password_without_daemon,
             "a password is not kept waiting by any of these daemons"),
};

const struct suite suite = {
        .name = "outage",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tear_down = tear_down,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};
