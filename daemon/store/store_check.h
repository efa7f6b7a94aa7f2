/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the files of a store are damaged. */
#pragma once

#include "store/store.h"

/**
 * store_check(writer, thorough): looks through the whole database for damage. If ${thorough}, also
 * whether indexes and tables say the same, and policies and the audit log: a page that the disk has
 * lost is whole, but of the past.
 * If not, one of more than 8 MiB is looked through less thoroughly, and one of more than 32 MiB is
 * left out, because that would take too long at a start.
 * Returns 0; 1 when it was left out; -EUCLEAN; an error of the store.
 */
int store_check(struct store *writer, bool thorough) _must_check_;

/**
 * store_check_read(path): reads the database ${path} and its log to their ends, without SQLite. 0;
 * -EUCLEAN for a sector that cannot be read; another negative errno.
 */
int store_check_read(const char *path) _must_check_;

/**
 * store_check_may_pass(path, tried): whether a start that has met damage should open ${path} once
 * more, after ${tried} times. It should once, and then for some seconds while the files cannot be
 * read, which this waits for.
 */
bool store_check_may_pass(const char *path, unsigned tried);

/**
 * store_check_was_met(): whether SQLite has met damage in this process since the last call.
 */
bool store_check_was_met(void);

#define STORE_CHECK_NAMES_LEN 256

/**
 * store_check_policy(s, names): how many policies are older than the audit log says that they were
 * set. So their page is of the past, although nothing else is wrong with it. ${names}: which they
 * are, for people, as far as they fit. What was set before the last import, the last salvage or the
 * last change of a fleet cannot be compared, nor what was set by a clock that was an hour ahead.
 * Reads all of the audit log. A number; an error of the store.
 */
int store_check_policy(struct store *s, char names[static STORE_CHECK_NAMES_LEN]) _must_check_;

/* For the room. */

/* The records of policies that must count still: seq, name, at, and until when the shortest of the
 * later records lasted. Names are those of today: they were folded once. */
#define STORE_CHECK_TOLD                                                                           \
        "WITH told AS (SELECT seq, at, event, verdict, CASE event WHEN 'policy' THEN "             \
        "lower(substr(detail, 1, instr(detail, '=') - 1)) WHEN 'removed-all' THEN iif(detail "     \
        "LIKE '% of the fleet', 'fleet-epoch', 'epoch') END AS name, min(until) OVER (ORDER BY "   \
        "seq DESC) AS later FROM audit), policies AS (SELECT seq, name, at, later FROM told "      \
        "WHERE "                                                                                   \
        "name IS NOT NULL AND verdict = 'done' AND seq > (SELECT ifnull(max(seq), 0) FROM audit "  \
        "WHERE verdict = 'done' AND event IN ('imported', 'salvaged', 'fleet'))) "

/**
 * store_check_table(s, table, thorough): the same for one table and its indexes; NULL: for the
 * whole database. 0; -EUCLEAN; an error of the store.
 */
int store_check_table(struct store *s, const char *table, bool thorough) _must_check_;

/**
 * store_check_hear(userdata, rc, text): what SQLite calls with each of its errors.
 */
void store_check_hear(void *userdata, int rc, const char *text);
