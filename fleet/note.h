/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for the journal: on stderr, with the priority in front as systemd reads it. */
#pragma once

#include <stddef.h>
#include <syslog.h>

/* A text of PostgreSQL, as it is shown. D-Bus takes it, because it is UTF-8. */
#define NOTE_TEXT_LEN 400

/**
 * note(priority, format, ...): writes a line. Texts from elsewhere pass note_fold() before.
 */
void note(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * note_fold(out, text): writes ${text} to ${out} as one line, and escapes what cannot be shown.
 */
void note_fold(char out[static NOTE_TEXT_LEN], const char *text);
