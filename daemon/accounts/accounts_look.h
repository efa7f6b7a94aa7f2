/* SPDX-License-Identifier: BSD-2-Clause */
/* One look at the files of this host: compares them with what the store knows, writes what is new,
 * and lists the users that the files do not settle. It goes on in steps, so that other jobs of the
 * writer thread have their turn. For accounts_update alone. */
#pragma once

#include "accounts/accounts_update.h"

struct accounts_look;

/**
 * accounts_look_new(ret): begins a look. 0; -ENOMEM.
 */
int accounts_look_new(struct accounts_look **ret) _must_check_;
struct accounts_look *accounts_look_free(struct accounts_look *look);

/**
 * accounts_look_step(look, facts, writer):
 * The next step. Returns 1 when there are more; 0 when all was written and ${facts} has its list;
 * a negative errno. Then the steps before may have written something, and the rest stays as it was.
 * *${ret_error} says why.
 */
int accounts_look_step(struct accounts_look *look, struct accounts_update *facts,
                       struct store *writer, const char **ret_error) _must_check_;
