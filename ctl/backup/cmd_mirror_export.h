/* SPDX-License-Identifier: BSD-2-Clause */
/* `mirror export` and `backup create`: a whole store into a file. The daemon seals it; here only
 * bytes are moved. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_export(args), cmd_mirror_export_backup(args): writes the store to the file
 * args->words[0], sealed for the option to.
 */
enum exit_code cmd_mirror_export(const struct args *args);
enum exit_code cmd_mirror_export_backup(const struct args *args);
