/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands that end keys share. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/args.h"

/* See common/CONTROL. More might not fit into one message. */
#define KEYEND_MAX 1000

/**
 * keyend_active(args, ids, n, reason, ret_revoked, ret_skipped):
 * Revokes those of the ${n} keys, KEYEND_MAX at most, that are active. ${ret_revoked} and
 * ${ret_skipped} become the numbers of keys that were revoked, and that had ended before. Returns
 * CTL_OK, or another code after a message on stderr, and no key was ended.
 */
enum exit_code keyend_active(const struct args *args, const char *const *ids, size_t n,
                             const char *reason, uint32_t *ret_revoked,
                             uint32_t *ret_skipped) _must_check_;

/**
 * keyend_words(args, method, text, what):
 * Calls ${method} with the ids in args->words, and with ${text} unless that is NULL. It ends all of
 * these keys or none. Then says that they are ${what}, as text or JSON. Returns CTL_OK, or another
 * code after a message on stderr.
 */
enum exit_code keyend_words(const struct args *args, const char *method, const char *text,
                            const char *what) _must_check_;

/**
 * keyend_say_reach(args): says so on stderr when this host is a member of a fleet. It has revoked
 * the fleet's keys for itself alone.
 */
void keyend_say_reach(const struct args *args);

/**
 * keyend_say(args, n, what): says that ${n} keys are ${what}, as text or JSON. Returns CTL_OK.
 */
enum exit_code keyend_say(const struct args *args, size_t n, const char *what);

/**
 * keyend_confirm(n): has the user type ${n}, the number of keys that will be revoked. CTL_OK;
 * CTL_REFUSED after a message on stderr.
 */
enum exit_code keyend_confirm(size_t n) _must_check_;
