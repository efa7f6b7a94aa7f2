/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the listening sockets come from, and what may be in their way. What is said over them is
 * not known here. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit.h"

#include "base/sockets.h"

struct fixture {
        char *dir;
        char verify[UNIT_PATH_LEN], control[UNIT_PATH_LEN];
        char error[ERROR_LEN];
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        void *dir = NULL;

        if (!f || unit_dir_make(&dir) < 0)
                return -1;
        f->dir = dir;
        (void) snprintf(f->verify, sizeof(f->verify), "%s/run/verify", f->dir);
        (void) snprintf(f->control, sizeof(f->control), "%s/run/control", f->dir);
        *state = f;
        return unsetenv("LISTEN_PID") < 0 || unsetenv("LISTEN_FDS") < 0 ? -1 : 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *dir = f->dir;

        free(f);
        return unit_dir_remove(&dir);
}

static int open_both(struct fixture *f, struct sockets *s) {
        unit_poison(s, sizeof(*s));
        memset(f->error, 0, sizeof(f->error));
        return sockets_open(f->verify, f->control, s, f->error);
}

static void open_well(struct fixture *f, struct sockets *s) {
        int r = open_both(f, s);

        assert_string_equal(f->error, "");
        assert_int_equal(r, 0);
}

static void close_both(struct sockets *s) {
        assert_int_equal(close(s->verify), 0);
        assert_int_equal(close(s->control), 0);
}

static bool is_there(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

static int connect_to(const char *path, int type) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%.107s", path);
        r = connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? -errno : 0;
        (void) close(fd);
        return r;
}

static int bind_at(const char *path, int type) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%.107s", path);
        assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        return fd;
}

static void check_socket(const char *path, int fd, int type) {
        struct stat st;
        int value = 0;
        socklen_t len = sizeof(value);

        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len), 0);
        assert_int_equal(value, type);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFSOCK | 0666);
        assert_int_equal(connect_to(path, type), 0);
}

static void test_sockets_are_made_for_everybody_whatever_the_umask(void **state) {
        static const mode_t masks[] = { 0000, 0022, 0077, 0777 };
        struct fixture *f = *state;
        struct sockets s;
        struct stat st;

        for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
                mode_t old;

                (void) snprintf(f->verify, sizeof(f->verify), "%s/%zu/verify", f->dir, i);
                (void) snprintf(f->control, sizeof(f->control), "%s/%zu/control", f->dir, i);
                old = umask(masks[i]);
                open_well(f, &s);
                (void) umask(old);
                assert_int_equal(s.made_verify, true);
                assert_int_equal(s.made_control, true);
                check_socket(f->verify, s.verify, SOCK_SEQPACKET);
                check_socket(f->control, s.control, SOCK_STREAM);
                *strrchr(f->verify, '/') = '\0';
                assert_int_equal(stat(f->verify, &st), 0);
                assert_int_equal(st.st_mode, S_IFDIR | 0755);
                close_both(&s);
        }
}

static void test_a_directory_that_is_there_stays_as_it_is(void **state) {
        struct fixture *f = *state;
        char run[UNIT_PATH_LEN];
        struct sockets s;
        struct stat st;

        assert_int_equal(mkdir(unit_join(run, f->dir, "run"), 0711), 0);
        assert_int_equal(chmod(run, 0711), 0);
        open_well(f, &s);
        assert_int_equal(stat(run, &st), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0711);
        close_both(&s);
}

static void test_a_socket_that_nobody_has_any_more_gives_way(void **state) {
        struct fixture *f = *state;
        struct sockets s;

        for (unsigned i = 0; i < 3; i++) { /* closed, and not removed */
                open_well(f, &s);
                assert_int_equal(connect_to(f->verify, SOCK_SEQPACKET), 0);
                close_both(&s);
                assert_int_equal(connect_to(f->verify, SOCK_SEQPACKET), -ECONNREFUSED);
        }
}

static void check_refused(struct fixture *f, const char *row, int r, const char *path,
                          const char *word) {
        int fds = unit_count_fds();
        struct sockets s;

        unit_int(row, open_both(f, &s), r);
        unit_poisoned(row, &s, sizeof(s));
        unit_int(row, strstr(f->error, path) != NULL, true);
        if (!strstr(f->error, word))
                unit_str(row, f->error, word);
        unit_int(row, unit_count_fds(), fds);
}

static void test_a_socket_that_somebody_listens_on_stays(void **state) {
        struct fixture *f = *state;
        struct sockets s;

        open_well(f, &s);
        check_refused(f, "verify", -EADDRINUSE, f->verify, "another process does");
        assert_int_equal(connect_to(f->verify, SOCK_SEQPACKET), 0);
        assert_int_equal(close(s.verify), 0);
        check_refused(f, "control", -EADDRINUSE, f->control, "another process does");
        assert_int_equal(connect_to(f->control, SOCK_STREAM), 0);
        /* what the failed start had made is gone again */
        assert_int_equal(is_there(f->verify), false);
        assert_int_equal(close(s.control), 0);
}

/* A child of a daemon that was killed holds the socket until somebody has connected to it. */
static void *let_go(void *userdata) {
        int fd = *(int *) userdata, client = accept(fd, NULL, NULL);

        (void) close(fd);
        (void) close(client);
        return NULL;
}

static void test_a_socket_that_is_let_go_is_taken(void **state) {
        struct fixture *f = *state;
        char run[UNIT_PATH_LEN];
        struct sockets s;
        pthread_t thread;
        int fd;

        assert_int_equal(mkdir(unit_join(run, f->dir, "run"), 0755), 0);
        fd = bind_at(f->verify, SOCK_SEQPACKET);
        assert_int_equal(listen(fd, 8), 0);
        assert_int_equal(pthread_create(&thread, NULL, let_go, &fd), 0);
        open_well(f, &s);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(connect_to(f->verify, SOCK_SEQPACKET), 0);
        (void) close(s.verify);
        (void) close(s.control);
}

/* The backlog is full: so some daemon listens there. */
static void test_a_socket_of_one_who_is_busy_stays(void **state) {
        struct fixture *f = *state;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd, others[8], n = 0;
        char run[UNIT_PATH_LEN];

        assert_int_equal(mkdir(unit_join(run, f->dir, "run"), 0755), 0);
        fd = bind_at(f->verify, SOCK_SEQPACKET);
        assert_int_equal(listen(fd, 0), 0);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%.107s", f->verify);
        do {
                others[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                assert_in_range(n, 0, 6);
        } while (connect(others[n++], (struct sockaddr *) &sa, sizeof(sa)) == 0);
        check_refused(f, "busy", -EADDRINUSE, f->verify, "another process does");
        while (n > 0)
                (void) close(others[--n]);
        (void) close(fd);
}

static void test_what_is_no_socket_stays(void **state) {
        struct fixture *f = *state;
        char run[UNIT_PATH_LEN];
        struct stat st;

        assert_int_equal(mkdir(unit_join(run, f->dir, "run"), 0755), 0);
        unit_write(f->verify, "precious", 8, 0600);
        check_refused(f, "a file", -ENOTSOCK, f->verify, "not a socket");
        assert_int_equal(stat(f->verify, &st), 0);
        assert_int_equal(st.st_size, 8);
        assert_int_equal(unlink(f->verify), 0);
        assert_int_equal(symlink("elsewhere", f->verify), 0);
        check_refused(f, "a symbolic link", -ENOTSOCK, f->verify, "not a socket");
        assert_int_equal(is_there(f->verify), true);
        assert_int_equal(unlink(f->verify), 0);
        assert_int_equal(mkdir(f->control, 0700), 0);
        check_refused(f, "a directory", -ENOTSOCK, f->control, "not a socket");
        assert_int_equal(is_there(f->verify), false);
}

static void test_a_path_is_absolute_and_fits(void **state) {
        static const char *const bad[] = { "verify", "", "./verify" };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                (void) snprintf(f->verify, sizeof(f->verify), "%s", bad[i]);
                check_refused(f, bad[i], -EINVAL, bad[i], "at most 107 bytes");
        }
        memset(f->verify, 'x', 108);
        f->verify[0] = '/';
        f->verify[108] = '\0';
        check_refused(f, "108 bytes", -EINVAL, f->verify, "at most 107 bytes");
        (void) snprintf(f->verify, sizeof(f->verify), "%s/a/b/verify", f->dir);
        check_refused(f, "no directory for the directory", -ENOENT, f->verify, "No such file");
}

static void test_sockets_are_removed_by_who_made_them(void **state) {
        struct fixture *f = *state;
        struct sockets s;

        open_well(f, &s);
        close_both(&s);
        sockets_remove(f->verify, f->control, &s);
        assert_int_equal(is_there(f->verify), false);
        assert_int_equal(is_there(f->control), false);
        sockets_remove(f->verify, f->control, &s);
}

static void test_the_sockets_of_another_are_not_removed(void **state) {
        struct fixture *f = *state;
        struct sockets old, new;
        struct sockets passed = { .verify = -1, .control = -1 };
        char kept[UNIT_PATH_LEN];

        open_well(f, &old);
        /* a link, so that the new socket cannot have the same inode */
        assert_int_equal(link(f->verify, unit_join(kept, f->dir, "kept")), 0);
        assert_int_equal(link(f->control, unit_join(kept, f->dir, "kept too")), 0);
        close_both(&old);
        open_well(f, &new);
        sockets_remove(f->verify, f->control, &old);
        sockets_remove(f->verify, f->control, &passed);
        assert_int_equal(connect_to(f->verify, SOCK_SEQPACKET), 0);
        assert_int_equal(connect_to(f->control, SOCK_STREAM), 0);
        close_both(&new);
}

/* --- Passed by systemd: descriptors from 3 on, in a process of their own --- */

enum passed { NOTHING, VERIFY, CONTROL, DATAGRAM, CONNECTED, DEAF, A_FILE };

static int open_passed(enum passed what, const char *path) {
        int pair[2], fd;

        switch (what) {
        case VERIFY:
        case CONTROL:
                fd = bind_at(path, what == VERIFY ? SOCK_SEQPACKET : SOCK_STREAM);
                return listen(fd, 4) < 0 ? -1 : fd;
        case DATAGRAM:
                return bind_at(path, SOCK_DGRAM);
        case CONNECTED:
                return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 ? -1 : pair[0];
        case DEAF:
                return bind_at(path, SOCK_SEQPACKET);
        case A_FILE:
                return open("/dev/null", O_RDONLY);
        case NOTHING:
                break;
        }
        return -1;
}

/* Runs in a child. Returns what sockets_open() returns, or 1000 when the sockets that it gives in
 * *ret are not right. */
static int open_in_child(struct fixture *f, const enum passed what[static 3]) {
        struct sockets s = {};
        char path[UNIT_PATH_LEN], text[16];
        int fds[3] = { -1, -1, -1 }, n = 0, r;

        for (; n < 3 && what[n] != NOTHING; n++) {
                (void) snprintf(path, sizeof(path), "%s/passed%d", f->dir, n);
                fds[n] = fcntl(open_passed(what[n], path), F_DUPFD, 10);
                if (fds[n] < 0)
                        return 1000;
        }
        for (int i = 0; i < n; i++)
                if (dup2(fds[i], 3 + i) < 0)
                        return 1000;
        (void) snprintf(text, sizeof(text), "%d", n);
        if (n > 0)
                (void) setenv("LISTEN_FDS", text, 1);
        (void) snprintf(text, sizeof(text), "%d", getpid());
        (void) setenv("LISTEN_PID", text, 1);
        r = sockets_open(f->verify, f->control, &s, f->error);
        if (r < 0)
                return -r;
        for (int i = 0; i < n; i++) {
                int fd = what[i] == VERIFY ? s.verify : s.control;
                bool made = what[i] == VERIFY ? s.made_verify : s.made_control;

                if (fd != 3 + i || made || !(fcntl(fd, F_GETFL) & O_NONBLOCK) ||
                    !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
                        return 1000;
        }
        return getenv("LISTEN_FDS") || s.verify < 0 || s.control < 0 ? 1000 : 0;
}

/* The same, for a start that fails while a client waits at a passed socket. 0 when its connection
 * is closed then. */
static int turn_away_in_child(struct fixture *f, const enum passed what[static 3]) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
        char path[UNIT_PATH_LEN], byte;

        (void) snprintf(path, sizeof(path), "%s/waited-for", f->dir);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%.107s", path);
        client = fcntl(client, F_DUPFD, 30);
        if (dup2(open_passed(what[0], path), 3) < 0 ||
            connect(client, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                return 1000;
        (void) snprintf(path, sizeof(path), "%d", getpid());
        (void) setenv("LISTEN_PID", path, 1);
        (void) setenv("LISTEN_FDS", "1", 1);
        sockets_turn_away();
        return recv(client, &byte, 1, 0) == 0 ? 0 : 1000;
}

static int run_child(int (*run)(struct fixture *f, const enum passed what[static 3]),
                     struct fixture *f, const enum passed what[static 3]) {
        int status = 0, ends[2], result = -1;
        pid_t pid;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
                /* the descriptors 3 to 5 are for what is passed */
                int out = fcntl(ends[1], F_DUPFD_CLOEXEC, 20);

                result = run(f, what);
                (void) !write(out, &result, sizeof(result));
                _exit(0);
        }
        (void) close(ends[1]);
        assert_int_equal(read(ends[0], &result, sizeof(result)), sizeof(result));
        (void) close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        return result;
}

static void test_passed_sockets_are_taken_by_their_kind(void **state) {
        static const struct {
                const char *why;
                enum passed what[3];
                int error;
                bool made_verify, made_control;
        } rows[] = {
                { .why = "nothing",
                  .what = { NOTHING },
                  .made_verify = true,
                  .made_control = true },
                { .why = "both", .what = { VERIFY, CONTROL } },
                { .why = "both, the other way round", .what = { CONTROL, VERIFY } },
                { .why = "verify", .what = { VERIFY }, .made_control = true },
                { .why = "control", .what = { CONTROL }, .made_verify = true },
                { .why = "verify twice", .what = { VERIFY, VERIFY }, .error = EINVAL },
                { .why = "control twice", .what = { CONTROL, VERIFY, CONTROL }, .error = EINVAL },
                { .why = "datagrams", .what = { VERIFY, DATAGRAM }, .error = EINVAL },
                { .why = "a connection", .what = { CONNECTED }, .error = EINVAL },
                { .why = "not listening", .what = { DEAF }, .error = EINVAL },
                { .why = "a file", .what = { CONTROL, A_FILE }, .error = EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                void *fixture = NULL;
                struct fixture *f;

                assert_int_equal(make(&fixture), 0);
                f = fixture;
                unit_int(rows[i].why, run_child(open_in_child, f, rows[i].what), rows[i].error);
                unit_int(rows[i].why, is_there(f->verify), rows[i].made_verify);
                unit_int(rows[i].why, is_there(f->control), rows[i].made_control);
                assert_int_equal(drop(&fixture), 0);
        }
}

static void test_who_waits_when_a_start_fails_is_turned_away(void **state) {
        static const enum passed what[3] = { VERIFY };

        assert_int_equal(run_child(turn_away_in_child, *state, what), 0);
}

static void test_every_failure_has_its_sentence(void **state) {
        struct fixture *f = *state;
        struct sockets s;
        char pid[16];

        (void) snprintf(pid, sizeof(pid), "%d", getpid());
        assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
        assert_int_equal(setenv("LISTEN_FDS", "many", 1), 0);
        unit_fails("LISTEN_FDS=many", open_both(f, &s));
        assert_int_not_equal(f->error[0], '\0');
        assert_null(getenv("LISTEN_FDS"));
}

#define test_sockets(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_sockets(test_sockets_are_made_for_everybody_whatever_the_umask),
                test_sockets(test_a_directory_that_is_there_stays_as_it_is),
                test_sockets(test_a_socket_that_nobody_has_any_more_gives_way),
                test_sockets(test_a_socket_that_somebody_listens_on_stays),
                test_sockets(test_a_socket_that_is_let_go_is_taken),
                test_sockets(test_a_socket_of_one_who_is_busy_stays),
                test_sockets(test_what_is_no_socket_stays),
                test_sockets(test_a_path_is_absolute_and_fits),
                test_sockets(test_sockets_are_removed_by_who_made_them),
                test_sockets(test_the_sockets_of_another_are_not_removed),
                cmocka_unit_test(test_passed_sockets_are_taken_by_their_kind),
                test_sockets(test_who_waits_when_a_start_fails_is_turned_away),
                test_sockets(test_every_failure_has_its_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
