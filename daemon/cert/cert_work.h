/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the helper that reads certificates, and its answers, as bytes. A program that asks
 * needs no OpenSSL. The answer comes from a process that has read hostile bytes. It is read like a
 * peer's: every length, number and text is checked. */
#pragma once

#include "cert/cert.h"

#define CERT_WORK_MODE        "certificate" /* helper_start() */
#define CERT_WORK_VERDICT_MAX 16384         /* bytes of an answer to a judgement */

/**
 * cert_work_ask_read(ders, n, kind, now, out, size), cert_work_ask_judge(question, out, size),
 * cert_work_ask_crl(crl, cas, n_cas, now, out, size), cert_work_ask_signed(crl, ca, out, size):
 * Write a question to ${out}: cert_read() for each of the ${n} certificates, cert_judge(),
 * cert_read_crl(), cert_has_signed_crl(). Return its length, or -EMSGSIZE when it has more than
 * ${size} bytes.
 */
ssize_t cert_work_ask_read(const struct cert_blob *ders, size_t n, enum cert_kind kind, int64_t now,
                           uint8_t *out, size_t size) _must_check_;
ssize_t cert_work_ask_judge(const struct cert_question *question, uint8_t *out,
                            size_t size) _must_check_;
ssize_t cert_work_ask_crl(const struct cert_blob *crl, const struct cert_blob *cas, size_t n_cas,
                          int64_t now, uint8_t *out, size_t size) _must_check_;
ssize_t cert_work_ask_signed(const struct cert_blob *crl, const struct cert_blob *ca, uint8_t *out,
                             size_t size) _must_check_;

/**
 * cert_work_run(in, in_len, out): what the helper does; see helper.h.
 */
ssize_t cert_work_run(const uint8_t *in, size_t in_len, uint8_t *out);

/* The answer about one certificate that is to be registered. */
struct cert_work_read {
        enum cert_fault fault;
        char detail[CERT_DETAIL_LEN];
        struct cert_record cert;
};

/* The answer about a revocation list. */
struct cert_work_crl {
        enum cert_fault fault;
        char detail[CERT_DETAIL_LEN];
        struct crl_record crl; /* of CERT_FINE */
        size_t n_serials;
        /* borrowed from the answer: see cert_work_serial() */
        const uint8_t *serials;
};

/**
 * cert_work_take_read(in, len, at, ret): reads one certificate after another. ${at} begins with 0.
 * Returns 1; 0 after the last; -EBADMSG.
 * cert_work_take_verdict(in, len, ret), cert_work_take_crl(in, len, ret): 0; -EBADMSG.
 * cert_work_take_signed(in, len): 1; 0; -EBADMSG.
 */
int cert_work_take_read(const uint8_t *in, size_t len, size_t *at,
                        struct cert_work_read *ret) _must_check_;
int cert_work_take_verdict(const uint8_t *in, size_t len, struct cert_verdict *ret) _must_check_;
int cert_work_take_crl(const uint8_t *in, size_t len, struct cert_work_crl *ret) _must_check_;
int cert_work_take_signed(const uint8_t *in, size_t len) _must_check_;

/**
 * cert_work_serial(crl, i, ret): the serial number ${i} of the list, from 0, less than n_serials.
 */
void cert_work_serial(const struct cert_work_crl *crl, size_t i, struct cert_serial *ret);
