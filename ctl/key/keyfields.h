/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon tells of a key, and how it is read, shown, sorted and written. */
#pragma once

#include "call/record.h"

struct key {
        const char *id, *owner, *linked_user, *name, *status, *reason, *origin, *predecessor,
                *successor, *require_certificate, *certificate, *last_service, *last_rhost;
        uint32_t owner_uid;
        int retires_on_use;
        char **services, **networks;
        int64_t created, updated, expires, retires, last_used;
        uint64_t uses;
        sd_bus_message *message; /* holds the text */
};

enum field {
        FIELD_ID,
        FIELD_NAME,
        FIELD_OWNER,
        FIELD_OWNER_UID,
        FIELD_LINKED_USER,
        FIELD_STATUS,
        FIELD_REASON,
        FIELD_SERVICES,
        FIELD_NETWORKS,
        FIELD_CREATED,
        FIELD_UPDATED,
        FIELD_EXPIRES,
        FIELD_ORIGIN,
        FIELD_PREDECESSOR,
        FIELD_SUCCESSOR,
        FIELD_REQUIRE_CERTIFICATE,
        FIELD_CERTIFICATE,
        FIELD_RETIRES,
        FIELD_RETIRES_ON_USE,
        FIELD_LAST_USED,
        FIELD_LAST_SERVICE,
        FIELD_LAST_RHOST,
        FIELD_USES,
        _FIELD_MAX,
};

extern const struct record_field keyfields[_FIELD_MAX];

/**
 * keyfields_read(ret, m): reads one key at ${m}: 1, 0 when there is no further one, -errno.
 * keyfields_done() ends it.
 */
int keyfields_read(struct key *ret, sd_bus_message *m) _must_check_;
void keyfields_done(struct key *key);
