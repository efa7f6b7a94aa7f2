/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for keys in files and directories. Opens no device and follows no symbolic link that the
 * user has not named. */
#pragma once

#include "scan/scan.h"

/**
 * walk_path(s, path):
 * Looks through the file ${path}, standard input for "-", or all files of a directory. What cannot
 * be read is counted in ${s}. Returns 0; -ENOMEM.
 */
int walk_path(struct scan *s, const char *path) _must_check_;
