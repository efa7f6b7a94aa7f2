/* SPDX-License-Identifier: BSD-2-Clause */
/* When to sweep: a timer, and one job of the writer thread at a time. Tells the log about the clock
 * and about copies that are old. Does not know what a sweep does. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "keys/sweep.h"
#include "keys/sweep_timer.h"
#include "parse.h"
#include "rules/overdue.h"
#include "store/store_mirror.h"

#define RETRY_S INT64_C(60)
/* A time that is certain is remembered so often. */
#define AGAIN_S INT64_C(3600)

struct sweep_job {
        struct worker_job job;
        struct sweep_timer *sweeper;
        struct sweep sweep;
        int64_t now;
        bool first; /* since the start */
        int r;
};

/* Invariant: at most one job is on its way; again says that there is a reason for another one
 * behind it. */
struct sweep_timer {
        struct worker *worker;
        struct store_shared *shared;
        /* generation that the last sweep has looked at */
        uint64_t seen;
        const struct uses *uses; /* NULL: nothing is known of uses */
        struct sweep_passwords passwords;
        struct sweep_idle idle;
        bool begun, trusted, busy, again, stopped;
        bool behind, ahead; /* as the log was told */
        int64_t copies_at;  /* the last look at them; 0: none */
        struct sweep_timer_sum sum;
        /* timerfd: fires at a time of day, and when the clock is set */
        int fd;
        sd_event_source *source, *trust;
};

static void arm(struct sweep_timer *s, int64_t at) {
        struct itimerspec spec = {};

        if (s->trusted && at > clock_now() + AGAIN_S)
                at = clock_now() + AGAIN_S;
        /* Nothing is due: the far future, so that the timer still fires when the clock is set. */
        if (at > INT32_MAX * INT64_C(64))
                at = INT32_MAX * INT64_C(64);
        at -= clock_behind();
        spec.it_value.tv_sec = at > 0 ? at : 1;
        if (timerfd_settime(s->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL) < 0)
                log_line(LOG_WARNING, "cannot set the time of the next sweep, ignoring: %s",
                         strerrordesc_np(errno));
}

static void begin(struct sweep_timer *s);

static void look_at_clock(struct sweep_timer *s) {
        int64_t behind = clock_behind(), ahead = clock_ahead();

        if (ahead > 0 && !s->ahead)
                log_message(MESSAGE_CLOCK_AHEAD, LOG_WARNING,
                            "the clock is %" PRId64
                            " days ahead of the time that wfapikeyd remembers, so nothing ends for "
                            "good or is purged by it: set the clock, or, if it is right because "
                            "the host was off for so long, run 'wfapikeyctl clock trust'",
                            ahead / PARSE_DAY_S);
        s->ahead = ahead > 0;
        if (behind > 0 && !s->behind)
                log_message(MESSAGE_CLOCK_BEHIND, LOG_WARNING,
                            "the clock is %" PRId64
                            " s behind the time that wfapikeyd remembers, and the remembered time "
                            "counts: set the clock, or, if it is right, run 'wfapikeyctl clock "
                            "trust'",
                            behind);
        else if (behind == 0 && s->behind)
                log_message(MESSAGE_CLOCK_BACK, LOG_NOTICE, "the clock counts again");
        s->behind = behind > 0;
}

static void say(const struct sweep_job *job) {
        if (job->r < 0)
                log_message(MESSAGE_SWEEP_FAILED, LOG_WARNING,
                            "the sweep changed nothing, trying again in %d s: %s", (int) RETRY_S,
                            store_error_text(job->r));
        else if (job->sweep.expired + job->sweep.ended + job->sweep.purged + job->sweep.redated > 0)
                log_line(LOG_INFO,
                         "swept: %" PRIu64 " keys expired, %" PRIu64
                         " ended with an account or password, %" PRIu64 " purged, %" PRIu64
                         " made by a clock that was ahead",
                         job->sweep.expired, job->sweep.ended, job->sweep.purged,
                         job->sweep.redated);
}

/* The log says it once a day. */
static void look_at_copies(struct sweep_timer *s, struct store *writer, int64_t now) {
        struct store_mirror mirror;

        if ((s->copies_at != 0 && now >= s->copies_at && now - s->copies_at < PARSE_DAY_S) ||
            store_mirror_get(writer, &mirror) < 0)
                return;
        s->copies_at = now;
        if (overdue_import(mirror.imported_at, now))
                log_message(MESSAGE_COPY_OLD, LOG_WARNING,
                            "the last mirror was imported %" PRId64
                            " days ago: what was revoked since on the other host is good here",
                            (now - mirror.imported_at) / PARSE_DAY_S);
        if (overdue_backup(mirror.backed_up_at, now))
                log_message(MESSAGE_COPY_OLD, LOG_WARNING,
                            "the last backup was made %" PRId64 " days ago",
                            (now - mirror.backed_up_at) / PARSE_DAY_S);
}

static void on_run(struct worker_job *worker_job, struct store *writer) {
        struct sweep_job *job = (struct sweep_job *) worker_job;

        job->now = clock_now();
        /* A clock that goes on from where the last daemon trusted it needs no hour. */
        if (job->first && clock_behind() == 0 && sweep_clock_is_near(writer, job->now))
                clock_trust(true);
        job->sweep.clock_trusted = clock_is_trusted();
        job->sweep.may_purge &= clock_is_trusted();
        job->r = sweep_run(writer, job->now, &job->sweep);
        if (job->r >= 0 && job->sweep.remembered != 0)
                clock_remember(job->sweep.remembered);
        say(job);
        if (job->sweep.clock_trusted)
                look_at_copies(job->sweeper, writer, job->now);
}

static void add_up(struct sweep_timer *s, const struct sweep_job *job) {
        s->sum.runs++;
        if (job->r < 0) {
                s->sum.failed++;
                return;
        }
        s->sum.expired += job->sweep.expired;
        s->sum.ended += job->sweep.ended;
        s->sum.purged += job->sweep.purged;
}

static void on_done(struct worker_job *worker_job) {
        struct sweep_job *job = (struct sweep_job *) worker_job;
        struct sweep_timer *s = job->sweeper;
        bool more = job->r >= 0 && (job->sweep.more || s->again);

        s->busy = false;
        add_up(s, job);
        if (job->r >= 0) {
                s->passwords = job->sweep.passwords;
                s->idle = job->sweep.idle;
        }
        arm(s, job->r < 0 ? job->now + RETRY_S : job->sweep.next_at);
        free(job);
        if (more)
                begin(s);
}

static struct sweep_job *make(struct sweep_timer *s, void (*done)(struct worker_job *job)) {
        struct sweep_job *job = calloc(1, sizeof(*job));

        if (!job)
                return NULL;
        job->job = (struct worker_job){ .run = on_run, .done = done };
        job->sweeper = s;
        job->first = !s->begun;
        job->sweep = (struct sweep){ .passwords = s->passwords,
                                     .idle = s->idle,
                                     .may_purge = s->trusted };
        if (s->uses)
                job->sweep.uses = uses_known(s->uses, clock_now());
        return job;
}

static void begin(struct sweep_timer *s) {
        struct sweep_job *job;

        if (s->stopped)
                return;
        if (s->busy) {
                s->again = true;
                return;
        }
        s->again = false;
        s->seen = atomic_load_explicit(&s->shared->generation, memory_order_acquire);
        look_at_clock(s);
        job = make(s, on_done);
        if (!job || worker_submit(s->worker, &job->job) < 0) {
                free(job);
                arm(s, clock_now() + 1);
                return;
        }
        s->busy = s->begun = true;
}

void sweep_timer_set_uses(struct sweep_timer *s, const struct uses *uses) {
        s->uses = uses;
        begin(s);
}

void sweep_timer_poke(struct sweep_timer *s) {
        if (s && atomic_load_explicit(&s->shared->generation, memory_order_acquire) != s->seen)
                begin(s);
}

static void distrust(struct sweep_timer *s) {
        s->trusted = false;
        clock_trust(false);
        (void) sd_event_source_set_time_relative(s->trust, SWEEP_TIMER_TRUST_USEC);
        (void) sd_event_source_set_enabled(s->trust, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct sweep_timer *s = userdata;
        uint64_t n;

        (void) source;
        (void) revents;
        if (read(fd, &n, sizeof(n)) < 0) {
                if (errno != ECANCELED)
                        return 0;
                log_message(MESSAGE_CLOCK_SET, LOG_NOTICE, "the clock was set");
                distrust(s);
        }
        begin(s);
        return 0;
}

static int on_trust(sd_event_source *source, uint64_t usec, void *userdata) {
        struct sweep_timer *s = userdata;

        (void) source;
        (void) usec;
        clock_trust(true);
        s->trusted = clock_is_trusted();
        if (!s->trusted) /* it is far behind or far ahead */
                distrust(s);
        begin(s);
        return 0;
}

int sweep_timer_new(struct sweep_timer **ret, sd_event *event, struct worker *worker,
                    struct store_shared *shared) {
        struct sweep_timer *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        *s = (struct sweep_timer){ .worker = worker, .shared = shared };
        s->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        r = s->fd < 0 ? -errno : sd_event_add_io(event, &s->source, s->fd, EPOLLIN, on_time, s);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &s->trust, CLOCK_MONOTONIC,
                                               SWEEP_TIMER_TRUST_USEC, 0, on_trust, s);
        if (r < 0) {
                sweep_timer_free(s);
                return r;
        }
        begin(s);
        *ret = s;
        return 0;
}

struct sweep_timer_sum sweep_timer_sum(const struct sweep_timer *s) {
        return s->sum;
}

static void on_last(struct worker_job *job) {
        free(job);
}

/* Nobody waits for the result: what is not remembered now is an hour old. */
static void remember(struct sweep_timer *s) {
        struct sweep_job *job = make(s, on_last);

        if (!job)
                return;
        job->sweep.last = true;
        if (worker_submit(s->worker, &job->job) < 0)
                free(job);
}

void sweep_timer_stop(struct sweep_timer *s) {
        if (!s)
                return;
        if (s->trusted && !s->stopped)
                remember(s);
        s->stopped = true;
        s->source = sd_event_source_disable_unref(s->source);
        s->trust = sd_event_source_disable_unref(s->trust);
}

struct sweep_timer *sweep_timer_free(struct sweep_timer *s) {
        if (!s)
                return NULL;
        sweep_timer_stop(s);
        cleanup_close(&s->fd);
        free(s);
        return NULL;
}
