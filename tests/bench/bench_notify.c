/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_notify DIR CONNINFO MS: what it costs PostgreSQL to tell listeners of a change: commits a
 * second while each commit adds a row and notifies 0 to 1,000 listeners, and how long a single
 * commit takes to reach the last of them. Knows nothing of a fleet. The listeners run on the same
 * machine as the server, so their share is in the figures. */
#include <errno.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "cleanup.h"

#define LISTENERS_MAX 1000
#define SINGLES       50
#define GIVE_UP_NS    INT64_C(60000000000)

struct hearing {
        const char *conninfo;
        PGconn *writer;
        PGconn *listeners[LISTENERS_MAX];
        size_t n;
        int epoll;
        pthread_t thread;
        atomic_bool stop;
        atomic_uint_fast64_t heard;
        uint64_t sent;
};

static void pause_ns(long ns) {
        (void) nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static int execute(PGconn *conn, const char *sql) {
        PGresult *result = PQexec(conn, sql);
        ExecStatusType status = PQresultStatus(result);

        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
                (void) fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
        PQclear(result);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : -EIO;
}

static int connect_one(const char *conninfo, PGconn **ret) {
        PGconn *conn = PQconnectdb(conninfo);

        if (PQstatus(conn) == CONNECTION_OK) {
                *ret = conn;
                return 0;
        }
        (void) fprintf(stderr, "%s", PQerrorMessage(conn));
        PQfinish(conn);
        return -ECONNREFUSED;
}

static void *hear(void *userdata) {
        struct hearing *h = userdata;
        struct epoll_event events[64];
        PGnotify *notify;

        while (!atomic_load(&h->stop)) {
                int n = epoll_wait(h->epoll, events, ARRAY_LEN(events), 100);

                for (int i = 0; i < n; i++) {
                        PGconn *conn = events[i].data.ptr;

                        (void) PQconsumeInput(conn);
                        while ((notify = PQnotifies(conn))) {
                                PQfreemem(notify);
                                atomic_fetch_add(&h->heard, 1);
                        }
                }
        }
        return NULL;
}

static int listen_up_to(struct hearing *h, size_t n) {
        int r = 0;

        for (; r >= 0 && h->n < n; h->n += r >= 0) {
                PGconn **conn = &h->listeners[h->n];

                r = connect_one(h->conninfo, conn);
                if (r >= 0)
                        r = execute(*conn, "LISTEN bench");
                if (r >= 0 &&
                    epoll_ctl(h->epoll, EPOLL_CTL_ADD, PQsocket(*conn),
                              &(struct epoll_event){ .events = EPOLLIN, .data.ptr = *conn }) < 0)
                        r = -errno;
        }
        return r;
}

static int ring(struct hearing *h) {
        h->sent += h->n;
        /* one transaction */
        return execute(h->writer, "INSERT INTO bench VALUES ('a row'); NOTIFY bench");
}

/* Until all listeners have heard all. */
static int wait_for_all(struct hearing *h) {
        int64_t until = bench_now_ns() + GIVE_UP_NS;

        while (atomic_load(&h->heard) < h->sent) {
                if (bench_now_ns() > until)
                        return -ETIMEDOUT;
                pause_ns(50000);
        }
        return 0;
}

static int measure_rate(struct hearing *h, int64_t slice_ns, double *ret) {
        int64_t began = bench_now_ns();
        uint64_t n = 0;
        int r = 0;

        for (; r >= 0 && bench_now_ns() - began < slice_ns; n++)
                r = ring(h);
        *ret = (double) n * 1e9 / (double) (bench_now_ns() - began);
        return r < 0 ? r : wait_for_all(h);
}

static int measure_single(struct hearing *h, double *ret_p50, double *ret_max) {
        double ms[SINGLES];
        int r = 0;

        *ret_max = 0;
        for (size_t i = 0; r >= 0 && i < SINGLES; i++) {
                int64_t began = bench_now_ns();

                r = ring(h);
                if (r >= 0)
                        r = wait_for_all(h);
                ms[i] = (double) (bench_now_ns() - began) / 1e6;
                *ret_max = ms[i] > *ret_max ? ms[i] : *ret_max;
                pause_ns(20000000);
        }
        *ret_p50 = r < 0 ? 0 : bench_median(ms, SINGLES);
        return r;
}

static int measure_all(struct hearing *h, int64_t slice_ns) {
        static const size_t counts[] = { 0, 10, 100, LISTENERS_MAX };
        double rate, alone = 0, p50, max;
        int r = 0;

        (void) printf("%-36s %10s %10s %8s %8s\n", "A commit that notifies", "commits/s", "ratio",
                      "p50 ms", "max ms");
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(counts); i++) {
                r = listen_up_to(h, counts[i]);
                if (r >= 0)
                        r = measure_rate(h, slice_ns, &rate);
                if (r >= 0)
                        r = measure_single(h, &p50, &max);
                if (r < 0)
                        break;
                alone = i == 0 ? rate : alone;
                (void) printf("  %5zu listeners                    %10.0f %10.3f %8.2f %8.2f\n",
                              counts[i], rate, rate / alone, p50, max);
                (void) fflush(stdout);
        }
        return r;
}

static int run(int argc, char *argv[]) {
        struct hearing h = { .conninfo = argv[0] };
        uint64_t slice_ms;
        int r;

        if (argc != 2 || bench_number(argv[1], 1000000, &slice_ms) < 0)
                return -EINVAL;
        h.epoll = epoll_create1(EPOLL_CLOEXEC);
        r = h.epoll < 0 ? -errno : connect_one(h.conninfo, &h.writer);
        if (r >= 0)
                r = execute(h.writer, "CREATE TABLE bench (text text)");
        /* Else the disk is measured. */
        if (r >= 0)
                r = execute(h.writer, "SET synchronous_commit = off");
        if (r >= 0)
                r = -pthread_create(&h.thread, NULL, hear, &h);
        if (r >= 0) {
                r = measure_all(&h, (int64_t) slice_ms * 1000000);
                atomic_store(&h.stop, true);
                (void) pthread_join(h.thread, NULL);
        }
        for (size_t i = 0; i < ARRAY_LEN(h.listeners); i++)
                PQfinish(h.listeners[i]);
        PQfinish(h.writer);
        cleanup_close(&h.epoll);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR CONNINFO MS", run);
}
