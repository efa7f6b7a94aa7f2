/* SPDX-License-Identifier: BSD-2-Clause */
/* How questions and answers about certificates are written down: see cert_work.h. Whoever reads
 * does not trust the writer. */
#pragma once

#include "cert/cert.h"

/* What a question and an answer begin with; an answer about several certificates is one behind
 * the other. */
enum cert_bytes_kind {
        CERT_BYTES_READ = 'R',
        CERT_BYTES_JUDGE = 'J',
        CERT_BYTES_CRL = 'C',
};

enum cert_bytes_flag {
        CERT_BYTES_REGISTERED = 1,
        CERT_BYTES_SIGNATURE = 2,
        CERT_BYTES_FLAGS = 3,
};

enum cert_bytes_len {
        CERT_BYTES_NUMBER = 4,
        CERT_BYTES_TIME = 8,
        CERT_BYTES_SERIAL_LEN = 1 + RECORD_SERIAL_MAX,
};

/* What does not fit any more is not written, and the whole is no good then. */
struct cert_writer {
        uint8_t *out;
        size_t size, len;
        bool full;
};

/**
 * cert_bytes_put(w, len, v): ${v} in ${len} bytes.
 * cert_bytes_put_raw(w, bytes, len): bytes whose number both sides know.
 * cert_bytes_put_blob(w, bytes, len), cert_bytes_put_blobs(w, blobs, n), cert_bytes_put_text(w,
 * text): with their length.
 * cert_bytes_put_serial(w, serial): without its issuer.
 * cert_bytes_put_record(w, cert): without kind, name and added_at.
 * cert_bytes_written(w): how many bytes there are; -EMSGSIZE when they did not fit.
 */
void cert_bytes_put(struct cert_writer *w, size_t len, uint64_t v);
void cert_bytes_put_raw(struct cert_writer *w, const void *bytes, size_t len);
void cert_bytes_put_blob(struct cert_writer *w, const void *bytes, size_t len);
void cert_bytes_put_blobs(struct cert_writer *w, const struct cert_blob *blobs, size_t n);
void cert_bytes_put_text(struct cert_writer *w, const char *text);
void cert_bytes_put_serial(struct cert_writer *w, const struct cert_serial *serial);
void cert_bytes_put_record(struct cert_writer *w, const struct cert_record *cert);
ssize_t cert_bytes_written(const struct cert_writer *w);

/* What is wrong once stays wrong; what is read then is zero, or not written. */
struct cert_reader {
        const uint8_t *in;
        size_t len, at;
        bool bad;
};

/**
 * cert_bytes_take(r, len), cert_bytes_take_raw(r, out, len), cert_bytes_take_blob(r),
 * cert_bytes_take_serial(r, serial),
 * cert_bytes_take_record(r, cert): the other way round. A blob is borrowed from the input. A
 * serial may have no bytes, but not more than there can be.
 * cert_bytes_take_text(r, out, size): one that is empty or can be shown as it is, and fits.
 * cert_bytes_take_time(r): in the years 0 to 9999.
 * cert_bytes_is_at_end(r): whether all was right and there is no more.
 */
uint64_t cert_bytes_take(struct cert_reader *r, size_t len);
void cert_bytes_take_raw(struct cert_reader *r, void *out, size_t len);
struct cert_blob cert_bytes_take_blob(struct cert_reader *r);
void cert_bytes_take_text(struct cert_reader *r, char *out, size_t size);
int64_t cert_bytes_take_time(struct cert_reader *r);
void cert_bytes_take_serial(struct cert_reader *r, struct cert_serial *serial);
void cert_bytes_take_record(struct cert_reader *r, struct cert_record *cert);
bool cert_bytes_is_at_end(const struct cert_reader *r);
