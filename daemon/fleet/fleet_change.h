/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes that go: what a transaction of an issuing host has changed, as signed frames for the logs
 * of the groups that it concerns. They count when the database has taken them. Runs on the writer
 * thread. */
#pragma once

#include "fleet/fleet_apply.h"
#include "secret/frame.h"
#include "store/store_delta.h"

/* All frames of one change. The database takes all of them or none. */
struct fleet_change {
        size_t n;
        struct fleet_frame {
                char group[FRAME_GROUP_MAX + 1];
                int64_t number;
                uint8_t *bytes; /* owned */
                size_t len;
        } frames[FLEET_GROUPS_MAX];
};

/**
 * fleet_change_make(f, writer, delta, ret):
 * Signs what ${delta} has noted, inside the transaction that has changed it, which the caller then
 * rolls back. 0; -ENOLINK when this host does not issue; -EXDEV for a group that it is not in;
 * -EMSGSIZE; an error of the store or of a file.
 */
int fleet_change_make(struct fleet *f, struct store *writer, struct store_delta *delta,
                      struct fleet_change *ret) _must_check_;

/**
 * fleet_change_say(f, body, len, ret): the same for records that the caller has written, for all
 * hosts.
 */
int fleet_change_say(struct fleet *f, const uint8_t *body, size_t len,
                     struct fleet_change *ret) _must_check_;

/**
 * fleet_change_apply(f, writer, change, delta, ret):
 * The database has taken it: applies what the log has not brought yet here as any other, with what
 * ${delta} (NULL: nothing) has noted of accounts and of the audit log, in one transaction. 0;
 * errors as of fleet_apply_bytes().
 */
int fleet_change_apply(struct fleet *f, struct store *writer, const struct fleet_change *change,
                       const struct store_delta *delta, struct fleet_news *ret) _must_check_;

/**
 * fleet_change_is_there(f, change): whether the log has brought the change already, or a part of
 * it. The database has all of it then.
 */
bool fleet_change_is_there(struct fleet *f, const struct fleet_change *change);

/**
 * fleet_change_done(change): frees what it owns. It is empty then.
 */
void fleet_change_done(struct fleet_change *change);
