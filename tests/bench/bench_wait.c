/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_wait DIR KEYS ACCOUNTS RECORDS: how long a revocation waits for the writer thread while
 * that is busy with a host of very many accounts, and how long the thread is busy at a stretch. The
 * store is DIR/crowd, and is made if it is not there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "accounts/accounts.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "bench.h"
#include "bench_crowd.h"
#include "cleanup.h"
#include "keys/audit.h"
#include "keys/sweep_timer.h"
#include "rules/policy.h"
#include "store/store_key.h"
#include "store/store_mirror.h"

#define PROBE_USEC 2000
/* all is done when nothing was written for so long */
#define REST_NS INT64_C(4000000000)
/* what takes longer is not waited for */
#define MOST_NS INT64_C(30000000000)

struct waiting {
        struct bench_crowd crowd;
        sd_event *event;
        sd_event_source *timer;
        struct worker *worker;
        struct accounts *accounts;
        struct sweep_timer *sweeper;
        struct conf conf;
        struct bench_latencies latencies;
        /* the generation that was last seen, and when it changed */
        uint64_t generation;
        int64_t began, written;
        size_t next; /* key to revoke */
        struct import {
                struct worker_job job;
                struct worker *worker;
                struct store_import *load;
                uint32_t pepper_id;
                bool busy;
                int r;
        } import;
        struct probe {
                struct worker_job job;
                struct waiting *waiting;
                int64_t sent;
                size_t key;
                bool busy;
                int r;
        } probe;
};

static int revoke_one(struct store *writer, size_t i) {
        struct key_record key;
        char id[KEYTEXT_ID_LEN + 1];
        int r;

        bench_crowd_id(i, id);
        r = store_begin_end(writer);
        /* one that was removed with all others may have been deleted by now */
        if (r >= 0)
                r = store_key_get(writer, id, &key);
        if (r == -ENOENT) {
                store_rollback(writer);
                return 0;
        }
        if (r >= 0) {
                key.status = KEY_REVOKED;
                key.updated_at = key.dead_at = clock_now();
                r = store_key_update(writer, &key);
        }
        if (r >= 0)
                r = audit_own(writer, "revoked", &key, "", 1, clock_now());
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r;
}

static void probe_run(struct worker_job *job, struct store *writer) {
        struct probe *probe = (struct probe *) job;

        probe->r = revoke_one(writer, probe->key);
}

static void probe_done(struct worker_job *job) {
        struct probe *probe = (struct probe *) job;
        struct waiting *w = probe->waiting;
        int r = probe->r;

        probe->busy = false;
        w->generation++; /* its own change does not count */
        if (r >= 0)
                r = bench_latencies_add(&w->latencies, bench_now_ns() - probe->sent);
        if (r < 0)
                (void) sd_event_exit(w->event, r);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct waiting *w = userdata;
        uint64_t generation = w->crowd.shared.generation;
        int64_t now = bench_now_ns();

        (void) usec;
        if (!w->probe.busy && generation != w->generation) {
                w->generation = generation;
                w->written = now;
        }
        if (w->import.busy)
                w->written = now; /* nobody sees its pieces */
        else if (now - w->written > REST_NS || now - w->began > MOST_NS)
                return sd_event_exit(w->event, 0);
        if (!w->probe.busy) {
                w->probe = (struct probe){
                        .job = { .run = probe_run, .done = probe_done, .urgent = true },
                        .waiting = w,
                        .sent = now,
                        .key = w->next++,
                        .busy = true
                };
                if (worker_submit(w->worker, &w->probe.job) < 0)
                        return sd_event_exit(w->event, -EBUSY);
        }
        (void) sd_event_source_set_time_relative(source, PROBE_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_written(void *userdata) {
        sweep_timer_poke(((struct waiting *) userdata)->sweeper);
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static int start(struct waiting *w, int (*prepare)(struct waiting *w)) {
        int r;

        r = bench_crowd_open(&w->crowd, "crowd");
        if (r >= 0 && prepare)
                r = prepare(w);
        if (r >= 0)
                r = sd_event_new(&w->event);
        if (r >= 0)
                r = worker_new(&w->worker, w->event, w->crowd.writer, on_written, w);
        if (r < 0)
                return r;
        w->crowd.writer = NULL;
        w->generation = w->crowd.shared.generation;
        r = accounts_new(&w->accounts, w->event, w->worker, w->crowd.etc);
        if (r >= 0)
                r = sweep_timer_new(&w->sweeper, w->event, w->worker, &w->crowd.shared);
        if (r >= 0)
                r = sd_event_add_time_relative(w->event, &w->timer, CLOCK_MONOTONIC, PROBE_USEC,
                                               100, on_timer, w);
        clock_trust(true);
        return r;
}

static void stop(struct waiting *w) {
        sweep_timer_stop(w->sweeper);
        accounts_stop(w->accounts);
        worker_free(w->worker);
        w->import.load = store_import_free(w->import.load);
        (void) sweep_timer_free(w->sweeper);
        (void) accounts_free(w->accounts);
        sd_event_source_disable_unref(w->timer);
        sd_event_unref(w->event);
        bench_crowd_done(&w->crowd);
        w->sweeper = NULL;
        w->accounts = NULL;
        w->worker = NULL;
        w->timer = NULL;
        w->event = NULL;
}

/* --- What keeps the thread busy --- */

static int do_nothing(struct waiting *w) {
        (void) w;
        return 0;
}

static int look(struct waiting *w) {
        accounts_set_conf(w->accounts, &w->conf);
        return 0;
}

static int change_one(struct waiting *w) {
        return bench_crowd_shadow(&w->crowd, 7, 10000);
}

struct setting {
        struct worker_job job;
        const char *name;
        int64_t value;
        int r;
};

static void set_run(struct worker_job *job, struct store *writer) {
        struct setting *setting = (struct setting *) job;

        setting->r = store_begin(writer);
        if (setting->r >= 0)
                setting->r = store_policy_set(writer, setting->name, setting->value, 1);
        if (setting->r >= 0)
                setting->r = store_commit(writer);
        store_rollback(writer);
}

static void set_done(struct worker_job *job) {
        (void) job;
}

/* Sets a policy, a long time ago. */
static int set(struct waiting *w, const char *name, int64_t value) {
        static struct setting setting;

        setting = (struct setting){ .job = { .run = set_run, .done = set_done },
                                    .name = name,
                                    .value = value };
        return worker_submit(w->worker, &setting.job);
}

/* The keys of these are to end when the policy says so, and not ten minutes later. */
static int expire_all(struct waiting *w) {
        int r = set(w, "account-grace", 0);

        return r < 0 ? r : bench_crowd_shadow(&w->crowd, SIZE_MAX, 10000);
}

static int set_policy(struct waiting *w) {
        return set(w, "remove-on-password-expiry", 1);
}

static int expire_keys(struct waiting *w) {
        return set(w, "lifetime", 1);
}

static int remove_keys(struct waiting *w) {
        return set(w, POLICY_EPOCH, 1);
}

static int lose_half(struct waiting *w) {
        return bench_crowd_passwd(&w->crowd, w->crowd.accounts / 2);
}

/* The whole store comes again, as it is. It has been read before. */
static int load_all(struct store_export *all, struct store_import *load) {
        static uint8_t bytes[65536];
        struct key_record key;
        size_t len, n;
        int r = 1;

        while (r > 0) {
                r = store_export_next(all, bytes, sizeof(bytes), &len);
                for (size_t at = 0; r >= 0 && at < len; at += STORE_RECORD_HEAD + n) {
                        int taken;

                        n = bytes_get(bytes + at + 1, 4);
                        taken = store_import_record(load, bytes[at], bytes + at + STORE_RECORD_HEAD,
                                                    n, &key);
                        if (taken < 0)
                                return taken;
                }
        }
        return r < 0 ? r : store_import_finish(load);
}

static int prepare_import(struct waiting *w) {
        struct store_export *all = NULL;
        int r;

        r = store_import_open(&w->import.load, w->crowd.writer);
        if (r >= 0)
                r = store_export_open(&all, w->crowd.writer);
        if (r >= 0)
                r = load_all(all, w->import.load);
        store_export_free(all);
        return r;
}

static void import_run(struct worker_job *job, struct store *writer) {
        static const struct store_keep keep = { .keys = true };
        struct import *import = (struct import *) job;
        struct audit_record audit = {
                .event = "imported", .verdict = "done", .door = "control", .at = clock_now()
        };
        struct store_mirror mirror;

        import->r = store_mirror_get(writer, &mirror);
        if (import->r >= 0)
                import->r = store_import_apply(import->load, writer, import->pepper_id, &mirror,
                                               &keep, &audit);
}

static void import_done(struct worker_job *job) {
        struct import *import = (struct import *) job;

        if (import->r > 0)
                import->r = worker_submit(import->worker, job) < 0 ? -EBUSY : 1;
        import->busy = import->r > 0;
        if (import->r < 0)
                (void) fprintf(stderr, "the import fails: %s\n", store_error_text(import->r));
}

static int import_all(struct waiting *w) {
        w->import.job = (struct worker_job){ .run = import_run, .done = import_done };
        w->import.worker = w->worker;
        w->import.pepper_id = keymint_pepper_id(w->crowd.keymint);
        w->import.busy = true;
        return worker_submit(w->worker, &w->import.job);
}

static const struct {
        const char *name;
        int (*begin)(struct waiting *w);
        int (*prepare)(struct waiting *w);
} loads[] = {
        { "nothing", do_nothing, NULL },
        { "all keys are imported", import_all, prepare_import },
        { "the first look at all accounts", look, NULL },
        { "a look where nothing is new", look, NULL },
        { "a change of one line in shadow", change_one, NULL },
        { "all passwords expire", expire_all, NULL },
        { "remove-on-password-expiry=yes", set_policy, NULL },
        { "half of passwd vanishes", lose_half, NULL },
        { "all other keys expire", expire_keys, NULL },
        { "all keys were removed", remove_keys, NULL },
};

static void print(const char *name, struct waiting *w) {
        struct bench_latencies *l = &w->latencies;

        qsort(l->ns, l->n, sizeof(l->ns[0]), compare);
        (void) printf("  %-34s %8.2f %8.2f %8.2f   %8.2f\n", name, l->ns[l->n / 2] / 1e6,
                      l->ns[l->n * 99 / 100] / 1e6, l->ns[l->n - 1] / 1e6,
                      (double) (w->written - w->began) / 1e9);
        (void) fflush(stdout);
}

static int run_loads(struct waiting *w) {
        int r = 0;

        (void) printf("%-36s %8s %8s %8s   %8s\n", "A revocation waits, while", "p50 ms", "p99 ms",
                      "max ms", "takes s");
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(loads); i++) {
                w->latencies.n = 0;
                r = start(w, loads[i].prepare);
                if (r >= 0)
                        r = loads[i].begin(w);
                w->began = w->written = bench_now_ns();
                if (r >= 0)
                        r = sd_event_loop(w->event);
                if (r >= 0)
                        print(loads[i].name, w);
                stop(w);
        }
        return r;
}

static int run(int argc, char *argv[]) {
        struct waiting w = {};
        uint64_t n[3];
        int r = 0;

        if (argc != ARRAY_LEN(n))
                return -EINVAL;
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(n); i++)
                r = bench_number(argv[i], UINT32_MAX, &n[i]);
        if (r < 0)
                return r;
        w.crowd.keys = n[0];
        w.crowd.accounts = n[1];
        w.crowd.records = n[2];
        if (access("crowd", F_OK) < 0) {
                r = bench_crowd_make(&w.crowd, "crowd");
                bench_crowd_done(&w.crowd);
        }
        if (r >= 0)
                r = run_loads(&w);
        bench_latencies_done(&w.latencies);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR KEYS ACCOUNTS RECORDS", run);
}
