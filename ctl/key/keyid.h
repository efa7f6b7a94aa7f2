/* SPDX-License-Identifier: BSD-2-Clause */
/* Ids of keys as the user types them. */
#pragma once

#include "attr.h"
#include "cli/exit_code.h"

/**
 * keyid_check(text):
 * Whether ${text} has the form of a key's id. CTL_OK, or CTL_USAGE after having said what is wrong.
 */
enum exit_code keyid_check(const char *text) _must_check_;
