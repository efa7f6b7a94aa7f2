/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges a certificate that a login shows: its chain to a registered root, its dates and strength,
 * and the proof. Runs in a helper only. It knows no store, no clock and no revocation list. */
#include <stdio.h>
#include <string.h>

#include "cert/cert_key.h"
#include "cert/cert_name.h"
#include "cert/cert_point.h"
#include "cert/cert_text.h"
#include "cert/cert_x509.h"
#include "text.h"

/* signatures that it checks to find the way through CAs of one name */
#define TRIES_MAX  (4 * CERT_CAS_ALL)
#define NAME_SHOWN 45 /* bytes of a name in a detail */

/* The way up from the certificate, and the best way that did not hold. A failure is a number of
 * OpenSSL's, X509_V_ERR_...; 0 is success. */
struct climb {
        const struct cert_question *question;
        X509 *cas[CERT_CAS_ALL]; /* those that were needed so far */
        bool looked_at[CERT_CAS_ALL];
        size_t n_cas;
        X509 *way[CERT_CHAIN_MAX];
        size_t len;
        unsigned tries;
        /* the failure of the first way to a root, else of the first way without an end */
        int error;
        bool reached_root; /* says which */
        /* the end of that way, when its issuer is not registered; else NULL */
        X509 *orphan;
        struct cert_verdict *verdict;
};

static void climb_free(struct climb *climb) {
        for (size_t i = 0; i < climb->n_cas; i++)
                X509_free(climb->cas[i]);
}

static void free_store(X509_STORE **store) {
        X509_STORE_free(*store);
}

static void free_ctx(X509_STORE_CTX **ctx) {
        X509_STORE_CTX_free(*ctx);
}

static enum reason reason_of(int error) {
        switch (error) {
        case X509_V_OK:
                return REASON_NONE;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
        case X509_V_ERR_CERT_REJECTED:
                return REASON_CERTIFICATE_UNTRUSTED;
        case X509_V_ERR_CERT_NOT_YET_VALID:
                return REASON_CERTIFICATE_NOT_YET_VALID;
        case X509_V_ERR_CERT_HAS_EXPIRED:
                return REASON_CERTIFICATE_EXPIRED;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK:
        case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
                return REASON_CERTIFICATE_WEAK;
        case X509_V_ERR_INVALID_PURPOSE:
                return REASON_CERTIFICATE_PURPOSE;
        case X509_V_ERR_OUT_OF_MEM:
        case X509_V_ERR_UNSPECIFIED:
                return REASON_CERTIFICATE_UNCHECKED;
        }
        return REASON_CERTIFICATE_CHAIN;
}

static int error_of(enum cert_x509_fault fault) {
        switch (fault) {
        case CERT_X509_FINE:
                return X509_V_OK;
        case CERT_X509_WEAK_KEY:
                return X509_V_ERR_EE_KEY_TOO_SMALL;
        case CERT_X509_WEAK_SIGNATURE:
                return X509_V_ERR_CA_MD_TOO_WEAK;
        case CERT_X509_EXTENSION:
                return X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION;
        case CERT_X509_NO_CA:
                return X509_V_ERR_INVALID_CA;
        case CERT_X509_CA:
        case CERT_X509_PURPOSE:
                return X509_V_ERR_INVALID_PURPOSE;
        case CERT_X509_NOT_YET_VALID:
                return X509_V_ERR_CERT_NOT_YET_VALID;
        case CERT_X509_EXPIRED:
                return X509_V_ERR_CERT_HAS_EXPIRED;
        }
        return X509_V_ERR_UNSPECIFIED;
}

/* --- A chain that is known --- */

static enum cert_x509_fault check_one(X509 *x, bool leaf, int64_t now) {
        enum cert_x509_fault fault = cert_x509_check_usage(x, leaf ? CERT_CLIENT : CERT_CA);

        if (fault == CERT_X509_FINE)
                fault = cert_x509_check_strength(x);
        return fault == CERT_X509_FINE ? cert_x509_check_time(x, now) : fault;
}

static bool narrow(const X509 *x, struct cert_verdict *verdict) {
        int64_t begins, ends;

        if (!cert_x509_time(X509_get0_notBefore(x), &begins) ||
            !cert_x509_time(X509_get0_notAfter(x), &ends))
                return false;
        if (begins > verdict->begins_at)
                verdict->begins_at = begins;
        if (ends < verdict->ends_at)
                verdict->ends_at = ends;
        return true;
}

/* ${issuer}: the CA that signed ${x}, NULL when it is not known. */
static bool add_serial(const X509 *x, const X509 *issuer, struct cert_verdict *verdict) {
        struct cert_serial *serial = &verdict->serials[verdict->n_serials];

        if ((issuer && !cert_key_identify(issuer, serial->key)) ||
            !cert_x509_serial(X509_get0_serialNumber(x), serial) ||
            !cert_point_of_cert(x, serial->point) ||
            !cert_name_hash(X509_get_issuer_name(x), serial->issuer))
                return false;
        verdict->n_serials++;
        return true;
}

/* Checks in every certificate of a chain of ${n} what OpenSSL leaves to the caller, and notes what
 * is needed later. A root cannot be revoked. */
static int judge_all(X509 *const *chain, size_t n, int64_t now, struct cert_verdict *verdict) {
        struct cert_verdict new = { .begins_at = INT64_MIN, .ends_at = INT64_MAX };

        for (size_t i = 0; i < n; i++) {
                enum cert_x509_fault fault = check_one(chain[i], i == 0, now);

                if (fault != CERT_X509_FINE)
                        return error_of(fault);
                if (!narrow(chain[i], &new) ||
                    ((i == 0 || i + 1 < n) &&
                     !add_serial(chain[i], i + 1 < n ? chain[i + 1] : NULL, &new)))
                        return X509_V_ERR_UNSPECIFIED;
        }
        verdict->begins_at = new.begins_at;
        verdict->ends_at = new.ends_at;
        verdict->n_serials = new.n_serials;
        memcpy(verdict->serials, new.serials, sizeof(verdict->serials));
        return X509_V_OK;
}

/* --- A chain that has to be found --- */

/* The way is known. OpenSSL would take the first CA of the right name, with any key. A root has
 * issued itself. */
static int next_of_way(X509 **ret, X509_STORE_CTX *ctx, X509 *x) {
        const struct climb *climb = X509_STORE_CTX_get_app_data(ctx);

        for (size_t i = 0; i < climb->len; i++) {
                X509 *next = climb->way[i + 1 < climb->len ? i + 1 : i];

                if (climb->way[i] != x)
                        continue;
                if (X509_up_ref(next) != 1)
                        return -1;
                *ret = next;
                return 1;
        }
        return 0;
}

/* For OpenSSL a certificate has already ended in its last second, so this file checks the dates. A
 * root without a signature of its own is no root. All policies are acceptable (RFC 5280, 6.1.1
 * (c)): without any-policy none is, and every chain fails in which a CA requires an explicit
 * policy. */
static bool set_rules(X509_STORE_CTX *ctx) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        ASN1_OBJECT *any = OBJ_dup(OBJ_nid2obj(NID_any_policy));

        if (!any || X509_VERIFY_PARAM_add0_policy(param, any) != 1) {
                ASN1_OBJECT_free(any);
                return false;
        }
        X509_VERIFY_PARAM_set_auth_level(param, 2);
        X509_VERIFY_PARAM_set_depth(param, CERT_CHAIN_MAX - 2); /* the CAs between */
        return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME |
                                                          X509_V_FLAG_CHECK_SS_SIGNATURE |
                                                          X509_V_FLAG_POLICY_CHECK) == 1 &&
               X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) == 1;
}

static int verify_way(struct climb *climb) {
        _cleanup_(free_store) X509_STORE *store = X509_STORE_new();
        _cleanup_(free_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();

        if (!store || !ctx)
                return X509_V_ERR_OUT_OF_MEM;
        X509_STORE_set_get_issuer(store, next_of_way);
        if (X509_STORE_CTX_init(ctx, store, climb->way[0], NULL) != 1 ||
            X509_STORE_CTX_set_app_data(ctx, climb) != 1)
                return X509_V_ERR_OUT_OF_MEM;
        if (!set_rules(ctx))
                return X509_V_ERR_UNSPECIFIED;
        if (X509_verify_cert(ctx) == 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
                return sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) == (int) climb->len
                               ? judge_all(climb->way, climb->len, climb->question->now,
                                           climb->verdict)
                               : X509_V_ERR_UNSPECIFIED;
        return X509_STORE_CTX_get_error(ctx) == X509_V_OK ? X509_V_ERR_UNSPECIFIED
                                                          : X509_STORE_CTX_get_error(ctx);
}

static void note(struct climb *climb, int error, bool reached_root) {
        if (climb->error != X509_V_OK && (climb->reached_root || !reached_root))
                return;
        climb->error = error;
        climb->reached_root = reached_root;
        climb->orphan = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
                                ? climb->way[climb->len - 1]
                                : NULL;
}

/* OpenSSL's sentence for that names no certificate. */
static void name_missing(const X509 *orphan, struct cert_verdict *verdict) {
        char name[NAME_SHOWN], issuer[NAME_SHOWN], subject[NAME_SHOWN];

        cert_text_name(X509_get_issuer_name(orphan), name, sizeof(name));
        text_escape(issuer, sizeof(issuer), name);
        cert_text_name(X509_get_subject_name(orphan), name, sizeof(name));
        text_escape(subject, sizeof(subject), name);
        (void) snprintf(verdict->detail, sizeof(verdict->detail),
                        "'%s', which issued '%s', is not registered", issuer, subject);
}

static bool is_on_way(const struct climb *climb, const X509 *x) {
        for (size_t i = 0; i < climb->len; i++)
                if (climb->way[i] == x)
                        return true;
        return false;
}

/* OpenSSL compares names as cert_name_is_same() does, and faster. Lists are found by the hash of
 * the name, so both must agree. */
static bool may_have_issued(const struct climb *climb, X509 *ca, X509 *x) {
        return X509_get0_pubkey(ca) && X509_check_issued(ca, x) == X509_V_OK &&
               cert_name_is_same(X509_get_subject_name(ca), X509_get_issuer_name(x)) &&
               !is_on_way(climb, ca);
}

/* Parsing takes long, so it waits for a certificate that needs a CA. The bytes do not tell which
 * CA: a name can be encoded in many ways. */
static X509 *get_ca(struct climb *climb, size_t i) {
        const char *unreadable;

        if (!climb->looked_at[i]) {
                climb->looked_at[i] = true;
                climb->cas[i] = cert_x509_parse(&climb->question->cas[i], &unreadable);
        }
        return climb->cas[i];
}

static bool climb_on(struct climb *climb);

/* Tries every CA that may have issued the last certificate and has signed it, until one leads to a
 * root by a way that holds. */
static bool climb_all(struct climb *climb, X509 *last) {
        int error = X509_self_signed(last, 0) == 1 ? X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
                                                   : X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;

        for (size_t i = 0; i < climb->n_cas; i++) {
                X509 *ca = get_ca(climb, i);

                if (!ca || !may_have_issued(climb, ca, last))
                        continue;
                if (climb->tries++ >= TRIES_MAX) {
                        note(climb, X509_V_ERR_CERT_CHAIN_TOO_LONG, false);
                        return false;
                }
                if (X509_verify(last, X509_get0_pubkey(ca)) != 1) {
                        error = X509_V_ERR_CERT_SIGNATURE_FAILURE;
                        continue;
                }
                climb->way[climb->len++] = ca;
                if (climb_on(climb))
                        return true;
                climb->len--;
        }
        note(climb, error, false);
        return false;
}

static bool climb_on(struct climb *climb) {
        X509 *last = climb->way[climb->len - 1];
        int error;

        if (climb->len > 1 && X509_self_signed(last, 1) == 1) {
                error = verify_way(climb);
                note(climb, error, true);
                return error == X509_V_OK;
        }
        if (climb->len == CERT_CHAIN_MAX) {
                note(climb, X509_V_ERR_CERT_CHAIN_TOO_LONG, false);
                return false;
        }
        return climb_all(climb, last);
}

static int judge_issued(X509 *x, const struct cert_question *question,
                        struct cert_verdict *verdict) {
        _cleanup_(climb_free) struct climb climb = { .question = question, .verdict = verdict };

        climb.n_cas = question->n_cas < CERT_CAS_ALL ? question->n_cas : CERT_CAS_ALL;
        climb.way[climb.len++] = x;
        if (climb_on(&climb))
                return X509_V_OK;
        if (climb.orphan)
                name_missing(climb.orphan, verdict);
        return climb.error;
}

/* --- The certificate and the proof --- */

static int judge(X509 *x, const struct cert_question *question, struct cert_verdict *verdict) {
        enum cert_x509_fault fault = cert_x509_check_usage(x, CERT_CLIENT);

        if (fault != CERT_X509_FINE)
                return error_of(fault);
        return question->registered ? judge_all(&x, 1, question->now, verdict)
                                    : judge_issued(x, question, verdict);
}

void cert_judge(const struct cert_question *question, struct cert_verdict *ret) {
        _cleanup_openssl_;
        const char *unreadable;
        _cleanup_(cert_x509_free) X509 *x = cert_x509_parse(&question->der, &unreadable);
        int error;

        *ret = (struct cert_verdict){ .reason = REASON_CERTIFICATE_UNREADABLE };
        if (!x || !cert_x509_describe(x, &question->der, &ret->cert, &unreadable)) {
                (void) snprintf(ret->detail, sizeof(ret->detail), "%s", unreadable);
                return;
        }
        error = judge(x, question, ret);
        ret->reason = reason_of(error);
        if (error != X509_V_OK && !ret->detail[0])
                (void) snprintf(ret->detail, sizeof(ret->detail), "%s",
                                X509_verify_cert_error_string(error));
        if (error == X509_V_OK && question->signature.bytes &&
            !cert_key_has_signed(X509_get0_pubkey(x), &question->message, &question->signature))
                ret->reason = REASON_CERTIFICATE_SIGNATURE;
        if (ret->reason != REASON_NONE) {
                ret->begins_at = ret->ends_at = 0;
                ret->n_serials = 0;
                memset(ret->serials, 0, sizeof(ret->serials));
        }
}
