/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of a key's fields. Does not know who asked for the key. */
#include <errno.h>

#include "cleanup.h"
#include "key/keyfields.h"

/* In the order of `key show` and of the JSON members. */
const struct field keyfields[_KEYFIELD_MAX] = {
        [KEYFIELD_ID] = { "id", FIELD_TEXT, offsetof(struct key, id), "-" },
        [KEYFIELD_NAME] = { "name", FIELD_TEXT, offsetof(struct key, name), "-" },
        [KEYFIELD_OWNER] = { "owner", FIELD_TEXT, offsetof(struct key, owner), "-" },
        [KEYFIELD_OWNER_UID] = { "owner-uid", FIELD_NUMBER, offsetof(struct key, owner_uid), "-" },
        [KEYFIELD_REALM] = { "realm", FIELD_TEXT, offsetof(struct key, realm), NULL },
        [KEYFIELD_LINKED_USER] = { "linked-user", FIELD_TEXT, offsetof(struct key, linked_user),
                                   "-" },
        [KEYFIELD_STATUS] = { "status", FIELD_TEXT, offsetof(struct key, status), "-" },
        [KEYFIELD_REASON] = { "reason", FIELD_TEXT, offsetof(struct key, reason), "-" },
        [KEYFIELD_REFUSED] = { "refused", FIELD_TEXT, offsetof(struct key, refused), NULL },
        [KEYFIELD_SERVICES] = { "services", FIELD_LIST, offsetof(struct key, services), "any" },
        [KEYFIELD_NETWORKS] = { "networks", FIELD_LIST, offsetof(struct key, networks), "any" },
        /* groups of hosts of the fleet; none for a key of this host alone */
        [KEYFIELD_HOSTS] = { "hosts", FIELD_LIST, offsetof(struct key, hosts), NULL },
        [KEYFIELD_CREATED] = { "created", FIELD_TIME, offsetof(struct key, created), "-" },
        [KEYFIELD_UPDATED] = { "updated", FIELD_TIME, offsetof(struct key, updated), "-" },
        [KEYFIELD_EXPIRES] = { "expires", FIELD_TIME, offsetof(struct key, expires), "never" },
        [KEYFIELD_IDLE] = { "idle", FIELD_TIME, offsetof(struct key, idle), NULL },
        [KEYFIELD_ORIGIN] = { "origin", FIELD_TEXT, offsetof(struct key, origin), NULL },
        [KEYFIELD_PREDECESSOR] = { "predecessor", FIELD_TEXT, offsetof(struct key, predecessor),
                                   NULL },
        [KEYFIELD_SUCCESSOR] = { "successor", FIELD_TEXT, offsetof(struct key, successor), NULL },
        [KEYFIELD_REQUIRE_CERTIFICATE] = { "require-certificate", FIELD_TEXT,
                                           offsetof(struct key, require_certificate), NULL },
        [KEYFIELD_CERTIFICATE] = { "certificate", FIELD_TEXT, offsetof(struct key, certificate),
                                   NULL },
        [KEYFIELD_RETIRES] = { "retires", FIELD_TIME, offsetof(struct key, retires), NULL },
        [KEYFIELD_RETIRES_ON_USE] = { "retires-on-use", FIELD_BOOL,
                                      offsetof(struct key, retires_on_use), NULL },
        [KEYFIELD_LAST_USED] = { "last-used", FIELD_TIME, offsetof(struct key, last_used), "-" },
        [KEYFIELD_LAST_SERVICE] = { "last-service", FIELD_TEXT, offsetof(struct key, last_service),
                                    "-" },
        [KEYFIELD_LAST_RHOST] = { "last-rhost", FIELD_TEXT, offsetof(struct key, last_rhost), "-" },
        [KEYFIELD_USES] = { "uses", FIELD_COUNT, offsetof(struct key, uses), "-" },
};

void keyfields_done(struct key *key) {
        fields_done(keyfields, _KEYFIELD_MAX, key);
        key->message = sd_bus_message_unref(key->message);
}

int keyfields_read(struct key *ret, sd_bus_message *m) {
        _cleanup_(keyfields_done) struct key key = {};
        int r;

        fields_init(keyfields, _KEYFIELD_MAX, &key);
        r = dict_read(keyfields, _KEYFIELD_MAX, m, &key);
        if (r <= 0)
                return r;
        if (!key.id || !key.status)
                return -EBADMSG;
        /* To the daemon it is an active key. People want to know that it does not work here. */
        if (key.refused)
                key.status = "refused";
        key.message = sd_bus_message_ref(m);
        *ret = key;
        key = (struct key){}; /* the caller owns it now */
        return 1;
}
