/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole store on its way out: the records of store_export and the peppers with them, sealed.
 * Nothing leaves in plain. Runs on the writer thread. */
#pragma once

#include "secret/keymint.h"
#include "secret/seal.h"
#include "store/store.h"

#define MIRROR_EXPORT_FRAME_LEN   4 /* a chunk's length, before it */
#define MIRROR_EXPORT_PEPPER_LEN  (4 + PEPPER_LEN)
#define MIRROR_EXPORT_PEPPERS_MAX (1 + PEPPER_FOREIGN_MAX)
#define MIRROR_EXPORT_END_LEN     16
/* bytes in one read */
#define MIRROR_EXPORT_MAX (SEAL_HEAD_LEN + MIRROR_EXPORT_FRAME_LEN + SEAL_SEALED_MAX)

struct mirror_export;

/**
 * mirror_export_made_at(sequence): when the file with this number was made, in UNIX seconds; 0 for
 * no number. It may be later where the clock was behind an earlier file.
 */
int64_t mirror_export_made_at(uint64_t sequence);

/**
 * mirror_export_open(ret, writer, dir, keymint, recipient, kind, now):
 * Takes a snapshot of the store, and seals it for the holder of the public key ${recipient}.
 * ${keymint} is borrowed. Returns 0; -EINVAL for an invalid public key; an error of the store or of
 * a file.
 */
int mirror_export_open(struct mirror_export **ret, struct store *writer, int dir,
                       const struct keymint *keymint, const char *recipient, enum seal_kind kind,
                       int64_t now) _must_check_;
struct mirror_export *mirror_export_free(struct mirror_export *o);

/**
 * mirror_export_keys(o): how many keys there are in it.
 */
uint64_t mirror_export_keys(const struct mirror_export *o);

/**
 * mirror_export_read(o, out, ret_len, ret_keys):
 * Reads the next bytes of the file, and counts the keys in all bytes so far. Returns 1 when there
 * are more; 0 with the last; an error of the store, after which the file is useless. Do not read
 * again after 0 or an error.
 */
int mirror_export_read(struct mirror_export *o, uint8_t out[static MIRROR_EXPORT_MAX],
                       size_t *ret_len, uint64_t *ret_keys) _must_check_;

/**
 * mirror_export_end(o, writer, now): all of it has been read at ${now}. The store remembers that of
 * a backup. 0, or an error of the store.
 */
int mirror_export_end(const struct mirror_export *o, struct store *writer,
                      int64_t now) _must_check_;
