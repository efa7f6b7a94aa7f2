/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that renames keys over D-Bus. It must not measure anything: it only keeps the daemon's
 * writer thread busy. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "bench_busy.h"
#include "cleanup.h"

struct bench_busy {
        const struct bench_keys *keys;
        sd_bus *bus;
        pthread_t thread;
        atomic_bool stop;
        uint64_t changes;
        int r;
};

static int rename_one(struct bench_busy *b, struct bench_random *random) {
        char id[KEYTEXT_ID_LEN + 1] = {};
        struct secret key;

        bench_key_pick(b->keys, BENCH_AS_IT_IS, random, &key);
        memcpy(id, keytext_id(key.text), KEYTEXT_ID_LEN);
        return sd_bus_call_method(b->bus, "org.wfapikey1", "/org/wfapikey1",
                                  "org.wfapikey1.Manager", "RenameKey", NULL, NULL, "ss", id,
                                  b->changes % 2 ? "odd" : "even");
}

static void *work(void *userdata) {
        struct bench_random random = { .state = 1 };
        struct bench_busy *b = userdata;

        while (b->r >= 0 && !atomic_load(&b->stop)) {
                b->r = rename_one(b, &random);
                b->changes++;
        }
        return NULL;
}

static int connect_to(const char *path, sd_bus **ret) {
        char address[256], dir[200];
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
        if (r < 0) {
                sd_bus_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

int bench_busy_start(struct bench_busy **ret, const char *path, const struct bench_keys *keys) {
        struct bench_busy *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->keys = keys;
        r = connect_to(path, &b->bus);
        if (r >= 0)
                r = -pthread_create(&b->thread, NULL, work, b);
        if (r < 0) {
                sd_bus_unref(b->bus);
                free(b);
                return r;
        }
        *ret = b;
        return 0;
}

int bench_busy_stop(struct bench_busy *b, uint64_t *ret_changes) {
        int r;

        atomic_store(&b->stop, true);
        (void) pthread_join(b->thread, NULL);
        r = b->r < 0 ? b->r : 0;
        *ret_changes = b->changes;
        sd_bus_flush_close_unref(b->bus);
        free(b);
        return r;
}
