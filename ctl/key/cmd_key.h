/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs that make and change keys. A key that the daemon hands out goes to stdout once and
 * is kept nowhere. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_issue(args): makes a key for the user args->words[0]; options name, expires, link,
 * service, from, require-certificate, require-proof, certificate.
 */
enum exit_code cmd_key_issue(const struct args *args);

/**
 * cmd_key_rotate(args): a new key in the place of the key args->words[0]; options overlap,
 * until-first-use, expires.
 */
enum exit_code cmd_key_rotate(const struct args *args);

/**
 * cmd_key_reset(args), cmd_key_rename(args): a new secret, a new name for the key args->words[0].
 */
enum exit_code cmd_key_reset(const struct args *args);
enum exit_code cmd_key_rename(const struct args *args);

/**
 * cmd_key_bind(args), cmd_key_unbind(args):
 * From now on the key args->words[0] takes the certificate args->words[1] alone; none in
 * particular.
 */
enum exit_code cmd_key_bind(const struct args *args);
enum exit_code cmd_key_unbind(const struct args *args);

/**
 * cmd_key_revoke(args), cmd_key_remove(args): ends all the keys that args->words name, or none;
 * option reason.
 */
enum exit_code cmd_key_revoke(const struct args *args);
enum exit_code cmd_key_remove(const struct args *args);
