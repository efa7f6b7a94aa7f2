/* SPDX-License-Identifier: BSD-2-Clause */
/* Name and password, checked by the PAM service wfapikey in a process of its own: a module there
 * may hang, crash, or do what it likes with the process. The only file of the daemon that knows
 * libpam. */
#pragma once

#include <sys/types.h>

#include "wire.h"

#define HELPER_PASSWORD_MODE   "password"
#define HELPER_PASSWORD_MAX    511 /* PAM_MAX_RESP_SIZE, with its NUL */
#define HELPER_PASSWORD_GROUPS 1024

/* See password_bytes.h for how question and answer are written down. */
struct helper_password_question {
        char user[WIRE_USER_MAX + 1];
        char password[HELPER_PASSWORD_MAX + 1];
};

enum helper_password_verdict {
        /* or anything else that kept the user from authenticating */
        HELPER_PASSWORD_WRONG = 0,
        /* it is the user's, and must be changed first */
        HELPER_PASSWORD_EXPIRED,
        /* it is the user's, who may not log in */
        HELPER_PASSWORD_CLOSED,
        HELPER_PASSWORD_RIGHT,
};

struct helper_password_answer {
        enum helper_password_verdict verdict;
        /* Whose it is; zero unless it is right. */
        uid_t uid;
        gid_t gid;
        int n_groups;
        gid_t groups[HELPER_PASSWORD_GROUPS];
};

/**
 * helper_password_run(in, in_len, out): the mode's work, in the helper: see struct helper_mode.
 */
ssize_t helper_password_run(const uint8_t *in, size_t in_len, uint8_t *out);
