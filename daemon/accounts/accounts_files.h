/* SPDX-License-Identifier: BSD-2-Clause */
/* The users of this host itself, from passwd, shadow and group as they are at one moment. It reads
 * files and asks nobody, so it cannot hang. It does not have users that only a directory knows. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "record.h"

struct accounts_files;

/**
 * accounts_files_read(ret, etc, admin_group, error):
 * Reads the files in the directory ${etc}. Members of the group with the number ${admin_group} are
 * administrators. With (gid_t) -1 only root is one. A file that ends within a line is not believed,
 * nor is a passwd file without root. A program may be writing it, or a full disk may have cut it
 * off, and that must not end all keys. A process that is not root does without shadow.
 * Returns 0; a negative errno with a sentence in ${error}.
 */
int accounts_files_read(struct accounts_files **ret, const char *etc, gid_t admin_group,
                        char error[static ERROR_LEN]) _must_check_;
struct accounts_files *accounts_files_free(struct accounts_files *files);
void accounts_files_freep(struct accounts_files **files);

/**
 * accounts_files_find(files, name): the user ${name}, ACCOUNT_PRESENT and local. NULL when there is
 * none. Borrowed from ${files}.
 */
const struct account_record *accounts_files_find(const struct accounts_files *files,
                                                 const char *name);
