/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a secret: from a terminal with a prompt and without echo, or from standard input. */
#pragma once

#include <stddef.h>

#include "attr.h"
#include "cli/exit_code.h"

#define PROMPT_PASSWORD_MAX 511 /* the limit of libpam */

/**
 * prompt_read(prompt, buf, size, ret_len):
 * When standard input is a terminal, shows ${prompt} on stderr and reads one line with the echo
 * off. A signal that ends the process switches the echo on again first. Otherwise reads to the
 * end of the input. Reads at most ${size} bytes; when ${ret_len} is ${size}, there may have been
 * more. Adds no NUL. The caller wipes ${buf}, also after a failure.
 * Returns 0, or a negative errno; -EINTR after a signal.
 */
int prompt_read(const char *prompt, char *buf, size_t size, size_t *ret_len) _must_check_;

/**
 * prompt_read_terminal(prompt, buf, size, ret_len):
 * The same from the terminal of the process, whatever standard input is. The prompt goes to that
 * terminal too. Returns -ENXIO when the process has no terminal.
 */
int prompt_read_terminal(const char *prompt, char *buf, size_t size, size_t *ret_len) _must_check_;

/**
 * prompt_password(prompt, password):
 * Reads a password by prompt_read(), without the line end that a terminal or echo(1) adds. The
 * caller wipes ${password}, also after a failure. Returns CTL_OK; CTL_USAGE or CTL_FAILED after a
 * message on stderr.
 */
enum exit_code prompt_password(const char *prompt,
                               char password[static PROMPT_PASSWORD_MAX + 2]) _must_check_;
