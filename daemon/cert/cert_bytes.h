/* SPDX-License-Identifier: BSD-2-Clause */
/* How questions and answers about certificates are written down; see cert_work.h. The reader does
 * not trust the writer. */
#pragma once

#include "base/bytes.h"
#include "cert/cert.h"

/* The first byte of a question and of an answer. An answer about several certificates has one part
 * after another. */
enum cert_bytes_kind {
        CERT_BYTES_READ = 'R',
        CERT_BYTES_JUDGE = 'J',
        CERT_BYTES_CRL = 'C',
        CERT_BYTES_SIGNED = 'S',
};

enum cert_bytes_flag {
        CERT_BYTES_REGISTERED = 1,
        CERT_BYTES_SIGNATURE = 2,
        CERT_BYTES_FLAGS = 3,
};

#define CERT_BYTES_SERIAL_LEN (1 + RECORD_SERIAL_MAX)

/**
 * cert_bytes_put_blobs(w, blobs, n): their number, and each with its length.
 * cert_bytes_put_serial(w, serial): without its issuer, key and point.
 * cert_bytes_put_record(w, cert): without kind, name and added_at.
 */
void cert_bytes_put_blobs(struct bytes_writer *w, const struct cert_blob *blobs, size_t n);
void cert_bytes_put_serial(struct bytes_writer *w, const struct cert_serial *serial);
void cert_bytes_put_record(struct bytes_writer *w, const struct cert_record *cert);

/**
 * cert_bytes_take_blob(r), cert_bytes_take_serial(r, serial), cert_bytes_take_record(r, cert): read
 * the same. A blob is borrowed from the input. A serial may have no bytes, and has at most
 * ${RECORD_SERIAL_MAX}.
 * cert_bytes_take_text(r, out, size): a text that fits, and is empty or can be shown as it is.
 * cert_bytes_take_time(r): a time in the years 0 to 9999.
 */
struct cert_blob cert_bytes_take_blob(struct bytes_reader *r);
void cert_bytes_take_text(struct bytes_reader *r, char *out, size_t size);
int64_t cert_bytes_take_time(struct bytes_reader *r);
void cert_bytes_take_serial(struct bytes_reader *r, struct cert_serial *serial);
void cert_bytes_take_record(struct bytes_reader *r, struct cert_record *cert);
