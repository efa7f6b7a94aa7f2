/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounded writer and reader of what goes between the daemon and its helpers. Knows lengths
 * only: what a message says is for the rooms to check. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"

/* --- Writing --- */

void bytes_write_raw(struct bytes_writer *w, const void *bytes, size_t len) {
        w->full |= len > w->size - w->len;
        if (w->full || len == 0)
                return;
        memcpy(w->out + w->len, bytes, len);
        w->len += len;
}

void bytes_write(struct bytes_writer *w, size_t len, uint64_t v) {
        uint8_t bytes[BYTES_TIME];

        bytes_put(bytes, len, v);
        bytes_write_raw(w, bytes, len);
}

void bytes_write_blob(struct bytes_writer *w, const void *bytes, size_t len) {
        w->full |= len > UINT32_MAX;
        bytes_write(w, BYTES_NUMBER, len);
        bytes_write_raw(w, bytes, len);
}

void bytes_write_text(struct bytes_writer *w, const char *text) {
        bytes_write_blob(w, text, strlen(text));
}

ssize_t bytes_written(const struct bytes_writer *w) {
        return w->full ? -EMSGSIZE : (ssize_t) w->len;
}

/* --- Reading --- */

static const uint8_t *take(struct bytes_reader *r, size_t len) {
        const uint8_t *p = r->in + r->at;

        r->bad |= len > r->len - r->at;
        if (r->bad)
                return NULL;
        r->at += len;
        return p;
}

void bytes_read_raw(struct bytes_reader *r, void *out, size_t len) {
        const uint8_t *p = take(r, len);

        if (p)
                memcpy(out, p, len);
}

uint64_t bytes_read(struct bytes_reader *r, size_t len) {
        const uint8_t *p = take(r, len);

        return p ? bytes_get(p, len) : 0;
}

bool bytes_read_flag(struct bytes_reader *r) {
        uint64_t flag = bytes_read(r, 1);

        r->bad |= flag > 1;
        return !r->bad && flag == 1;
}

const uint8_t *bytes_read_blob(struct bytes_reader *r, size_t *ret_len) {
        size_t len = bytes_read(r, BYTES_NUMBER);
        const uint8_t *p = take(r, len);

        *ret_len = p ? len : 0;
        return p;
}

void bytes_read_text(struct bytes_reader *r, char *out, size_t size) {
        size_t len;
        const uint8_t *p = bytes_read_blob(r, &len);

        r->bad |= len >= size || (p && memchr(p, 0, len));
        if (r->bad)
                return;
        memcpy(out, p, len);
        out[len] = '\0';
}

bool bytes_is_at_end(const struct bytes_reader *r) {
        return !r->bad && r->at == r->len;
}
