/* SPDX-License-Identifier: BSD-2-Clause */
/* `mirror import` and `backup restore`: replaces the whole store by a file. The daemon opens and
 * judges it. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_import(args): replaces the store by the file args->words[0]; options
 * accept-source, unlock.
 */
enum exit_code cmd_mirror_import(const struct args *args);

/**
 * cmd_mirror_import_backup(args): the same for a backup. Shows what would change, and asks the user
 * first; options yes, dry-run, revive, unlock, foreign.
 */
enum exit_code cmd_mirror_import_backup(const struct args *args);
