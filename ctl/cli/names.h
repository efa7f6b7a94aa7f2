/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of this host's users, for people. */
#pragma once

#include <sys/types.h>

#define NAMES_LEN 64

/**
 * names_user(uid, out):
 * The name of the user with the number ${uid}, or the number where no name is known. A directory
 * that is slow is asked once: after that there are numbers.
 */
void names_user(uid_t uid, char out[static NAMES_LEN]);
