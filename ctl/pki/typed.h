/* SPDX-License-Identifier: BSD-2-Clause */
/* How much text a person can type at a prompt of a service. */
#pragma once

#include <stddef.h>

/**
 * typed_warn(what, len, remedy): says on stderr that some services cut ${what} of ${len}
 * characters, where they do, and what helps.
 */
void typed_warn(const char *what, size_t len, const char *remedy);
