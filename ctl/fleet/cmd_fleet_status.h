/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host knows about its fleet. */
#pragma once

#include "cli/args.h"

/**
 * cmd_fleet_status(args), cmd_fleet_status_hosts(args):
 * The first shows the state of this host in its fleet, the second the hosts of the fleet.
 */
enum exit_code cmd_fleet_status(const struct args *args);
enum exit_code cmd_fleet_status_hosts(const struct args *args);

/**
 * cmd_fleet_status_groups(args): shows the groups of hosts. With the words "add NAME..." makes
 * groups.
 */
enum exit_code cmd_fleet_status_groups(const struct args *args);
