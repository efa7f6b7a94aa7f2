/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fleet's changes and snapshots say about the groups of this host. For fleet_*.c alone.
 * Runs on the writer thread, inside a transaction. */
#pragma once

#include "fleet/fleet.h"
#include "secret/frame.h"

/**
 * fleet_groups_leave(f, writer, groups, ret):
 * This host is in ${groups} from now on; "" changes nothing, because a host that is in none any
 * more keeps what it has, until that is too old. It comes into new ones by fleet_groups_join().
 * Sets
 * ${ret} where fleet_load() must follow the commit. 0; an error of the store.
 *
 * fleet_groups_join(f, writer, name, sealed, ret):
 * This host is in the group, whose key was sealed for it. Where it is that already, with this key,
 * nothing changes. One that it cannot open is an alarm: it is not in the group then. 0; an error of
 * a file or of the store.
 *
 * fleet_groups_note(writer, host, group): what is told of ${host} has that group. 0; an error of
 * the store.
 *
 * fleet_groups_tidy(f, writer): the files with keys of groups that this host is not in are gone,
 * after the transaction that says so. They are of groups that it was in before.
 *
 * fleet_groups_check_room(writer): there are not more groups or issuers than this host can have:
 * otherwise it could not read any more what it is. 0; -EDQUOT; -EUSERS; an error of the store.
 */
int fleet_groups_check_room(struct store *writer) _must_check_;
int fleet_groups_leave(struct fleet *f, struct store *writer, const char *groups,
                       bool *ret) _must_check_;
int fleet_groups_join(struct fleet *f, struct store *writer, const char *name,
                      const uint8_t *sealed, bool *ret) _must_check_;
int fleet_groups_note(struct store *writer, const char *host, const char *group) _must_check_;
void fleet_groups_tidy(const struct fleet *f, struct store *writer);
