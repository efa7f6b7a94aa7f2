/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is who on this host, by NSS. May block for as long as a directory does: never called on
 * the loop. */
#pragma once

#include <sys/types.h>

#include "attr.h"
#include "wire.h"

struct account {
        char name[WIRE_USER_MAX + 1];
        uid_t uid;
};

/**
 * account_by_name(name, ret), account_by_uid(uid, ret):
 * Returns 0; -ENOENT when the host knows no such user (or one whose name is too long for us);
 * -EIO when it cannot be told.
 */
int account_by_name(const char *name, struct account *ret) _must_check_;
int account_by_uid(uid_t uid, struct account *ret) _must_check_;

/**
 * account_group(name, ret): the gid of a group. As above.
 */
int account_group(const char *name, gid_t *ret) _must_check_;
