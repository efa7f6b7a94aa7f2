/* SPDX-License-Identifier: BSD-2-Clause */
/* Remembers that there was a configuration where the daemon looks for one by itself. Does not know
 * what it says. */
#pragma once

#include <stdbool.h>

/* in the state directory; it has no content */
#define CONFIGURED_NAME "configured"

/**
 * configured_before(dir): whether a daemon with the state directory ${dir} has had a configuration.
 * A program that replaces it may move it away for a moment, and a start then must not drop its
 * rules.
 */
bool configured_before(const char *dir);

/**
 * configured_note(dir): remembers it in the state directory, which is open as ${dir}.
 */
void configured_note(int dir);
