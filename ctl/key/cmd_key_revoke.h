/* SPDX-License-Identifier: BSD-2-Clause */
/* The command that revokes keys. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_revoke(args):
 * Revokes the keys args->words: all of them or none. Without words, the active keys that the
 * options all-of, owner, linked, service, from, search, unused-since and expires-before name, after
 * the user has confirmed their number (option yes). Option reason.
 */
enum exit_code cmd_key_revoke(const struct args *args);
