/* SPDX-License-Identifier: BSD-2-Clause */
/* The two secrets that a host has for whole stores. One opens files for the host, the other signs
 * the host's own files. They are files of the state directory, which is open as ${dir}. */
#pragma once

#include "secret/seal.h"

#define MIRROR_KEY_NAME    "mirror.key"
#define MIRROR_SOURCE_NAME "source.key"

/**
 * mirror_key_make(dir, replace, out):
 * Makes the secret that opens files for this host, and writes its public key to ${out}. With
 * ${replace} it may replace another one. Files that were sealed for the old one can then not be
 * opened any more.
 * Returns 0; -EEXIST; a negative errno of the file.
 */
int mirror_key_make(int dir, bool replace, char out[static SEAL_TEXT_LEN + 1]) _must_check_;

/**
 * mirror_key_show(dir, out), mirror_key_read(dir, secret):
 * Read the public key, and the secret itself, which the caller wipes. Return 0; -ENOKEY when there
 * is none; a negative errno of the file.
 */
int mirror_key_show(int dir, char out[static SEAL_TEXT_LEN + 1]) _must_check_;
int mirror_key_read(int dir, uint8_t secret[static SEAL_SECRET_LEN]) _must_check_;

/**
 * mirror_key_source(dir, secret):
 * Reads the secret that signs this host's files. The first call makes it. The caller wipes it. 0,
 * or a negative errno of the file.
 */
int mirror_key_source(int dir, uint8_t secret[static SEAL_SECRET_LEN]) _must_check_;
