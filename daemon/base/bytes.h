/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in files: the least significant byte first. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline void bytes_put(uint8_t *p, size_t len, uint64_t v) {
        for (size_t i = 0; i < len; i++)
                p[i] = (uint8_t) (v >> (8 * i));
}

static inline uint64_t bytes_get(const uint8_t *p, size_t len) {
        uint64_t v = 0;

        for (size_t i = len; i-- > 0;)
                v = v << 8 | p[i];
        return v;
}
