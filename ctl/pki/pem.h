/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the blocks of a PEM text (RFC 7468). Pure. */
#pragma once

#include <stddef.h>

#include "attr.h"

/* All of it points into the text. */
struct pem_block {
        const char *label; /* such as "CERTIFICATE" */
        size_t label_len;
        /* base64; NULL when the block has no end */
        const char *body;
        size_t body_len;
        /* the text between the last block and this one */
        const char *before;
        size_t before_len;
};

/**
 * pem_next(text, len, at, ret):
 * Finds the next block in the ${len} bytes of ${text}, which a NUL follows. ${at} is 0 for the
 * first call. Returns 1; 0 after the last block, and ${ret}->before is then the rest of the
 * text.
 */
int pem_next(const char *text, size_t len, size_t *at, struct pem_block *ret) _must_check_;
