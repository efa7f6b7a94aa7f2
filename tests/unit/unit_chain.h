/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of certificates, and what the judge says of them. */
#pragma once

#include "unit_cert.h"

#define CLIENT "extendedKeyUsage=clientAuth"
#define NOW    UNIT_CERT_NOW
#define DAY    86400

static inline struct cert_verdict judge(const struct unit_cert *leaf,
                                        const struct unit_cert *const *cas, size_t n, int64_t now,
                                        bool registered) {
        struct cert_blob blobs[CERT_CAS_MAX];
        struct cert_question question = {
                .der = leaf->der, .registered = registered, .cas = blobs, .n_cas = n, .now = now
        };
        struct cert_verdict verdict;

        for (size_t i = 0; i < n; i++)
                blobs[i] = cas[i]->der;
        unit_poison(&verdict, sizeof(verdict));
        cert_judge(&question, &verdict);
        assert_int_equal(ERR_peek_error(), 0);
        assert_true(strnlen(verdict.detail, CERT_DETAIL_LEN) < CERT_DETAIL_LEN);
        if (verdict.reason == REASON_NONE)
                assert_in_range(verdict.n_serials, 1, CERT_CHAIN_MAX);
        else
                assert_true(verdict.n_serials == 0 && verdict.begins_at == 0 &&
                            verdict.ends_at == 0);
        return verdict;
}

#define CAS(...)                                                                                   \
        (const struct unit_cert *const[]){ __VA_ARGS__ },                                          \
                sizeof((const struct unit_cert *const[]){ __VA_ARGS__ }) /                         \
                        sizeof(const struct unit_cert *)
#define judged(leaf, ...) judge((leaf), CAS(__VA_ARGS__), NOW, false).reason

static inline const struct unit_cert *ca_make(const char *cn, const char *key,
                                              const struct unit_cert *issuer) {
        return unit_cert(.cn = cn, .key = key, .issuer = issuer, .extensions = UNIT_CERT_CA);
}

/* Most chains in the tests are made of these. */
static const struct unit_cert *root, *between, *leaf;

static inline int unit_chain_make(void **state) {
        (void) state;
        root = unit_cert(.cn = "Root", .key = "EC:P-256#root", .serial = "01",
                         .from = NOW - 5 * DAY, .to = NOW + 5 * DAY, .extensions = UNIT_CERT_CA);
        between = unit_cert(.cn = "Between", .key = "EC:P-256#between", .issuer = root,
                            .serial = "0B", .from = NOW - DAY, .to = NOW + 4 * DAY,
                            .extensions = UNIT_CERT_CA);
        leaf = unit_cert(.cn = "alice", .issuer = between, .serial = "0C", .from = NOW - 3 * DAY,
                         .to = NOW + 3 * DAY, .extensions = CLIENT);
        return 0;
}
