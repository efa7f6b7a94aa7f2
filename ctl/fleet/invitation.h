/* SPDX-License-Identifier: BSD-2-Clause */
/* Invitations into a fleet, as text that can be mailed. What is in one only the invited host can
 * read. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/exit_code.h"

/* What fits into one call. */
#define INVITATION_MAX 49152

/**
 * invitation_format(bytes, len, ret):
 * Makes a text of ${len} bytes: base64 in lines of 64 characters (RFC 4648, with padding) between
 * two lines that say what it is. The caller frees ${ret}. 0 or -ENOMEM.
 */
int invitation_format(const void *bytes, size_t len, char **ret) _must_check_;

/**
 * invitation_read(path, ret, ret_len):
 * Reads the first invitation in the file ${path}, with any text around it. "-" means standard
 * input, which must not be a terminal. The caller frees ${ret}. Returns CTL_OK; CTL_USAGE or
 * CTL_FAILED after a message on stderr.
 */
enum exit_code invitation_read(const char *path, uint8_t **ret, size_t *ret_len) _must_check_;
