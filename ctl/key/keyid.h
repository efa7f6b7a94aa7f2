/* SPDX-License-Identifier: BSD-2-Clause */
/* Ids of keys as the user types them. */
#pragma once

#include "attr.h"
#include "cli/exit_code.h"

/**
 * keyid_read(text):
 * Returns CTL_OK when ${text} has the form of a key's id, otherwise CTL_USAGE after a message on
 * stderr. An id may be written as a key begins, wfk_<id>: then ${text} becomes what follows wfk_.
 */
enum exit_code keyid_read(const char **text) _must_check_;
