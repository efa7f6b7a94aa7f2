/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole store on its way in. The file is opened as it comes, and its records are put together
 * beside the store. They replace the store all at once, when everything about the file is right.
 * Runs on the writer thread. */
#pragma once

#include "mirror/mirror_changes.h"
#include "secret/keymint.h"
#include "secret/seal.h"
#include "store/store.h"

struct mirror_import;

struct mirror_import_options {
        enum seal_kind kind;
        /* The file may have another source: a mirror may come from another host than the last one,
         * a backup from another host. */
        bool foreign;
        /* Keys that were ended, changed or removed here since are again as they are in the file.
         * Always so with a mirror. */
        bool revive;
        /* The policy of the file counts even where that of this host is stricter. */
        bool unlock;
};

/* A file that was read to its end. */
struct mirror_import_summary {
        struct seal_head head;
        uint64_t keys; /* in it */
        /* They will be good, and are not good or not there now; or an old secret or binding of
         * theirs will count again. */
        uint64_t revived;
        /* good in it, and ended, changed or removed here, or that may be: that stays */
        uint64_t kept;
        uint64_t missing; /* They are here, and not in it. */
        struct mirror_changes changes;
};

/**
 * mirror_import_open(ret, writer, dir, keymint, options, now):
 * ${keymint} gets the peppers of the file. It and ${dir} are borrowed. Returns 0; -ENOKEY; an error
 * of the store or of a file.
 */
int mirror_import_open(struct mirror_import **ret, struct store *writer, int dir,
                       struct keymint *keymint, const struct mirror_import_options *options,
                       int64_t now) _must_check_;
struct mirror_import *mirror_import_free(struct mirror_import *i);

/**
 * mirror_import_write(i, writer, in, len):
 * Takes the next bytes of the file. Returns 0; -EMEDIUMTYPE for another type of file;
 * -EPROTONOSUPPORT for a newer version, -ENOTSUP one too old; -EBADMSG damaged; -EKEYREJECTED
 * sealed for another host; -EPROTOTYPE of the other kind; -EXDEV from a source that is not allowed;
 * -ELOOP a mirror of this host; -ESTALE a mirror not newer than the last; -ENOLINK when there is no
 * room for its peppers; -E2BIG when too many services would need a certificate by its policy and
 * that of this host; an error of the store or of a file. After an error the import can only be
 * freed.
 */
int mirror_import_write(struct mirror_import *i, struct store *writer, const uint8_t *in,
                        size_t len) _must_check_;

/**
 * mirror_import_count(i, writer): counts what is here, a piece in each call, for
 * mirror_import_check(). 1 when there is more to count; 0; an error of the store.
 */
int mirror_import_count(struct mirror_import *i, struct store *writer) _must_check_;

/**
 * mirror_import_check(i, ret): says what the file has. 0; -EBADMSG when its end has not come.
 */
int mirror_import_check(const struct mirror_import *i,
                        struct mirror_import_summary *ret) _must_check_;

/**
 * mirror_import_commit(i, writer, audit, ret_keys): replaces the store, with the record ${audit}, a
 * piece in each call, and others may use the store between two calls. Returns 1 when there is more
 * to do. Returns 0 in the end, and how many keys there are then; -EBADMSG as above; an error of the
 * store or of a file: then nothing has changed.
 */
int mirror_import_commit(struct mirror_import *i, struct store *writer,
                         const struct audit_record *audit, uint64_t *ret_keys) _must_check_;
