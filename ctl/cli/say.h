/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to people, on stderr. Programs read stdout, or get the messages by say_to(). */
#pragma once

#include "cli/exit_code.h"

enum say_kind {
        SAY_ERROR,
        SAY_LINE, /* not an error */
};

/**
 * say_to(hear):
 * From now on ${hear} gets each message, without a newline, in the place of stderr. It gets no
 * notes and no progress, which are for people alone. NULL: stderr again.
 */
void say_to(void (*hear)(enum say_kind kind, const char *text));

/**
 * say_error(format, ...): one line on stderr that begins with the name of the program.
 */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_no_memory(): says that there is no memory. Returns CTL_FAILED.
 */
enum exit_code say_no_memory(void);

/**
 * say_line(format, ...): one line on stderr that is not an error, also when stderr is not a
 * terminal.
 */
void say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_note(format, ...): one line on stderr when stderr is a terminal; nothing otherwise.
 */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_progress(format, ...), say_progress_end():
 * When stderr is a terminal, the first replaces the last line by another one, and the second
 * clears it. Nothing otherwise.
 */
void say_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_progress_end(void);
