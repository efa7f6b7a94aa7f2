/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's one object: event loop, store, sockets, threads. */
#pragma once

#include <stdbool.h>

#include "attr.h"
#include "base/error.h"
#include "keys/seed.h"

struct server;

struct server_options {
        const char *state_dir;
        const char *verify_socket;
        const char *control_socket;
        const char *conf;
        bool conf_required; /* somebody named the file */
        /* NULL: no key from the environment; wiped when it has been made */
        struct seed *seed;
};

/**
 * server_new(ret, options, error):
 * Everything up to and with its sockets, those that systemd passed or its own. ${options} must
 * outlive it.
 * Returns 0; a negative errno with one sentence in ${error}.
 */
int server_new(struct server **ret, const struct server_options *options,
               char error[static ERROR_LEN]) _must_check_;

/**
 * server_free(s): ends what is under way, writes what is still to be written, removes the
 * sockets that it made.
 */
struct server *server_free(struct server *s);
void server_freep(struct server **s);

/**
 * server_run(s): serves until a signal ends it. 0, or a negative errno.
 */
int server_run(struct server *s) _must_check_;
