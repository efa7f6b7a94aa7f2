/* SPDX-License-Identifier: BSD-2-Clause */
/* The reserve: a file in the state directory that takes up room on the disk. A change that ends
 * access gives up a part of it when the disk is full. Other changes wait until the reserve is whole
 * again. For store.c alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr.h"

#define STORE_RESERVE_BYTES (16 * INT64_C(1048576))
/* What is given up at a time. The log has a quarter of this when it is moved into the database. */
#define STORE_RESERVE_PART (4 * INT64_C(1048576))

struct store_reserve {
        char *path; /* owned; NULL: there is no reserve */
        int fd;     /* -1: it could not be made yet */
        int64_t size;
};

/**
 * store_reserve_init(r, path): ${path} is that of the database; the reserve is beside it. 0, or
 * -ENOMEM. store_reserve_done(r) frees what it holds. The file stays.
 */
int store_reserve_init(struct store_reserve *r, const char *path) _must_check_;
void store_reserve_done(struct store_reserve *r);

/**
 * store_reserve_fill(r): makes the reserve whole, or as large as there is room for.
 * Returns 0, also where a file system cannot have such a file; -ENOSPC or -EDQUOT when there is no
 * room.
 */
int store_reserve_fill(struct store_reserve *r) _must_check_;

/**
 * store_reserve_spend(r): gives up ${STORE_RESERVE_PART} bytes of the reserve, unless there is that
 * much room without. Returns whether there is room now.
 */
bool store_reserve_spend(struct store_reserve *r);
