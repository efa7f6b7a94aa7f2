/* SPDX-License-Identifier: BSD-2-Clause */
/* The hosts and groups of a fleet, as an issuing host changes them. Runs on the writer thread. */
#pragma once

#include "base/bytes.h"
#include "fleet/fleet_change.h"

/**
 * fleet_hosts_find(writer, name, ret): the host of that name. 0; -ENOENT; an error of the store.
 * fleet_hosts_check(f, groups): whether all of ${groups} are groups of this host. 0; -EXDEV.
 */
int fleet_hosts_find(struct store *writer, const char *name,
                     struct store_fleet_host *ret) _must_check_;
int fleet_hosts_check(const struct fleet *f, const char *groups) _must_check_;

/**
 * fleet_hosts_end_keys(f, name, but, w): the records by which all signing keys of that host but
 * ${but} are not trusted any more. A host that was invited again has a new one, and the former one
 * can be in other hands.
 */
void fleet_hosts_end_keys(const struct fleet *f, const char *name,
                          const uint8_t but[static SEAL_PUBLIC_LEN], struct bytes_writer *w);

/**
 * fleet_hosts_check_room(f, name): whether that host may issue, beside the others that do. 0;
 * -EUSERS.
 */
int fleet_hosts_check_room(const struct fleet *f, const char *name) _must_check_;

/**
 * fleet_hosts_group(f, writer, name, ret): makes the change that begins a group. All issuing hosts
 * come into it. 0; -ENOLINK; -EEXIST; -EDQUOT when there are ${FLEET_GROUPS_MAX}; an error of the
 * store or of a file.
 */
int fleet_hosts_group(struct fleet *f, struct store *writer, const char *name,
                      struct fleet_change *ret) _must_check_;

/* Where a host is from now on. */
struct fleet_move {
        char host[STORE_FLEET_HOST_MAX + 1];
        char groups[STORE_FLEET_GROUPS_LEN]; /* that of all hosts among them */
        bool issuing;
};

/**
 * fleet_hosts_move(f, writer, move, ret): makes the change by which a host is in other groups, or
 * issues from now on, or no more. 0; -ENOENT; -ENOLINK; -EOPNOTSUPP; -EXDEV for a group that there
 * is not; -EBUSY when nobody would issue any more; -EUSERS when too many would; an error of the
 * store or of a file.
 */
int fleet_hosts_move(struct fleet *f, struct store *writer, const struct fleet_move *move,
                     struct fleet_change *ret) _must_check_;

/**
 * fleet_hosts_drop(f, writer, host, ret): makes the change by which a host is no longer in the
 * fleet, and no key of it is trusted. 0; -ENOENT; -ENOLINK; -EBUSY when nobody would issue any
 * more; an error of the store or of a file.
 */
int fleet_hosts_drop(struct fleet *f, struct store *writer, const char *host,
                     struct fleet_change *ret) _must_check_;

/**
 * fleet_hosts_stranger(f, writer): a key that is believed as that of an issuing host, and is the
 * key of no host with that name; NULL: there is none. A host that has not followed the log of all
 * hosts so far does not know them. Borrowed until anything is taken.
 */
const struct store_fleet_issuer *fleet_hosts_stranger(const struct fleet *f, struct store *writer);
