/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a group as pages, for hosts that lack changes that nobody has any more. An issuing
 * host makes them. Runs on the writer thread. */
#pragma once

#include "fleet/fleet.h"

/* By which a fleet goes on above all numbers that any of its hosts may have seen. */
#define FLEET_REBASE_STEP 1000000

/**
 * fleet_snapshot_open(ret, f, writer, group, rebase):
 * The state of now. ${rebase}: its number is ${FLEET_REBASE_STEP} above that, and no change is
 * before it. Meanwhile the log of the store cannot be used anew. 0; -ENOLINK when this host does
 * not issue; -EXDEV; an error of the store.
 */
struct fleet_snapshot;
int fleet_snapshot_open(struct fleet_snapshot **ret, struct fleet *f, struct store *writer,
                        const char *group, bool rebase) _must_check_;
struct fleet_snapshot *fleet_snapshot_free(struct fleet_snapshot *s);

/**
 * fleet_snapshot_number(s), fleet_snapshot_group(s), fleet_snapshot_index(s): the number of the
 * snapshot; the group; the index of the page that is next.
 */
int64_t fleet_snapshot_number(const struct fleet_snapshot *s);
const char *fleet_snapshot_group(const struct fleet_snapshot *s);
uint32_t fleet_snapshot_index(const struct fleet_snapshot *s);

/**
 * fleet_snapshot_next(s, f, ret, ret_len, ret_last): the next page, as a signed frame that the
 * caller frees, and whether it is the last. 0; -ENOLINK; -EXDEV; -ENOMEM; an error of the store or
 * of a file.
 */
int fleet_snapshot_next(struct fleet_snapshot *s, struct fleet *f, uint8_t **ret, size_t *ret_len,
                        bool *ret_last) _must_check_;
