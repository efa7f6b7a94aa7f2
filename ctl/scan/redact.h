/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of files, and what git says, before anybody sees them: they may hold whole keys. */
#pragma once

/**
 * redact(text): replaces in ${text} what follows wfk_<id>_ by three dots, in place. A part of a
 * secret counts, too.
 */
void redact(char *text);
