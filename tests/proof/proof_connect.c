/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to the daemon, where every system call fails or succeeds as it likes: there is one
 * only to a socket to which the kernel gives the right uid. */
#include "ask.c" /* for its static functions */
#include "calls.h"
#include "proof.h"

enum { FD = 3, SERVER_UID = 7 };

static bool connected, right_uid;

int socket(int domain, int type, int protocol) {
        (void) domain, (void) protocol;
        prove((type & SOCK_CLOEXEC) && (type & SOCK_NONBLOCK));
        return nondet_bool() ? fails() : FD;
}

int connect(int fd, const struct sockaddr *sa, socklen_t len) {
        prove(fd == FD);
        prove(readable(sa, len));
        prove(((const struct sockaddr_un *) sa)->sun_path[0] != '\0');
        if (nondet_bool())
                return fails();
        connected = true;
        return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
        (void) fd, (void) level, (void) name;
        prove(readable(value, len));
        return nondet_bool() ? fails() : 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
        struct ucred peer = { .uid = nondet_unsigned() };

        prove(fd == FD);
        prove(level == SOL_SOCKET && name == SO_PEERCRED);
        if (nondet_bool())
                return fails();
        *len = nondet_unsigned();
        *(struct ucred *) value = peer;
        right_uid = *len == sizeof(peer) && peer.uid == SERVER_UID;
        return 0;
}

/* A path of any length, of which only the first and the last character matter. */
size_t strlen(const char *text) {
        size_t len = nondet_size();

        grant((len == 0) == (text[0] == '\0'));
        return len;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
        prove(writable(to, len));
        *(char *) to = *(const char *) from;
        return to;
}

int main(void) {
        char path[1] = { (char) nondet_int() };
        const struct ask_server server = { .path = path, .uid = SERVER_UID };
        int64_t timeout = nondet_int64();
        int fd;

        grant(timeout >= 0 && timeout <= 60000); /* as pam_args_parse() has it */
        fd = ask_connect(&server, ask_now_ms() + timeout);
        prove(fd < 0 || (fd == FD && connected && right_uid));
        return 0;
}
