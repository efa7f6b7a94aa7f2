/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the copies of a store have stopped. Pure: times go in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * overdue_import(imported_at, now), overdue_backup(backed_up_at, now):
 * Whether an import, or a backup, was made once (not 0) and is so old that a habit has ended: two
 * weeks after a weekly import, five weeks after a backup.
 */
bool overdue_import(int64_t imported_at, int64_t now);
bool overdue_backup(int64_t backed_up_at, int64_t now);
