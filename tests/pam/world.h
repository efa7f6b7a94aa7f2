/* SPDX-License-Identifier: BSD-2-Clause */
/* The world that a test lives in: a directory of its own, a user of this host with keys, PAM
 * service files, a daemon and its log. Nothing outside of the directory is read or written. No
 * process is ended that was not started here. A function that cannot do its work ends the test with
 * cmocka's fail(). */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "attr.h"
#include "secret.h"
#include "wire.h"

struct world {
        char dir[32]; /* any user may enter it */
        char verify[64], control[64], state[64], log[64], conf[64], services[64];
        char module[512], peek[512];
        char user[WIRE_USER_MAX + 1];
        pid_t daemon; /* 0 when it does not run */
};

struct world_key {
        char text[KEYTEXT_LEN + 1];
        char id[KEYTEXT_ID_LEN + 1];
};

/**
 * world_open(ret), world_close(w):
 * Makes the directory. Stops the daemon and removes the directory.
 */
void world_open(struct world *ret);
void world_close(struct world *w);

/**
 * world_start(w), world_start_debugging(w), world_stop(w):
 * Starts the daemon, with or without --debug, and waits until both of its sockets accept. Ends it,
 * and fails unless its exit status is 0.
 */
void world_start(struct world *w);
void world_start_debugging(struct world *w);
void world_stop(struct world *w);

/**
 * world_spawn(argv, out, err):
 * Starts a program that dies with this one. ${out} and ${err} are its output (-1: /dev/null).
 * Returns its pid.
 */
pid_t world_spawn(char *const argv[], int out, int err) _must_check_;

/**
 * world_wait(pid):
 * The exit status of a child, or 128 plus the signal that ended it.
 */
int world_wait(pid_t pid);

/**
 * world_ctl(w, out, size, argument..., NULL):
 * Runs wfapikeyctl on the daemon. ${out} gets the first ${size} - 1 bytes of its output. Returns
 * its exit status.
 */
int world_ctl(const struct world *w, char *out, size_t size, ...) __attribute__((sentinel));

/**
 * world_do(w, argument..., NULL):
 * Runs wfapikeyctl in the same way. It must succeed, and its output is dropped.
 */
void world_do(const struct world *w, ...) __attribute__((sentinel));

/**
 * world_issue(w, ret, option..., NULL):
 * Issues a new key of the world's user.
 */
void world_issue(const struct world *w, struct world_key *ret, ...) __attribute__((sentinel));

/**
 * world_await_status(w, id, status):
 * Waits until the daemon shows the key with this status.
 */
void world_await_status(const struct world *w, const char *id, const char *status);

/**
 * world_service(w, name, format, ...):
 * Writes the PAM service file ${name}.
 */
void world_service(const struct world *w, const char *name, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * world_log_size(w):
 * The present length of the daemon's log, for world_await_log().
 */
size_t world_log_size(const struct world *w);

/**
 * world_await_log(w, from, text):
 * Waits for a line with ${text} after the first ${from} bytes of the daemon's log. Returns the
 * line, which the caller frees.
 */
char *world_await_log(const struct world *w, size_t from, const char *text) _must_check_;

/**
 * world_read(path, ret_size):
 * Reads a whole file and adds a NUL. The caller frees it. NULL when it cannot be read.
 */
char *world_read(const char *path, size_t *ret_size) _must_check_;

/**
 * world_copy(from, to, mode):
 * Copies a file.
 */
void world_copy(const char *from, const char *to, mode_t mode);

/**
 * world_now_ms():
 * Milliseconds on CLOCK_MONOTONIC.
 * world_nap():
 * Sleeps for a moment in a loop that polls.
 */
int64_t world_now_ms(void);
void world_nap(void);

/**
 * world_is_instrumented():
 * Whether this program was built with a sanitizer.
 */
bool world_is_instrumented(void);
