/* SPDX-License-Identifier: BSD-2-Clause */
/* What both need: code that administers certificates, and code that makes keys. On the writer
 * thread. */
#pragma once

#include "store/store.h"

#define REGISTERED_WHICH_MAX 64 /* a whole thumbprint, or a name */

/**
 * registered_find(writer, which, ret):
 * The registered certificate with this name or this thumbprint. 8 or more hexadecimal digits are
 * enough when only one thumbprint begins with them. Returns 0; -ENOENT; -ENOTUNIQ; an error of the
 * store.
 */
int registered_find(struct store *writer, const char *which, struct cert_record *ret) _must_check_;

/**
 * registered_is_thumbprint(text): whether ${text} could be the beginning of a thumbprint. Then it
 * cannot be the name of a certificate.
 */
bool registered_is_thumbprint(const char *text);

/**
 * registered_touch(writer, now):
 * Call it in the transaction of every change that a verdict on a certificate depends on. With the
 * commit all that is remembered of certificates is void. 0, or an error of the store.
 */
int registered_touch(struct store *writer, int64_t now) _must_check_;

/**
 * registered_has_root(s, ca):
 * Whether the names lead from the CA ${ca} over registered CAs to one that is its own issuer. Where
 * they do not, no chain over ${ca} holds. Signatures are not looked at. Returns 1 or 0, or an error
 * of the store.
 */
int registered_has_root(struct store *s, const struct cert_record *ca) _must_check_;
