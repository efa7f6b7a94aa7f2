/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges the PAM stack of one service: who gets in when all goes well, and who when it does not.
 * Pure. Makes up answers of the modules and works the stack out as libpam would. */
#pragma once

#include "doctor/pamstack.h"

/* What can be wrong. Bits. */
enum doctor_stack_problem {
        /* includes a file that does not exist: nobody can log in */
        DOCTOR_STACK_DEAD = 1 << 0,
        /* a user gets in although every module refuses */
        DOCTOR_STACK_AUTH_OPEN = 1 << 1,
        DOCTOR_STACK_KEYS_FAIL = 1 << 2,      /* no key logs in */
        DOCTOR_STACK_PASSWORDS_FAIL = 1 << 3, /* no password logs in */
        /* a refused key, or any key while the daemon is down, goes on to other modules */
        DOCTOR_STACK_KEYS_GO_ON = 1 << 4,
        /* account lets a revoked key pass */
        DOCTOR_STACK_ACCOUNT_OPEN = 1 << 5,
        /* account lets pass when it cannot ask */
        DOCTOR_STACK_ACCOUNT_UNSURE = 1 << 6,
        /* a login with a key skips other account modules that refuse */
        DOCTOR_STACK_ACCOUNT_SKIPS = 1 << 7,
        /* account refuses users who logged in with a password */
        DOCTOR_STACK_ACCOUNT_LOCKS = 1 << 8,
        DOCTOR_STACK_ACCOUNT_KEYS = 1 << 9, /* account refuses logins with a key */
        /* account does not ask about the key */
        DOCTOR_STACK_ACCOUNT_MISSING = 1 << 10,
        /* there are auth lines, but none for keys */
        DOCTOR_STACK_AUTH_MISSING = 1 << 11,
        _DOCTOR_STACK_END = 1 << 12,
};

#define DOCTOR_STACK_MODULE "pam_wfapikey"

/**
 * doctor_stack_line(stack, type): the first line of ${type} with our module; NULL when there is
 * none. Borrowed.
 */
const struct pamstack_line *doctor_stack_line(const struct pamstack *stack,
                                              enum pamstack_type type);

/**
 * doctor_stack_judge(stack, other):
 * Returns the problems of a ${stack} that uses our module, as bits; 0 when it is fine. ${other}
 * is the stack of the service "other", which libpam uses when ${stack} has no line of a type.
 */
unsigned doctor_stack_judge(const struct pamstack *stack, const struct pamstack *other);
