/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands a new key to the user: on stdout, once. It is kept nowhere. */
#pragma once

#include "call/call.h"
#include "cli/args.h"

/**
 * handout_key(args, reply, id):
 * Prints the last text of ${reply}, a key, as text or JSON. ${id} is its id; NULL means that the
 * id stands before the key in ${reply}. An empty key is one that was there before: only its id is
 * told. Says on a terminal what the key is good for. Returns CTL_OK, or CTL_FAILED after a message
 * on stderr, also when the key could not be written.
 */
enum exit_code handout_key(const struct args *args, sd_bus_message *reply,
                           const char *id) _must_check_;
