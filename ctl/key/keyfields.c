/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "cleanup.h"
#include "key/keyfields.h"

/* In the order of `key show` and of the members in JSON. */
const struct record_field keyfields[_FIELD_MAX] = {
        [FIELD_ID] = { "id", RECORD_TEXT, offsetof(struct key, id), "-" },
        [FIELD_NAME] = { "name", RECORD_TEXT, offsetof(struct key, name), "-" },
        [FIELD_OWNER] = { "owner", RECORD_TEXT, offsetof(struct key, owner), "-" },
        [FIELD_OWNER_UID] = { "owner-uid", RECORD_NUMBER, offsetof(struct key, owner_uid), "-" },
        [FIELD_LINKED_USER] = { "linked-user", RECORD_TEXT, offsetof(struct key, linked_user),
                                "-" },
        [FIELD_STATUS] = { "status", RECORD_TEXT, offsetof(struct key, status), "-" },
        [FIELD_REASON] = { "reason", RECORD_TEXT, offsetof(struct key, reason), "-" },
        [FIELD_SERVICES] = { "services", RECORD_LIST, offsetof(struct key, services), "any" },
        [FIELD_NETWORKS] = { "networks", RECORD_LIST, offsetof(struct key, networks), "any" },
        [FIELD_CREATED] = { "created", RECORD_TIME, offsetof(struct key, created), "-" },
        [FIELD_UPDATED] = { "updated", RECORD_TIME, offsetof(struct key, updated), "-" },
        [FIELD_EXPIRES] = { "expires", RECORD_TIME, offsetof(struct key, expires), "never" },
        [FIELD_ORIGIN] = { "origin", RECORD_TEXT, offsetof(struct key, origin), NULL },
        [FIELD_PREDECESSOR] = { "predecessor", RECORD_TEXT, offsetof(struct key, predecessor),
                                NULL },
        [FIELD_SUCCESSOR] = { "successor", RECORD_TEXT, offsetof(struct key, successor), NULL },
        [FIELD_REQUIRE_CERTIFICATE] = { "require-certificate", RECORD_TEXT,
                                        offsetof(struct key, require_certificate), NULL },
        [FIELD_CERTIFICATE] = { "certificate", RECORD_TEXT, offsetof(struct key, certificate),
                                NULL },
        [FIELD_RETIRES] = { "retires", RECORD_TIME, offsetof(struct key, retires), NULL },
        [FIELD_RETIRES_ON_USE] = { "retires-on-use", RECORD_BOOL,
                                   offsetof(struct key, retires_on_use), NULL },
        [FIELD_LAST_USED] = { "last-used", RECORD_TIME, offsetof(struct key, last_used), "-" },
        [FIELD_LAST_SERVICE] = { "last-service", RECORD_TEXT, offsetof(struct key, last_service),
                                 "-" },
        [FIELD_LAST_RHOST] = { "last-rhost", RECORD_TEXT, offsetof(struct key, last_rhost), "-" },
        [FIELD_USES] = { "uses", RECORD_COUNT, offsetof(struct key, uses), "-" },
};

void keyfields_done(struct key *key) {
        record_done(keyfields, _FIELD_MAX, key);
        key->message = sd_bus_message_unref(key->message);
}

int keyfields_read(struct key *ret, sd_bus_message *m) {
        _cleanup_(keyfields_done) struct key key = {};
        int r;

        record_init(keyfields, _FIELD_MAX, &key);
        r = record_read(keyfields, _FIELD_MAX, m, &key);
        if (r <= 0)
                return r;
        if (!key.id || !key.status)
                return -EBADMSG;
        key.message = sd_bus_message_ref(m);
        *ret = key;
        key = (struct key){}; /* ended by the caller */
        return 1;
}
