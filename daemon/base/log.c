/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the log from a thread of its own, so that the journal can hold up nobody. Knows what a
 * line is, and nothing of what it says. No secret may come here. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cleanup.h"
#include "text.h"

#define QUEUE_LEN 2048
#define STOP_S    1

/* Invariants: (1) head - tail <= QUEUE_LEN. (2) queue, head, tail, lost, dropped, stopping and
 * over change under the mutex only. */
static struct {
        pthread_mutex_t mutex;
        pthread_cond_t work, end;
        pthread_t thread;
        struct log_entry *queue; /* NULL: no thread */
        size_t head, tail;
        unsigned lost; /* and not reported yet */
        uint64_t dropped;
        bool stopping, over; /* the thread has written all */
        bool debug;
} state = { .mutex = PTHREAD_MUTEX_INITIALIZER,
            .work = PTHREAD_COND_INITIALIZER,
            .end = PTHREAD_COND_INITIALIZER };

void log_set_debug(bool on) {
        state.debug = on;
}

/* systemd names the stream that it gave this process as stderr. Fields are of use only there. */
static bool stderr_is_journal(void) {
        const char *stream = secure_getenv("JOURNAL_STREAM");
        char mine[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        (void) snprintf(mine, sizeof(mine), "%llu:%llu", (unsigned long long) st.st_dev,
                        (unsigned long long) st.st_ino);
        return strcmp(stream, mine) == 0;
}

/* Without stdio: exit() may wait for a lock that a thread holds which is stuck in a write. */
static void write_plain(const char *message) {
        char line[LOG_TEXT_MAX + 16];
        int len = snprintf(line, sizeof(line), "wfapikeyd: %s\n", message);

        if (len > 0)
                (void) !write(STDERR_FILENO, line, (size_t) len);
}

static void write_entry(const struct log_entry *entry, bool journal) {
        struct iovec iov[LOG_FIELDS_MAX + 2];
        char priority[16];

        if (!journal) {
                write_plain(entry->text + entry->at[0] + strlen("MESSAGE="));
                return;
        }
        (void) snprintf(priority, sizeof(priority), "PRIORITY=%d", entry->priority);
        for (size_t i = 0; i < entry->n_fields; i++) {
                const char *field = entry->text + entry->at[i];

                iov[i] = (struct iovec){ .iov_base = (void *) (uintptr_t) field,
                                         .iov_len = strlen(field) };
        }
        iov[entry->n_fields] = (struct iovec){ .iov_base = priority, .iov_len = strlen(priority) };
        iov[entry->n_fields + 1] =
                (struct iovec){ .iov_base = (void *) (uintptr_t) "SYSLOG_IDENTIFIER=wfapikeyd",
                                .iov_len = 27 };
        (void) sd_journal_sendv(iov, (int) entry->n_fields + 2);
}

static void write_lost(unsigned lost, bool journal) {
        struct log_entry entry;

        log_begin(&entry, LOG_WARNING, "%u log lines were lost: the log does not keep up", lost);
        log_add(&entry, "MESSAGE_ID", message_id(MESSAGE_LOG_LOST));
        write_entry(&entry, journal);
}

static void copy_entry(struct log_entry *to, const struct log_entry *from) {
        memcpy(to, from, offsetof(struct log_entry, text) + from->used);
}

static void *writer(void *unused) {
        bool journal = stderr_is_journal();
        struct log_entry entry;

        (void) unused;
        /* A thread that is woken to write a line must not push aside the thread that answers
         * logins. */
        (void) sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){});
        (void) pthread_mutex_lock(&state.mutex);
        for (;;) {
                unsigned lost = state.lost;

                if (state.tail != state.head) {
                        copy_entry(&entry, &state.queue[state.tail++ % QUEUE_LEN]);
                        state.lost = 0;
                        (void) pthread_mutex_unlock(&state.mutex);
                        write_entry(&entry, journal);
                        if (lost > 0)
                                write_lost(lost, journal);
                        (void) pthread_mutex_lock(&state.mutex);
                } else if (state.stopping)
                        break;
                else
                        (void) pthread_cond_wait(&state.work, &state.mutex);
        }
        state.over = true;
        (void) pthread_cond_signal(&state.end);
        (void) pthread_mutex_unlock(&state.mutex);
        return NULL;
}

int log_start(void) {
        int r;

        state.queue = calloc(QUEUE_LEN, sizeof(*state.queue));
        if (!state.queue)
                return -ENOMEM;
        r = pthread_create(&state.thread, NULL, writer, NULL);
        if (r != 0) {
                free(take_ptr(state.queue));
                return -r;
        }
        return 0;
}

int log_stop(void) {
        struct timespec end;
        bool over;
        int r = 0;

        if (!state.queue)
                return 0;
        (void) clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec += STOP_S;
        (void) pthread_mutex_lock(&state.mutex);
        state.stopping = true;
        (void) pthread_cond_signal(&state.work);
        while (!state.over && r == 0)
                r = pthread_cond_clockwait(&state.end, &state.mutex, CLOCK_MONOTONIC, &end);
        over = state.over;
        (void) pthread_mutex_unlock(&state.mutex);
        if (!over)
                return -ETIMEDOUT; /* It keeps what it uses. */
        (void) pthread_join(state.thread, NULL);
        free(take_ptr(state.queue));
        state.stopping = state.over = false;
        return 0;
}

/* Begins a field and says where its value goes. NULL when there is no room left. */
static char *begin_field(struct log_entry *entry, const char *name, size_t *ret_room) {
        size_t len = strlen(name);

        if (entry->n_fields >= LOG_FIELDS_MAX || entry->used + len + 2 >= sizeof(entry->text))
                return NULL;
        entry->at[entry->n_fields++] = (uint16_t) entry->used;
        memcpy(entry->text + entry->used, name, len);
        entry->text[entry->used + len] = '=';
        entry->used += len + 1;
        *ret_room = sizeof(entry->text) - entry->used;
        return entry->text + entry->used;
}

static void begin_message(struct log_entry *entry, int priority, const char *format, va_list ap) {
        char *at;
        size_t room;

        entry->priority = priority;
        entry->n_fields = 0;
        entry->used = 0;
        at = begin_field(entry, "MESSAGE", &room);
        if (at) {
                (void) vsnprintf(at, room / 2, format, ap); /* one half is for the fields */
                entry->used += strlen(at) + 1;
        }
}

void log_begin(struct log_entry *entry, int priority, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        begin_message(entry, priority, format, ap);
        va_end(ap);
}

void log_add(struct log_entry *entry, const char *name, const char *value) {
        size_t room;
        char *at;

        at = begin_field(entry, name, &room);
        if (!at)
                return;
        text_escape(at, room, value);
        entry->used += strlen(at) + 1;
}

void log_end(const struct log_entry *entry) {
        bool sleeping;

        if (entry->priority == LOG_DEBUG && !state.debug)
                return;
        if (!state.queue) {
                write_entry(entry, stderr_is_journal());
                return;
        }
        (void) pthread_mutex_lock(&state.mutex);
        sleeping = state.head == state.tail;
        if (state.head - state.tail < QUEUE_LEN)
                copy_entry(&state.queue[state.head++ % QUEUE_LEN], entry);
        else {
                state.lost++;
                state.dropped++;
        }
        (void) pthread_mutex_unlock(&state.mutex);
        /* Signals after the mutex is free, or the thread would wait for it, and only when it may
         * sleep. */
        if (sleeping)
                (void) pthread_cond_signal(&state.work);
}

void log_line(int priority, const char *format, ...) {
        struct log_entry entry;
        va_list ap;

        va_start(ap, format);
        begin_message(&entry, priority, format, ap);
        va_end(ap);
        log_end(&entry);
}

void log_message(enum message message, int priority, const char *format, ...) {
        struct log_entry entry;
        va_list ap;

        va_start(ap, format);
        begin_message(&entry, priority, format, ap);
        va_end(ap);
        log_add(&entry, "MESSAGE_ID", message_id(message));
        log_end(&entry);
}

uint64_t log_dropped(void) {
        uint64_t n;

        (void) pthread_mutex_lock(&state.mutex);
        n = state.dropped;
        (void) pthread_mutex_unlock(&state.mutex);
        return n;
}
