/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the blocks of a PEM text are (RFC 7468). Pure; knows nothing of what they hold. */
#pragma once

#include <stddef.h>

#include "attr.h"

/* All of it is borrowed from the text. */
struct pem_block {
        const char *label; /* "CERTIFICATE" */
        size_t label_len;
        /* base64; NULL: the block has no end */
        const char *body;
        size_t body_len;
        /* what stands between the block before and this one */
        const char *before;
        size_t before_len;
};

/**
 * pem_next(text, len, at, ret):
 * One block after the other of the ${len} bytes at ${text}, which end with a NUL besides; ${at}
 * begins with 0. Returns 1; 0 behind the last, and then ${ret}->before is what stands behind
 * that.
 */
int pem_next(const char *text, size_t len, size_t *at, struct pem_block *ret) _must_check_;
