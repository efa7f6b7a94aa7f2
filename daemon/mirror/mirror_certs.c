/* SPDX-License-Identifier: BSD-2-Clause */
/* Refuses certificates that the daemon would not have registered. Does not parse them: the host
 * that registered them has. */
#include <errno.h>
#include <string.h>

#include "cert/cert.h"
#include "mirror/mirror_certs.h"
#include "secret/keymint.h"
#include "store/store_cert.h"
#include "store/store_fleet.h"
#include "text.h"

static bool is_shown(const char *text, size_t size) {
        return !text[0] || text_is_label(text, size - 1);
}

static int check_cert(const struct cert_record *cert, const uint8_t *der, size_t len,
                      void *userdata) {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];

        (void) userdata;
        keymint_sha256(der, len, thumbprint);
        return memcmp(thumbprint, cert->thumbprint, sizeof(thumbprint)) == 0 &&
                               is_shown(cert->name, sizeof(cert->name)) &&
                               is_shown(cert->subject, sizeof(cert->subject)) &&
                               is_shown(cert->subject_cn, sizeof(cert->subject_cn)) &&
                               is_shown(cert->subject_o, sizeof(cert->subject_o)) &&
                               is_shown(cert->subject_ou, sizeof(cert->subject_ou)) &&
                               is_shown(cert->issuer_cn, sizeof(cert->issuer_cn)) &&
                               is_shown(cert->issuer_o, sizeof(cert->issuer_o)) &&
                               is_shown(cert->issuer_ou, sizeof(cert->issuer_ou)) &&
                               is_shown(cert->key_type, sizeof(cert->key_type))
                       ? 0
                       : -EBADMSG;
}

static int check_room(struct store *s, bool fleet, size_t all, size_t cas) {
        struct store_cert_count n;
        int r;

        r = store_cert_count(s, fleet, &n);
        return r < 0 ? r : n.all > all || n.cas > cas ? -EMLINK : 0;
}

int mirror_certs_check_room(struct store *s, bool fleet) {
        return check_room(s, fleet, STORE_CERTS_MAX, CERT_CAS_MAX);
}

static int check_own(struct store *s, struct store *writer) {
        struct store_fleet fleet;
        int r;

        r = store_fleet_get(writer, &fleet);
        if (r != -ENOENT) {
                explicit_bzero(&fleet, sizeof(fleet));
                return r < 0 ? r : mirror_certs_check_room(s, false);
        }
        return check_room(s, false, STORE_CERTS_ALL, CERT_CAS_ALL);
}

int mirror_certs_check(struct store *s, struct store *writer) {
        int r;

        r = check_own(s, writer);
        if (r >= 0)
                r = mirror_certs_check_room(s, true);
        if (r >= 0)
                r = store_cert_each(s, check_cert, NULL);
        return r == -EUCLEAN || r == -EMLINK ? -EBADMSG : r;
}
