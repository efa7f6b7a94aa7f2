/* SPDX-License-Identifier: BSD-2-Clause */
/* Which users a passwd file has. What they can change in their own lines is left out. */
#pragma once

#include <stdint.h>

/**
 * accounts_names_hash(etc): a hash of all lines in ${etc}/passwd, up to the comment on the user,
 * which chfn(1) changes; 0 where the file cannot be read.
 */
uint64_t accounts_names_hash(const char *etc);
