/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of a certificate's fields. Does not read certificates: the daemon tells what is in
 * them. */
#include <errno.h>

#include "cleanup.h"
#include "pki/certfields.h"

#define TEXT(member)   FIELD_TEXT, offsetof(struct cert, member), "-"
#define TIME(member)   FIELD_TIME, offsetof(struct cert, member), NULL
#define NUMBER(member) FIELD_NUMBER, offsetof(struct cert, member), "-"

const struct field certfields[_CERTFIELD_MAX] = {
        [CERTFIELD_SUBJECT_NAME] = { "subject-common-name", TEXT(subject_name),
                                     "subject common name" },
        [CERTFIELD_SUBJECT_ORGANIZATION] = { "subject-organization", TEXT(subject_organization),
                                             "subject organization" },
        [CERTFIELD_SUBJECT_UNIT] = { "subject-organization-unit", TEXT(subject_unit),
                                     "subject organization unit" },
        [CERTFIELD_ISSUER_NAME] = { "issuer-common-name", TEXT(issuer_name), "issuer common name" },
        [CERTFIELD_ISSUER_ORGANIZATION] = { "issuer-organization", TEXT(issuer_organization),
                                            "issuer organization" },
        [CERTFIELD_ISSUER_UNIT] = { "issuer-organization-unit", TEXT(issuer_unit),
                                    "issuer organization unit" },
        [CERTFIELD_SERIAL] = { "serial", TEXT(serial), "serial number" },
        [CERTFIELD_ISSUED] = { "issued", TIME(issued), "issue date" },
        [CERTFIELD_EXPIRES] = { "expires", TIME(expires), "expiration date" },
        [CERTFIELD_THUMBPRINT] = { "thumbprint", TEXT(thumbprint) },
        [CERTFIELD_KEY_TYPE] = { "key-type", TEXT(key_type), "key type" },
        [CERTFIELD_NAME] = { "name", TEXT(name) },
        [CERTFIELD_KIND] = { "kind", TEXT(kind) },
        [CERTFIELD_STATUS] = { "status", TEXT(status) },
        [CERTFIELD_KEYS] = { "keys", NUMBER(keys), "bound keys" },
        [CERTFIELD_ADDED] = { "added", TIME(added) },
        [CERTFIELD_CRL_ISSUED] = { "crl-issued", TIME(crl_issued), "CRL issue date" },
        [CERTFIELD_CRL_EXPIRES] = { "crl-expires", TIME(crl_expires), "CRL expiration date" },
        [CERTFIELD_CRL_REVOKED] = { "crl-revoked", FIELD_COUNT, offsetof(struct cert, crl_revoked),
                                    NULL, "CRL revoked" },
        [CERTFIELD_SUBJECT] = { "subject", TEXT(subject) },
};

void certfields_done(struct cert *cert) {
        fields_done(certfields, _CERTFIELD_MAX, cert);
        cert->message = sd_bus_message_unref(cert->message);
}

int certfields_read(struct cert *ret, sd_bus_message *m) {
        _cleanup_(certfields_done) struct cert cert = {};
        int r;

        fields_init(certfields, _CERTFIELD_MAX, &cert);
        r = dict_read(certfields, _CERTFIELD_MAX, m, &cert);
        if (r <= 0)
                return r;
        if (!cert.thumbprint || !cert.name || !cert.kind || !cert.status)
                return -EBADMSG;
        cert.message = sd_bus_message_ref(m);
        *ret = cert;
        cert = (struct cert){}; /* the caller owns it now */
        return 1;
}
