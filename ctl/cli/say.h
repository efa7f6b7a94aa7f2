/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to people, on stderr. Nothing that a program reads goes here. */
#pragma once

#include "cli/exit_code.h"

/**
 * say_error(format, ...): one line on stderr, behind the name of the program.
 */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_no_memory(): says so. CTL_FAILED.
 */
enum exit_code say_no_memory(void);

/**
 * say_line(format, ...): one line on stderr that is no error, whoever watches.
 */
void say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_note(format, ...): one line on stderr for people who watch; nothing when stderr is no
 * terminal.
 */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_progress(format, ...), say_progress_end(): on a terminal a line on stderr, in the
 * place of the last such; and nothing any more.
 */
void say_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_progress_end(void);
