/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates at a login: which one was shown, and whether it is trusted. Memory and the store
 * answer on the loop, without reading a certificate. For the rest a helper process is asked
 * (cert_work.h).
 *
 * Invariant: a verdict is remembered for one value of the policy's trust. Every change of
 * certificates, CAs, lists and policies draws a new value. */
#pragma once

#include "cert/cert.h"
#include "record_policy.h"
#include "rules/rule.h"
#include "secret/keymint.h"
#include "store/store.h"

struct trust;

/**
 * trust_new(ret): 0; -ENOMEM.
 */
int trust_new(struct trust **ret) _must_check_;
struct trust *trust_free(struct trust *t);

/* What a login shows of a certificate, without its bytes. trust_hash() fills the first part from
 * the request alone. trust_identify() fills the second part, which depends on the store, the key
 * and the configuration, and can be asked again later. */
struct trust_evidence {
        enum wire_evidence kind;
        bool there;
        /* false: the client sent something that is no certificate */
        bool readable;
        bool is_signed; /* there is a signature to look at */
        /* only the public key was named: the certificate is a registered one */
        bool by_public_key;
        bool ssh; /* and as SSH writes it */
        /* of the certificate, or of the public key */
        uint8_t hash[RECORD_HASH_LEN];

        /* a trusted service vouches for it, or a signature will prove it */
        bool proved;
        /* thumbprint is known; false: a public key that no registered certificate has */
        bool found;
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
};

/**
 * trust_hash(req, ret): what ${req} shows, as far as that can be told without anything else.
 */
void trust_hash(const struct wire_request *req, struct trust_evidence *ret);

/**
 * trust_identify(reader, key, may_vouch, evidence):
 * Finds out which certificate ${evidence} is of. ${may_vouch} says whether the asking process may
 * vouch for its clients. A public key stands for the certificate that ${key} is bound to, if that
 * has this public key, else for the registered certificate that ends last. 0, or an error of the
 * store, with ${evidence} as it was.
 */
int trust_identify(struct store *reader, const struct key_record *key, bool may_vouch,
                   struct trust_evidence *evidence) _must_check_;

/* The verdict on a certificate, and what the log says of it. */
struct trust_verdict {
        struct rule_certificate certificate;
        int64_t trust; /* for which it was made */
        char subject[RECORD_DN_MAX + 1];
        char detail[CERT_DETAIL_LEN];
};

/**
 * trust_look(t, reader, policy, evidence, now, ret):
 * Whether the certificate is trusted, from memory or from the store. Returns 0; -EINPROGRESS
 * when its bytes have to be read; an error of the store.
 */
int trust_look(struct trust *t, struct store *reader, const struct policy *policy,
               const struct trust_evidence *evidence, int64_t now,
               struct trust_verdict *ret) _must_check_;

/**
 * trust_check_registered(s, cert, now, ret, ret_ends_at):
 * Why a client cannot use this registered certificate, or REASON_NONE. That holds up to and
 * including the second ${ret_ends_at}, unless something changes. 0, or an error of the store.
 */
int trust_check_registered(struct store *s, const struct cert_record *cert, int64_t now,
                           enum reason *ret, int64_t *ret_ends_at) _must_check_;

/**
 * trust_ask(reader, req, evidence, message, now, out, size):
 * Writes the question for the helper to ${out}. ${evidence} is that of ${req}. ${message} is what
 * the signature must be made over, NULL for none. Returns the length; -EMSGSIZE; an error of the
 * store.
 */
ssize_t trust_ask(struct store *reader, const struct wire_request *req,
                  const struct trust_evidence *evidence, const char *message, int64_t now,
                  uint8_t *out, size_t size) _must_check_;

/**
 * trust_ask_crl(reader, crl, now, out, size): the same for a revocation list and the registered
 * CAs.
 */
ssize_t trust_ask_crl(struct store *reader, const struct cert_blob *crl, int64_t now, uint8_t *out,
                      size_t size) _must_check_;

/**
 * trust_take(t, reader, policy, evidence, judged, now, ret):
 * What follows from the helper's answer ${judged}, if ${policy} is what it was at the question.
 * Asks the revocation lists, and remembers what holds for other logins too. 0, or an error of the
 * store.
 */
int trust_take(struct trust *t, struct store *reader, const struct policy *policy,
               const struct trust_evidence *evidence, const struct cert_verdict *judged,
               int64_t now, struct trust_verdict *ret) _must_check_;
