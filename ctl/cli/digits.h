/* SPDX-License-Identifier: BSD-2-Clause */
/* Random digits for keys and passwords. */
#pragma once

#include <stddef.h>

#include "attr.h"

/**
 * digits_draw(out, len):
 * Draws ${len} of the 62 digits of keytext_alphabet(), each as likely as any other. Adds no NUL.
 * The caller wipes ${out}, also after a failure. 0, or a negative errno.
 */
int digits_draw(char *out, size_t len) _must_check_;
