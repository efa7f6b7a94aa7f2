/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon tells about a certificate, and how it is read, shown and written. */
#pragma once

#include "call/dict.h"

struct cert {
        const char *thumbprint, *name, *kind, *status, *subject, *key_type, *serial;
        const char *subject_name, *subject_organization, *subject_unit;
        const char *issuer_name, *issuer_organization, *issuer_unit;
        int64_t issued, expires, added, crl_issued, crl_expires;
        uint32_t keys;
        uint64_t crl_revoked;
        sd_bus_message *message; /* owns the text */
};

enum certfield {
        CERTFIELD_SUBJECT_NAME,
        CERTFIELD_SUBJECT_ORGANIZATION,
        CERTFIELD_SUBJECT_UNIT,
        CERTFIELD_ISSUER_NAME,
        CERTFIELD_ISSUER_ORGANIZATION,
        CERTFIELD_ISSUER_UNIT,
        CERTFIELD_SERIAL,
        CERTFIELD_ISSUED,
        CERTFIELD_EXPIRES,
        CERTFIELD_THUMBPRINT,
        CERTFIELD_KEY_TYPE,
        CERTFIELD_NAME,
        CERTFIELD_KIND,
        CERTFIELD_STATUS,
        CERTFIELD_KEYS,
        CERTFIELD_ADDED,
        CERTFIELD_CRL_ISSUED,
        CERTFIELD_CRL_EXPIRES,
        CERTFIELD_CRL_REVOKED,
        _CERTFIELD_SHOWN,
        /* The whole subject; its parts stand above. */
        CERTFIELD_SUBJECT = _CERTFIELD_SHOWN,
        _CERTFIELD_MAX,
};

/* In the order of `cert show` and of the JSON members. `cert show` prints the fields before
 * _CERTFIELD_SHOWN. */
extern const struct field certfields[_CERTFIELD_MAX];

/**
 * certfields_read(ret, m):
 * Reads the next certificate of ${m}: 1; 0 when there is no further one; a negative errno. The
 * caller frees ${ret} by certfields_done().
 */
int certfields_read(struct cert *ret, sd_bus_message *m) _must_check_;
void certfields_done(struct cert *cert);
