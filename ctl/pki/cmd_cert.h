/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands for certificates of clients and of CAs. Private keys never come here. */
#pragma once

#include "cli/args.h"

/**
 * cmd_cert_add(args):
 * Registers the client's certificate in the file args->words[0], or with the option ca all CAs'
 * certificates in it; option name.
 */
enum exit_code cmd_cert_add(const struct args *args);

/**
 * cmd_cert_list(args), cmd_cert_show(args):
 * The first lists the registered certificates. The second prints all about args->words[0], or
 * the certificate itself (option pem).
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
 * cmd_cert_encode(args):
 * Prints the certificate in the file args->words[0] in the form that follows a key. Asks no
 * daemon.
 */
enum exit_code cmd_cert_encode(const struct args *args);
