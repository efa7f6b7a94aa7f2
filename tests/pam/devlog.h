/* SPDX-License-Identifier: BSD-2-Clause */
/* A /dev/log of one's own: what the module tells syslog, in a private mount namespace, so that
 * nobody else's log is touched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"

/**
 * devlog_possible(): whether this process may have one (it needs to be root, and allowed to mount).
 */
bool devlog_possible(void) _must_check_;

/**
 * devlog_open(dir):
 * Gives this process, and its children, a /dev of their own, made below the empty directory
 * ${dir}, with a /dev/log in it. Returns the socket's descriptor, or a negative errno. There is
 * no way back: call it in a child.
 */
int devlog_open(const char *dir) _must_check_;

/**
 * devlog_read(fd, ret, size): the texts that have come, one line each, and a NUL. Returns how
 * many they are.
 */
unsigned devlog_read(int fd, char *ret, size_t size);
