/* SPDX-License-Identifier: BSD-2-Clause */
/* The questions to the certificate helper, and the daemon's reading of its answers. It has no
 * OpenSSL. A helper that has read hostile bytes is not trusted, so every answer is checked as a
 * whole. */
#include <errno.h>
#include <string.h>

#include "cert/cert_bytes.h"
#include "cert/cert_work.h"

/* --- Questions --- */

ssize_t cert_work_ask_read(const struct cert_blob *ders, size_t n, enum cert_kind kind, int64_t now,
                           uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        bytes_write(&w, 1, CERT_BYTES_READ);
        bytes_write(&w, 1, kind);
        bytes_write(&w, BYTES_TIME, (uint64_t) now);
        cert_bytes_put_blobs(&w, ders, n);
        return bytes_written(&w);
}

ssize_t cert_work_ask_judge(const struct cert_question *question, uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        if (question->n_cas > CERT_CAS_ALL)
                return -EMSGSIZE;
        bytes_write(&w, 1, CERT_BYTES_JUDGE);
        bytes_write(&w, 1,
                    (question->registered ? CERT_BYTES_REGISTERED : 0U) |
                            (question->signature.bytes ? CERT_BYTES_SIGNATURE : 0U));
        bytes_write(&w, BYTES_TIME, (uint64_t) question->now);
        bytes_write_blob(&w, question->der.bytes, question->der.len);
        bytes_write_blob(&w, question->message.bytes, question->message.len);
        bytes_write_blob(&w, question->signature.bytes,
                         question->signature.bytes ? question->signature.len : 0);
        cert_bytes_put_blobs(&w, question->cas, question->n_cas);
        return bytes_written(&w);
}

ssize_t cert_work_ask_crl(const struct cert_blob *crl, const struct cert_blob *cas, size_t n_cas,
                          int64_t now, uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        if (n_cas > CERT_CAS_ALL)
                return -EMSGSIZE;
        bytes_write(&w, 1, CERT_BYTES_CRL);
        bytes_write(&w, BYTES_TIME, (uint64_t) now);
        bytes_write_blob(&w, crl->bytes, crl->len);
        cert_bytes_put_blobs(&w, cas, n_cas);
        return bytes_written(&w);
}

ssize_t cert_work_ask_signed(const struct cert_blob *crl, const struct cert_blob *ca, uint8_t *out,
                             size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        bytes_write(&w, 1, CERT_BYTES_SIGNED);
        bytes_write_blob(&w, crl->bytes, crl->len);
        bytes_write_blob(&w, ca->bytes, ca->len);
        return bytes_written(&w);
}

/* --- Answers --- */

/* Whether a certificate was read, or only its place is there. */
static bool is_read(const struct cert_record *cert) {
        return cert->serial.len > 0 && cert->key_type[0];
}

static void take_kind(struct bytes_reader *r, enum cert_bytes_kind kind) {
        r->bad |= bytes_read(r, 1) != kind;
}

static enum cert_fault take_fault(struct bytes_reader *r) {
        uint64_t fault = bytes_read(r, 1);

        r->bad |= fault >= _CERT_FAULT_MAX;
        return r->bad ? CERT_UNREADABLE : (enum cert_fault) fault;
}

int cert_work_take_read(const uint8_t *in, size_t len, size_t *at, struct cert_work_read *ret) {
        struct bytes_reader r = { .in = in, .len = len, .at = *at };
        struct cert_work_read read = {};

        if (*at == len)
                return 0;
        take_kind(&r, CERT_BYTES_READ);
        read.fault = take_fault(&r);
        cert_bytes_take_text(&r, read.detail, sizeof(read.detail));
        cert_bytes_take_record(&r, &read.cert);
        if (r.bad || (read.fault != CERT_UNREADABLE && !is_read(&read.cert)) ||
            (read.fault == CERT_FINE && read.cert.not_before > read.cert.not_after))
                return -EBADMSG;
        *at = r.at;
        *ret = read;
        return 1;
}

/* The reasons that cert_judge() gives. */
static bool is_judged(enum reason reason) {
        static const enum reason reasons[] = {
                REASON_NONE,
                REASON_CERTIFICATE_UNREADABLE,
                REASON_CERTIFICATE_UNTRUSTED,
                REASON_CERTIFICATE_NOT_YET_VALID,
                REASON_CERTIFICATE_EXPIRED,
                REASON_CERTIFICATE_WEAK,
                REASON_CERTIFICATE_PURPOSE,
                REASON_CERTIFICATE_CHAIN,
                REASON_CERTIFICATE_SIGNATURE,
                REASON_CERTIFICATE_UNCHECKED,
        };

        for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
                if (reason == reasons[i])
                        return true;
        return false;
}

/* Whether both are one number from one name. Only a chain knows the key. */
static bool is_same_serial(const struct cert_serial *a, const struct cert_serial *b) {
        return memcmp(a->issuer, b->issuer, sizeof(a->issuer)) == 0 && a->len == b->len &&
               memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool is_consistent(const struct cert_verdict *verdict) {
        if (verdict->reason != REASON_NONE)
                return verdict->begins_at == 0 && verdict->ends_at == 0 && verdict->n_serials == 0;
        if (!is_read(&verdict->cert) || verdict->n_serials == 0 ||
            verdict->begins_at > verdict->ends_at ||
            verdict->begins_at < verdict->cert.not_before ||
            verdict->ends_at > verdict->cert.not_after)
                return false;
        for (size_t i = 0; i < verdict->n_serials; i++)
                if (verdict->serials[i].len == 0)
                        return false;
        return is_same_serial(&verdict->serials[0], &verdict->cert.serial);
}

int cert_work_take_verdict(const uint8_t *in, size_t len, struct cert_verdict *ret) {
        struct bytes_reader r = { .in = in, .len = len };
        struct cert_verdict verdict = {};

        take_kind(&r, CERT_BYTES_JUDGE);
        verdict.reason = (enum reason) bytes_read(&r, 1);
        cert_bytes_take_text(&r, verdict.detail, sizeof(verdict.detail));
        cert_bytes_take_record(&r, &verdict.cert);
        verdict.begins_at = cert_bytes_take_time(&r);
        verdict.ends_at = cert_bytes_take_time(&r);
        verdict.n_serials = bytes_read(&r, 1);
        r.bad |= verdict.n_serials > CERT_CHAIN_MAX || !is_judged(verdict.reason);
        for (size_t i = 0; i < verdict.n_serials && !r.bad; i++) {
                bytes_read_raw(&r, verdict.serials[i].key, sizeof(verdict.serials[i].key));
                bytes_read_raw(&r, verdict.serials[i].issuer, sizeof(verdict.serials[i].issuer));
                bytes_read_raw(&r, verdict.serials[i].point, sizeof(verdict.serials[i].point));
                cert_bytes_take_serial(&r, &verdict.serials[i]);
        }
        if (!bytes_is_at_end(&r) || !is_consistent(&verdict))
                return -EBADMSG;
        *ret = verdict;
        return 0;
}

static int64_t take_end(struct bytes_reader *r) {
        uint64_t ends = bytes_read(r, 1);
        int64_t t = cert_bytes_take_time(r);

        r->bad |= ends > 1;
        return ends ? t : INT64_MAX;
}

/* Checks every entry, so that no user of one has to. */
static bool take_entries(struct bytes_reader *r, struct cert_work_crl *crl) {
        struct cert_serial serial;

        crl->serials = r->in + r->at;
        for (size_t i = 0; i < crl->n_serials && !r->bad; i++) {
                cert_bytes_take_serial(r, &serial);
                r->bad |= serial.len == 0;
        }
        return bytes_is_at_end(r);
}

int cert_work_take_crl(const uint8_t *in, size_t len, struct cert_work_crl *ret) {
        struct bytes_reader r = { .in = in, .len = len };
        struct cert_work_crl work = {};

        take_kind(&r, CERT_BYTES_CRL);
        work.fault = take_fault(&r);
        cert_bytes_take_text(&r, work.detail, sizeof(work.detail));
        bytes_read_raw(&r, work.crl.ca, sizeof(work.crl.ca));
        bytes_read_raw(&r, work.crl.issuer, sizeof(work.crl.issuer));
        bytes_read_raw(&r, work.crl.point, sizeof(work.crl.point));
        work.crl.this_update = cert_bytes_take_time(&r);
        work.crl.next_update = take_end(&r);
        work.crl.revoked = work.n_serials = bytes_read(&r, BYTES_NUMBER);
        if (!take_entries(&r, &work) ||
            (work.fault == CERT_FINE ? work.crl.this_update > work.crl.next_update
                                     : work.n_serials > 0))
                return -EBADMSG;
        *ret = work;
        return 0;
}

int cert_work_take_signed(const uint8_t *in, size_t len) {
        struct bytes_reader r = { .in = in, .len = len };
        uint64_t is_signed;

        take_kind(&r, CERT_BYTES_SIGNED);
        is_signed = bytes_read(&r, 1);
        return bytes_is_at_end(&r) && is_signed <= 1 ? (int) is_signed : -EBADMSG;
}

void cert_work_serial(const struct cert_work_crl *crl, size_t i, struct cert_serial *ret) {
        const uint8_t *p = crl->serials + i * CERT_BYTES_SERIAL_LEN;

        *ret = (struct cert_serial){ .len = p[0] };
        memcpy(ret->issuer, crl->crl.issuer, sizeof(ret->issuer));
        memcpy(ret->bytes, p + 1, sizeof(ret->bytes));
}
