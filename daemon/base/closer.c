/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives connections in which descriptors may wait to a child, a batch at a time. Reads nothing that
 * a peer has sent. Its state is the process's, as the table of descriptors is. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/closer.h"
#include "base/peer.h"
#include "cleanup.h"

/* Children per second are bounded by this, however many connections there are. */
#define PAUSE_USEC   UINT64_C(20000)
#define BATCH_MAX    1024
#define CHILDREN_MAX 8

static struct {
        sd_event_source *timer; /* NULL: not started */
        size_t n;
        int fds[BATCH_MAX];
        pid_t children[CHILDREN_MAX]; /* 0: none */
} closer;

/* Returns a free place for a child; NULL when there is none. */
static pid_t *reap(void) {
        pid_t *unused = NULL;

        for (size_t i = 0; i < CHILDREN_MAX; i++) {
                pid_t *child = &closer.children[i];

                if (*child > 0 && waitpid(*child, NULL, WNOHANG) != 0)
                        *child = 0;
                if (*child == 0)
                        unused = child;
        }
        return unused;
}

/* The child ends when this process has closed its own copies, or is gone. Then it drops the last
 * references. Source: Linux, inet_release(): no SO_LINGER under PF_EXITING. */
_Noreturn static void be_child(const int gate[static 2]) {
        char byte;

        (void) close(gate[1]);
        while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
                continue;
        _exit(0);
}

static void flush(void) {
        _cleanup_close_ int reader = -1, writer = -1;
        pid_t *child = reap();
        int gate[2];

        if (!child || closer.n == 0 || pipe2(gate, O_CLOEXEC) < 0)
                return;
        reader = gate[0];
        writer = gate[1];
        *child = fork();
        if (*child == 0)
                be_child(gate);
        if (*child < 0) {
                *child = 0;
                return;
        }
        while (closer.n > 0)
                (void) close(closer.fds[--closer.n]);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        bool busy = false;

        (void) usec;
        (void) userdata;
        flush();
        (void) reap();
        for (size_t i = 0; i < CHILDREN_MAX; i++)
                busy = busy || closer.children[i] != 0;
        if (!busy && closer.n == 0)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        (void) sd_event_source_set_time_relative(source, PAUSE_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void add(int fd) {
        int enabled = SD_EVENT_OFF;

        if (closer.n == BATCH_MAX)
                flush();
        if (closer.n == BATCH_MAX) {
                (void) close(fd); /* the last resort */
                return;
        }
        closer.fds[closer.n++] = fd;
        (void) sd_event_source_get_enabled(closer.timer, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(closer.timer, PAUSE_USEC);
        (void) sd_event_source_set_enabled(closer.timer, SD_EVENT_ONESHOT);
}

void closer_close(int *fd) {
        if (*fd < 0)
                return;
        if (!closer.timer || !peer_may_have_passed(*fd))
                (void) close(*fd);
        else
                add(*fd);
        *fd = -1;
}

int closer_start(sd_event *event) {
        int r = sd_event_add_time_relative(event, &closer.timer, CLOCK_MONOTONIC, PAUSE_USEC, 1,
                                           on_timer, NULL);

        return r < 0 ? r : sd_event_source_set_enabled(closer.timer, SD_EVENT_OFF);
}

void closer_stop(void) {
        closer.timer = sd_event_source_disable_unref(closer.timer);
        closer.n = 0;
}
