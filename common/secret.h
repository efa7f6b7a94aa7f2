/* SPDX-License-Identifier: BSD-2-Clause */
/* A key in memory: one buffer of fixed size, wiped when its scope ends. It is never on the heap,
 * and no function prints it. */
#pragma once

#include <string.h>

#include "keytext.h"

struct secret {
        char text[KEYTEXT_LEN + 1];
};

static inline void secret_wipe(struct secret *s) {
        explicit_bzero(s, sizeof(*s));
}
#define _cleanup_secret_ __attribute__((cleanup(secret_wipe)))
