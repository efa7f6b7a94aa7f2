/* SPDX-License-Identifier: BSD-2-Clause */
/* How old the last copy of a store may be. It has no clock and no store. */
#include "rules/overdue.h"
#include "parse.h"

/* wfapikey-mirror.timer is weekly. It has missed two, with a day for hosts that were off. */
#define IMPORT_MAX_S (15 * PARSE_DAY_S)
/* people make backups once a month, or more often */
#define BACKUP_MAX_S (35 * PARSE_DAY_S)

static bool is_old(int64_t at, int64_t now, int64_t max) {
        return at > 0 && now > at && now - at > max;
}

bool overdue_import(int64_t imported_at, int64_t now) {
        return is_old(imported_at, now, IMPORT_MAX_S);
}

bool overdue_backup(int64_t backed_up_at, int64_t now) {
        return is_old(backed_up_at, now, BACKUP_MAX_S);
}
