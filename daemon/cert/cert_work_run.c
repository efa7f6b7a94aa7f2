/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the certificate helper: reads a question, has OpenSSL do the work, writes the answer.
 * Runs in the cage: it opens nothing. A question with a byte too many or too few has no answer. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/helper.h"
#include "cert/cert_bytes.h"
#include "cert/cert_work.h"
#include "cleanup.h"

/* Half an answer has room for the entries of the longest list. */
#define CRL_HEAD_MAX                                                                               \
        (1 + 1 + 1 + 2 * BYTES_NUMBER + CERT_DETAIL_LEN + RECORD_THUMBPRINT_LEN +                  \
         2 * RECORD_HASH_LEN + 2 * BYTES_TIME)
#define ENTRIES_MAX ((HELPER_BYTES_MAX / 2 - CRL_HEAD_MAX) / CERT_BYTES_SERIAL_LEN)

static void answer_read(struct bytes_reader *r, struct bytes_writer *w) {
        enum cert_kind kind = bytes_read(r, 1) == CERT_CA ? CERT_CA : CERT_CLIENT;
        int64_t now = (int64_t) bytes_read(r, BYTES_TIME);
        size_t n = bytes_read(r, BYTES_NUMBER);

        for (size_t i = 0; i < n && !r->bad && !w->full; i++) {
                struct cert_blob der = cert_bytes_take_blob(r);
                char detail[CERT_DETAIL_LEN];
                struct cert_record cert = {};
                enum cert_fault fault;

                if (r->bad)
                        return;
                fault = cert_read(&der, kind, now, &cert, detail);
                bytes_write(w, 1, CERT_BYTES_READ);
                bytes_write(w, 1, fault);
                bytes_write_text(w, detail);
                cert_bytes_put_record(w, &cert);
        }
}

static size_t take_cas(struct bytes_reader *r, struct cert_blob cas[static CERT_CAS_ALL]) {
        size_t n = bytes_read(r, BYTES_NUMBER);

        r->bad |= n > CERT_CAS_ALL;
        for (size_t i = 0; i < n && !r->bad; i++)
                cas[i] = cert_bytes_take_blob(r);
        return r->bad ? 0 : n;
}

static void answer_judge(struct bytes_reader *r, struct bytes_writer *w) {
        unsigned flags = (unsigned) bytes_read(r, 1);
        struct cert_blob cas[CERT_CAS_ALL];
        struct cert_question question = { .registered = flags & CERT_BYTES_REGISTERED, .cas = cas };
        struct cert_verdict verdict;

        question.now = (int64_t) bytes_read(r, BYTES_TIME);
        question.der = cert_bytes_take_blob(r);
        question.message = cert_bytes_take_blob(r);
        question.signature = cert_bytes_take_blob(r);
        question.n_cas = take_cas(r, cas);
        r->bad |= (flags & ~(unsigned) CERT_BYTES_FLAGS) != 0;
        if (!bytes_is_at_end(r))
                return;
        if (!(flags & CERT_BYTES_SIGNATURE))
                question.signature.bytes = NULL;
        cert_judge(&question, &verdict);
        bytes_write(w, 1, CERT_BYTES_JUDGE);
        bytes_write(w, 1, verdict.reason);
        bytes_write_text(w, verdict.detail);
        cert_bytes_put_record(w, &verdict.cert);
        bytes_write(w, BYTES_TIME, (uint64_t) verdict.begins_at);
        bytes_write(w, BYTES_TIME, (uint64_t) verdict.ends_at);
        bytes_write(w, 1, verdict.n_serials);
        for (size_t i = 0; i < verdict.n_serials; i++) {
                bytes_write_raw(w, verdict.serials[i].key, sizeof(verdict.serials[i].key));
                bytes_write_raw(w, verdict.serials[i].issuer, sizeof(verdict.serials[i].issuer));
                bytes_write_raw(w, verdict.serials[i].point, sizeof(verdict.serials[i].point));
                cert_bytes_put_serial(w, &verdict.serials[i]);
        }
}

static void answer_crl(struct bytes_reader *r, struct bytes_writer *w) {
        _cleanup_free_ struct cert_serial *serials = calloc(ENTRIES_MAX, sizeof(*serials));
        int64_t now = (int64_t) bytes_read(r, BYTES_TIME);
        struct cert_blob list = cert_bytes_take_blob(r), cas[CERT_CAS_ALL];
        size_t n_cas = take_cas(r, cas);
        char detail[CERT_DETAIL_LEN];
        struct crl_record crl = {};
        enum cert_fault fault;

        r->bad |= !serials;
        if (!bytes_is_at_end(r))
                return;
        fault = cert_read_crl(&list, cas, n_cas, now, &crl, serials, ENTRIES_MAX, detail);
        bytes_write(w, 1, CERT_BYTES_CRL);
        bytes_write(w, 1, fault);
        bytes_write_text(w, detail);
        bytes_write_raw(w, crl.ca, sizeof(crl.ca));
        bytes_write_raw(w, crl.issuer, sizeof(crl.issuer));
        bytes_write_raw(w, crl.point, sizeof(crl.point));
        bytes_write(w, BYTES_TIME, (uint64_t) crl.this_update);
        bytes_write(w, 1, crl.next_update != INT64_MAX);
        bytes_write(w, BYTES_TIME, crl.next_update == INT64_MAX ? 0 : (uint64_t) crl.next_update);
        bytes_write(w, BYTES_NUMBER, crl.revoked);
        for (size_t i = 0; i < crl.revoked; i++)
                cert_bytes_put_serial(w, &serials[i]);
}

static void answer_signed(struct bytes_reader *r, struct bytes_writer *w) {
        struct cert_blob list = cert_bytes_take_blob(r), ca = cert_bytes_take_blob(r);

        if (!bytes_is_at_end(r))
                return;
        bytes_write(w, 1, CERT_BYTES_SIGNED);
        bytes_write(w, 1, cert_has_signed_crl(&list, &ca));
}

/* OpenSSL takes want of memory for a bad certificate, and the daemon would remember that. A helper
 * that has no memory ends without an answer. */
static void *allocate(size_t size, const char *file, int line) {
        void *p = malloc(size);

        (void) file;
        (void) line;
        if (!p && size > 0)
                _exit(EXIT_FAILURE);
        return p;
}

static void *reallocate(void *old, size_t size, const char *file, int line) {
        void *p = realloc(old, size);

        (void) file;
        (void) line;
        if (!p && size > 0)
                _exit(EXIT_FAILURE);
        return p;
}

static void release(void *p, const char *file, int line) {
        (void) file;
        (void) line;
        free(p);
}

ssize_t cert_work_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        struct bytes_writer w = { .out = out, .size = HELPER_BYTES_MAX };
        struct bytes_reader r = { .in = in, .len = in_len };

        /* Fails where OpenSSL has been used before, which is in tests alone. */
        (void) CRYPTO_set_mem_functions(allocate, reallocate, release);
        switch (bytes_read(&r, 1)) {
        case CERT_BYTES_READ:
                answer_read(&r, &w);
                break;
        case CERT_BYTES_JUDGE:
                answer_judge(&r, &w);
                break;
        case CERT_BYTES_CRL:
                answer_crl(&r, &w);
                break;
        case CERT_BYTES_SIGNED:
                answer_signed(&r, &w);
                break;
        }
        return bytes_is_at_end(&r) && in_len > 1 ? bytes_written(&w) : -EBADMSG;
}
