/* SPDX-License-Identifier: BSD-2-Clause */
/* `fleet init`: makes a fleet of this host. */
#pragma once

#include "cli/args.h"

/**
 * cmd_fleet_init(args):
 * Makes a fleet, with this host as its first issuing host; options database, host, password, setup,
 * setup-as. With the option print-sql prints what an administrator of the database has to run.
 */
enum exit_code cmd_fleet_init(const struct args *args);
