/* SPDX-License-Identifier: BSD-2-Clause */
/* A key that the daemon made, on its way to the user: to stdout, once. It is kept nowhere. */
#pragma once

#include "call/call.h"
#include "cli/args.h"

/**
 * handout_key(args, reply, id):
 * Prints the key that ends ${reply}, as text or JSON. ${id} is its id; NULL: the id stands before
 * the key in ${reply}. CTL_OK, or CTL_FAILED after having said why: also when nobody can have read
 * it.
 */
enum exit_code handout_key(const struct args *args, sd_bus_message *reply,
                           const char *id) _must_check_;
