/* SPDX-License-Identifier: BSD-2-Clause */
/* The process at the other end of a socket, as the kernel describes it. Nothing that the process
 * says of itself counts. */
#include <grp.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit_socket.h"

#include "base/peer.h"

static void test_a_peer_is_who_the_kernel_says(void **state) {
        struct peer_cred cred;
        int pair[2];

        (void) state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        unit_poison(&cred, sizeof(cred));
        assert_int_equal(peer_cred(pair[0], &cred), 0);
        assert_int_equal(cred.uid, geteuid());
        assert_int_equal(cred.gid, getegid());
        assert_int_equal(cred.pid, getpid());
        (void) close(pair[0]);
        (void) close(pair[1]);
}

static void test_the_groups_are_those_of_the_process(void **state) {
        gid_t mine[65536];
        int n = getgroups(ARRAY_LEN(mine), mine), pair[2];
        struct peer peer;

        (void) state;
        assert_int_not_equal(n, -1);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(peer_read(pair[0], &peer), 0);
        assert_int_equal(peer.cred.uid, geteuid());
        assert_int_equal(peer.n_groups, n);
        assert_int_equal(peer_has_group(&peer, getegid()), true);
        for (int i = 0; i < n; i++)
                assert_int_equal(peer_has_group(&peer, mine[i]), true);
        peer_done(&peer);
        assert_null(peer.groups);
        assert_int_equal(peer.n_groups, 0);
        peer_done(&peer);
        (void) close(pair[0]);
        (void) close(pair[1]);
}

static void check_no_peer(const char *row, int fd, int r) {
        struct peer_cred cred;
        struct peer peer;

        unit_poison(&cred, sizeof(cred));
        unit_poison(&peer, sizeof(peer));
        unit_int(row, peer_cred(fd, &cred), r);
        unit_int(row, peer_read(fd, &peer), r);
        unit_poisoned(row, &cred, sizeof(cred));
        unit_poisoned(row, &peer, sizeof(peer));
}

static void test_what_has_no_peer_is_an_error(void **state) {
        int unconnected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

        (void) state;
        check_no_peer("unconnected", unconnected, -EPROTO);
        if (inet >= 0)
                check_no_peer("of another family", inet, -EPROTO);
        check_no_peer("no socket", file, -ENOTSOCK);
        (void) close(file);
        check_no_peer("closed", file, -EBADF);
        check_no_peer("none", -1, -EBADF);
        (void) close(unconnected);
        (void) close(inet);
}

static void test_groups_are_the_first_and_the_others(void **state) {
        gid_t groups[] = { 7, 9 };
        const struct peer peer = { .cred = { .gid = 5 }, .n_groups = 2, .groups = groups },
                          none = { .cred = { .gid = 5 } };

        (void) state;
        assert_int_equal(peer_has_group(&peer, 5), true);
        assert_int_equal(peer_has_group(&peer, 7), true);
        assert_int_equal(peer_has_group(&peer, 9), true);
        assert_int_equal(peer_has_group(&peer, 0), false);
        assert_int_equal(peer_has_group(&peer, 8), false);
        assert_int_equal(peer_has_group(&none, 5), true);
        assert_int_equal(peer_has_group(&none, 0), false);
}

/* --- Descriptors --- */

#define PASSRIGHTS 83 /* SO_PASSRIGHTS, Linux 6.16 */

static bool can_refuse_descriptors(void) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), value = 1;
        socklen_t len = sizeof(value);
        bool can = getsockopt(fd, SOL_SOCKET, PASSRIGHTS, &value, &len) == 0;

        (void) close(fd);
        return can;
}

static void test_descriptors_that_a_peer_passes_are_refused(void **state) {
        sa_family_t any = AF_UNIX;
        struct sockaddr_storage sa;
        socklen_t len = sizeof(sa);
        int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), server;

        (void) state;
        assert_int_equal(bind(listener, (struct sockaddr *) &any, sizeof(any)), 0);
        assert_int_equal(listen(listener, 1), 0);
        peer_refuse_descriptors(listener);
        assert_int_equal(getsockname(listener, (struct sockaddr *) &sa, &len), 0);
        assert_int_equal(connect(client, (struct sockaddr *) &sa, len), 0);
        server = accept(listener, NULL, NULL);
        assert_int_not_equal(server, -1);
        assert_int_equal(unit_send_descriptor(client, "x", 1), -EPERM);
        assert_int_equal(send(client, "x", 1, MSG_NOSIGNAL), 1);
        (void) close(server);
        (void) close(client);
        (void) close(listener);
}

static void test_what_cannot_refuse_descriptors_is_left_as_it_is(void **state) {
        (void) state;
        peer_refuse_descriptors(-1);
        peer_refuse_descriptors(STDIN_FILENO);
}

/* --- A process of another uid --- */

/* Connects as uid 4242 with the groups 4243, 4244 and 4245. Then it becomes another user, and stays
 * until the pipe closes. */
static void be_somebody(int listener, int stay) {
        static const gid_t groups[] = { 4244, 4245 };
        struct sockaddr_storage sa;
        socklen_t len = sizeof(sa);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        char byte;

        if (getsockname(listener, (struct sockaddr *) &sa, &len) < 0 || setgroups(2, groups) < 0 ||
            setresgid(4243, 4243, 4243) < 0 || setresuid(4242, 4242, 4242) < 0 ||
            connect(fd, (struct sockaddr *) &sa, len) < 0)
                _exit(1);
        (void) !read(stay, &byte, 1);
        _exit(0);
}

static void test_a_peer_of_another_uid_is_seen_as_such(void **state) {
        /* the kernel picks an address that no file has */
        sa_family_t any = AF_UNIX;
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), stay[2], fd;
        struct peer peer;
        pid_t pid;

        (void) state;
        assert_int_equal(bind(listener, (struct sockaddr *) &any, sizeof(any)), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(pipe2(stay, O_CLOEXEC), 0);
        pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
                (void) close(stay[1]);
                be_somebody(listener, stay[0]);
        }
        fd = accept(listener, NULL, NULL);
        assert_int_not_equal(fd, -1);
        assert_int_equal(peer_read(fd, &peer), 0);
        assert_int_equal(peer.cred.uid, 4242);
        assert_int_equal(peer.cred.gid, 4243);
        assert_int_equal(peer.cred.pid, pid);
        assert_int_equal(peer.n_groups, 2);
        assert_int_equal(peer_has_group(&peer, 4243), true);
        assert_int_equal(peer_has_group(&peer, 4244), true);
        assert_int_equal(peer_has_group(&peer, 4245), true);
        assert_int_equal(peer_has_group(&peer, 0), false);
        peer_done(&peer);
        (void) close(stay[0]);
        (void) close(stay[1]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void) close(fd);
        (void) close(listener);
}

/* --- The login session of a process --- */

static bool write_login(const char *uid) {
        int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
        bool written = fd >= 0 && write(fd, uid, strlen(uid)) == (ssize_t) strlen(uid);

        if (fd >= 0)
                (void) close(fd);
        return written;
}

static bool can_have_login(void) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(write_login("4242") ? 0 : 1);
        return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool has_peer_pidfd(void) {
        int pair[2], fd = -1;
        socklen_t len = sizeof(fd);
        bool has;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        has = getsockopt(pair[0], SOL_SOCKET, 77, &fd, &len) == 0;
        if (has)
                (void) close(fd);
        (void) close(pair[0]);
        (void) close(pair[1]);
        return has;
}

/* A process with the login uid ${login} and the uid ${uid}: it connects to ${listener}, unless that
 * is -1, and stays until ${stay} ends. It has the pid ${pid}, unless that is 0. */
static pid_t process(pid_t pid, const char *login, uid_t uid, int listener, const int stay[2]) {
        struct clone_args args = { .exit_signal = SIGCHLD,
                                   .set_tid = pid > 0 ? (uint64_t) (uintptr_t) &pid : 0,
                                   .set_tid_size = pid > 0 };
        struct sockaddr_un address;
        socklen_t len = sizeof(address);
        int ready[2];
        pid_t made;
        char byte;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        made = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        assert_int_not_equal(made, -1);
        if (made == 0) {
                int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

                (void) close(stay[1]);
                if ((login && !write_login(login)) || setresuid(uid, uid, uid) < 0 ||
                    (listener >= 0 &&
                     (getsockname(listener, (struct sockaddr *) &address, &len) < 0 ||
                      connect(fd, (struct sockaddr *) &address, len) < 0)) ||
                    write(ready[1], "x", 1) != 1)
                        _exit(1);
                _exit(read(stay[0], &byte, 1) == 0 ? 0 : 1);
        }
        (void) close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void) close(ready[0]);
        return made;
}

struct world {
        int listener, stay[2], other[2];
};

static void begin(struct world *w) {
        sa_family_t any = AF_UNIX;

        w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(w->listener, (struct sockaddr *) &any, sizeof(any)), 0);
        assert_int_equal(listen(w->listener, 4), 0);
        assert_int_equal(pipe2(w->stay, O_CLOEXEC), 0);
        assert_int_equal(pipe2(w->other, O_CLOEXEC), 0);
}

static void finish(pid_t pid, int stay[2]) {
        (void) close(stay[0]);
        (void) close(stay[1]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_the_login_uid_is_that_of_the_session(void **state) {
        struct world w;
        struct peer peer;
        char text[PEER_TEXT_LEN];
        pid_t pid;
        int fd;

        (void) state;
        begin(&w);
        pid = process(0, "4242", geteuid(), w.listener, w.stay);
        fd = accept(w.listener, NULL, NULL);
        assert_int_equal(peer_read(fd, &peer), 0);
        assert_int_equal(peer.cred.pid, pid);
        assert_int_equal(peer.cred.uid, geteuid());
        assert_int_equal(peer.cred.has_login, true);
        assert_int_equal(peer.cred.login_uid, 4242);
        peer.cred.uid = 0;
        peer_text(&peer.cred, text);
        assert_string_equal(text, "uid 0 (login uid 4242)");
        peer_done(&peer);
        finish(pid, w.stay);
        (void) close(fd);
        (void) close(w.listener);
}

/* 4294967295 is no uid. */
static void test_a_process_without_a_login_has_none(void **state) {
        struct world w;
        struct peer_cred cred;
        char text[PEER_TEXT_LEN];
        pid_t pid;
        int fd;

        (void) state;
        begin(&w);
        pid = process(0, "4294967295", geteuid(), w.listener, w.stay);
        fd = accept(w.listener, NULL, NULL);
        assert_int_equal(peer_cred(fd, &cred), 0);
        peer_find_login(fd, &cred);
        assert_int_equal(cred.has_login, false);
        cred.uid = (uid_t) -2;
        peer_text(&cred, text);
        assert_string_equal(text, "uid 4294967294");
        finish(pid, w.stay);
        (void) close(fd);
        (void) close(w.listener);
}

/* The peer has ended, and another process has its pid. */
static void take_over(uid_t uid, bool want) {
        struct peer_cred cred;
        struct world w;
        pid_t pid;
        int fd;

        begin(&w);
        pid = process(0, "4242", 4242, w.listener, w.stay);
        finish(pid, w.stay);
        assert_int_equal(process(pid, "4343", uid, -1, w.other), pid);
        fd = accept(w.listener, NULL, NULL);
        assert_int_equal(peer_cred(fd, &cred), 0);
        assert_int_equal(cred.pid, pid);
        peer_find_login(fd, &cred);
        assert_int_equal(cred.has_login, want);
        finish(pid, w.other);
        (void) close(fd);
        (void) close(w.listener);
}

static void test_another_process_with_the_pid_of_the_peer_is_not_the_peer(void **state) {
        (void) state;
        take_over(4242, !has_peer_pidfd());
        take_over(4444, false);
}

static void test_a_peer_that_is_gone_has_no_login(void **state) {
        struct peer_cred cred;
        struct world w;
        pid_t pid;
        int fd;

        (void) state;
        begin(&w);
        pid = process(0, "4242", geteuid(), w.listener, w.stay);
        finish(pid, w.stay);
        fd = accept(w.listener, NULL, NULL);
        assert_int_equal(peer_cred(fd, &cred), 0);
        peer_find_login(fd, &cred);
        assert_int_equal(cred.has_login, false);
        (void) close(fd);
        (void) close(w.listener);
}

/* Accepts a connection and says whose it is. */
static struct peer_cred next(const struct world *w, struct peer_logins *known) {
        int fd = accept(w->listener, NULL, NULL);
        struct peer_cred cred;

        assert_int_equal(peer_cred(fd, &cred), 0);
        peer_find_login_again(known, fd, &cred);
        (void) close(fd);
        return cred;
}

static void connect_again(const struct world *w) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address;
        socklen_t len = sizeof(address);

        assert_int_equal(getsockname(w->listener, (struct sockaddr *) &address, &len), 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, len), 0);
        (void) close(fd);
}

static bool has_file(const struct peer_logins *known, pid_t pid) {
        return known->logins[(unsigned) pid % PEER_LOGINS].pid == pid;
}

static void test_a_process_that_is_known_is_looked_at_anew(void **state) {
        struct peer_logins known = {};
        struct world w;
        int status;
        pid_t pid;

        (void) state;
        begin(&w);
        pid = fork();
        if (pid == 0) {
                bool good;

                connect_again(&w);
                connect_again(&w);
                good = !next(&w, &known).has_login && has_file(&known, getpid()) &&
                       write_login("4242");
                _exit(good && next(&w, &known).login_uid == 4242 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        (void) close(w.listener);
}

/* The process that was known has ended, and another one has its pid. */
static void test_a_process_with_the_pid_of_a_known_one_is_another(void **state) {
        struct peer_logins known = {};
        struct peer_cred cred;
        struct world w;
        pid_t pid;

        (void) state;
        begin(&w);
        pid = process(0, "4242", geteuid(), w.listener, w.stay);
        assert_int_equal(next(&w, &known).login_uid, 4242);
        assert_true(has_file(&known, pid));
        finish(pid, w.stay);
        assert_int_equal(process(pid, "4343", geteuid(), w.listener, w.other), pid);
        cred = next(&w, &known);
        assert_int_equal(cred.pid, pid);
        assert_int_equal(cred.has_login, true);
        assert_int_equal(cred.login_uid, 4343);
        finish(pid, w.other);
        peer_logins_done(&known);
        assert_false(has_file(&known, pid));
        (void) close(w.listener);
}

/* Both fall into the same place. */
static void test_one_known_process_gives_way_to_another(void **state) {
        struct peer_logins known = {};
        struct world w;
        pid_t one, two;
        int file;

        (void) state;
        begin(&w);
        one = process(0, "4242", geteuid(), w.listener, w.stay);
        assert_int_equal(next(&w, &known).login_uid, 4242);
        file = known.logins[(unsigned) one % PEER_LOGINS].file;
        two = process(one + PEER_LOGINS * 64, "4343", geteuid(), w.listener, w.other);
        assert_int_equal(next(&w, &known).login_uid, 4343);
        assert_true(has_file(&known, two));
        assert_int_equal(known.logins[(unsigned) two % PEER_LOGINS].file, file);
        /* Each has the other's pipe open. */
        assert_int_equal(kill(one, SIGKILL), 0);
        finish(two, w.other);
        finish(one, w.stay);
        peer_logins_done(&known);
        assert_int_equal(fcntl(file, F_GETFD), -1);
        (void) close(w.listener);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_peer_is_who_the_kernel_says),
                cmocka_unit_test(test_the_groups_are_those_of_the_process),
                cmocka_unit_test(test_what_has_no_peer_is_an_error),
                cmocka_unit_test(test_groups_are_the_first_and_the_others),
                unit_test_if(can_refuse_descriptors(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_descriptors_that_a_peer_passes_are_refused),
                             "needs Linux 6.16"),
                cmocka_unit_test(test_what_cannot_refuse_descriptors_is_left_as_it_is),
                unit_test_if(geteuid() == 0,
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_a_peer_of_another_uid_is_seen_as_such),
                             "needs root"),
                unit_test_if(can_have_login(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_the_login_uid_is_that_of_the_session),
                             "cannot have a login uid"),
                unit_test_if(can_have_login(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_a_process_without_a_login_has_none),
                             "cannot have a login uid"),
                unit_test_if(
                        can_have_login(),
                        (struct CMUnitTest) cmocka_unit_test(test_a_peer_that_is_gone_has_no_login),
                        "cannot have a login uid"),
                unit_test_if(geteuid() == 0 && can_have_login(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_another_process_with_the_pid_of_the_peer_is_not_the_peer),
                             "needs root"),
                unit_test_if(geteuid() == 0 && can_have_login(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_a_process_that_is_known_is_looked_at_anew),
                             "needs root"),
                unit_test_if(geteuid() == 0 && can_have_login(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_a_process_with_the_pid_of_a_known_one_is_another),
                             "needs root"),
                unit_test_if(geteuid() == 0 && can_have_login(),
                             (struct CMUnitTest) cmocka_unit_test(
                                     test_one_known_process_gives_way_to_another),
                             "needs root"),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
