/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks a directory (NSS) for users. That may take any time, and the modules are other people's
 * code, so a helper process does it. Here are the question, the answer, and what the helper does in
 * between. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "record.h"

#define ACCOUNTS_DIRECTORY_MODE  "account" /* helper_start() */
#define ACCOUNTS_DIRECTORY_BATCH 128       /* users in one question */

/* most bytes of a question, and of the answer for one user */
#define ACCOUNTS_DIRECTORY_QUESTION_MAX                                                            \
        (1 + 2 * BYTES_NUMBER + ACCOUNTS_DIRECTORY_BATCH * (BYTES_NUMBER + WIRE_USER_MAX))
#define ACCOUNTS_DIRECTORY_ANSWER_MAX                                                              \
        (1 + 2 * (BYTES_NUMBER + WIRE_USER_MAX) + 5 + BYTES_NUMBER + 2 * BYTES_TIME)

struct accounts_directory_question {
        gid_t admin_group; /* (gid_t) -1: none */
        size_t n;
        char names[ACCOUNTS_DIRECTORY_BATCH][WIRE_USER_MAX + 1];
};

/* The answer for one user. The account's name is as the user database spells it. ACCOUNT_UNKNOWN
 * means that nobody could tell. The answer does not carry gone_since and checked_at. */
struct accounts_directory_answer {
        char asked[WIRE_USER_MAX + 1];
        /* what was known when the user was put on the list; the writer thread's */
        enum account_state known_state;
        int64_t known_gone_since, known_checked_at;
        struct account_record account;
};

/**
 * accounts_directory_ask(names, n, admin_group, out, size):
 * Writes the question for the ${n} (at most ${ACCOUNTS_DIRECTORY_BATCH}) users ${names} to the
 * ${size} bytes at ${out}. Returns its length, or -EMSGSIZE.
 * accounts_directory_take_question(in, len, ret): reads it. 0; -EBADMSG.
 */
ssize_t accounts_directory_ask(const char *const *names, size_t n, gid_t admin_group, uint8_t *out,
                               size_t size) _must_check_;
int accounts_directory_take_question(const uint8_t *in, size_t len,
                                     struct accounts_directory_question *ret) _must_check_;

/**
 * accounts_directory_put(w, answer): writes the answer for one user.
 */
void accounts_directory_put(struct bytes_writer *w, const struct accounts_directory_answer *answer);

/**
 * accounts_directory_take(in, len, answers, n):
 * Reads the answer to a question for ${n} users. ${answers} has their names in asked. There must be
 * one account for each, in that order, and nothing may follow. The helper loads modules of others,
 * so its answer is read like a peer's. Returns 0 with the accounts in ${answers}; -EBADMSG.
 */
int accounts_directory_take(const uint8_t *in, size_t len,
                            struct accounts_directory_answer *answers, size_t n) _must_check_;

/**
 * accounts_directory_run(in, in_len, out): what the helper does; see helper.h.
 */
ssize_t accounts_directory_run(const uint8_t *in, size_t in_len, uint8_t *out);

/**
 * accounts_directory_say(r, answers, n): the log says that nobody has answered, by ${r}; or names
 * an administrator, when not all sources of groups have answered.
 */
void accounts_directory_say(int r, const struct accounts_directory_answer *answers, size_t n);
