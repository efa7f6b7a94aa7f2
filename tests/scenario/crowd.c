/* SPDX-License-Identifier: BSD-2-Clause */
/* crowd VERIFY CONTROL N - an attacker with the 65536 uids of a subordinate range holds as many
 * silent connections to both sockets as the daemon takes. Meanwhile another user, of uid 2, logs in
 * N times with a request that comes after its connection, and begins N times to talk to the control
 * socket. Exit status 0 when all of these were answered; else it prints how many were. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

#define FIRST 100000
#define RANGE 65536
#define USER  2
#define HELD  1200 /* connections to each socket */

static const char *const secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop";

static int call(const char *path, int type, uid_t uid) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        /* The kernel notes the effective uid. */
        if (fd < 0 || seteuid(uid) < 0 ||
            connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || seteuid(0) < 0) {
                perror(path);
                exit(EXIT_FAILURE);
        }
        return fd;
}

/* Replaces the connection that is held for longest. */
static void hold(const char *path, int type, int *held) {
        static unsigned n;
        unsigned i = n++ % HELD;

        if (held[i] > 0)
                (void) close(held[i]);
        held[i] = call(path, type, FIRST + n * 57 % RANGE);
}

static bool ask(int fd) {
        struct wire_request request = { .kind = WIRE_VERIFY, .user = "root", .service = "sshd" };
        uint8_t bytes[WIRE_REQUEST_MAX];
        ssize_t len;

        keytext_format(request.key.text, "aaaaaaaaaa", secret);
        if (wire_request_encode(bytes, &request) < 0)
                return false;
        len = (ssize_t) wire_request_len(&request);
        return send(fd, bytes, (size_t) len, MSG_NOSIGNAL) == len;
}

static bool is_answered(int fd) {
        uint8_t bytes[WIRE_REPLY_LEN];

        return recv(fd, bytes, sizeof(bytes), 0) > 0;
}

/* Connections are accepted in their order. So when one that came later is answered, the daemon has
 * found a place for the one that has said nothing. */
static bool log_in_late(const char *path) {
        int late = call(path, SOCK_SEQPACKET, USER), other = call(path, SOCK_SEQPACKET, USER);
        bool good = ask(other) && is_answered(other) && ask(late) && is_answered(late);

        (void) close(late);
        (void) close(other);
        return good;
}

static bool greet(const char *path) {
        static const char line[] = "\0AUTH EXTERNAL\r\n";
        int fd = call(path, SOCK_STREAM, USER);
        bool good = send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) == sizeof(line) - 1 &&
                    is_answered(fd);

        (void) close(fd);
        return good;
}

int main(int argc, char *argv[]) {
        static int verify[HELD], control[HELD];
        struct rlimit files = { .rlim_cur = 3 * HELD, .rlim_max = 3 * HELD };
        unsigned logins = 0, greetings = 0, n;

        if (argc != 4 || setrlimit(RLIMIT_NOFILE, &files) < 0)
                return EXIT_FAILURE;
        n = (unsigned) strtoul(argv[3], NULL, 10);
        for (unsigned i = 0; i < HELD; i++) {
                hold(argv[1], SOCK_SEQPACKET, verify);
                hold(argv[2], SOCK_STREAM, control);
        }
        for (unsigned i = 0; i < n; i++) {
                hold(argv[1], SOCK_SEQPACKET, verify);
                hold(argv[2], SOCK_STREAM, control);
                logins += log_in_late(argv[1]);
                greetings += greet(argv[2]);
        }
        if (logins == n && greetings == n)
                return EXIT_SUCCESS;
        printf("%u logins and %u greetings of %u were answered\n", logins, greetings, n);
        return EXIT_FAILURE;
}
