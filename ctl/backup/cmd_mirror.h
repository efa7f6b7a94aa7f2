/* SPDX-License-Identifier: BSD-2-Clause */
/* The nouns `mirror` and `backup`: whole stores, sealed by the daemon. Here only bytes are
 * moved. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_keygen(args), cmd_mirror_show_key(args): the public key that files for this host are
 * sealed with; option force.
 */
enum exit_code cmd_mirror_keygen(const struct args *args);
enum exit_code cmd_mirror_show_key(const struct args *args);

/**
 * cmd_mirror_export(args), cmd_mirror_backup(args): writes the store to the file args->words[0],
 * sealed for the option to.
 */
enum exit_code cmd_mirror_export(const struct args *args);
enum exit_code cmd_mirror_backup(const struct args *args);

/**
 * cmd_mirror_import(args): puts the file args->words[0] in the place of the store; option
 * accept-source.
 */
enum exit_code cmd_mirror_import(const struct args *args);

/**
 * cmd_mirror_restore(args): the same for a backup, after having asked; options yes, foreign.
 */
enum exit_code cmd_mirror_restore(const struct args *args);
