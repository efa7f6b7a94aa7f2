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
 * keyend_call(args, method, ids, n, text, ret):
 * Calls ${method} with the ${n} ids, KEYEND_MAX at most, and with ${text} unless that is NULL.
 * ${ret} becomes the number of keys that were ended: all of them. Returns CTL_OK, or another code
 * after a message on stderr, and no key was ended.
 */
enum exit_code keyend_call(const struct args *args, const char *method, const char *const *ids,
                           size_t n, const char *text, uint32_t *ret) _must_check_;

/**
 * keyend_words(args, method, text, what): keyend_call() with args->words, and then keyend_say().
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
