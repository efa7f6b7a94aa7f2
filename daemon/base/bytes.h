/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in files and between processes, the least significant byte first. And the one protocol of
 * the helpers: questions and answers are written and read piece by piece, within their bounds. The
 * reader does not trust the writer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

enum bytes_len {
        BYTES_NUMBER = 4,
        BYTES_TIME = 8,
};

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

/* A piece that does not fit any more is not written, and the whole is then useless. */
struct bytes_writer {
        uint8_t *out;
        size_t size, len;
        bool full;
};

/**
 * bytes_write(w, len, v): ${v} in ${len} bytes, at most ${BYTES_TIME}.
 * bytes_write_raw(w, bytes, len): bytes whose number both sides know.
 * bytes_write_blob(w, bytes, len), bytes_write_text(w, text): with their length before them; a text
 * goes without its NUL.
 * bytes_written(w): how many bytes there are; -EMSGSIZE when they did not fit.
 */
void bytes_write(struct bytes_writer *w, size_t len, uint64_t v);
void bytes_write_raw(struct bytes_writer *w, const void *bytes, size_t len);
void bytes_write_blob(struct bytes_writer *w, const void *bytes, size_t len);
void bytes_write_text(struct bytes_writer *w, const char *text);
ssize_t bytes_written(const struct bytes_writer *w) _must_check_;

/* After an error the reader stays bad. It then reads zeroes, or writes nothing. */
struct bytes_reader {
        const uint8_t *in;
        size_t len, at;
        bool bad;
};

/**
 * bytes_read(r, len), bytes_read_raw(r, out, len): read the same.
 * bytes_read_flag(r): one byte that is 0 or 1.
 * bytes_read_blob(r, ret_len): borrowed from the input; NULL when it is not there.
 * bytes_read_text(r, out, size): a text without a NUL in it, which fits into ${size} bytes with its
 * own NUL.
 * bytes_is_at_end(r): whether all was right and nothing follows.
 */
uint64_t bytes_read(struct bytes_reader *r, size_t len);
void bytes_read_raw(struct bytes_reader *r, void *out, size_t len);
bool bytes_read_flag(struct bytes_reader *r);
const uint8_t *bytes_read_blob(struct bytes_reader *r, size_t *ret_len);
void bytes_read_text(struct bytes_reader *r, char *out, size_t size);
bool bytes_is_at_end(const struct bytes_reader *r) _must_check_;
