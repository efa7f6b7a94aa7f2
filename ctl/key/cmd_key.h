/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands that make, change and remove keys. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_issue(args):
 * Makes a key for the user args->words[0]; options user, password, name, expires, link, service,
 * from, require-certificate, require-proof, certificate.
 */
enum exit_code cmd_key_issue(const struct args *args);

/**
 * cmd_key_rotate(args):
 * Makes a key that replaces the key args->words[0]; options overlap, until-first-use, expires.
 */
enum exit_code cmd_key_rotate(const struct args *args);

/**
 * cmd_key_reset(args), cmd_key_rename(args):
 * Gives the key args->words[0] a new secret, or the name args->words[1].
 */
enum exit_code cmd_key_reset(const struct args *args);
enum exit_code cmd_key_rename(const struct args *args);

/**
 * cmd_key_bind(args), cmd_key_unbind(args):
 * Binds the key args->words[0] to the certificate args->words[1], or to none.
 */
enum exit_code cmd_key_bind(const struct args *args);
enum exit_code cmd_key_unbind(const struct args *args);

/**
 * cmd_key_revive(args): makes the idle keys args->words good again: all of them or none.
 */
enum exit_code cmd_key_revive(const struct args *args);

/**
 * cmd_key_remove(args): removes the keys args->words: all of them or none.
 */
enum exit_code cmd_key_remove(const struct args *args);
