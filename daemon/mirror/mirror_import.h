/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole store on its way in: a sealed file is opened as it comes, its records are put together
 * beside the store, and take its place all at once when everything about the file is right. On
 * the writer thread. */
#pragma once

#include "secret/keymint.h"
#include "secret/seal.h"
#include "store/store.h"

struct mirror_import;

/* A file that was read to its end. */
struct mirror_import_summary {
        struct seal_head head;
        uint64_t keys; /* in it */
        /* that are good in it, and are not good or not there now */
        uint64_t revived;
};

/**
 * mirror_import_open(ret, writer, dir, keymint, kind, foreign, now):
 * Whether the file may be of a ${foreign} source: a mirror of another one than the last, a
 * backup of another host. ${keymint}, which gets the peppers of the file, is borrowed, as is
 * ${dir}. Returns 0; -ENOKEY; an error of the store or of a file.
 */
int mirror_import_open(struct mirror_import **ret, struct store *writer, int dir,
                       struct keymint *keymint, enum seal_kind kind, bool foreign,
                       int64_t now) _must_check_;
struct mirror_import *mirror_import_free(struct mirror_import *i);

/**
 * mirror_import_write(i, writer, in, len):
 * The next bytes of the file. Returns 0; -EMEDIUMTYPE no such file; -EPROTONOSUPPORT of a newer
 * version; -EBADMSG damaged; -EKEYREJECTED for another host; -EPROTOTYPE of the other kind;
 * -EXDEV of a source that it may not be of; -ELOOP a mirror of this host; -ESTALE a mirror not
 * newer than the last; -ENOLINK when there is no room for its peppers; an error of the store or
 * of a file. Then there is nothing more to be done than to free it.
 */
int mirror_import_write(struct mirror_import *i, struct store *writer, const uint8_t *in,
                        size_t len) _must_check_;

/**
 * mirror_import_check(i, ret): what the file has. 0; -EBADMSG when it has not come to its end.
 */
int mirror_import_check(const struct mirror_import *i,
                        struct mirror_import_summary *ret) _must_check_;

/**
 * mirror_import_commit(i, writer, audit): puts it in the place of the store, with the record
 * ${audit}. 0; -EBADMSG as above; an error of the store or of a file. Once only.
 */
int mirror_import_commit(struct mirror_import *i, struct store *writer,
                         const struct audit_record *audit) _must_check_;
