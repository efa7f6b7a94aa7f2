/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a secret, on a terminal with a prompt and without echo. Knows nothing of keys. */
#pragma once

#include <stddef.h>

#include "attr.h"

/**
 * prompt_read(prompt, buf, size, ret_len):
 * On a terminal shows ${prompt} on stderr and reads one line, with the echo off; a signal that
 * ends the process restores the echo first. Otherwise reads to the end of the input. Reads at
 * most ${size} bytes: where ${ret_len} is ${size} there may have been more. No NUL is added. The
 * caller wipes ${buf}, also after a failure.
 * Returns 0; -EINTR; -errno.
 */
int prompt_read(const char *prompt, char *buf, size_t size, size_t *ret_len) _must_check_;

/**
 * prompt_read_terminal(prompt, buf, size, ret_len):
 * The same on the terminal that the process belongs to, whatever standard input is; the prompt
 * goes there too. -ENXIO when there is none.
 */
int prompt_read_terminal(const char *prompt, char *buf, size_t size, size_t *ret_len) _must_check_;
