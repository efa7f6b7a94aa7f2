/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs for certificates: those that clients have besides a key, and those of CAs. Private
 * keys never come here. */
#pragma once

#include "cli/args.h"

/**
 * cmd_cert_add(args): registers the certificate in the file args->words[0], with the option ca all
 * that are in it; option name.
 */
enum exit_code cmd_cert_add(const struct args *args);

/**
 * cmd_cert_list(args), cmd_cert_show(args):
 * Lists the registered certificates; tells all about args->words[0], or prints it (option pem).
 */
enum exit_code cmd_cert_list(const struct args *args);
enum exit_code cmd_cert_show(const struct args *args);

/**
 * cmd_cert_remove(args): removes the certificate args->words[0].
 */
enum exit_code cmd_cert_remove(const struct args *args);

/**
 * cmd_cert_crl(args): loads the revocation list in the file args->words[0].
 */
enum exit_code cmd_cert_crl(const struct args *args);

/**
 * cmd_cert_encode(args): prints the certificate in the file args->words[0] as it goes behind a key.
 * Asks no daemon.
 */
enum exit_code cmd_cert_encode(const struct args *args);
