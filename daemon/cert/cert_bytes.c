/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/helper.h"
#include "cert/cert_bytes.h"
#include "text.h"

/* What a year of four digits can hold. */
#define TIME_MIN INT64_C(-62167219200)
#define TIME_MAX INT64_C(253402300799)

/* --- Writing --- */

void cert_bytes_put_raw(struct cert_writer *w, const void *bytes, size_t len) {
        w->full |= len > w->size - w->len;
        if (w->full || len == 0)
                return;
        memcpy(w->out + w->len, bytes, len);
        w->len += len;
}

void cert_bytes_put(struct cert_writer *w, size_t len, uint64_t v) {
        uint8_t bytes[CERT_BYTES_TIME];

        bytes_put(bytes, len, v);
        cert_bytes_put_raw(w, bytes, len);
}

void cert_bytes_put_blob(struct cert_writer *w, const void *bytes, size_t len) {
        w->full |= len > HELPER_BYTES_MAX;
        cert_bytes_put(w, CERT_BYTES_NUMBER, len);
        cert_bytes_put_raw(w, bytes, len);
}

void cert_bytes_put_text(struct cert_writer *w, const char *text) {
        cert_bytes_put_blob(w, text, strlen(text));
}

void cert_bytes_put_blobs(struct cert_writer *w, const struct cert_blob *blobs, size_t n) {
        w->full |= n > HELPER_BYTES_MAX;
        cert_bytes_put(w, CERT_BYTES_NUMBER, n);
        for (size_t i = 0; i < n && !w->full; i++)
                cert_bytes_put_blob(w, blobs[i].bytes, blobs[i].len);
}

void cert_bytes_put_serial(struct cert_writer *w, const struct cert_serial *serial) {
        cert_bytes_put(w, 1, serial->len);
        cert_bytes_put_raw(w, serial->bytes, sizeof(serial->bytes));
}

void cert_bytes_put_record(struct cert_writer *w, const struct cert_record *cert) {
        cert_bytes_put_raw(w, cert->thumbprint, sizeof(cert->thumbprint));
        cert_bytes_put_text(w, cert->subject);
        cert_bytes_put_text(w, cert->subject_cn);
        cert_bytes_put_text(w, cert->subject_o);
        cert_bytes_put_text(w, cert->subject_ou);
        cert_bytes_put_text(w, cert->issuer_cn);
        cert_bytes_put_text(w, cert->issuer_o);
        cert_bytes_put_text(w, cert->issuer_ou);
        cert_bytes_put_raw(w, cert->serial.issuer, sizeof(cert->serial.issuer));
        cert_bytes_put_serial(w, &cert->serial);
        cert_bytes_put_text(w, cert->key_type);
        cert_bytes_put_raw(w, cert->subject_id, sizeof(cert->subject_id));
        cert_bytes_put_raw(w, cert->spki, sizeof(cert->spki));
        cert_bytes_put_raw(w, cert->ssh, sizeof(cert->ssh));
        cert_bytes_put(w, CERT_BYTES_TIME, (uint64_t) cert->not_before);
        cert_bytes_put(w, CERT_BYTES_TIME, (uint64_t) cert->not_after);
}

ssize_t cert_bytes_written(const struct cert_writer *w) {
        return w->full ? -EMSGSIZE : (ssize_t) w->len;
}

/* --- Reading --- */

static const uint8_t *take(struct cert_reader *r, size_t len) {
        const uint8_t *p = r->in + r->at;

        r->bad |= len > r->len - r->at;
        if (r->bad)
                return NULL;
        r->at += len;
        return p;
}

void cert_bytes_take_raw(struct cert_reader *r, void *out, size_t len) {
        const uint8_t *p = take(r, len);

        if (p)
                memcpy(out, p, len);
}

uint64_t cert_bytes_take(struct cert_reader *r, size_t len) {
        const uint8_t *p = take(r, len);

        return p ? bytes_get(p, len) : 0;
}

struct cert_blob cert_bytes_take_blob(struct cert_reader *r) {
        size_t len = cert_bytes_take(r, CERT_BYTES_NUMBER);
        const uint8_t *p = take(r, len);

        return (struct cert_blob){ p, p ? len : 0 };
}

void cert_bytes_take_text(struct cert_reader *r, char *out, size_t size) {
        struct cert_blob blob = cert_bytes_take_blob(r);

        r->bad |= blob.len >= size || (blob.len > 0 && memchr(blob.bytes, 0, blob.len));
        if (r->bad)
                return;
        memcpy(out, blob.bytes, blob.len);
        out[blob.len] = '\0';
        r->bad |= blob.len > 0 && !text_is_label(out, size - 1);
}

int64_t cert_bytes_take_time(struct cert_reader *r) {
        int64_t t = (int64_t) cert_bytes_take(r, CERT_BYTES_TIME);

        r->bad |= t < TIME_MIN || t > TIME_MAX;
        return t;
}

void cert_bytes_take_serial(struct cert_reader *r, struct cert_serial *serial) {
        serial->len = (uint8_t) cert_bytes_take(r, 1);
        memset(serial->bytes, 0, sizeof(serial->bytes));
        cert_bytes_take_raw(r, serial->bytes, sizeof(serial->bytes));
        r->bad |= serial->len > sizeof(serial->bytes);
        for (size_t i = serial->len; i < sizeof(serial->bytes); i++)
                r->bad |= serial->bytes[i] != 0;
}

void cert_bytes_take_record(struct cert_reader *r, struct cert_record *cert) {
        cert_bytes_take_raw(r, cert->thumbprint, sizeof(cert->thumbprint));
        cert_bytes_take_text(r, cert->subject, sizeof(cert->subject));
        cert_bytes_take_text(r, cert->subject_cn, sizeof(cert->subject_cn));
        cert_bytes_take_text(r, cert->subject_o, sizeof(cert->subject_o));
        cert_bytes_take_text(r, cert->subject_ou, sizeof(cert->subject_ou));
        cert_bytes_take_text(r, cert->issuer_cn, sizeof(cert->issuer_cn));
        cert_bytes_take_text(r, cert->issuer_o, sizeof(cert->issuer_o));
        cert_bytes_take_text(r, cert->issuer_ou, sizeof(cert->issuer_ou));
        cert_bytes_take_raw(r, cert->serial.issuer, sizeof(cert->serial.issuer));
        cert_bytes_take_serial(r, &cert->serial);
        cert_bytes_take_text(r, cert->key_type, sizeof(cert->key_type));
        cert_bytes_take_raw(r, cert->subject_id, sizeof(cert->subject_id));
        cert_bytes_take_raw(r, cert->spki, sizeof(cert->spki));
        cert_bytes_take_raw(r, cert->ssh, sizeof(cert->ssh));
        cert->not_before = cert_bytes_take_time(r);
        cert->not_after = cert_bytes_take_time(r);
}

bool cert_bytes_is_at_end(const struct cert_reader *r) {
        return !r->bad && r->at == r->len;
}
