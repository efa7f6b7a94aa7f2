/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the listening sockets come from: systemd, or this process. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "attr.h"
#include "base/error.h"

struct sockets {
        int verify, control;
        bool made_verify, made_control; /* this process removes them */
        ino_t verify_ino, control_ino;
};

/**
 * sockets_open(verify_path, control_path, ret, error):
 * Takes the sockets that systemd passed, by their type, and binds the others. A socket on which no
 * process listens any more is replaced. A socket on which a process listens is not.
 * Returns 0 with descriptors that are the caller's; a negative errno with one sentence in ${error}.
 */
int sockets_open(const char *verify_path, const char *control_path, struct sockets *ret,
                 char error[static ERROR_LEN]) _must_check_;

/**
 * sockets_turn_away():
 * For a daemon that cannot start: closes the connections that wait at the sockets that systemd
 * passed. If they were left waiting, systemd would start the daemon again and again, until it gives
 * the sockets up and every later login fails.
 */
void sockets_turn_away(void);

/**
 * sockets_remove(verify_path, control_path, sockets): removes the sockets that this process made,
 * where they are still its own.
 */
void sockets_remove(const char *verify_path, const char *control_path,
                    const struct sockets *sockets);
