/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks a name and a password with the PAM service wfapikey, in a process of its own. A PAM
 * module may hang, crash, or do what it likes with that process. This is the only file of the
 * daemon that knows libpam. */
#pragma once

#include <sys/types.h>

#include "wire.h"

#define HELPER_PASSWORD_MODE   "password"
#define HELPER_PASSWORD_MAX    511 /* PAM_MAX_RESP_SIZE, with its NUL */
#define HELPER_PASSWORD_GROUPS 1024

/* password_bytes.h says how question and answer are sent. */
struct helper_password_question {
        char user[WIRE_USER_MAX + 1];
        char password[HELPER_PASSWORD_MAX + 1];
};

enum helper_password_verdict {
        /* The password is wrong, or something else kept the user from authenticating. */
        HELPER_PASSWORD_WRONG = 0,
        /* The password is right, but must be changed first. */
        HELPER_PASSWORD_EXPIRED,
        /* The password is right, but the user may not log in. */
        HELPER_PASSWORD_CLOSED,
        HELPER_PASSWORD_RIGHT,
};

struct helper_password_answer {
        enum helper_password_verdict verdict;
        /* The user. Zeroes unless the verdict is RIGHT. */
        uid_t uid;
        gid_t gid;
        int n_groups;
        gid_t groups[HELPER_PASSWORD_GROUPS];
};

/**
 * helper_password_run(in, in_len, out): does the work of this mode, in the helper. See struct
 * helper_mode.
 */
ssize_t helper_password_run(const uint8_t *in, size_t in_len, uint8_t *out);
