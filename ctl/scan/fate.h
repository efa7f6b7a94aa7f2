/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon what has become of a key, and has it ended. Both take the whole key: a caller
 * that has it may know that, and nobody else learns anything. */
#pragma once

#include "cli/args.h"
#include "scan/keyring.h"

/**
 * fate_ask(args, key): fills in what the daemon says of ${key}. Returns CTL_OK, or another code
 * after a message on stderr.
 */
enum exit_code fate_ask(const struct args *args, struct keyring_key *key) _must_check_;

/**
 * fate_burn(args, key): has the daemon revoke ${key}, as `key burn` does. Returns CTL_OK, or
 * another code after a message on stderr: CTL_REFUSED when the key has ended meanwhile.
 */
enum exit_code fate_burn(const struct args *args, struct keyring_key *key) _must_check_;

/**
 * fate_word(fate): a word for people and programs; NULL for FATE_NOT_ASKED. Static storage.
 */
const char *fate_word(enum fate fate);
