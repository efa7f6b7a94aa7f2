/* SPDX-License-Identifier: BSD-2-Clause */
/* What libpam makes of the lines in pam.d. Reads them as libpam does, and works out what a stack
 * returns for answers that the caller gives. Opens no file and loads no module: functions of the
 * caller supply texts and answers. tests/unit/test_pamstack.c compares the results with libpam's
 * own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

#define PAMSTACK_CODES     32
#define PAMSTACK_LEVEL_MAX 16 /* PAM_SUBSTACK_MAX_LEVEL */

/* Return values of libpam that are used here, with its numbers. */
enum pamstack_code {
        PAMSTACK_SUCCESS = 0,
        PAMSTACK_SERVICE_ERR = 3,
        PAMSTACK_BUF_ERR = 5,
        PAMSTACK_PERM_DENIED = 6,
        PAMSTACK_AUTH_ERR = 7,
        PAMSTACK_AUTHINFO_UNAVAIL = 9,
        PAMSTACK_USER_UNKNOWN = 10,
        PAMSTACK_NEW_AUTHTOK_REQD = 12,
        PAMSTACK_CRED_UNAVAIL = 15,
        PAMSTACK_CONV_ERR = 19,
        PAMSTACK_IGNORE = 25,
        PAMSTACK_ABORT = 26,
};

/* What a line does with an answer. A number above 0 skips so many lines. */
enum pamstack_action {
        PAMSTACK_DO_IGNORE = 0,
        PAMSTACK_DO_OK = -1,
        PAMSTACK_DO_DONE = -2,
        PAMSTACK_DO_BAD = -3,
        PAMSTACK_DO_DIE = -4,
        PAMSTACK_DO_RESET = -5,
        PAMSTACK_DO_UNSET = -6,
};

enum pamstack_type {
        PAMSTACK_AUTH,
        PAMSTACK_ACCOUNT,
        PAMSTACK_PASSWORD,
        PAMSTACK_SESSION,
        PAMSTACK_ANY,
};

struct pamstack_line {
        enum pamstack_type type;
        /* libpam makes the line fail, whatever the module answers */
        bool broken;
        bool substack; /* no module; a substack begins here */
        unsigned level;
        int8_t actions[PAMSTACK_CODES]; /* enum pamstack_action */
        /* owned; module and args point into it */
        char *text;
        const char *module; /* NULL when broken */
        const char **args;  /* owned */
        size_t n_args;
        char *file; /* owned; the file of the line */
        unsigned number;
};

struct pamstack {
        struct pamstack_line *lines;
        size_t n;
        /* owned; the first file that could not be read to its end; NULL for none */
        char *missing;
        /* that file stands behind @include, or is the one of the service: libpam then refuses
         * everything for this service */
        bool dead;
};

/**
 * pamstack_read(name, load, userdata, ret):
 * Reads all lines of the service ${name}, including those of included files. ${load} returns the
 * text of a file, which this function frees, or NULL when there is no such file. The caller
 * frees ${ret} by pamstack_done(). It reads as libpam 1.7 does: 1.5 cuts lines of more than 1000
 * characters in two, and passes over an empty line or a comment behind a line that is continued.
 * Returns 0; -ENOENT when there is no file ${name}; -ENOMEM.
 * Source: pam.conf(5), libpam/pam_handlers.c; @include: Debian's libpam.
 */
int pamstack_read(const char *name, char *(*load)(const char *name, void *userdata), void *userdata,
                  struct pamstack *ret) _must_check_;

/**
 * pamstack_done(stack): frees what ${stack} owns. Safe on a zeroed one.
 */
void pamstack_done(struct pamstack *stack);

/**
 * pamstack_eval(stack, type, answer, userdata):
 * Returns what libpam returns to the application when each module of ${type} answers as
 * ${answer} does: PAMSTACK_SUCCESS or another code.
 * Source: libpam/pam_dispatch.c.
 */
int pamstack_eval(const struct pamstack *stack, enum pamstack_type type,
                  int (*answer)(const struct pamstack_line *line, void *userdata), void *userdata);

/**
 * pamstack_is_module(line, name): whether the line uses the module ${name}, such as "pam_unix",
 * in any directory.
 */
bool pamstack_is_module(const struct pamstack_line *line, const char *name);
