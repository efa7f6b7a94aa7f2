/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole keys as the user gives them: on standard input, or typed on the terminal. */
#pragma once

#include "attr.h"
#include "cli/exit_code.h"
#include "secret.h"

#define ASKKEY_NONE                                                                                \
        "this is not an API key: a key begins with wfk_ and has 63 characters, and its last 6 "    \
        "show "                                                                                    \
        "whether all of it was copied"

/**
 * askkey_read(ret): reads a key, which the caller wipes. Returns CTL_OK; CTL_REFUSED, without a
 * message, when it is none; CTL_FAILED after a message on stderr.
 */
enum exit_code askkey_read(struct secret *ret) _must_check_;
