/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that stands in for the daemon. It must not judge a request: it relays, counts, and
 * answers as it is told. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "standin.h"

/* Both processes see this. The test changes it only while no connection is being served. */
struct standin_shared {
        atomic_int mode, offers;
        atomic_uint connections, hang_up;
        bool echo_seq;
        size_t reply_len, request_len;
        uint8_t request[WIRE_REQUEST_MAX + 1];
        uint8_t reply[STANDIN_REPLY_MAX];
};

static int dial(const char *path) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        memcpy(sa.sun_path, path, strlen(path));
        if (fd < 0 || connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                return -errno;
        return take_fd(&fd);
}

/* Relays in both directions until one side closes. After a challenge there is one more request. */
static void relay(struct standin_shared *shared, int peer, const char *daemon) {
        _cleanup_close_ int fd = dial(daemon);
        uint8_t reply[WIRE_REPLY_LEN + 1];
        ssize_t n = (ssize_t) shared->request_len;

        while (fd >= 0 && n > 0) {
                shared->request_len = (size_t) n;
                if (send(fd, shared->request, (size_t) n, MSG_NOSIGNAL) != n)
                        return;
                n = recv(fd, reply, sizeof(reply), 0);
                if (n <= 0 || send(peer, reply, (size_t) n, MSG_NOSIGNAL) != n)
                        return;
                n = recv(peer, shared->request, sizeof(shared->request), 0);
        }
}

/* An empty reply is sent as well: the test wants to see what the module makes of it. */
static void answer(struct standin_shared *shared, int fd) {
        uint8_t reply[STANDIN_REPLY_MAX];

        memcpy(reply, shared->reply, shared->reply_len);
        if (shared->echo_seq && shared->reply_len >= 8 && shared->request_len >= 12)
                memcpy(reply + 4, shared->request + 8, 4);
        (void) send(fd, reply, shared->reply_len, MSG_NOSIGNAL);
}

static bool challenge(const struct standin_shared *shared, int fd) {
        struct wire_reply reply = { .verdict = VERDICT_CHALLENGE };
        uint8_t bytes[WIRE_REPLY_LEN];

        for (unsigned i = 0; i < WIRE_CHALLENGE_LEN; i++)
                reply.challenge[i] = (uint8_t) (0xc0 + i);
        wire_reply_encode(bytes, &reply);
        memcpy(bytes + 4, shared->request + 8, 4);
        return send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) == (ssize_t) sizeof(bytes);
}

/* Reads a request. Returns whether there is one to be answered. */
static bool take_request(struct standin_shared *shared, int fd) {
        ssize_t n = recv(fd, shared->request, sizeof(shared->request), 0);

        if (n <= 0)
                return false;
        shared->request_len = (size_t) n;
        if (atomic_load(&shared->hang_up) == 0)
                return true;
        (void) atomic_fetch_sub(&shared->hang_up, 1);
        return false;
}

/* Returns whether the mode says how to answer. Before that it sends a challenge, if it is to. */
static bool take_offer(struct standin_shared *shared, int fd) {
        enum standin_offers offers = (enum standin_offers) atomic_load(&shared->offers);

        if (offers == STANDIN_OFFERS_NOT || shared->request_len < 5 ||
            shared->request[4] != WIRE_OFFER)
                return true;
        return challenge(shared, fd) && take_request(shared, fd) && offers == STANDIN_OFFERS;
}

static void serve(struct standin_shared *shared, const char *daemon, int *fd) {
        enum standin_mode mode = (enum standin_mode) atomic_load(&shared->mode);

        if (mode == STANDIN_PREPARED)
                answer(shared, *fd);
        if (mode == STANDIN_SLAM || !take_request(shared, *fd) || !take_offer(shared, *fd))
                return;
        switch (mode) {
        case STANDIN_RELAY:
                relay(shared, *fd, daemon);
                return;
        case STANDIN_REPLY:
                answer(shared, *fd);
                return;
        case STANDIN_SILENT:
                (void) take_fd(fd); /* keeps the connection for ever */
                return;
        case STANDIN_DIE:
                _exit(0);
        case STANDIN_PREPARED:
        case STANDIN_CLOSE:
        case STANDIN_SLAM:
                return;
        }
}

static void run(struct standin_shared *shared, int listener, const char *daemon, pid_t parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(1);
        for (;;) {
                _cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        _exit(1);
                (void) atomic_fetch_add(&shared->connections, 1);
                serve(shared, daemon, &fd);
        }
}

static int listen_at(const char *path) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        memcpy(sa.sun_path, path, strlen(path));
        if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 128) < 0 ||
            chmod(path, 0666) < 0)
                fail_msg("cannot listen at %s: %s", path, strerror(errno));
        return take_fd(&fd);
}

void standin_start(struct standin *s, const struct world *w, const char *name) {
        _cleanup_close_ int listener = -1;
        pid_t parent = getpid();

        *s = (struct standin){};
        (void) snprintf(s->path, sizeof(s->path), "%s/%s", w->dir, name);
        s->shared = mmap(NULL, sizeof(*s->shared), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (s->shared == MAP_FAILED)
                fail_msg("mmap: %s", strerror(errno));
        listener = listen_at(s->path);
        s->pid = fork();
        if (s->pid < 0)
                fail_msg("fork: %s", strerror(errno));
        if (s->pid == 0)
                run(s->shared, listener, w->verify, parent);
}

void standin_stop(struct standin *s) {
        (void) kill(s->pid, SIGKILL);
        (void) world_wait(s->pid);
        (void) munmap(s->shared, sizeof(*s->shared));
        (void) unlink(s->path);
        *s = (struct standin){};
}

void standin_set(struct standin *s, enum standin_mode mode) {
        s->shared->request_len = 0;
        atomic_store(&s->shared->mode, (int) mode);
}

void standin_hang_up_first(struct standin *s, unsigned n) {
        atomic_store(&s->shared->hang_up, n);
}

void standin_offer(struct standin *s, enum standin_offers offers) {
        atomic_store(&s->shared->offers, (int) offers);
}

void standin_reply(struct standin *s, const uint8_t *bytes, size_t len, bool echo_seq) {
        assert_in_range(len, 0, STANDIN_REPLY_MAX);
        memcpy(s->shared->reply, bytes, len);
        s->shared->reply_len = len;
        s->shared->echo_seq = echo_seq;
        standin_set(s, STANDIN_REPLY);
}

void standin_verdict(struct standin *s, const struct wire_reply *reply) {
        uint8_t bytes[WIRE_REPLY_LEN];

        wire_reply_encode(bytes, reply);
        standin_reply(s, bytes, sizeof(bytes), true);
}

static const char key_id[] = "AAAAAAAAAA";

void standin_key(struct world_key *ret) {
        *ret = (struct world_key){};
        keytext_format(ret->text, key_id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEF");
        memcpy(ret->id, key_id, KEYTEXT_ID_LEN);
}

void standin_answer(struct standin *s, enum verdict verdict) {
        struct wire_reply reply = { .verdict = verdict, .name = "key" };

        memcpy(reply.id, key_id, KEYTEXT_ID_LEN);
        standin_verdict(s, &reply);
}

/* Connections are served in order. When this one ends, all earlier ones are counted. */
static void ping(struct standin *s) {
        _cleanup_close_ int fd = dial(s->path);
        uint8_t byte;

        if (fd < 0) /* it died as it was told to */
                return;
        (void) shutdown(fd, SHUT_WR);
        while (recv(fd, &byte, sizeof(byte), 0) > 0)
                ;
        s->pings++;
}

unsigned standin_asked(struct standin *s) {
        unsigned before = s->seen;

        ping(s);
        s->seen = atomic_load(&s->shared->connections) - s->pings;
        return s->seen - before;
}

const uint8_t *standin_request(const struct standin *s, size_t *ret_len) {
        *ret_len = s->shared->request_len;
        return s->shared->request;
}

struct wire_request standin_decode(const struct standin *s) {
        struct wire_request req = {};
        size_t len;
        const uint8_t *in = standin_request(s, &len);

        assert_int_equal(wire_request_decode(in, len, &req), 0);
        return req;
}
