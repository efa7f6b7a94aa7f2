/* SPDX-License-Identifier: BSD-2-Clause */
/* A libpam and a libc that fail when a test tells them to. The program is linked with the module's
 * own objects, with the linker's --wrap for the functions of libc, and with a small libpam. The
 * handle of that libpam is the structure below. */
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
        FAULT_GET_ITEM, /* the rest is libpam */
        FAULT_SET_ITEM,
        FAULT_GET_USER,
        FAULT_GET_DATA,
        FAULT_SET_DATA,
        FAULT_PUTENV,
        _FAULT_MAX,
};

/* What a call does instead of its work, besides failing with an errno or a PAM code, which are
 * greater than 0. */
enum fault_how {
        FAULT_NOT = 0,
        /* send: sends a part; getsockopt: returns a part of the answer; recv: drops the last byte;
         * poll: reports a timeout */
        FAULT_SHORT = -1,
        /* getsockopt: reports another uid; recv: changes one byte; poll: reports an event that did
         * not happen */
        FAULT_OTHER = -2,
};

/* The plan, and what happened under it. */
struct faults {
        /* Calls are counted, and fail, only while this is set. */
        bool armed;
        enum fault_function function;
        /* The calls of the function that fail, counted from 1. */
        unsigned first, last;
        /* an errno, a PAM code, or enum fault_how */
        int how;
        bool backlog_full; /* the first connect finds no place */

        unsigned calls[_FAULT_MAX];
        bool hit;
        /* The last recv gave a whole allow. */
        bool allowed;
        /* Something was freed that still held a secret. */
        bool left_unwiped;
        long allocations; /* those that are not freed */
};
extern struct faults faults;

struct pam_handle {
        const char *user, *service, *rhost;
        const struct pam_conv *conv;
        char *authtok; /* NULL for none */
        char authtok_text[128];
        void *data;
        void (*cleanup)(pam_handle_t *pamh, void *data, int error_status);
        char env[4][128]; /* NAME=value; "" for none */
        char log[4096];   /* all that pam_syslog() was given */
};

/**
 * faults_name(function):
 * The name of the function. Static storage.
 */
const char *faults_name(enum fault_function function);

/**
 * faults_begin():
 * Clears what happened. The caller sets the plan.
 */
void faults_begin(void);

/**
 * faults_watch(p, len):
 * The ${len} bytes at ${p} hold a secret. They must be zero when they are freed.
 */
void faults_watch(const void *p, size_t len);

/**
 * faults_end(pamh):
 * Does what pam_end() does with the data of a module.
 */
void faults_end(struct pam_handle *pamh);

/**
 * faults_env(pamh, name):
 * The value of a variable of the PAM environment, or NULL.
 */
const char *faults_env(const struct pam_handle *pamh, const char *name);

/**
 * faults_open_descriptors():
 * The number of open descriptors of this process.
 */
unsigned faults_open_descriptors(void);
