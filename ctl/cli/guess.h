/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person may have meant by a word that is no command. */
#pragma once

#include <stdbool.h>

/**
 * guess_alias(word): what a verb of other programs is called here, as "list" for "ls". NULL: it is
 * none. Static storage.
 */
const char *guess_alias(const char *word);

/**
 * guess_is_near(word, name): whether ${word} may be ${name} with a slip: a letter too many, one
 * that is missing or wrong, or two of these.
 */
bool guess_is_near(const char *word, const char *name);
