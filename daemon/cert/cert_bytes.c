/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes and reads certificates as pieces of questions and answers, over base/bytes. It has no
 * OpenSSL. A text that cannot be shown, or a time out of range, makes the whole message bad. */
#include <string.h>

#include "base/helper.h"
#include "cert/cert_bytes.h"
#include "text.h"

/* what a year of four digits can hold */
#define TIME_MIN INT64_C(-62167219200)
#define TIME_MAX INT64_C(253402300799)

/* --- Writing --- */

void cert_bytes_put_blobs(struct bytes_writer *w, const struct cert_blob *blobs, size_t n) {
        w->full |= n > HELPER_BYTES_MAX;
        bytes_write(w, BYTES_NUMBER, n);
        for (size_t i = 0; i < n && !w->full; i++)
                bytes_write_blob(w, blobs[i].bytes, blobs[i].len);
}

void cert_bytes_put_serial(struct bytes_writer *w, const struct cert_serial *serial) {
        bytes_write(w, 1, serial->len);
        bytes_write_raw(w, serial->bytes, sizeof(serial->bytes));
}

void cert_bytes_put_record(struct bytes_writer *w, const struct cert_record *cert) {
        bytes_write_raw(w, cert->thumbprint, sizeof(cert->thumbprint));
        bytes_write_text(w, cert->subject);
        bytes_write_text(w, cert->subject_cn);
        bytes_write_text(w, cert->subject_o);
        bytes_write_text(w, cert->subject_ou);
        bytes_write_text(w, cert->issuer_cn);
        bytes_write_text(w, cert->issuer_o);
        bytes_write_text(w, cert->issuer_ou);
        bytes_write_raw(w, cert->serial.issuer, sizeof(cert->serial.issuer));
        bytes_write_raw(w, cert->serial.point, sizeof(cert->serial.point));
        cert_bytes_put_serial(w, &cert->serial);
        bytes_write_text(w, cert->key_type);
        bytes_write_raw(w, cert->subject_id, sizeof(cert->subject_id));
        bytes_write_raw(w, cert->spki, sizeof(cert->spki));
        bytes_write_raw(w, cert->ssh, sizeof(cert->ssh));
        bytes_write(w, BYTES_TIME, (uint64_t) cert->not_before);
        bytes_write(w, BYTES_TIME, (uint64_t) cert->not_after);
}

/* --- Reading --- */

struct cert_blob cert_bytes_take_blob(struct bytes_reader *r) {
        struct cert_blob blob;

        blob.bytes = bytes_read_blob(r, &blob.len);
        return blob;
}

void cert_bytes_take_text(struct bytes_reader *r, char *out, size_t size) {
        bytes_read_text(r, out, size);
        r->bad |= !r->bad && out[0] && !text_is_label(out, size - 1);
}

int64_t cert_bytes_take_time(struct bytes_reader *r) {
        int64_t t = (int64_t) bytes_read(r, BYTES_TIME);

        r->bad |= t < TIME_MIN || t > TIME_MAX;
        return t;
}

void cert_bytes_take_serial(struct bytes_reader *r, struct cert_serial *serial) {
        serial->len = (uint8_t) bytes_read(r, 1);
        memset(serial->bytes, 0, sizeof(serial->bytes));
        bytes_read_raw(r, serial->bytes, sizeof(serial->bytes));
        r->bad |= serial->len > sizeof(serial->bytes);
        for (size_t i = serial->len; i < sizeof(serial->bytes); i++)
                r->bad |= serial->bytes[i] != 0;
}

void cert_bytes_take_record(struct bytes_reader *r, struct cert_record *cert) {
        bytes_read_raw(r, cert->thumbprint, sizeof(cert->thumbprint));
        cert_bytes_take_text(r, cert->subject, sizeof(cert->subject));
        cert_bytes_take_text(r, cert->subject_cn, sizeof(cert->subject_cn));
        cert_bytes_take_text(r, cert->subject_o, sizeof(cert->subject_o));
        cert_bytes_take_text(r, cert->subject_ou, sizeof(cert->subject_ou));
        cert_bytes_take_text(r, cert->issuer_cn, sizeof(cert->issuer_cn));
        cert_bytes_take_text(r, cert->issuer_o, sizeof(cert->issuer_o));
        cert_bytes_take_text(r, cert->issuer_ou, sizeof(cert->issuer_ou));
        bytes_read_raw(r, cert->serial.issuer, sizeof(cert->serial.issuer));
        bytes_read_raw(r, cert->serial.point, sizeof(cert->serial.point));
        cert_bytes_take_serial(r, &cert->serial);
        cert_bytes_take_text(r, cert->key_type, sizeof(cert->key_type));
        bytes_read_raw(r, cert->subject_id, sizeof(cert->subject_id));
        bytes_read_raw(r, cert->spki, sizeof(cert->spki));
        bytes_read_raw(r, cert->ssh, sizeof(cert->ssh));
        cert->not_before = cert_bytes_take_time(r);
        cert->not_after = cert_bytes_take_time(r);
}
