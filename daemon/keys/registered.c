/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the registered certificate that a person means, and says when what is remembered of
 * certificates is void. Parses and judges none. */
#include <errno.h>
#include <string.h>

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
