/* SPDX-License-Identifier: BSD-2-Clause */
/* A private /dev/log: it shows what the module tells syslog. It lives in a mount namespace of its
 * own, so the host's log is not touched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"

/**
 * devlog_possible():
 * Whether this process can have one. It must be root and allowed to mount.
 */
bool devlog_possible(void) _must_check_;

/**
 * devlog_open(dir):
 * Gives this process and its children a private /dev, made below the empty directory ${dir}, with a
 * /dev/log in it. Returns the socket's descriptor, or a negative errno. It cannot be undone: call
 * it in a child.
 */
int devlog_open(const char *dir) _must_check_;

/**
 * devlog_read(fd, ret, size):
 * Reads the texts that arrived: one line each, and a NUL. Returns their number.
 */
unsigned devlog_read(int fd, char *ret, size_t size);
