/* SPDX-License-Identifier: BSD-2-Clause */
/* `mirror import` and `backup restore`: a file in the place of the whole store. The daemon opens
 * and judges it; here only bytes are moved. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_import(args): puts the file args->words[0] in the place of the store; option
 * accept-source.
 */
enum exit_code cmd_mirror_import(const struct args *args);

/**
 * cmd_mirror_import_backup(args): the same for a backup, after having asked; options yes, foreign.
 */
enum exit_code cmd_mirror_import_backup(const struct args *args);
