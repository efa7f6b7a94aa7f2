/* SPDX-License-Identifier: BSD-2-Clause */
/* The pepper: 32 random bytes outside the database. Without it the digests in the database are
 * worth nothing. It comes from the systemd credential wfapikey.pepper, else from a file in the
 * state directory that only its owner can read. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"

#define PEPPER_LEN             32
#define PEPPER_CREDENTIAL_NAME "wfapikey.pepper"
#define PEPPER_FILE_NAME       "pepper"
#define PEPPER_NAME_LEN        sizeof(PEPPER_FILE_NAME "-01234567")
#define PEPPER_FOREIGN_MAX     31 /* that one store may need */

/**
 * pepper_read_credential(out), pepper_read_file(dir, out):
 * Reads the pepper from $CREDENTIALS_DIRECTORY, or from its file in the directory open as ${dir}.
 * The caller wipes ${out}.
 * Returns 0; -ENOENT when there is none; -EPERM when the file is not the daemon's own or others may
 * read it; -EUCLEAN when it does not have exactly ${PEPPER_LEN} bytes; another negative errno.
 */
int pepper_read_credential(uint8_t out[static PEPPER_LEN]) _must_check_;
int pepper_read_file(int dir, uint8_t out[static PEPPER_LEN]) _must_check_;

/**
 * pepper_create_file(dir, out):
 * Makes a new pepper and its file, which is on disk when this returns. Returns 0; -EEXIST; another
 * negative errno.
 */
int pepper_create_file(int dir, uint8_t out[static PEPPER_LEN]) _must_check_;

/**
 * pepper_foreign_name(id, out): writes to ${out} the name of the file for the pepper ${id}, which
 * came from another host with its keys.
 */
const char *pepper_foreign_name(uint32_t id, char out[static PEPPER_NAME_LEN]);

/**
 * pepper_read_foreign(dir, id, out), pepper_write_foreign(dir, id, in): read and write such a file.
 * Errors as of pepper_read_file(). What was written is on disk.
 */
int pepper_read_foreign(int dir, uint32_t id, uint8_t out[static PEPPER_LEN]) _must_check_;
int pepper_write_foreign(int dir, uint32_t id, const uint8_t in[static PEPPER_LEN]) _must_check_;

/**
 * pepper_remove_foreign(dir, keep, n_keep): removes all such files except those of the ${n_keep}
 * ids at ${keep}, as far as it can.
 */
void pepper_remove_foreign(int dir, const uint32_t *keep, size_t n_keep);
