/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a directory (NSS) for users. That may take as long as it likes, and its modules are
 * other people's code: so it is done in a helper process, and here are the question, the answer,
 * and what the helper does in between. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "record.h"

#define ACCOUNTS_DIRECTORY_MODE  "account" /* helper_start() */
#define ACCOUNTS_DIRECTORY_BATCH 128       /* users in one question */

/**
 * accounts_directory_ask(names, n, admin_group, out, size):
 * Writes the question for the ${n} (at most ${ACCOUNTS_DIRECTORY_BATCH}) users ${names} to the
 * ${size} bytes at ${out}. Returns its length, or -EMSGSIZE.
 */
ssize_t accounts_directory_ask(const char *const *names, size_t n, gid_t admin_group, uint8_t *out,
                               size_t size) _must_check_;

/**
 * accounts_directory_run(in, in_len, out): what the helper does; see helper.h.
 */
ssize_t accounts_directory_run(const uint8_t *in, size_t in_len, uint8_t *out);

/* One answer. The account's name is as the user database spells it; ACCOUNT_UNKNOWN: it could
 * not be told. */
struct accounts_directory_answer {
        char asked[WIRE_USER_MAX + 1];
        struct account_record account;
};

/**
 * accounts_directory_next(in, len, at, ret): one answer after the other; ${at} begins with 0.
 * Returns 1; 0 behind the last one; -EBADMSG.
 */
int accounts_directory_next(const uint8_t *in, size_t len, size_t *at,
                            struct accounts_directory_answer *ret) _must_check_;
