/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_fleet DIR revoke UID MEMBERS UID MEMBERS ROUNDS: how long it takes until members refuse a
 * key that the issuing host "hub" revokes, at some of the members m0, m1... (whose daemons run as
 * UID, each fifty of them) and of those at a site, s0, s1... bench_fleet DIR login UID ROUNDS MS:
 * logins at m0 with a key of the host alone and with one of the fleet. All members are real. */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "bench.h"
#include "cleanup.h"

#define PER_UID    50
#define TARGETS    6
#define AT_SITE    2 /* of them */
#define PROBE_NS   1000000
#define GIVE_UP_NS INT64_C(30000000000)

struct place {
        const char *name;
        char prefix;
        uint64_t uid, n;
        struct bench_latencies called, done;
};

struct target {
        struct place *place;
        char path[32];
        uid_t uid;
        int64_t refused;
};

struct revoking {
        sd_bus *bus;
        struct place home, site;
        struct target targets[TARGETS];
        struct secret key;
        struct bench_random random;
        struct bench_latencies calls;
        int r; /* of the thread */
};

static void pause_ns(long ns) {
        (void) nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static int ask(const char *path, uid_t uid, const struct secret *key, enum verdict *ret) {
        const struct ask_server server = { .path = path, .uid = uid, .timeout_ms = 10000 };
        struct wire_request req = { .kind = WIRE_VERIFY,
                                    .seq = 1,
                                    .user = "root",
                                    .service = "bench",
                                    .rhost = "192.0.2.1",
                                    .key = *key };
        struct wire_reply reply;
        int r = ask_verdict(&server, &req, &reply);

        if (r >= 0)
                *ret = reply.verdict;
        return r;
}

/* --- Revocations --- */

static int connect_to(const char *path, sd_bus **ret) {
        char address[300], dir[200];
        sd_bus *bus = NULL;
        int r;

        if (!getcwd(dir, sizeof(dir)))
                return -errno;
        (void) snprintf(address, sizeof(address), "unix:path=%s/%s", dir, path);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                sd_bus_unref(bus);
        else
                *ret = bus;
        return r;
}

static int call(sd_bus *bus, const char *member, sd_bus_message **ret, const char *types, ...) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = NULL;
        va_list ap;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, "org.wfapikey1", "/org/wfapikey1",
                                           "org.wfapikey1.Manager", member);
        va_start(ap, types);
        if (r >= 0)
                r = sd_bus_message_appendv(m, types, ap);
        va_end(ap);
        if (r >= 0)
                r = sd_bus_call(bus, m, 0, &error, ret);
        if (r < 0)
                (void) fprintf(stderr, "%s: %s\n", member, error.message ?: strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_message_unref(m);
        return r;
}

static int issue_key(struct revoking *v) {
        sd_bus_message *reply = NULL;
        const char *id, *text;
        int r;

        r = call(v->bus, "IssueKey", &reply, "sa{sv}", "root", 1, "hosts", "as", 1, "all");
        if (r >= 0)
                r = sd_bus_message_read(reply, "ss", &id, &text);
        if (r >= 0) {
                v->key = (struct secret){};
                (void) snprintf(v->key.text, sizeof(v->key.text), "%s", text);
        }
        sd_bus_message_unref(reply);
        return r < 0 ? r : 0;
}

static int revoke_key(struct revoking *v) {
        char id[KEYTEXT_ID_LEN + 1] = {};
        sd_bus_message *reply = NULL;
        int r;

        memcpy(id, keytext_id(v->key.text), KEYTEXT_ID_LEN);
        r = call(v->bus, "RevokeKeys", &reply, "ass", 1, id, "bench");
        sd_bus_message_unref(reply);
        return r < 0 ? r : 0;
}

static void choose(struct revoking *v) {
        for (size_t i = 0; i < TARGETS; i++) {
                struct target *t = &v->targets[i];
                size_t number;

                t->place = i < AT_SITE ? &v->site : &v->home;
                number = bench_random_below(&v->random, t->place->n);
                t->uid = (uid_t) (t->place->uid + number / PER_UID);
                (void) snprintf(t->path, sizeof(t->path), "%c%zu.d/verify", t->place->prefix,
                                number);
                t->refused = 0;
        }
}

/* Asks the chosen members in turn until each has given the verdict once. Notes when. */
static int wait_for(struct revoking *v, enum verdict wanted) {
        int64_t until = bench_now_ns() + GIVE_UP_NS;
        size_t left = TARGETS;
        int r;

        for (size_t i = 0; i < TARGETS; i++)
                v->targets[i].refused = 0;
        while (left > 0) {
                for (size_t i = 0; i < TARGETS; i++) {
                        struct target *t = &v->targets[i];
                        enum verdict verdict = VERDICT_INTERNAL;

                        if (t->refused != 0)
                                continue;
                        r = ask(t->path, t->uid, &v->key, &verdict);
                        if (r < 0)
                                return r;
                        if (verdict == wanted) {
                                t->refused = bench_now_ns();
                                left--;
                        }
                }
                if (bench_now_ns() > until)
                        return -ETIMEDOUT;
                pause_ns(PROBE_NS);
        }
        return 0;
}

static void *watch(void *userdata) {
        struct revoking *v = userdata;

        v->r = wait_for(v, VERDICT_DENY);
        return NULL;
}

static int note(struct revoking *v, int64_t called, int64_t done) {
        int r = bench_latencies_add(&v->calls, done - called);

        for (size_t i = 0; r >= 0 && i < TARGETS; i++) {
                const struct target *t = &v->targets[i];

                r = bench_latencies_add(&t->place->called, t->refused - called);
                /* A member may know before the answer is here. */
                if (r >= 0)
                        r = bench_latencies_add(&t->place->done,
                                                t->refused > done ? t->refused - done : 0);
        }
        return r;
}

static int revoke_one(struct revoking *v) {
        int64_t called, done;
        pthread_t thread;
        int r;

        choose(v);
        r = issue_key(v);
        if (r >= 0)
                r = wait_for(v, VERDICT_ALLOW);
        if (r < 0)
                return r;
        /* fleetd asks at most ten times a second: this change comes alone, as most do */
        pause_ns(150000000 + (long) bench_random_below(&v->random, 150000000));
        r = -pthread_create(&thread, NULL, watch, v);
        if (r < 0)
                return r;
        called = bench_now_ns();
        r = revoke_key(v);
        done = bench_now_ns();
        (void) pthread_join(thread, NULL);
        if (r >= 0)
                r = v->r;
        return r < 0 ? r : note(v, called, done);
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static void print(const char *name, struct bench_latencies *l) {
        qsort(l->ns, l->n, sizeof(l->ns[0]), compare);
        (void) printf("  %-34s %8.1f %8.1f %8.1f\n", name, l->ns[l->n / 2] / 1e6,
                      l->ns[l->n * 99 / 100] / 1e6, l->ns[l->n - 1] / 1e6);
}

static int run_revoke(int argc, char *argv[]) {
        struct revoking v = { .home = { .prefix = 'm' },
                              .site = { .prefix = 's' },
                              .random = { (uint64_t) bench_now_ns() } };
        uint64_t *const numbers[] = { &v.home.uid, &v.home.n, &v.site.uid, &v.site.n };
        uint64_t rounds;
        int r = argc == 5 ? bench_number(argv[4], BENCH_ROUNDS_MAX, &rounds) : -EINVAL;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(numbers); i++)
                r = bench_number(argv[i], UINT32_MAX, numbers[i]);
        if (r >= 0)
                r = connect_to("hub.d/control", &v.bus);
        for (uint64_t i = 0; r >= 0 && i < rounds; i++)
                r = revoke_one(&v);
        sd_bus_flush_close_unref(v.bus);
        if (r < 0)
                return r;
        (void) printf("%-36s %8s %8s %8s\n", "A revocation", "p50 ms", "p99 ms", "max ms");
        print("is acknowledged", &v.calls);
        print("refused at a member, from the call", &v.home.called);
        print("  after its acknowledgment", &v.home.done);
        print("refused at a site, from the call", &v.site.called);
        print("  after its acknowledgment", &v.site.done);
        return 0;
}

/* --- Logins --- */

enum { OWN, FLEET, _VARIANTS };

struct logins {
        uid_t uid;
        int64_t slice_ns;
        struct bench_keys keys[_VARIANTS];
};

static int measure(size_t variant, struct bench_latencies *ret, void *userdata) {
        struct logins *l = userdata;
        int64_t until = bench_now_ns() + l->slice_ns, began;
        int r;

        do {
                enum verdict verdict = VERDICT_INTERNAL;

                began = bench_now_ns();
                r = ask("m0.d/verify", l->uid, &l->keys[variant].keys[0], &verdict);
                if (r >= 0)
                        r = verdict == VERDICT_ALLOW
                                    ? bench_latencies_add(ret, bench_now_ns() - began)
                                    : -EBADE;
        } while (r >= 0 && bench_now_ns() < until);
        return r;
}

static int run_login(int argc, char *argv[]) {
        static struct bench_result results[_VARIANTS];
        static const char *const names[] = { "a key of the host", "a key of the fleet" };
        struct logins l = {};
        uint64_t uid = 0, rounds = 0, ms = 0;
        char ratio[BENCH_RATIO_LEN];
        int r;

        if (argc != 3 || bench_number(argv[0], UINT32_MAX, &uid) < 0 ||
            bench_number(argv[1], BENCH_ROUNDS_MAX, &rounds) < 0 ||
            bench_number(argv[2], 1000000, &ms) < 0)
                return -EINVAL;
        l.uid = (uid_t) uid;
        l.slice_ns = (int64_t) ms * 1000000;
        r = bench_keys_load("m0.local", &l.keys[OWN]);
        if (r >= 0)
                r = bench_keys_load("m0.fleet", &l.keys[FLEET]);
        for (enum verdict verdict = VERDICT_INTERNAL; r >= 0 && verdict != VERDICT_ALLOW;) {
                r = ask("m0.d/verify", l.uid, &l.keys[FLEET].keys[0], &verdict);
                pause_ns(PROBE_NS);
        }
        if (r >= 0)
                r = bench_rounds(names, _VARIANTS, rounds, measure, &l, results);
        if (r < 0)
                return r;
        (void) printf("%-36s %8s %8s %s\n", "A login at a member", "p50 us", "p99 us",
                      "p50, ratio");
        for (size_t i = 0; i < _VARIANTS; i++)
                (void) printf("  %-34s %8.1f %8.1f %s\n", names[i],
                              bench_median(results[i].p50, rounds),
                              bench_median(results[i].p99, rounds),
                              i == OWN ? ""
                                       : bench_ratio(results[FLEET].p50, results[OWN].p50, rounds,
                                                     ratio));
        return 0;
}

static int run(int argc, char *argv[]) {
        if (argc > 0 && strcmp(argv[0], "revoke") == 0)
                return run_revoke(argc - 1, argv + 1);
        return argc > 0 && strcmp(argv[0], "login") == 0 ? run_login(argc - 1, argv + 1) : -EINVAL;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv,
                          "DIR revoke UID MEMBERS UID MEMBERS ROUNDS | DIR login UID ROUNDS MS",
                          run);
}
