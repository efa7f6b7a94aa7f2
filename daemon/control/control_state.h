/* SPDX-License-Identifier: BSD-2-Clause */
/* What all calls share, by the thread that may touch it. The server fills it, and the
 * control_*.c use it. The callers of control.h need not know it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/control_fleet.h"
#include "control/control_metrics.h"
#include "control/control_quota.h"
#include "rules/loglimit.h"

struct accounts;
struct audit;
struct conf;
struct control_bus;
struct control_cert_reads;
struct control_confs;
struct control_follower;
struct control_names;
struct control_password;
struct keymint;
struct mirror;
struct store_shared;
struct store_look;
struct sweep_timer;
struct verify;
struct worker;

/* What does not change after the start, so that any thread may read it. All of it is borrowed. */
struct control_fixed {
        struct worker *worker;
        struct verify *verify;
        struct accounts *accounts;
        struct audit *audit;
        struct sweep_timer *sweeper;
        struct store_look *look;
        struct control_password *password;
        struct control_cert_reads *cert;
        struct control_confs *confs;
        /* NULL: they are not looked up again. */
        struct control_names *names;
        struct store_shared *shared;
        const struct keymint *keymint;
        const char *state_dir, *conf_path;
        int state_fd;       /* the directory */
        bool conf_required; /* without the file no start */
        bool own_sockets;   /* systemd passed none */
        int64_t started_at;
        /* Fills in how long the queues are. On the loop. */
        void (*queues)(struct control_queue out[static CONTROL_QUEUES], void *userdata);
        void *queues_userdata;
};

/* Only the loop reads and writes these. */
struct control_loop {
        /* The configuration in force. Owned; see control_reload_apply(). */
        struct conf *conf;
        uint64_t conf_serial;    /* its place in the order */
        uint64_t conf_asked;     /* the last place that was given */
        uint64_t n_connections;  /* since the start */
        struct control_bus *bus; /* borrowed; NULL: there is none */
        struct control_quota quota;
        struct control_census census;
        /* Who follows the audit log, and whether the writer thread works for one of them
         * (control_follow.c). */
        struct control_follower *followers;
        bool following;
        /* How many exports and imports were begun, and whether one may be left that has to be
         * dropped when its connection ends (control_mirror.c). */
        uint64_t mirror_begun;
        bool mirror_busy;
        struct control_fleet fleet;
};

/* Only the writer thread reads and writes these. */
struct control_writer {
        struct mirror *mirror;           /* borrowed */
        struct fleet *fleet;             /* borrowed; NULL: none */
        struct fleet_snapshot *snapshot; /* that fleetd reads; owned */
        /* Groups in which an administrator has ordered to go on from what this host has, and fleetd
         * has not asked for it yet. */
        size_t n_rebases;
        char rebases[FLEET_GROUPS_MAX][FRAME_GROUP_MAX + 1];
        struct loglimit changes; /* of log lines about changes */
};

/* Filled once, by the server; lives as long as the daemon. */
struct control {
        struct control_fixed fixed;
        struct control_loop loop;
        struct control_writer writer;
        /* A change is on its way to the fleet's database. The writer thread sets it, the loop
         * clears it. */
        _Atomic bool fleet_busy;
};
