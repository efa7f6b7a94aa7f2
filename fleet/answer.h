/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an answer of the database has the form of the statement. A server that was taken over can
 * send anything. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#define ANSWER_MALFORMED "the server's answer does not have the form of the statement"

/**
 * answer_fits(result, columns):
 * Whether ${result} has rows, or none, of these columns in binary form, a letter each: t a text; n
 * a number that is not negative; f a flag; b bytes, or NULL. No other is NULL.
 */
bool answer_fits(const PGresult *result, const char *columns);

/**
 * answer_fits_text(result, n): the same for ${n} columns in text form.
 */
bool answer_fits_text(const PGresult *result, int n);

/**
 * answer_number(result, row, column), answer_flag(result): of an answer that fits. The latter is
 * of its first row and column.
 */
uint64_t answer_number(const PGresult *result, int row, int column);
bool answer_flag(const PGresult *result);
