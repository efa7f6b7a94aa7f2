/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids of messages in the journal. By them "journalctl -x" finds what systemd/wfapikey.catalog
 * says of a message. */
#pragma once

#include "attr.h"
#include "verdict.h"

/* Messages of weight. A refusal has the id of its reason. */
enum message {
        MESSAGE_ACCEPTED,
        MESSAGE_READY,
        MESSAGE_NOT_STARTED,
        MESSAGE_LOOP_FAILED,
        MESSAGE_CONF_READ,
        MESSAGE_CONF_REFUSED,
        MESSAGE_LOG_LOST,
        MESSAGE_AUDIT_WAITS,
        MESSAGE_AUDIT_LOST,
        MESSAGE_AUDIT_BACK,
        MESSAGE_SWEEP_FAILED,
        MESSAGE_CLOCK_SET,
        MESSAGE_ACCOUNTS_UNREAD,
        MESSAGE_DIRECTORY_SILENT,
        MESSAGE_ACCOUNTS_VANISHED,
        MESSAGE_PASSWORD_WRONG,
        MESSAGE_PASSWORD_UNCHECKED,
        MESSAGE_HELPER_FAILED,
        MESSAGE_KEY_CHANGED,
        MESSAGE_KEYS_REMOVED,
        MESSAGE_POLICY_CHANGED,
        MESSAGE_STORE_LOST,
        MESSAGE_STORE_FULL,
        MESSAGE_STORE_READ_ONLY,
        MESSAGE_STORE_BACK,
        MESSAGE_CLOCK_BEHIND,
        MESSAGE_CLOCK_BACK,
        MESSAGE_CLOCK_AHEAD,
        MESSAGE_PASSWORDS_LOST,
        MESSAGE_COPY_OLD,
        MESSAGE_STORE_DAMAGED,
        MESSAGE_STORE_MENDED,
        MESSAGE_FLEET_REPORT,
        _MESSAGE_MAX,
};

/**
 * message_id(message), message_id_of_reason(reason): 32 hexadecimal digits, for the field
 * MESSAGE_ID. Static storage.
 */
const char *message_id(enum message message);
const char *message_id_of_reason(enum reason reason);
