/* SPDX-License-Identifier: BSD-2-Clause */
/* Which users a passwd file has, and what a group file says of one group. What users can change by
 * themselves is left out. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct accounts_names {
        /* hashes; 0 where the file cannot be read */
        uint64_t users, group;
};

/**
 * accounts_names_read(etc, group):
 * Hashes of all lines in ${etc}/passwd, up to the comment on the user, which chfn(1) changes; and
 * of the lines in ${etc}/group that have the number ${group}, because a user can administer another
 * group (gpasswd(1)).
 */
struct accounts_names accounts_names_read(const char *etc, gid_t group);
