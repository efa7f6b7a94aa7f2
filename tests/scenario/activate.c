/* SPDX-License-Identifier: BSD-2-Clause */
/* activate VERIFY CONTROL USER DAEMON [OPTION]... - becomes the DAEMON as systemd starts it by
 * socket activation: with its two sockets, and with a login waiting in one of them. That is the
 * login of USER with the key on standard input. Prints its result: "accepted", "refused",
 * "undecided" or "no answer". */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"

static bool bind_to(const char *path, int type, int fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int made = socket(AF_UNIX, type, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        (void) unlink(path);
        if (made < 0 || bind(made, (struct sockaddr *) &address, sizeof(address)) < 0 ||
            listen(made, 16) < 0)
                return false;
        return made == fd || (dup2(made, fd) == fd && close(made) == 0);
}

static int log_in(const char *path, const char *user, const char *key) {
        const struct ask_server server = { .path = path, .uid = geteuid(), .timeout_ms = 30000 };
        struct wire_request request = { .kind = WIRE_VERIFY, .service = "sshd" };
        struct wire_reply reply = {};

        (void) snprintf(request.user, sizeof(request.user), "%s", user);
        memcpy(request.key.text, key, sizeof(request.key.text));
        if (ask_verdict(&server, &request, &reply) < 0)
                return puts("no answer") < 0;
        return puts(reply.verdict == VERDICT_ALLOW      ? "accepted"
                    : reply.verdict == VERDICT_INTERNAL ? "undecided"
                                                        : "refused") < 0;
}

int main(int argc, char *argv[]) {
        char key[sizeof(struct secret)] = "", pid[16];
        struct pollfd login = { .fd = 3, .events = POLLIN };

        if (argc < 5 || scanf("%63s", key) != 1 || strlen(key) != KEYTEXT_LEN ||
            !bind_to(argv[1], SOCK_SEQPACKET, 3) || !bind_to(argv[2], SOCK_STREAM, 4))
                return EXIT_FAILURE;
        if (fork() == 0) {
                (void) close(3);
                (void) close(4);
                return log_in(argv[1], argv[3], key);
        }
        (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
        if (poll(&login, 1, -1) != 1 || setenv("LISTEN_PID", pid, 1) < 0 ||
            setenv("LISTEN_FDS", "2", 1) < 0)
                return EXIT_FAILURE;
        (void) execv(argv[4], argv + 4);
        return EXIT_FAILURE;
}
