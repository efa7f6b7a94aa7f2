/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for keys in all objects of a repository of git, also in those that no branch has any more.
 */
#pragma once

#include "scan/scan.h"

/**
 * history_path(s, path):
 * Looks through the repository that the directory ${path} is in. What cannot be read is counted in
 * ${s}. Returns 0; -ENOMEM.
 */
int history_path(struct scan *s, const char *path) _must_check_;
