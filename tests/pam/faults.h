/* SPDX-License-Identifier: BSD-2-Clause */
/* A libpam and a libc that fail when they are told to. The program is linked with the module's
 * own objects, with the linker's --wrap for the functions of libc, and with a small libpam whose
 * handle is the structure below. */
#pragma once

#include <security/pam_modules.h>

#include "world.h"

enum fault_function {
        FAULT_CALLOC,
        FAULT_SOCKET,
        FAULT_CONNECT,
        FAULT_GETSOCKOPT,
        FAULT_SETSOCKOPT,
        FAULT_FCNTL,
        FAULT_POLL,
        FAULT_SEND,
        FAULT_RECV,
        FAULT_GET_ITEM, /* from here on it is libpam */
        FAULT_SET_ITEM,
        FAULT_GET_USER,
        FAULT_GET_DATA,
        FAULT_SET_DATA,
        FAULT_PUTENV,
        _FAULT_MAX,
};

/* What a call does instead of what it should, beside failing with an errno or a PAM code, which
 * are greater than 0. */
enum fault_how {
        FAULT_NOT = 0,
        /* send: part of it; getsockopt: part of the answer; recv: all but a byte; poll: nothing
         * in time */
        FAULT_SHORT = -1,
        /* getsockopt: another uid; recv: one byte another; poll: an event for nothing */
        FAULT_OTHER = -2,
};

/* The plan, and what happened under it. */
struct faults {
        /* calls are counted, and fail, only while it is */
        bool armed;
        enum fault_function function;
        /* which calls of the function fail, counted from 1 */
        unsigned first, last;
        /* errno or PAM code, or enum fault_how */
        int how;
        bool backlog_full; /* the first connect finds no place */

        unsigned calls[_FAULT_MAX];
        bool hit;
        /* a whole allow was the last thing that recv gave */
        bool allowed;
        /* something was freed with a secret in it */
        bool left_unwiped;
        long allocations; /* that are not freed */
};
extern struct faults faults;

struct pam_handle {
        const char *user, *service, *rhost;
        const struct pam_conv *conv;
        char *authtok; /* NULL: none */
        char authtok_text[128];
        void *data;
        void (*cleanup)(pam_handle_t *pamh, void *data, int error_status);
        char env[4][128]; /* NAME=value; "" is none */
        char log[4096];   /* all that pam_syslog() was given */
};

/**
 * faults_name(function): its name. Static storage.
 */
const char *faults_name(enum fault_function function);

/**
 * faults_begin(): clears what happened. The plan is the caller's.
 */
void faults_begin(void);

/**
 * faults_watch(p, len): the ${len} bytes at ${p} hold a secret; they must be zero when they are
 * freed.
 */
void faults_watch(const void *p, size_t len);

/**
 * faults_end(pamh): what pam_end() does with the data of a module.
 */
void faults_end(struct pam_handle *pamh);

/**
 * faults_env(pamh, name): a variable of the PAM environment, or NULL.
 */
const char *faults_env(const struct pam_handle *pamh, const char *name);

/**
 * faults_open_descriptors(): how many descriptors of the process are open.
 */
unsigned faults_open_descriptors(void);
