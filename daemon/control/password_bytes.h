/* SPDX-License-Identifier: BSD-2-Clause */
/* The question about a password and its answer, as bytes between the daemon and its helper. An
 * answer comes from a process that has run PAM modules, so it is read as a peer's. */
#pragma once

#include "base/bytes.h"
#include "control/helper_password.h"

/* most bytes of a question and of an answer */
#define PASSWORD_BYTES_QUESTION_MAX (1 + 2 * BYTES_NUMBER + WIRE_USER_MAX + HELPER_PASSWORD_MAX)
#define PASSWORD_BYTES_ANSWER_MAX   (1 + 1 + (3 + HELPER_PASSWORD_GROUPS) * BYTES_NUMBER)

/**
 * password_bytes_put_question(question, out, size), password_bytes_put_answer(answer, out, size):
 * Write to the ${size} bytes at ${out}. The caller wipes a question. Return the length, or
 * -EMSGSIZE.
 */
ssize_t password_bytes_put_question(const struct helper_password_question *question, uint8_t *out,
                                    size_t size) _must_check_;
ssize_t password_bytes_put_answer(const struct helper_password_answer *answer, uint8_t *out,
                                  size_t size) _must_check_;

/**
 * password_bytes_take_question(in, len, ret), password_bytes_take_answer(in, len, ret):
 * Read all of it. The caller wipes a question. Return 0; -EBADMSG.
 */
int password_bytes_take_question(const uint8_t *in, size_t len,
                                 struct helper_password_question *ret) _must_check_;
int password_bytes_take_answer(const uint8_t *in, size_t len,
                               struct helper_password_answer *ret) _must_check_;
