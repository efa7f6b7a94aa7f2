/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may take a whole store out or bring one in. There is one export and one import at a time.
 * Each has a token, and lasts as long as the connection that began it. Runs on the writer thread,
 * apart from making and freeing it. */
#pragma once

#include "mirror/mirror_export.h"
#include "mirror/mirror_import.h"
#include "mirror/mirror_key.h"

/* until an export that nobody reads is dropped; an import lasts as long as its connection */
#define MIRROR_IDLE_S 60

struct mirror;

/**
 * mirror_new(ret, dir, keymint): ${dir} is the state directory. Both are borrowed. 0; -ENOMEM.
 */
int mirror_new(struct mirror **ret, int dir, struct keymint *keymint) _must_check_;
struct mirror *mirror_free(struct mirror *m);

/**
 * mirror_refusal(r): a sentence for an error of the functions below. NULL for an error of the
 * store. Static storage.
 */
const char *mirror_refusal(int r);

/**
 * mirror_keygen(m, replace, out), mirror_show_key(m, out):
 * Makes the secret that opens files for this host, or finds it, and writes its public key as text.
 * With ${replace} the new secret may replace another one. Files that were sealed for the old one
 * can then not be opened any more. 0; -EEXIST; -ENOKEY; a negative errno of the file.
 */
int mirror_keygen(const struct mirror *m, bool replace,
                  char out[static SEAL_TEXT_LEN + 1]) _must_check_;
int mirror_show_key(const struct mirror *m, char out[static SEAL_TEXT_LEN + 1]) _must_check_;

/**
 * mirror_export(m, writer, connection, recipient, kind, now, ret_token, ret_keys):
 * Begins to write the store out as it is now, for the holder of the public key ${recipient}.
 * ${connection} reads it.
 * Returns 0; -EALREADY; -EINVAL for a wrong key; an error of the store.
 */
int mirror_export(struct mirror *m, struct store *writer, uint64_t connection,
                  const char *recipient, enum seal_kind kind, int64_t now, uint64_t *ret_token,
                  uint64_t *ret_keys) _must_check_;

/**
 * mirror_read(m, writer, token, now, out, ret_len, ret_keys):
 * Reads the next bytes of the file, and counts the keys in all bytes so far. Returns 1 when there
 * are more; 0 with the last; -ENXIO; an error of the store. After an error or the last bytes there
 * is nothing more.
 */
int mirror_read(struct mirror *m, struct store *writer, uint64_t token, int64_t now,
                uint8_t out[static MIRROR_EXPORT_MAX], size_t *ret_len,
                uint64_t *ret_keys) _must_check_;

/**
 * mirror_import(m, writer, connection, options, now, ret_token): begins to take a file in. Returns
 * 0; -EALREADY; -ENOKEY; an error of the store.
 */
int mirror_import(struct mirror *m, struct store *writer, uint64_t connection,
                  const struct mirror_import_options *options, int64_t now,
                  uint64_t *ret_token) _must_check_;

/**
 * mirror_write(m, writer, token, in, len): takes the next bytes of the file. 0; -ENXIO; an error
 * that mirror_refusal() knows; an error of the store. After an error the import has ended, and
 * nothing has changed.
 */
int mirror_write(struct mirror *m, struct store *writer, uint64_t token, const uint8_t *in,
                 size_t len) _must_check_;

/**
 * mirror_count(m, writer, token): counts for mirror_check(). 1 when it has to be called again, with
 * others in between; 0; errors as above.
 */
int mirror_count(struct mirror *m, struct store *writer, uint64_t token) _must_check_;

/**
 * mirror_check(m, token, ret): says what the file has, once all of it is there. Errors as above.
 */
int mirror_check(struct mirror *m, uint64_t token, struct mirror_import_summary *ret) _must_check_;

/**
 * mirror_commit(m, writer, token, audit, ret_keys): replaces the store by that of the file, with
 * the record ${audit}, in pieces. 1 when it has to be called again, with others in between; 0, and
 * how many keys there are then; errors as above. The import has ended when it does not return 1.
 */
int mirror_commit(struct mirror *m, struct store *writer, uint64_t token,
                  const struct audit_record *audit, uint64_t *ret_keys) _must_check_;

/**
 * mirror_tidy(m, connection, now): drops what belongs to a ${connection} that has ended (0: none),
 * and what has been idle. Returns whether anything is left.
 */
bool mirror_tidy(struct mirror *m, uint64_t connection, int64_t now);
