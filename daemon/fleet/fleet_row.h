/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row of a key means beyond the key, once it is in the store: for fleet_apply.c alone. Runs
 * on the writer thread, inside a transaction. */
#pragma once

#include "fleet/fleet_state.h"
#include "store/store_delta.h"

/* Where it comes from. */
struct fleet_row {
        struct fleet *f;
        const struct fleet_member *member;
        struct store *writer;
        struct store_import *load; /* has taken it */
        int64_t number;            /* of the change or snapshot */
        bool waits;                /* the outbox is not empty */
};

/**
 * fleet_row_check(row, key, fresh): ${key} has come with the row; ${fresh}: it was not here before.
 * Drops one that was removed here, bounds when it was born, and keeps the outbox. 0; -EBADMSG: it
 * is of another group; an error of the store.
 */
int fleet_row_check(const struct fleet_row *row, const struct key_record *key,
                    bool fresh) _must_check_;
