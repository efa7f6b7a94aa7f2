/* SPDX-License-Identifier: BSD-2-Clause */
/* A timer that runs only while the loop is at work, and whose signal does nothing but interrupt. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/nudge.h"

static void on_signal(int number) {
        (void) number;
}

static int make_timer(timer_t *ret) {
        const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
        struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG };

        event._sigev_un._tid = gettid(); /* glibc has no other name */
        if (sigaction(SIGURG, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &event, ret) < 0)
                return -errno;
        return 0;
}

/* 0: off */
static void set(timer_t timer, long ms) {
        const struct timespec time = { .tv_nsec = ms * 1000000 };
        const struct itimerspec when = { .it_value = time, .it_interval = time };

        (void) timer_settime(timer, 0, &when, NULL);
}

static int turn(sd_event *event, timer_t timer) {
        int r = sd_event_prepare(event);

        if (r == 0)
                r = sd_event_wait(event, UINT64_MAX);
        if (r <= 0)
                return r;
        set(timer, NUDGE_MS);
        r = sd_event_dispatch(event);
        set(timer, 0);
        return r;
}

int nudge_loop(sd_event *event) {
        timer_t timer;
        int code, r;

        r = make_timer(&timer);
        if (r < 0)
                return r;
        while (r >= 0 && sd_event_get_state(event) != SD_EVENT_FINISHED)
                r = turn(event, timer);
        (void) timer_delete(timer);
        if (r >= 0)
                r = sd_event_get_exit_code(event, &code);
        return r < 0 ? r : code;
}
