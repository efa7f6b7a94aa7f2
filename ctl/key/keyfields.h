/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon tells about a key, and how it is read, shown, sorted and written. */
#pragma once

#include "call/dict.h"

struct key {
        const char *id, *owner, *realm, *linked_user, *name, *status, *reason, *refused, *origin,
                *predecessor, *successor, *require_certificate, *certificate, *last_service,
                *last_rhost;
        uint32_t owner_uid;
        int retires_on_use;
        char **services, **networks, **hosts;
        int64_t created, updated, expires, idle, retires, last_used;
        uint64_t uses;
        sd_bus_message *message; /* owns the text */
};

enum keyfield {
        KEYFIELD_ID,
        KEYFIELD_NAME,
        KEYFIELD_OWNER,
        KEYFIELD_OWNER_UID,
        KEYFIELD_REALM,
        KEYFIELD_LINKED_USER,
        KEYFIELD_STATUS,
        KEYFIELD_REASON,
        KEYFIELD_REFUSED,
        KEYFIELD_SERVICES,
        KEYFIELD_NETWORKS,
        KEYFIELD_HOSTS,
        KEYFIELD_CREATED,
        KEYFIELD_UPDATED,
        KEYFIELD_EXPIRES,
        KEYFIELD_IDLE,
        KEYFIELD_ORIGIN,
        KEYFIELD_PREDECESSOR,
        KEYFIELD_SUCCESSOR,
        KEYFIELD_REQUIRE_CERTIFICATE,
        KEYFIELD_CERTIFICATE,
        KEYFIELD_RETIRES,
        KEYFIELD_RETIRES_ON_USE,
        KEYFIELD_LAST_USED,
        KEYFIELD_LAST_SERVICE,
        KEYFIELD_LAST_RHOST,
        KEYFIELD_USES,
        _KEYFIELD_MAX,
};

extern const struct field keyfields[_KEYFIELD_MAX];

/**
 * keyfields_read(ret, m):
 * Reads the next key of ${m}: 1; 0 when there is no further one; a negative errno. The caller
 * frees ${ret} by keyfields_done().
 */
int keyfields_read(struct key *ret, sd_bus_message *m) _must_check_;
void keyfields_done(struct key *key);
