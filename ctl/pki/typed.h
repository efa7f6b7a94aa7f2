/* SPDX-License-Identifier: BSD-2-Clause */
/* How much text a user can type at a prompt of a service. */
#pragma once

#include <stddef.h>

/**
 * typed_warn(what, len, remedy):
 * Warns on stderr when some services cut ${what} of ${len} characters. ${remedy} says what
 * helps.
 */
void typed_warn(const char *what, size_t len, const char *remedy);
