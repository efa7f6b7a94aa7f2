/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges one service's PAM stack: who gets in when things go well and when they do not. Pure;
 * works the stack out for answers of its modules that it makes up, as libpam would. */
#pragma once

#include "doctor/pamstack.h"

/* What can be wrong, as bits. */
enum doctor_stack_problem {
        /* includes a file that is not there: nobody logs in */
        DOCTOR_STACK_DEAD = 1 << 0,
        /* somebody gets in whom every module refuses */
        DOCTOR_STACK_AUTH_OPEN = 1 << 1,
        DOCTOR_STACK_KEYS_FAIL = 1 << 2,      /* no key is good enough */
        DOCTOR_STACK_PASSWORDS_FAIL = 1 << 3, /* no password is */
        /* no password is, while the daemon is down */
        DOCTOR_STACK_DOWN_LOCKS = 1 << 4,
        /* account's no to a revoked key is not heeded */
        DOCTOR_STACK_ACCOUNT_OPEN = 1 << 5,
        DOCTOR_STACK_ACCOUNT_UNSURE = 1 << 6, /* nor is that nobody could ask */
        /* a key gets past the other modules' no */
        DOCTOR_STACK_ACCOUNT_SKIPS = 1 << 7,
        /* who logged in with a password is turned away */
        DOCTOR_STACK_ACCOUNT_LOCKS = 1 << 8,
        DOCTOR_STACK_ACCOUNT_KEYS = 1 << 9,     /* who logged in with a key is */
        DOCTOR_STACK_ACCOUNT_MISSING = 1 << 10, /* nobody asks again about the key */
        /* there are auth lines, and none takes a key */
        DOCTOR_STACK_AUTH_MISSING = 1 << 11,
        _DOCTOR_STACK_END = 1 << 12,
};

#define DOCTOR_STACK_MODULE "pam_wfapikey"

/**
 * doctor_stack_line(stack, type): the first line of ${type} that asks our module; NULL when
 * there is none. Borrowed.
 */
const struct pamstack_line *doctor_stack_line(const struct pamstack *stack,
                                              enum pamstack_type type);

/**
 * doctor_stack_judge(stack, other):
 * What is wrong with a ${stack} that asks our module: bits of the above, 0 when it is fine.
 * ${other} is the stack that libpam takes where this one has no line of a type.
 */
unsigned doctor_stack_judge(const struct pamstack *stack, const struct pamstack *other);
