/* SPDX-License-Identifier: BSD-2-Clause */
/* Has a helper look for damage in the background, and tells of it. Repairs nothing. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/helper.h"
#include "base/log.h"
#include "cleanup.h"
#include "store/store_check.h"
#include "store/store_look.h"
#include "store/store_stmt.h"

#define WEEK_USEC (UINT64_C(7) * 86400 * 1000000)
/* after a start that has looked by itself, less thoroughly */
#define SOON_USEC (UINT64_C(600) * 1000000)
/* A disk that is so slow or so busy is not looked through. The helper holds the log of changes for
 * at most as long. */
#define HELPER_USEC (UINT64_C(600) * 1000000)
#define KIND        'I'

/* linux/ioprio.h came with Linux 5.15 only. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

struct store_look {
        sd_event *event; /* borrowed */
        sd_event_source *timer;
        struct helper *helper;
        char *path;
        _Atomic int64_t looked_at;
        atomic_bool damaged;
        void (*on_damage)(void *userdata);
        void *userdata;
};

/* --- In the helper --- */

/* Others come first. Where the unit forbids the calls, it goes without. */
static void step_back(void) {
        (void) setpriority(PRIO_PROCESS, 0, 10);
        (void) syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

static int look_through(const char *path) {
        /* The helper is a guest: when it is the last to close, it leaves the log as it is. */
        struct store_shared shared = { .foreign = true };
        _cleanup_(store_freep) struct store *reader = NULL;
        char table[STORE_COLUMN_LEN], names[STORE_CHECK_NAMES_LEN];
        int r;

        r = store_open(&reader, path, STORE_READER, &shared);
        for (int i = 0; r >= 0 && (r = store_stmt_nth_table(reader->db, i, table)) > 0; i++)
                r = store_check_table(reader, table, true);
        if (r >= 0)
                r = store_check_policy(reader, names);
        return r > 0 ? -EUCLEAN : r;
}

ssize_t store_look_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        struct bytes_reader reader = { .in = in, .len = in_len };
        struct bytes_writer writer = { .out = out, .size = HELPER_BYTES_MAX };
        char path[PATH_MAX];
        int r;

        reader.bad |= bytes_read(&reader, 1) != KIND;
        bytes_read_text(&reader, path, sizeof(path));
        if (!bytes_is_at_end(&reader))
                return -EBADMSG;
        step_back();
        /* This waits for the disk, and holds nothing meanwhile. What SQLite does then is mostly in
         * memory. */
        r = store_check_read(path);
        if (r >= 0)
                r = look_through(path);
        if (r < 0 && r != -EUCLEAN)
                return r;
        bytes_write(&writer, 1, KIND);
        bytes_write(&writer, 1, r < 0);
        return bytes_written(&writer);
}

/* --- On the loop --- */

static void found(struct store_look *c) {
        if (atomic_exchange_explicit(&c->damaged, true, memory_order_relaxed))
                return;
        log_message(MESSAGE_STORE_DAMAGED, LOG_ALERT,
                    "the key store '%s' is damaged: restart wfapikeyd, which mends what it can and "
                    "says what is lost",
                    c->path);
        c->on_damage(c->userdata);
}

static void on_looked(int r, const uint8_t *out, size_t len, void *userdata) {
        struct store_look *c = userdata;
        struct bytes_reader reader = { .in = out, .len = len };
        bool damaged = false;

        if (r >= 0) {
                reader.bad |= bytes_read(&reader, 1) != KIND;
                damaged = bytes_read_flag(&reader);
                if (!bytes_is_at_end(&reader))
                        r = -EBADMSG;
        }
        c->helper = helper_free(c->helper);
        if (r < 0) {
                log_message(MESSAGE_HELPER_FAILED, LOG_WARNING,
                            "the key store could not be looked through for damage: %s",
                            strerrordesc_np(-r));
                return;
        }
        atomic_store_explicit(&c->looked_at, clock_now(), memory_order_relaxed);
        if (damaged)
                found(c);
        else
                log_line(LOG_INFO, "the key store was looked through: it is sound");
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        struct store_look *c = userdata;
        uint8_t question[PATH_MAX + 8];
        struct bytes_writer w = { .out = question, .size = sizeof(question) };
        ssize_t len;

        (void) usec;
        (void) sd_event_source_set_time_relative(source, WEEK_USEC);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        bytes_write(&w, 1, KIND);
        bytes_write_text(&w, c->path);
        len = bytes_written(&w);
        if (len > 0 && !c->helper)
                (void) !helper_start(&c->helper, c->event, STORE_LOOK_MODE, question, (size_t) len,
                                     2, HELPER_USEC, on_looked, c);
        return 0;
}

int store_look_new(struct store_look **ret, sd_event *event, const struct store *s, bool now,
                   void (*on_damage)(void *userdata), void *userdata) {
        struct store_look *c = calloc(1, sizeof(*c));
        int r = -ENOMEM;

        if (!c)
                return r;
        c->event = event;
        c->path = strdup(s->path);
        c->on_damage = on_damage;
        c->userdata = userdata;
        if (c->path)
                r = sd_event_add_time_relative(event, &c->timer, CLOCK_MONOTONIC,
                                               now ? 0 : SOON_USEC, 0, on_time, c);
        if (r < 0) {
                (void) store_look_free(c);
                return r;
        }
        atomic_init(&c->looked_at, now ? 0 : clock_now());
        *ret = c;
        return 0;
}

struct store_look *store_look_free(struct store_look *c) {
        if (!c)
                return NULL;
        (void) helper_free(c->helper);
        sd_event_source_disable_unref(c->timer);
        free(c->path);
        free(c);
        return NULL;
}

void store_look_poke(struct store_look *c) {
        if (store_check_was_met())
                found(c);
}

struct store_looked store_look_last(const struct store_look *c) {
        return (struct store_looked){
                .at = atomic_load_explicit(&c->looked_at, memory_order_relaxed),
                .damaged = atomic_load_explicit(&c->damaged, memory_order_relaxed),
        };
}
