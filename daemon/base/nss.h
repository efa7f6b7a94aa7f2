/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups of this host, by NSS. It may block for as long as a directory does, so the loop
 * never calls it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "attr.h"
#include "wire.h"

struct nss_entry {
        char name[WIRE_USER_MAX + 1];
        uid_t uid;
};

/**
 * nss_user(name, ret), nss_uid(uid, ret):
 * Returns 0; -ENOENT when the host knows no such user, or its name is longer than WIRE_USER_MAX;
 * -ESRCH when that is so, or a directory is away; -EIO when NSS cannot tell.
 */
int nss_user(const char *name, struct nss_entry *ret) _must_check_;
int nss_uid(uid_t uid, struct nss_entry *ret) _must_check_;

/**
 * nss_group(name, ret): the gid of a group. As above. -EIO, too, while its line in /etc/group ends
 * in the middle of the number.
 */
int nss_group(const char *name, gid_t *ret) _must_check_;

/**
 * nss_local_group(path, name, ret):
 * The gid of a group of the file ${path}, /etc/group, whatever directories say. 0; -ENOENT when it
 * is not there; -EBADMSG while its line ends in the middle of the number; a negative errno of the
 * file.
 */
int nss_local_group(const char *path, const char *name, gid_t *ret) _must_check_;

/**
 * nss_local_other_user(path, name, uid), nss_local_other_group(path, name, gid):
 * Whether the file ${path}, /etc/passwd or /etc/group, gives the number to others, and not to
 * ${name}.
 */
bool nss_local_other_user(const char *path, const char *name, uid_t uid);
bool nss_local_other_group(const char *path, const char *name, gid_t gid);

enum nss_file {
        NSS_FILE_GOOD,
        /* it ends within a line: a program writes it, or the disk was full */
        NSS_FILE_CUT,
        /* it cannot be read, or nobody in it has the number 0 */
        NSS_FILE_BAD,
};

/**
 * nss_local_file(path): what the file ${path}, /etc/passwd or /etc/group, is like.
 */
enum nss_file nss_local_file(const char *path);
