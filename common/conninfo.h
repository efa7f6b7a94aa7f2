/* SPDX-License-Identifier: BSD-2-Clause */
/* Connection strings of libpq in keywords, such as "host=db user=alice". Pure. Does not know which
 * settings there are. URIs are refused: one cannot simply be added to.
 * Source: PostgreSQL's manual, 34.1.1. */
#pragma once

#include "attr.h"

/**
 * conninfo_sets(text, word):
 * Whether ${text} has the setting ${word}: 1 or 0; -EINVAL when ${text} does not have this form.
 */
int conninfo_sets(const char *text, const char *word) _must_check_;

/**
 * conninfo_add(text, word, value):
 * Adds a setting to ${*text}, whose form was checked. It replaces an earlier one. ${*text} is on
 * the heap; the old one is wiped and freed. 0 or -ENOMEM, and then ${*text} is as it was.
 */
int conninfo_add(char **text, const char *word, const char *value) _must_check_;

/**
 * conninfo_drop(text, word): takes every setting ${word} out of ${text}, whose form was checked.
 * What was behind it moves to the front, and what was at the end is wiped.
 */
void conninfo_drop(char *text, const char *word);

/**
 * conninfo_free(text): wipes ${*text}, which may have a password, and frees it. Safe on NULL.
 */
void conninfo_free(char **text);
#define _cleanup_conninfo_ __attribute__((cleanup(conninfo_free)))
