/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tables tell store_delta.c when they are changed. For store_*.c alone. */
#pragma once

#include "store/store_stmt.h"

/**
 * store_delta_sql(table, columns, out, size): the statement that takes a row of a fleet into the
 * store in use, where it is newer than what is there. 0; -EPROTONOSUPPORT for a table, or for
 * columns, that no such row may have.
 */
int store_delta_sql(const char *table, const struct store_columns *columns, char *out,
                    size_t size) _must_check_;

/**
 * store_delta_key_sql(table, columns, last, out, size): the same for a table of the form of key.
 * ${last}: of rows with the largest revision the one that comes last counts. What follows in the
 * log comes again, so in the end the newest one does.
 */
int store_delta_key_sql(const char *table, const struct store_columns *columns, bool last,
                        char *out, size_t size) _must_check_;

/**
 * store_delta_note_key(writer, id), store_delta_note_row(writer, table, name, len),
 * store_delta_note_account(writer, account), store_delta_note_audit(writer, record):
 * A row is about to be changed, or a new key is there. ${table} is static. Where nobody notes
 * changes they do nothing. 0; -EMSGSIZE when that is too much; an error of the store.
 */
int store_delta_note_key(struct store *writer, const char *id) _must_check_;
int store_delta_note_row(struct store *writer, const char *table, const void *name,
                         size_t len) _must_check_;
int store_delta_note_account(struct store *writer,
                             const struct account_record *account) _must_check_;
int store_delta_note_audit(struct store *writer, const struct audit_record *record) _must_check_;
