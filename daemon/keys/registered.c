/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the registered certificate that a person means, and says when what is remembered of
 * certificates is void. Parses and judges none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "keys/registered.h"
#include "rules/policy.h"
#include "secret/keymint.h"
#include "store/store_cert.h"
#include "text.h"

#define PREFIX_MIN 8

struct finding {
        const char *which;
        bool digits;
        bool named;
        size_t n;
        struct cert_record *cert;
};

bool registered_is_thumbprint(const char *text) {
        size_t len = strlen(text);

        return len >= PREFIX_MIN && len <= 2 * RECORD_THUMBPRINT_LEN &&
               strspn(text, "0123456789abcdefABCDEF") == len;
}

/* A name must match exactly. Digits may be written in capitals. */
static int on_cert(const struct cert_record *cert, const uint8_t *der, size_t len, void *userdata) {
        char digits[2 * RECORD_THUMBPRINT_LEN + 1];
        struct finding *finding = userdata;

        (void) der;
        (void) len;
        text_hex(digits, cert->thumbprint, RECORD_THUMBPRINT_LEN);
        finding->named = strcmp(cert->name, finding->which) == 0;
        if (!finding->named &&
            (!finding->digits || strncasecmp(digits, finding->which, strlen(finding->which)) != 0))
                return 0;
        finding->n++;
        *finding->cert = *cert;
        return finding->named;
}

int registered_find(struct store *writer, const char *which, struct cert_record *ret) {
        struct cert_record cert;
        struct finding finding = { .which = which,
                                   .digits = registered_is_thumbprint(which),
                                   .cert = &cert };
        int r;

        r = store_cert_each(writer, on_cert, &finding);
        if (r < 0)
                return r;
        if (finding.n == 0)
                return -ENOENT;
        if (finding.n > 1 && !finding.named)
                return -ENOTUNIQ;
        *ret = cert;
        return 0;
}

int registered_touch(struct store *writer, int64_t now) {
        int64_t mark;

        keymint_draw(&mark, sizeof(mark));
        return store_policy_set(writer, POLICY_TRUST, mark, now);
}

/* --- CAs without a root --- */

struct cas {
        size_t n;
        struct {
                uint8_t subject[RECORD_HASH_LEN], issuer[RECORD_HASH_LEN];
                bool rooted;
        } ca[STORE_CERTS_ALL];
};

/* Zeroes stand for every name: an older version did not note it. */
static bool is_same_name(const uint8_t *a, const uint8_t *b) {
        static const uint8_t any[RECORD_HASH_LEN];

        return memcmp(a, b, RECORD_HASH_LEN) == 0 || memcmp(a, any, RECORD_HASH_LEN) == 0 ||
               memcmp(b, any, RECORD_HASH_LEN) == 0;
}

static int on_ca(const struct cert_record *cert, const uint8_t *der, size_t len, void *userdata) {
        struct cas *cas = userdata;

        (void) der;
        (void) len;
        if (cas->n == STORE_CERTS_ALL)
                return -EUCLEAN;
        memcpy(cas->ca[cas->n].subject, cert->subject_id, RECORD_HASH_LEN);
        memcpy(cas->ca[cas->n].issuer, cert->serial.issuer, RECORD_HASH_LEN);
        cas->ca[cas->n++].rooted = is_same_name(cert->subject_id, cert->serial.issuer);
        return 0;
}

static bool has_rooted(const struct cas *cas, const uint8_t *issuer) {
        for (size_t i = 0; i < cas->n; i++)
                if (cas->ca[i].rooted && is_same_name(cas->ca[i].subject, issuer))
                        return true;
        return false;
}

int registered_has_root(struct store *s, const struct cert_record *ca) {
        _cleanup_free_ struct cas *cas = calloc(1, sizeof(*cas));
        bool more = true;
        int r;

        if (!cas)
                return -ENOMEM;
        r = store_cert_each_ca(s, on_ca, cas);
        if (r < 0)
                return r;
        while (more) {
                more = false;
                for (size_t i = 0; i < cas->n; i++)
                        if (!cas->ca[i].rooted && has_rooted(cas, cas->ca[i].issuer))
                                cas->ca[i].rooted = more = true;
        }
        return is_same_name(ca->subject_id, ca->serial.issuer) ||
               has_rooted(cas, ca->serial.issuer);
}
