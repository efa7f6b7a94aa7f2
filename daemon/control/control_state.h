/* SPDX-License-Identifier: BSD-2-Clause */
/* What all calls share. The server fills it, the control_*.c use it; the callers of control.h need
 * not know it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/control_metrics.h"
#include "control/control_quota.h"
#include "rules/loglimit.h"

struct accounts;
struct audit;
struct conf;
struct control_cert_reads;
struct control_follower;
struct control_password;
struct keymint;
struct mirror;
struct store_shared;
struct sweep_timer;
struct verify;
struct worker;

/* What all calls share; lives as long as the daemon. */
struct control {
        struct worker *worker;
        struct verify *verify;
        struct accounts *accounts;
        struct audit *audit;
        struct sweep_timer *sweeper;
        const struct keymint *keymint;
        const struct conf *conf;
        void (*set_conf)(struct conf *conf, void *server); /* on the loop; owns it from then on */
        void *server;                                      /* for that alone */
        struct control_password *password;
        struct control_cert_reads *cert;
        const char *state_dir, *conf_path;
        bool conf_required;    /* a start without the file fails */
        struct mirror *mirror; /* the writer thread's */
        /* it may have something that is to be dropped when its connection ends */
        bool mirror_busy;
        uint64_t mirror_begun;  /* how often */
        uint64_t n_connections; /* since the start */
        int64_t started_at;
        bool own_sockets; /* not systemd's */
        /* of the log about them; the writer thread's */
        struct loglimit changes;
        /* of others than uid 0; the sum of load[].n */
        unsigned n_calls;
        unsigned n_asks; /* the sum of load[].asks */
        struct control_quota load[CONTROL_CALLS_MAX];
        struct control_changes changed[CONTROL_CHANGERS]; /* by uid */
        struct control_census census;
        /* what waits now, handed down by those who have it */
        void (*queues)(struct control_queue out[static CONTROL_QUEUES], void *userdata);
        void *queues_userdata;
        const struct store_shared *shared;
        struct control_follower *followers; /* control_follow.c has them */
        /* one of them waits for the writer thread */
        bool following;
};
