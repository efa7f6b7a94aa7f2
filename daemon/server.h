/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon as one object: event loop, store, sockets and threads. */
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
        bool conf_required; /* an administrator named the file */
        /* A key from the environment, or NULL. Wiped when the key has been made. */
        struct seed *seed;
};

/**
 * server_new(ret, options, error):
 * Starts everything, its sockets included: those that systemd passed, or its own. ${options} must
 * outlive the server.
 * Returns 0, or a negative errno with one sentence in ${error}.
 */
int server_new(struct server **ret, const struct server_options *options,
               char error[static ERROR_LEN]) _must_check_;

/**
 * server_free(s): ends what is in progress, writes what is left to write, and removes the sockets
 * that the server made.
 */
struct server *server_free(struct server *s);
void server_freep(struct server **s);

/**
 * server_run(s): serves until a signal ends it. Returns 0, or a negative errno.
 */
int server_run(struct server *s) _must_check_;
