/* SPDX-License-Identifier: BSD-2-Clause */
/* `fleet invite`: lets another host into the fleet. */
#pragma once

#include "cli/args.h"

/**
 * cmd_fleet_invite(args): prints an invitation for the host args->words[0], sealed for its key
 * args->words[1]; options groups, issuing.
 */
enum exit_code cmd_fleet_invite(const struct args *args);
