/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines about keys that a sweep has changed. Decides nothing, and knows no store. */
#include <stdio.h>
#include <syslog.h>

#include "base/log.h"
#include "keys/sweep_log.h"
#include "text.h"

void sweep_log_key(const struct key_record *key, const char *what) {
        struct log_entry entry;
        char owner[2 * WIRE_USER_MAX];

        text_escape(owner, sizeof(owner), key->owner);
        log_begin(&entry, LOG_NOTICE, "key %s of user '%s' %s", key->id, owner, what);
        log_add(&entry, "MESSAGE_ID", message_id(MESSAGE_KEY_CHANGED));
        log_add(&entry, "WFA_KEY_ID", key->id);
        log_add(&entry, "WFA_USER", key->owner);
        log_add(&entry, "WFA_ACTION", what);
        log_end(&entry);
}
