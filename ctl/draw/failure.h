/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command says on stderr where programs read it: JSON, an object on each line. The sentences
 * are those that people see. */
#pragma once

#include "cli/exit_code.h"
#include "cli/say.h"

/**
 * failure_hear(kind, text):
 * Takes a message, for say_to(). Writes a note at once, and keeps errors for failure_show().
 */
void failure_hear(enum say_kind kind, const char *text);

/**
 * failure_cause(name): notes the name of the error of D-Bus that is the cause. A later one counts.
 */
void failure_cause(const char *name);

/**
 * failure_show(code):
 * Writes the errors that were kept as one object: a failure with its exit status ${code}, or a
 * warning when that is CTL_OK. Nothing when there are none.
 */
void failure_show(enum exit_code code);
