/* SPDX-License-Identifier: BSD-2-Clause */
/* When there is a sweep: at the start, when something is due, when something was committed, and not
 * otherwise. The test has the clock and the timer, except in one test of the real ones. What a
 * sweep does is not known here. */
#include <stdatomic.h>
#include <sys/timerfd.h>
#include <time.h>

#include "unit_log.h"
#include "unit_worker.h"

#include "base/clock.h"
#include "keys/sweep.h"
#include "keys/sweep_timer.h"
#include "store/store_key.h"

#define NOW INT64_C(1800000000)

/* --- What the sweeper calls (the linker's --wrap) --- */

static _Atomic unsigned n_sweeps;
static _Atomic int sweep_result;
static _Atomic int64_t now; /* 0: the real time */
static int64_t armed_at;
static int timer = -1;
static bool an_hour_passes; /* at once */

int __real_sweep_run(struct store *writer, int64_t at, struct sweep *sweep);
int __wrap_sweep_run(struct store *writer, int64_t at, struct sweep *sweep);
int __wrap_sweep_run(struct store *writer, int64_t at, struct sweep *sweep) {
        n_sweeps++;
        assert_true(an_hour_passes || !sweep->may_purge);
        return sweep_result < 0 ? sweep_result : __real_sweep_run(writer, at, sweep);
}

/* The host was booted a while before NOW. */
int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret) {
        int r = __real_clock_gettime(id, ret);

        if (now && id == CLOCK_REALTIME)
                ret->tv_sec = now;
        if (now && id == CLOCK_BOOTTIME)
                ret->tv_sec = now - NOW + 1000;
        return r;
}

int __real_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new,
                           struct itimerspec *old) {
        assert_int_equal(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
        armed_at = new->it_value.tv_sec;
        timer = fd;
        return now ? 0 : __real_timerfd_settime(fd, flags, new, old);
}

int __real_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata) {
        if (usec == SWEEP_TIMER_TRUST_USEC && an_hour_passes)
                usec = 0;
        return __real_sd_event_add_time_relative(e, ret, clock, usec, accuracy, callback, userdata);
}

/* The time for which the timer is set has come. */
static void fire(void) {
        const struct itimerspec spec = { .it_value.tv_sec = 1 };

        now = armed_at;
        assert_int_equal(__real_timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL), 0);
}

struct host {
        struct unit_worker w;
        struct sweep_timer *sweeper;
};

/* As the server does it. */
static void on_written(void *userdata) {
        sweep_timer_poke(((struct host *) userdata)->sweeper);
}

static void insert(struct host *h, const char *id, int64_t expires_at) {
        struct key_record key = unit_key(id, "alice");

        key.created_at = clock_now();
        key.expires_at = expires_at;
        assert_int_equal(store_begin(h->w.store->writer), 0);
        assert_int_equal(store_key_insert(h->w.store->writer, &key), 0);
        assert_int_equal(store_commit(h->w.store->writer), 0);
}

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));

        n_sweeps = 0;
        sweep_result = 0;
        an_hour_passes = false;
        now = NOW;
        clock_trust(false);
        clock_remember(0);
        if (!h || unit_worker_make(&h->w) < 0)
                return -1;
        h->w.on_done = on_written;
        h->w.userdata = h;
        *state = h;
        return 0;
}

static void begin(struct host *h) {
        assert_int_equal(unit_worker_start(&h->w), 0);
        assert_int_equal(sweep_timer_new(&h->sweeper, h->w.event, h->w.worker, &h->w.store->shared),
                         0);
}

static void end(struct host *h) {
        sweep_timer_stop(h->sweeper);
        unit_worker_stop(&h->w);
        h->sweeper = sweep_timer_free(h->sweeper);
}

static int drop(void **state) {
        struct host *h = *state;
        int r;

        end(h);
        r = unit_worker_drop(&h->w);
        free(h);
        return r;
}

#define test_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* Waits until ${n} sweeps are over. */
static void wait_for_sweeps(struct host *h, uint64_t n) {
        unit_worker_wait(&h->w, sweep_timer_sum(h->sweeper).runs >= n);
}

/* Waits until there is no sweep on its way. A sweep that is over can begin one more, so the queue
 * is waited for twice: a sweep that began during the first wait is over after the second. */
static void wait_until_idle(struct host *h) {
        unsigned before;

        do {
                before = n_sweeps;
                unit_worker_wait_for_queue(&h->w);
                unit_worker_wait_for_queue(&h->w);
        } while (n_sweeps != before);
}

static int64_t dead_at(struct host *h, const char *id) {
        struct key_record key;
        bool changed;

        store_release(h->w.store->reader);
        assert_int_equal(store_refresh(h->w.store->reader, &changed), 0);
        assert_int_equal(store_key_get(h->w.store->reader, id, &key), 0);
        return key.dead_at;
}

static void test_the_timer_is_set_for_what_is_due_next(void **state) {
        struct host *h = *state;

        insert(h, "aaaaaaaaaa", NOW - 1);
        insert(h, "bbbbbbbbbb", NOW + 5000);
        begin(h);
        wait_for_sweeps(h, 1);
        assert_int_equal(dead_at(h, "aaaaaaaaaa"), NOW);
        assert_int_equal(dead_at(h, "bbbbbbbbbb"), 0);
        assert_int_equal(armed_at, NOW + 5000);
        fire();
        wait_for_sweeps(h, 2);
        assert_int_equal(dead_at(h, "bbbbbbbbbb"), NOW + 5000);
        wait_until_idle(h);
        assert_int_equal(n_sweeps, 2); /* nobody looks in vain */
}

/* With the real clock and the real timer. */
static void test_it_notices_by_itself(void **state) {
        struct host *h = *state;
        int64_t begun, ends;

        now = 0;
        begun = clock_now();
        ends = begun + 1;
        insert(h, "aaaaaaaaaa", begun - 1);
        insert(h, "bbbbbbbbbb", ends);
        begin(h);
        unit_worker_wait(&h->w, dead_at(h, "bbbbbbbbbb") != 0);
        assert_in_range(dead_at(h, "aaaaaaaaaa"), begun, clock_now());
        assert_in_range(dead_at(h, "bbbbbbbbbb"), ends, clock_now());
        wait_until_idle(h);
        /* 1 when the first sweep came late */
        assert_in_range(n_sweeps, 1, 2);
}

static void test_a_poke_without_a_commit_is_nothing(void **state) {
        struct host *h = *state;

        begin(h);
        wait_until_idle(h);
        assert_int_equal(n_sweeps, 1);
        for (int i = 0; i < 1000; i++)
                sweep_timer_poke(h->sweeper);
        wait_until_idle(h);
        assert_int_equal(n_sweeps, 1);
        sweep_timer_poke(NULL);
}

static void test_many_pokes_are_few_sweeps(void **state) {
        struct host *h = *state;

        begin(h);
        wait_until_idle(h);
        for (int i = 0; i < 1000; i++) {
                atomic_fetch_add(&h->w.store->shared.generation, 1);
                sweep_timer_poke(h->sweeper);
        }
        wait_until_idle(h);
        /* one for the first poke, and one for all pokes while that ran */
        assert_int_equal(n_sweeps, 3);
}

static void test_a_sweep_that_fails_is_not_tried_at_once(void **state) {
        struct host *h = *state;

        sweep_result = -ENOSPC;
        begin(h);
        wait_until_idle(h);
        assert_int_equal(n_sweeps, 1);
        assert_int_equal(sweep_timer_sum(h->sweeper).failed, 1);
        assert_int_equal(armed_at, NOW + 60);
        sweep_result = 0; /* a commit is a reason */
        atomic_fetch_add(&h->w.store->shared.generation, 1);
        sweep_timer_poke(h->sweeper);
        wait_until_idle(h);
        assert_int_equal(n_sweeps, 2);
}

static void test_a_sweep_that_fails_is_tried_again_later(void **state) {
        struct host *h = *state;

        sweep_result = -ENOSPC;
        insert(h, "aaaaaaaaaa", NOW - 1);
        begin(h);
        wait_for_sweeps(h, 1);
        assert_int_equal(dead_at(h, "aaaaaaaaaa"), 0);
        sweep_result = 0;
        fire();
        wait_for_sweeps(h, 2);
        assert_int_equal(dead_at(h, "aaaaaaaaaa"), NOW + 60);
        assert_int_equal(sweep_timer_sum(h->sweeper).failed, 1);
}

static void test_the_end_at_any_moment(void **state) {
        struct host *h = *state;

        insert(h, "aaaaaaaaaa", 1);
        for (int steps = 0; steps < 6; steps++) {
                begin(h);
                for (int i = 0; i < steps; i++) {
                        atomic_fetch_add(&h->w.store->shared.generation, 1);
                        sweep_timer_poke(h->sweeper);
                        unit_succeeds("sd_event_run", sd_event_run(h->w.event, 1000));
                }
                sweep_timer_stop(h->sweeper);
                sweep_timer_stop(h->sweeper);
                sweep_timer_poke(h->sweeper);
                end(h);
                assert_int_equal(store_open(&h->w.store->writer, h->w.store->path, STORE_WRITER,
                                            &h->w.store->shared),
                                 0);
                store_set_seal(h->w.store->writer, unit_seal, NULL);
        }
        assert_null(sweep_timer_free(NULL));
        sweep_timer_stop(NULL);
}

/* --- The time that is remembered --- */

static int64_t remembered(struct host *h) {
        return unit_sql_number(h->w.store->path, "SELECT ifnull(max(trusted_at), 0) FROM clock");
}

/* Nothing is due for a long time, but a kill must lose an hour at most. */
static void test_a_trusted_time_is_remembered_each_hour(void **state) {
        struct host *h = *state;

        an_hour_passes = true;
        insert(h, "aaaaaaaaaa", NOW + 50000);
        begin(h);
        unit_worker_wait(&h->w, remembered(h) == NOW);
        wait_until_idle(h);
        assert_true(clock_is_trusted());
        assert_int_equal(armed_at, NOW + 3600);
        fire();
        unit_worker_wait(&h->w, remembered(h) == NOW + 3600);
}

static void test_the_time_is_remembered_at_the_end(void **state) {
        struct host *h = *state;

        an_hour_passes = true;
        begin(h);
        unit_worker_wait(&h->w, remembered(h) == NOW);
        wait_until_idle(h);
        now = NOW + 1000;
        end(h);
        assert_int_equal(remembered(h), NOW + 1000);
}

static void test_no_other_time_is_remembered(void **state) {
        struct host *h = *state;

        begin(h);
        wait_for_sweeps(h, 1);
        end(h);
        assert_int_equal(remembered(h), 0);
}

/* The host has booted two days before the time that is remembered. The timer goes by the wall
 * clock. */
static void test_a_clock_that_is_behind(void **state) {
        const int64_t behind = 2 * INT64_C(86400);
        struct host *h = *state;

        an_hour_passes = true;
        clock_remember(NOW + behind);
        insert(h, "aaaaaaaaaa", NOW + behind + 5000);
        begin(h);
        wait_for_sweeps(h, 2);
        wait_until_idle(h);
        assert_false(clock_is_trusted()); /* not after an hour either */
        assert_int_equal(armed_at, NOW + 5000);
        assert_int_equal(clock_now(), NOW + behind);
        end(h);
        assert_int_equal(remembered(h), 0);
}

/* A clock of another century, or a host that was off for long. It runs for an hour, undisturbed. */
static void test_a_clock_that_is_far_ahead(void **state) {
        const int64_t then = NOW - 31 * INT64_C(86400);
        struct unit_capture log;
        struct host *h = *state;

        an_hour_passes = true;
        clock_remember(then);
        unit_sql(h->w.store->path, "INSERT INTO clock VALUES (1, 1800000000 - 31 * 86400)");
        insert(h, "aaaaaaaaaa", NOW);
        assert_int_equal(unit_capture_begin(&log), 0);
        begin(h);
        wait_for_sweeps(h, 2);
        wait_until_idle(h);
        assert_false(clock_is_trusted());
        assert_int_equal(dead_at(h, "aaaaaaaaaa"), NOW); /* it is refused all the same */
        assert_int_equal(remembered(h), then);
        assert_non_null(strstr(unit_capture_text(&log), "the clock is 31 days ahead of the time"));
        for (int i = 0; i < 3; i++) {
                atomic_fetch_add(&h->w.store->shared.generation, 1);
                sweep_timer_poke(h->sweeper);
                wait_until_idle(h);
        }
        assert_null(strstr(strstr(unit_capture_text(&log), "days ahead") + 1, "days ahead"));
        assert_int_equal(unit_capture_end(&log), 0);
        end(h);
        assert_int_equal(remembered(h), then);
}

static void test_old_copies_are_in_the_log_once_a_day(void **state) {
        struct unit_capture log;
        struct host *h = *state;

        unit_sql(h->w.store->path, "INSERT INTO mirror (one, exported, source, imported, "
                                   "imported_at, backed_up_at) VALUES (1, 0, x'', 0, "
                                   "1800000000 - 16 * 86400, 1800000000 - 34 * 86400);"
                                   "INSERT INTO clock VALUES (1, 1800000000)");
        assert_int_equal(unit_capture_begin(&log), 0);
        begin(h);
        wait_until_idle(h);
        for (int i = 0; i < 3; i++) {
                atomic_fetch_add(&h->w.store->shared.generation, 1);
                sweep_timer_poke(h->sweeper);
                wait_until_idle(h);
        }
        assert_int_equal(unit_capture_lines(&log), 1);
        assert_non_null(strstr(unit_capture_text(&log), "the last mirror was imported 16 days"));
        now += 86400 * 2;
        atomic_fetch_add(&h->w.store->shared.generation, 1);
        sweep_timer_poke(h->sweeper);
        wait_until_idle(h);
        assert_int_equal(unit_capture_lines(&log), 3);
        assert_non_null(strstr(unit_capture_text(&log), "the last backup was made 36 days ago"));
        assert_int_equal(unit_capture_end(&log), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_host(test_the_timer_is_set_for_what_is_due_next),
                test_host(test_it_notices_by_itself),
                test_host(test_a_poke_without_a_commit_is_nothing),
                test_host(test_many_pokes_are_few_sweeps),
                test_host(test_a_sweep_that_fails_is_not_tried_at_once),
                test_host(test_a_sweep_that_fails_is_tried_again_later),
                test_host(test_the_end_at_any_moment),
                test_host(test_a_trusted_time_is_remembered_each_hour),
                test_host(test_the_time_is_remembered_at_the_end),
                test_host(test_no_other_time_is_remembered),
                test_host(test_a_clock_that_is_behind),
                test_host(test_a_clock_that_is_far_ahead),
                test_host(test_old_copies_are_in_the_log_once_a_day),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
