/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the files of a store are damaged. */
#pragma once

#include "store/store.h"

/**
 * store_check(writer, thorough): looks through the whole database for damage. If ${thorough}, also
 * whether indexes and tables say the same: a page that the disk has lost is whole, but of the past.
 * If not, one of more than 8 MiB is looked through less thoroughly, and one of more than 32 MiB is
 * left out, because that would take too long at a start.
 * Returns 0; 1 when it was left out; -EUCLEAN; an error of the store.
 */
int store_check(struct store *writer, bool thorough) _must_check_;

/**
 * store_check_was_met(): whether SQLite has met damage in this process since the last call.
 */
bool store_check_was_met(void);

/* For the room. */

/**
 * store_check_table(s, table, thorough): the same for one table and its indexes; NULL: for the
 * whole database. 0; -EUCLEAN; an error of the store.
 */
int store_check_table(struct store *s, const char *table, bool thorough) _must_check_;

/**
 * store_check_hear(userdata, rc, text): what SQLite calls with each of its errors.
 */
void store_check_hear(void *userdata, int rc, const char *text);
