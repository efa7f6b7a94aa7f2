/* The pepper: 32 random bytes outside the database, without which its digests are worth nothing. It comes from the systemd
 * credential wfapikey.pepper, else from a file in the state directory that only its owner can read. */
#pragma once

#include <stdint.h>

#include "attr.h"

#define PEPPER_LEN             32
#define PEPPER_CREDENTIAL_NAME "wfapikey.pepper"
#define PEPPER_FILE_NAME       "pepper"

/**
 * pepper_read_credential(out), pepper_read_file(dir, out):
 * Reads the pepper from $CREDENTIALS_DIRECTORY, or from its file in the directory open as ${dir}. The caller wipes ${out}.
 * Returns 0; -ENOENT when there is none; -EPERM when the file is not the daemon's own or others may read it; -EUCLEAN when it
 * has not exactly ${PEPPER_LEN} bytes; another negative errno.
 */
int pepper_read_credential(uint8_t out[static PEPPER_LEN]) _must_check_;
int pepper_read_file(int dir, uint8_t out[static PEPPER_LEN]) _must_check_;

/**
 * pepper_create_file(dir, out):
 * Makes a new pepper and its file, on disk when this returns. Returns 0; -EEXIST; another negative errno.
 */
int pepper_create_file(int dir, uint8_t out[static PEPPER_LEN]) _must_check_;
