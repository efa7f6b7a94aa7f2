/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates, revocation lists, questions to the helper that reads them, and its answers. The
 * first byte says which. Whatever the bytes are, the resulting texts can be shown, and the daemon's
 * side accepts every answer of the helper. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/helper.h"
#include "cert/cert.h"
#include "cert/cert_work.h"
#include "text.h"

#define NOW         INT64_C(1800000000)
#define SERIALS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
        if (!holds)
                abort();
}

static void check_text(const char *text, size_t size) {
        must(strnlen(text, size) < size && (text[0] == '\0' || text_is_label(text, size - 1)));
}

static void check_record(const struct cert_record *cert) {
        check_text(cert->subject, sizeof(cert->subject));
        check_text(cert->subject_cn, sizeof(cert->subject_cn));
        check_text(cert->subject_o, sizeof(cert->subject_o));
        check_text(cert->subject_ou, sizeof(cert->subject_ou));
        check_text(cert->issuer_cn, sizeof(cert->issuer_cn));
        check_text(cert->issuer_o, sizeof(cert->issuer_o));
        check_text(cert->issuer_ou, sizeof(cert->issuer_ou));
        check_text(cert->key_type, sizeof(cert->key_type));
        must(cert->serial.len <= RECORD_SERIAL_MAX);
}

/* The first two bytes are the length of the first of two parts. */
static struct cert_blob take_first(struct cert_blob *rest) {
        struct cert_blob first = *rest;
        size_t len = rest->len < 2 ? 0 : (size_t) rest->bytes[0] << 8 | rest->bytes[1];

        if (rest->len < 2)
                return first;
        first.bytes += 2;
        first.len = len < rest->len - 2 ? len : rest->len - 2;
        rest->bytes = first.bytes + first.len;
        rest->len -= 2 + first.len;
        return first;
}

static void try_read(struct cert_blob der) {
        for (enum cert_kind kind = CERT_CLIENT; kind <= CERT_CA; kind++) {
                struct cert_record cert = {};
                char detail[CERT_DETAIL_LEN];

                if (cert_read(&der, kind, NOW, &cert, detail) == CERT_FINE)
                        must(cert.serial.len > 0 && cert.not_before <= NOW &&
                             cert.not_after >= NOW);
                check_text(detail, sizeof(detail));
                check_record(&cert);
        }
}

static void check_verdict(const struct cert_verdict *verdict) {
        check_text(verdict->detail, sizeof(verdict->detail));
        check_record(&verdict->cert);
        if (verdict->reason == REASON_NONE)
                must(verdict->n_serials > 0 && verdict->n_serials < CERT_CHAIN_MAX &&
                     verdict->begins_at <= NOW && verdict->ends_at >= NOW);
}

/* A certificate and a CA. The end of the certificate also serves as the signature of its
 * beginning. */
static void try_judge(struct cert_blob rest, bool registered) {
        struct cert_blob der = take_first(&rest);
        struct cert_question question = {
                .der = der, .registered = registered, .cas = &rest, .n_cas = 1, .now = NOW
        };
        struct cert_verdict verdict;

        cert_judge(&question, &verdict);
        check_verdict(&verdict);
        if (der.len <= 64)
                return;
        question.message = (struct cert_blob){ der.bytes, der.len - 64 };
        question.signature = (struct cert_blob){ der.bytes + der.len - 64, 64 };
        cert_judge(&question, &verdict);
        must(verdict.reason != REASON_NONE);
}

static void try_crl(struct cert_blob rest) {
        struct cert_blob crl = take_first(&rest);
        struct cert_serial serials[SERIALS_MAX];
        char detail[CERT_DETAIL_LEN];
        struct crl_record list;

        if (cert_read_crl(&crl, &rest, 1, NOW, &list, serials, SERIALS_MAX, detail) == CERT_FINE)
                must(list.revoked <= SERIALS_MAX && list.this_update <= NOW &&
                     list.next_update >= NOW);
        check_text(detail, sizeof(detail));
}

static void take_reads(const uint8_t *in, size_t len, bool must_be) {
        struct cert_work_read read;
        size_t at = 0;
        int r;

        while ((r = cert_work_take_read(in, len, &at, &read)) > 0) {
                check_text(read.detail, sizeof(read.detail));
                check_record(&read.cert);
        }
        must(r == 0 || !must_be);
}

static void take_crl(const uint8_t *in, size_t len, bool must_be) {
        struct cert_work_crl crl;
        struct cert_serial serial;
        int r = cert_work_take_crl(in, len, &crl);

        must(r == 0 || !must_be);
        if (r < 0)
                return;
        check_text(crl.detail, sizeof(crl.detail));
        for (size_t i = 0; i < crl.n_serials; i++) {
                cert_work_serial(&crl, i, &serial);
                must(serial.len > 0 && serial.len <= RECORD_SERIAL_MAX);
        }
}

/* Reads an answer to a question of this kind, from the helper or from the fuzzer. */
static void take_answer(uint8_t kind, const uint8_t *in, size_t len, bool must_be) {
        struct cert_verdict verdict;

        if (kind == 'R')
                take_reads(in, len, must_be);
        else if (kind == 'C')
                take_crl(in, len, must_be);
        else if (kind == 'S')
                must(cert_work_take_signed(in, len) >= 0 || !must_be);
        else if (cert_work_take_verdict(in, len, &verdict) == 0)
                check_text(verdict.detail, sizeof(verdict.detail));
        else
                must(!must_be);
}

static void try_work(struct cert_blob question) {
        static uint8_t *out;
        ssize_t len;

        if (!out)
                out = malloc(HELPER_BYTES_MAX);
        must(out != NULL);
        len = cert_work_run(question.bytes, question.len, out);
        must(len <= (ssize_t) HELPER_BYTES_MAX);
        if (len >= 0)
                take_answer(question.bytes[0], out, (size_t) len, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct cert_blob rest = { data + 1, size - 1 };

        if (size == 0)
                return 0;
        switch (data[0]) {
        case 'r':
                try_read(rest);
                break;
        case 'j':
        case 'p':
                try_judge(rest, data[0] == 'p');
                break;
        case 'c':
                try_crl(rest);
                break;
        case 'w':
                try_work(rest);
                break;
        default:
                take_answer(data[0], data, size, false);
        }
        return 0;
}
