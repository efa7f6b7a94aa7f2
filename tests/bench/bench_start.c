/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_start DIR STORE ROUNDS DAEMON: starts the daemon of the store STORE in the directory DIR so
 * many times, with the database in memory and without, and says how long it takes from the start to
 * the first accepted key, how much memory the daemon has of its own, and how long the slowest of
 * 1,000 logins waits that 64 clients begin with at once. Each answer must be right. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "bench.h"
#include "cleanup.h"

#define CLIENTS 64
#define LOGINS  16 /* of each client: 1,024 */

struct starting {
        struct bench_user user;
        const char *store, *daemon;
        enum bench_list list;
        char socket[64], file[64], log[64];
};

struct client {
        const struct starting *starting;
        pthread_t thread;
        struct bench_random random;
        int64_t slowest_ns;
        int r;
};

static int ask_one(const struct starting *s, struct bench_random *random) {
        const struct ask_server server = { .path = s->socket,
                                           .uid = geteuid(),
                                           .timeout_ms = 10000 };
        struct wire_request req;
        struct wire_reply reply;
        int r;

        bench_request(&s->user, &s->user.keys[s->list], BENCH_AS_IT_IS, random, &req);
        r = ask_verdict(&server, &req, &reply);
        return r < 0 ? r : reply.verdict == VERDICT_ALLOW ? 0 : -EBADE;
}

static void *work(void *userdata) {
        struct client *c = userdata;

        for (int i = 0; c->r >= 0 && i < LOGINS; i++) {
                int64_t began = bench_now_ns(), took;

                c->r = ask_one(c->starting, &c->random);
                took = bench_now_ns() - began;
                c->slowest_ns = took > c->slowest_ns ? took : c->slowest_ns;
        }
        return NULL;
}

/* Returns the nanoseconds of the slowest login. */
static int64_t burst(const struct starting *s) {
        static struct client clients[CLIENTS];
        int64_t slowest = 0;
        int started = 0, r = 0;

        for (; r >= 0 && started < CLIENTS; started += r >= 0) {
                clients[started] = (struct client){ .starting = s,
                                                    .random = { .state = (uint64_t) started + 1 } };
                r = -pthread_create(&clients[started].thread, NULL, work, &clients[started]);
        }
        for (int i = 0; i < started; i++) {
                (void) pthread_join(clients[i].thread, NULL);
                r = r >= 0 ? clients[i].r : r;
                slowest = clients[i].slowest_ns > slowest ? clients[i].slowest_ns : slowest;
        }
        return r < 0 ? r : slowest;
}

/* Lets the kernel forget what it has of the database. */
static int evict(const struct starting *s) {
        _cleanup_close_ int fd = open(s->file, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int start_daemon(const struct starting *s, pid_t *ret) {
        char name[200], state[256], verify[256], control[256], conf[256], program[256];
        char *argv[] = { program, state, verify, control, conf, NULL };
        posix_spawn_file_actions_t actions;
        int r;

        if (!getcwd(name, sizeof(name)))
                return -errno;
        (void) snprintf(program, sizeof(program), "%s", s->daemon);
        (void) snprintf(conf, sizeof(conf), "--config=%s/conf", name);
        (void) snprintf(state, sizeof(state), "--state-dir=%s/%s", name, s->store);
        (void) snprintf(verify, sizeof(verify), "--verify-socket=%s/%s.verify", name, s->store);
        (void) snprintf(control, sizeof(control), "--control-socket=%s/%s.control", name, s->store);
        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawn_file_actions_addopen(&actions, 2, s->log, O_WRONLY | O_CREAT, 0600);
        r = -posix_spawn(ret, s->daemon, &actions, NULL, argv, environ);
        (void) posix_spawn_file_actions_destroy(&actions);
        return r;
}

/* Anonymous memory in KiB. */
static long memory_of(pid_t pid) {
        char path[64], line[128];
        long kib = -1;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", pid);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, "RssAnon:", 8) == 0)
                        kib = strtol(line + 8, NULL, 10);
        if (f)
                (void) fclose(f);
        return kib;
}

struct figures {
        double first[BENCH_ROUNDS_MAX], slowest[BENCH_ROUNDS_MAX]; /* milliseconds */
        long kib;
};

static int one(const struct starting *s, bool cold, size_t round, struct figures *f) {
        struct bench_random random = { .state = round + 1 };
        int64_t began, slowest;
        pid_t pid;
        int r = cold ? evict(s) : 0;

        (void) unlink(s->socket);
        if (r < 0)
                return r;
        began = bench_now_ns();
        r = start_daemon(s, &pid);
        if (r < 0)
                return r;
        while (((r = ask_one(s, &random)) == -ENOENT || r == -ECONNREFUSED) &&
               waitpid(pid, NULL, WNOHANG) == 0)
                (void) nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
        f->first[round] = (double) (bench_now_ns() - began) / 1e6;
        slowest = r < 0 ? r : burst(s);
        f->slowest[round] = (double) slowest / 1e6;
        f->kib = memory_of(pid);
        (void) kill(pid, SIGTERM);
        (void) waitpid(pid, NULL, 0);
        return slowest < 0 ? (int) slowest : 0;
}

static int measure(const struct starting *s, bool cold, size_t rounds) {
        static struct figures f;
        double slowest = 0;
        int r;

        for (size_t i = 0; i < rounds; i++) {
                r = one(s, cold, i, &f);
                if (r < 0)
                        return r;
                slowest = f.slowest[i] > slowest ? f.slowest[i] : slowest;
        }
        (void) printf(
                "  %-32s first key after %.1f ms, slowest of a burst %.1f ms, %ld KiB of its own\n",
                cold ? "database not in memory" : "database in memory",
                bench_median(f.first, rounds), slowest, f.kib);
        return 0;
}

static int run(int argc, char *argv[]) {
        struct starting s = {};
        uint64_t rounds;
        int r;

        if (argc != 3 || bench_number(argv[1], BENCH_ROUNDS_MAX, &rounds) < 0)
                return -EINVAL;
        s.store = argv[0];
        s.list = strcmp(s.store, "small") == 0 ? BENCH_SMALL : BENCH_BIG;
        s.daemon = argv[2];
        (void) snprintf(s.socket, sizeof(s.socket), "%s.verify", s.store);
        (void) snprintf(s.file, sizeof(s.file), "%s/keys.db", s.store);
        (void) snprintf(s.log, sizeof(s.log), "%s.log", s.store);
        r = bench_user_load(&s.user);
        if (r < 0)
                return r;
        r = measure(&s, false, rounds);
        if (r >= 0)
                r = measure(&s, true, rounds);
        bench_user_done(&s.user);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR STORE ROUNDS DAEMON", run);
}
