/* SPDX-License-Identifier: BSD-2-Clause */
/* What those who administer certificates and those who make keys share. On the writer thread. */
#pragma once

#include "store/store.h"

#define REGISTERED_WHICH_MAX 64 /* a whole thumbprint, or a name */

/**
 * registered_find(writer, which, ret):
 * The registered certificate with this name, this thumbprint, or with a thumbprint that alone
 * begins with these 8 or more hexadecimal digits. Returns 0;
 * -ENOENT; -ENOTUNIQ; an error of the store.
 */
int registered_find(struct store *writer, const char *which, struct cert_record *ret) _must_check_;

/**
 * registered_is_thumbprint(text): whether ${text} could be the beginning of one, so that it is no
 * name for a certificate.
 */
bool registered_is_thumbprint(const char *text);

/**
 * registered_touch(writer, now): after a change of what a verdict on a certificate depends on,
 * inside its transaction: all that is remembered is void with the commit. 0, or an error of the
 * store.
 */
int registered_touch(struct store *writer, int64_t now) _must_check_;
