/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a directory (NSS) for users. That may take as long as it likes, and its modules are
 * other people's code: so it is done in a helper process, and here are the question, the answer,
 * and what the helper does in between. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "record.h"

#define ACCOUNT_LOOK_MODE  "account" /* helper_start() */
#define ACCOUNT_LOOK_BATCH 128       /* users in one question */

/**
 * account_look_ask(names, n, admin_group, out, size):
 * Writes the question for the ${n} (at most ${ACCOUNT_LOOK_BATCH}) users ${names} to the ${size}
 * bytes at ${out}. Returns its length, or
 * -EMSGSIZE.
 */
ssize_t account_look_ask(const char (*names)[WIRE_USER_MAX + 1], size_t n, gid_t admin_group,
                         uint8_t *out, size_t size) _must_check_;

/**
 * account_look_run(in, in_len, out): what the helper does; see helper.h.
 */
ssize_t account_look_run(const uint8_t *in, size_t in_len, uint8_t *out);

/* One answer. The account's name is as the user database spells it; ACCOUNT_UNKNOWN: it could
 * not be told. */
struct account_look {
        char asked[WIRE_USER_MAX + 1];
        struct account_record account;
};

/**
 * account_look_next(in, len, at, ret): one answer after the other; ${at} begins with 0. Returns
 * 1; 0 behind the last one; -EBADMSG.
 */
int account_look_next(const uint8_t *in, size_t len, size_t *at,
                      struct account_look *ret) _must_check_;
