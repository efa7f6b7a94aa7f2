/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificate a login shows, and whether it is trusted: from memory, from the store, or
 * from the answer of a helper. Must not parse a certificate, which is the helper's work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert/cert_work.h"
#include "cleanup.h"
#include "login/trust.h"
#include "login/trust_ssh.h"
#include "store/store_cert.h"
#include "text.h"

/* verdicts */
#define REMEMBERED 256

/* how long a refusal is remembered: long enough for a client that tries again and again, too
 * short to be noticed when a certificate becomes valid */
#define REFUSED_S 5

/* A verdict that holds from one second to another, unless the clock goes back. */
struct entry {
        bool used;
        int64_t judged_at, begins_at, ends_at;
        struct trust_verdict verdict;
};

/* Thumbprints are as good as random, so their first bytes choose the entry. A client that makes
 * certificates to push others out only has them judged again. */
struct trust {
        struct entry entries[REMEMBERED];
};

int trust_new(struct trust **ret) {
        struct trust *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        *ret = t;
        return 0;
}

struct trust *trust_free(struct trust *t) {
        free(t);
        return NULL;
}

/* --- Which one --- */

struct choosing {
        const struct key_record *key;
        struct trust_evidence *evidence;
};

/* Takes the first candidate, and after that only the certificate that the key is bound to. */
static int on_candidate(const struct cert_record *cert, const uint8_t *der, size_t len,
                        void *userdata) {
        struct choosing *choosing = userdata;
        const struct key_record *key = choosing->key;
        bool wanted = key->bound &&
                      memcmp(cert->thumbprint, key->certificate, RECORD_THUMBPRINT_LEN) == 0;

        (void) der;
        (void) len;
        if (!choosing->evidence->found || wanted)
                memcpy(choosing->evidence->thumbprint, cert->thumbprint, RECORD_THUMBPRINT_LEN);
        choosing->evidence->found = true;
        return wanted || !key->bound ? 1 : 0;
}

static int find_by_key(struct store *reader, const struct key_record *key,
                       struct trust_evidence *evidence) {
        struct choosing choosing = { .key = key, .evidence = evidence };
        int r = store_cert_each_of_key(reader, evidence->hash, evidence->ssh, on_candidate,
                                       &choosing);

        return r < 0 ? r : 0;
}

/* A person may log in with an SSH certificate for the key. The key is then the same. */
static void hash_ssh(const struct wire_request *req, uint8_t out[static RECORD_HASH_LEN]) {
        uint8_t plain[WIRE_CERTIFICATE_MAX];
        size_t len = trust_ssh_plain(req->certificate, req->certificate_len, plain);

        if (len > 0)
                keymint_sha256(plain, len, out);
        else
                keymint_sha256(req->certificate, req->certificate_len, out);
}

void trust_hash(const struct wire_request *req, struct trust_evidence *ret) {
        *ret = (struct trust_evidence){ .kind = req->evidence,
                                        .there = req->evidence != WIRE_EVIDENCE_NONE,
                                        .readable = true,
                                        .is_signed = req->signature_len > 0 };
        switch (req->evidence) {
        case WIRE_EVIDENCE_NONE:
                break;
        case WIRE_SHOWN:
        case WIRE_VOUCHED:
        case WIRE_SIGNED:
                ret->readable = req->certificate_len > 0;
                if (ret->readable)
                        keymint_sha256(req->certificate, req->certificate_len, ret->hash);
                break;
        case WIRE_VOUCHED_SSH:
                ret->by_public_key = ret->ssh = true;
                hash_ssh(req, ret->hash);
                break;
        case WIRE_SIGNED_KEY:
                ret->by_public_key = true;
                memcpy(ret->hash, req->certificate, sizeof(ret->hash));
                break;
        }
}

int trust_identify(struct store *reader, const struct key_record *key, bool may_vouch,
                   struct trust_evidence *evidence) {
        struct trust_evidence found = *evidence;
        int r = 0;

        found.found = false;
        memset(found.thumbprint, 0, sizeof(found.thumbprint));
        switch (evidence->kind) {
        case WIRE_EVIDENCE_NONE:
        case WIRE_SHOWN:
                found.proved = false;
                break;
        case WIRE_VOUCHED:
        case WIRE_VOUCHED_SSH:
                found.proved = may_vouch;
                break;
        case WIRE_SIGNED:
        case WIRE_SIGNED_KEY:
                found.proved = true;
                break;
        }
        if (evidence->by_public_key)
                r = find_by_key(reader, key, &found);
        else if (evidence->there && evidence->readable) {
                found.found = true;
                memcpy(found.thumbprint, evidence->hash, sizeof(found.thumbprint));
        }
        if (r >= 0)
                *evidence = found;
        return r;
}

/* --- From memory --- */

static struct entry *place_of(struct trust *t, const uint8_t *thumbprint) {
        return &t->entries[(thumbprint[0] | thumbprint[1] << 8) % REMEMBERED];
}

static bool recall(struct trust *t, const struct policy *policy, const uint8_t *thumbprint,
                   int64_t now, struct trust_verdict *ret) {
        const struct entry *entry = place_of(t, thumbprint);

        if (!entry->used || entry->verdict.trust != policy->trust || now < entry->judged_at ||
            now < entry->begins_at || now > entry->ends_at ||
            memcmp(entry->verdict.certificate.thumbprint, thumbprint, RECORD_THUMBPRINT_LEN) != 0)
                return false;
        *ret = entry->verdict;
        return true;
}

static void remember(struct trust *t, const struct trust_verdict *verdict, int64_t begins_at,
                     int64_t ends_at, int64_t now) {
        *place_of(t, verdict->certificate.thumbprint) = (struct entry){ .used = true,
                                                                        .judged_at = now,
                                                                        .begins_at = begins_at,
                                                                        .ends_at = ends_at,
                                                                        .verdict = *verdict };
}

/* --- From the store --- */

/* What the revocation lists say of the ${n} serial numbers. Moves ${ends_at} back to the end of
 * the list that ends first. */
static int check_lists(struct store *reader, const struct cert_serial *serials, size_t n,
                       int64_t now, int64_t *ends_at, enum reason *ret) {
        for (size_t i = 0; i < n; i++) {
                int64_t until;
                int r = store_cert_revoked(reader, &serials[i], &until);

                if (r < 0)
                        return r;
                if (r > 0 || until < now) {
                        *ret = r > 0 ? REASON_CERTIFICATE_REVOKED : REASON_CERTIFICATE_CRL_EXPIRED;
                        return 0;
                }
                if (until < *ends_at)
                        *ends_at = until;
        }
        return 0;
}

static void end_verdict(struct trust *t, const struct trust_verdict *verdict, int64_t begins_at,
                        int64_t ends_at, int64_t now) {
        enum reason reason = verdict->certificate.reason;

        if (reason == REASON_NONE)
                remember(t, verdict, begins_at, ends_at, now);
        else if (reason != REASON_CERTIFICATE_NOT_YET_VALID &&
                 reason != REASON_CERTIFICATE_UNCHECKED)
                remember(t, verdict, now, now + REFUSED_S, now);
}

int trust_check_registered(struct store *s, const struct cert_record *cert, int64_t now,
                           enum reason *ret, int64_t *ret_ends_at) {
        int64_t ends_at = cert->not_after;
        enum reason reason = REASON_NONE;
        int r = 0;

        if (cert->kind != CERT_CLIENT)
                reason = REASON_CERTIFICATE_PURPOSE;
        else if (now < cert->not_before)
                reason = REASON_CERTIFICATE_NOT_YET_VALID;
        else if (now > cert->not_after)
                reason = REASON_CERTIFICATE_EXPIRED;
        else
                r = check_lists(s, &cert->serial, 1, now, &ends_at, &reason);
        if (r < 0)
                return r;
        *ret = reason;
        *ret_ends_at = ends_at;
        return 0;
}

/* A registered certificate was read when it was registered, so it is not read again. */
static int judge_registered(struct trust *t, struct store *reader, const struct cert_record *cert,
                            int64_t now, struct trust_verdict *verdict) {
        int64_t ends_at;
        int r;

        memcpy(verdict->subject, cert->subject, sizeof(verdict->subject));
        r = trust_check_registered(reader, cert, now, &verdict->certificate.reason, &ends_at);
        if (r >= 0)
                end_verdict(t, verdict, cert->not_before, ends_at, now);
        return r;
}

int trust_look(struct trust *t, struct store *reader, const struct policy *policy,
               const struct trust_evidence *evidence, int64_t now, struct trust_verdict *ret) {
        struct trust_verdict verdict = { .trust = policy->trust };
        struct cert_record cert;
        ssize_t n;
        int r = 0;

        memcpy(verdict.certificate.thumbprint, evidence->thumbprint, RECORD_THUMBPRINT_LEN);
        if (!evidence->readable) {
                verdict.certificate.reason = REASON_CERTIFICATE_UNREADABLE;
                (void) snprintf(verdict.detail, sizeof(verdict.detail),
                                "it is no base64, or has more than %d bytes", WIRE_CERTIFICATE_MAX);
        } else if (!evidence->found)
                verdict.certificate.reason = REASON_CERTIFICATE_UNTRUSTED;
        else if (evidence->ssh && !evidence->proved)
                verdict.certificate.reason = REASON_CERTIFICATE_UNPROVED;
        else if (evidence->is_signed)
                return -EINPROGRESS;
        else if (!recall(t, policy, evidence->thumbprint, now, &verdict)) {
                n = store_cert_get(reader, evidence->thumbprint, &cert, NULL);
                if (n == -ENOENT)
                        return -EINPROGRESS;
                r = n < 0 ? (int) n : judge_registered(t, reader, &cert, now, &verdict);
        }
        if (r < 0)
                return r;
        verdict.certificate.proved = evidence->proved;
        *ret = verdict;
        return 0;
}

/* --- From the helper --- */

/* Copies of the CAs, because the bytes that the store hands out are valid until the next row. */
struct cas {
        size_t n, used;
        struct cert_blob blobs[CERT_CAS_ALL];
        uint8_t bytes[CERT_CAS_ALL * WIRE_CERTIFICATE_MAX];
};

/* A megabyte. Little of it is used, so it is not zeroed. */
static struct cas *cas_new(void) {
        struct cas *cas = malloc(sizeof(*cas));

        if (cas)
                cas->n = cas->used = 0;
        return cas;
}

static int on_ca(const struct cert_record *cert, const uint8_t *der, size_t len, void *userdata) {
        struct cas *cas = userdata;

        (void) cert;
        if (cas->n == CERT_CAS_ALL || len > sizeof(cas->bytes) - cas->used)
                return -EUCLEAN;
        memcpy(cas->bytes + cas->used, der, len);
        cas->blobs[cas->n++] = (struct cert_blob){ .bytes = cas->bytes + cas->used, .len = len };
        cas->used += len;
        return 0;
}

/* Adds the certificate, if it is registered; else the CAs. */
static ssize_t fill_question(struct store *reader, const struct trust_evidence *evidence,
                             uint8_t *der, struct cas *cas, struct cert_question *question) {
        struct cert_record cert;
        ssize_t n = store_cert_get(reader, evidence->thumbprint, &cert, der);

        if (n == -ENOENT && !evidence->by_public_key)
                n = store_cert_each_ca(reader, on_ca, cas);
        else if (n >= 0) {
                question->registered = cert.kind == CERT_CLIENT;
                question->der = (struct cert_blob){ .bytes = der, .len = (size_t) n };
        }
        question->cas = cas->blobs;
        question->n_cas = cas->n;
        return n;
}

ssize_t trust_ask(struct store *reader, const struct wire_request *req,
                  const struct trust_evidence *evidence, const char *message, int64_t now,
                  uint8_t *out, size_t size) {
        struct cert_question question = { .der = { req->certificate, req->certificate_len },
                                          .now = now };
        _cleanup_free_ struct cas *cas = cas_new();
        uint8_t der[WIRE_CERTIFICATE_MAX];
        ssize_t n;

        if (!cas)
                return -ENOMEM;
        n = fill_question(reader, evidence, der, cas, &question);
        if (n < 0)
                return n;
        if (evidence->is_signed) {
                question.message = (struct cert_blob){ (const uint8_t *) message,
                                                       message ? strlen(message) : 0 };
                question.signature = (struct cert_blob){ req->signature, req->signature_len };
        }
        return cert_work_ask_judge(&question, out, size);
}

ssize_t trust_ask_crl(struct store *reader, const struct cert_blob *crl, int64_t now, uint8_t *out,
                      size_t size) {
        _cleanup_free_ struct cas *cas = cas_new();
        int r;

        if (!cas)
                return -ENOMEM;
        r = store_cert_each_ca(reader, on_ca, cas);
        return r < 0 ? r : cert_work_ask_crl(crl, cas->blobs, cas->n, now, out, size);
}

int trust_take(struct trust *t, struct store *reader, const struct policy *policy,
               const struct trust_evidence *evidence, const struct cert_verdict *judged,
               int64_t now, struct trust_verdict *ret) {
        struct trust_verdict verdict = { .trust = policy->trust };
        enum reason *reason = &verdict.certificate.reason;
        int64_t ends_at = judged->ends_at;
        int r = 0;

        memcpy(verdict.certificate.thumbprint, evidence->thumbprint, RECORD_THUMBPRINT_LEN);
        memcpy(verdict.subject, judged->cert.subject, sizeof(verdict.subject));
        memcpy(verdict.detail, judged->detail, sizeof(verdict.detail));
        verdict.certificate.proved = evidence->proved;
        *reason = judged->reason;
        if (*reason == REASON_NONE &&
            memcmp(judged->cert.thumbprint, evidence->thumbprint, RECORD_THUMBPRINT_LEN) != 0)
                *reason = REASON_CERTIFICATE_UNCHECKED; /* the answer is about another one */
        if (*reason == REASON_NONE)
                r = check_lists(reader, judged->serials, judged->n_serials, now, &ends_at, reason);
        if (r < 0)
                return r;
        /* A signature is good for one login only. A wrong signature says nothing about the
         * certificate. */
        if (!evidence->is_signed)
                end_verdict(t, &verdict, judged->begins_at, ends_at, now);
        *ret = verdict;
        return 0;
}
