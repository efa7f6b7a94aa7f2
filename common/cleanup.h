/* SPDX-License-Identifier: BSD-2-Clause */
/* Cleanup at the end of a scope (the cleanup attribute of GCC and Clang). Every macro here is safe
 * on NULL or -1. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free(void *p) {
        free(*(void **) p);
}

static inline void cleanup_close(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}

#define _cleanup_free_  _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)

/* Hands a descriptor over: returns it and leaves -1, so the cleanup does nothing. */
static inline int take_fd(int *fd) {
        int r = *fd;

        *fd = -1;
        return r;
}

/* Does the same for a pointer variable: yields its value and leaves NULL. */
#define take_ptr(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) *take_p_ = &(p);                                                     \
                __typeof__(p) take_v_ = *take_p_;                                                  \
                *take_p_ = NULL;                                                                   \
                take_v_;                                                                           \
        })
