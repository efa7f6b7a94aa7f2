/* SPDX-License-Identifier: BSD-2-Clause */
/* The state directory and its files: that they belong to this daemon alone. Must not know what is
 * in them. */
#pragma once

#include "attr.h"
#include "base/error.h"

#define STATEDIR_PATH_LEN 4096 /* as PATH_MAX */

/**
 * statedir_open(dir, real, ret_fd, error):
 * Opens the directory ${dir}, makes it if it is missing, and locks it until ${ret_fd} is closed.
 * SQLite follows no link in any part of a path, so ${real} becomes the path without links. Returns
 * 1; 0 when there is no such path; a negative errno with one sentence for the administrator in
 * ${error}.
 */
int statedir_open(const char *dir, char real[static STATEDIR_PATH_LEN], int *ret_fd,
                  char error[static ERROR_LEN]) _must_check_;

/**
 * statedir_look(fd, dir, name, error): looks at the file ${name} in the directory, which is open as
 * ${fd}. Returns 1 if it is there and only ours; 0 if it is not there; a negative errno with one
 * sentence for the administrator in ${error}.
 */
int statedir_look(int fd, const char *dir, const char *name,
                  char error[static ERROR_LEN]) _must_check_;
