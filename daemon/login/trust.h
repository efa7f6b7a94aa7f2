/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates at a login: which one was shown, and whether it is trusted. What can be told from
 * the store and from what is remembered is told here, on the loop, without reading a
 * certificate; for the rest a helper process is asked (cert_work.h).
 *
 * Invariant: a verdict is remembered under the number of the policy's trust for which it was
 * made; any change of certificates, CAs, lists and policies draws another one. */
#pragma once

#include "cert/cert.h"
#include "rules/rule.h"
#include "secret/keymint.h"
#include "store/store.h"

struct trust;

/**
 * trust_new(ret): 0; -ENOMEM.
 */
int trust_new(struct trust **ret) _must_check_;
struct trust *trust_free(struct trust *t);

/* What a login shows of a certificate, without the bytes. trust_hash() fills the first part from
 * the request alone. trust_identify() fills the second one, which depends on the store, the key
 * and the configuration; it may do so again after a while. */
struct trust_evidence {
        enum wire_evidence kind;
        bool there;
        /* there is something that could be a certificate */
        bool readable;
        bool is_signed; /* there is a signature to look at */
        /* only the public key was named: the certificate is a registered one */
        bool by_public_key;
        bool ssh; /* and as SSH writes it */
        /* of the certificate, or of the public key */
        uint8_t hash[RECORD_HASH_LEN];

        /* by the word of a service that is trusted with it, or it will be by the signature */
        bool proved;
        /* thumbprint is known; else it is that of nothing registered */
        bool found;
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
};

/**
 * trust_hash(req, ret): what ${req} shows, as far as that can be told without anything else.
 */
void trust_hash(const struct wire_request *req, struct trust_evidence *ret);

/**
 * trust_identify(reader, key, may_vouch, evidence):
 * Makes out which certificate ${evidence} is of; ${may_vouch} says whether the asking process is
 * trusted with the word of its clients. A public key stands for the certificate that ${key} is
 * bound to, where it has that key, else for the registered one that ends last. 0, or an error of
 * the store, with ${evidence} as it was.
 */
int trust_identify(struct store *reader, const struct key_record *key, bool may_vouch,
                   struct trust_evidence *evidence) _must_check_;

/* A verdict, and what the log says of the certificate. */
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
 * Why a registered certificate is not one that a client can show, or REASON_NONE, which holds up
 * to the last second ${ret_ends_at} unless something changes. 0, or an error of the store.
 */
int trust_check_registered(struct store *s, const struct cert_record *cert, int64_t now,
                           enum reason *ret, int64_t *ret_ends_at) _must_check_;

/**
 * trust_ask(reader, req, evidence, message, now, out, size):
 * Writes the question for the helper to ${out}: ${evidence} is that of ${req}, and ${message} is
 * what a signature has to be over, NULL for none. Returns its length; -EMSGSIZE; an error of the
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
 * What follows from the helper's answer ${judged} to a question that was asked under ${policy}
 * as it is now: revocation lists are looked at, and what holds for other logins as well is
 * remembered. 0, or an error of the store.
 */
int trust_take(struct trust *t, struct store *reader, const struct policy *policy,
               const struct trust_evidence *evidence, const struct cert_verdict *judged,
               int64_t now, struct trust_verdict *ret) _must_check_;
