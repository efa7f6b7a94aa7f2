/* SPDX-License-Identifier: BSD-2-Clause */
/* `mirror export` and `backup create`: writes a whole store to a file. The daemon seals it. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_export(args), cmd_mirror_export_backup(args):
 * Writes the store to the file args->words[0]. Only the host whose public key is in the option
 * to can open it.
 */
enum exit_code cmd_mirror_export(const struct args *args);
enum exit_code cmd_mirror_export_backup(const struct args *args);
