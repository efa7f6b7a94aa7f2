/* SPDX-License-Identifier: BSD-2-Clause */
/* How far the audit log of this host has come: a file beside the pepper, and not in the database. A
 * database that has not come as far is an older copy. Must not know what a record is. */
#pragma once

#include "secret/keymint.h"

#define HIGHWATER_FILE_NAME "keys.seen" /* in the state directory */

struct highwater;

/**
 * highwater_new(ret, dir, keymint): ${dir} is the state directory. Both are borrowed. 0; -ENOMEM.
 */
int highwater_new(struct highwater **ret, int dir, const struct keymint *keymint) _must_check_;
struct highwater *highwater_free(struct highwater *h);

/**
 * highwater_read(h, ret_seq): reads the file. Returns 0 and the number of the last record that this
 * host has seen; -ENOENT when there is no file; -EPERM, -EUCLEAN or another negative errno for a
 * file that cannot be used.
 */
int highwater_read(struct highwater *h, int64_t *ret_seq) _must_check_;

/**
 * highwater_is(h, seq, hash): whether the file that was read is about the record ${seq} with the
 * seal ${hash}, and was written with this pepper.
 */
bool highwater_is(const struct highwater *h, int64_t seq,
                  const uint8_t hash[static RECORD_DIGEST_LEN]);

/**
 * highwater_write(h, seq, hash): makes it about this record, which must be on disk. Writes nothing
 * where it is so already. 0, or a negative errno: then the file is as it was before.
 */
int highwater_write(struct highwater *h, int64_t seq,
                    const uint8_t hash[static RECORD_DIGEST_LEN]) _must_check_;
