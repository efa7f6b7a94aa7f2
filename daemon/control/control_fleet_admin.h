/* SPDX-License-Identifier: BSD-2-Clause */
/* What the methods for administrators of a fleet share. */
#pragma once

#include "control/control.h"
#include "store/store_fleet.h"

/**
 * control_fleet_admin_take_host(call, in, out): copies the name of a host. Returns whether it is
 * one. If not, the call has failed.
 */
bool control_fleet_admin_take_host(struct control_call *call, const char *in,
                                   char out[static STORE_FLEET_HOST_MAX + 1]);

/**
 * control_fleet_admin_take_database(call, in, out): copies libpq's connection string. What is none
 * fails the call.
 */
void control_fleet_admin_take_database(struct control_call *call, const char *in,
                                       char out[static STORE_FLEET_DATABASE_MAX + 1]);

/**
 * control_fleet_admin_record(call, detail): the record of the call for the audit log.
 */
struct audit_record control_fleet_admin_record(const struct control_call *call, const char *detail);
