/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands about a fleet that are one call each. */
#pragma once

#include "cli/args.h"

/**
 * cmd_fleet_key(args): prints the public key of this host, which an invitation is sealed for.
 */
enum exit_code cmd_fleet_key(const struct args *args);

/**
 * cmd_fleet_move(args): puts the host args->words[0] into other groups; option groups. An issuing
 * host issues no more then.
 * cmd_fleet_promote(args): the host args->words[0] issues from then on.
 */
enum exit_code cmd_fleet_move(const struct args *args);
enum exit_code cmd_fleet_promote(const struct args *args);

/**
 * cmd_fleet_snapshot(args): has a snapshot of each group put into the database.
 * cmd_fleet_rebase(args): has the fleet go on from what this host has; not without option yes.
 */
enum exit_code cmd_fleet_snapshot(const struct args *args);
enum exit_code cmd_fleet_rebase(const struct args *args);

/**
 * cmd_fleet_report(args): has this host report to its fleet now.
 */
enum exit_code cmd_fleet_report(const struct args *args);

/**
 * cmd_fleet_drop(args): takes the host args->words[0] out of the fleet.
 */
enum exit_code cmd_fleet_drop(const struct args *args);

/**
 * cmd_fleet_leave(args): takes this host out of its fleet, after a question; option yes.
 */
enum exit_code cmd_fleet_leave(const struct args *args);
