/* SPDX-License-Identifier: BSD-2-Clause */
/* `fleet audit`: what the hosts of the fleet have reported, on an issuing host. */
#pragma once

#include "cli/args.h"

/**
 * cmd_fleet_audit(args):
 * Without words lists the events that match the options, with their hosts. `verify` shows how far
 * each host has reported and what is wrong; with a host that is wrong it fails. `accept HOST` takes
 * a fault for settled.
 */
enum exit_code cmd_fleet_audit(const struct args *args);
