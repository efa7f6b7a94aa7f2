/* SPDX-License-Identifier: BSD-2-Clause */
/* A child that will be a program with fewer rights than ours. */
#pragma once

#include <sys/types.h>

#include "attr.h"

/**
 * become_user(name, uid, gid, parent):
 * For a child of root before its exec: gives up all rights but those of the user ${uid}, who may
 * take over what is executed then. So it has no terminal, which the user could read or type into,
 * and exec closes all descriptors but 0, 1 and 2. ${name} brings the groups of that user; NULL: no
 * other group. ^C does not reach it: the kernel kills it when ${parent} ends, which is the pid of
 * the process that forked. 0; a negative errno.
 */
int become_user(const char *name, uid_t uid, gid_t gid, pid_t parent) _must_check_;
