/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit records of calls, and the log lines about keys. A change is recorded in its own
 * transaction. A refusal is noted on the loop, and written later like those of logins. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_state.h"
#include "keys/audit.h"
#include "login/leftout.h"
#include "store/store_audit.h"
#include "text.h"

struct control_line {
        struct control_line *next;
        const char *what;
        char id[KEYTEXT_ID_LEN + 1];
        char owner[WIRE_USER_MAX + 1];
};

/* The word for a refusal. NULL: the error is not a refusal, because the request made no sense or
 * may be repeated. */
static const char *const refusals[] = {
        [CONTROL_OK] = NULL,
        [CONTROL_ACCESS_DENIED] = "access-denied",
        [CONTROL_NO_SUCH_KEY] = "no-such-key",
        [CONTROL_NO_SUCH_USER] = "no-such-user",
        [CONTROL_NOT_ACTIVE] = "not-active",
        [CONTROL_INVALID_ARGUMENT] = NULL,
        [CONTROL_LIMIT_EXCEEDED] = "limit-exceeded",
        [CONTROL_DISABLED] = "disabled",
        [CONTROL_BUSY] = NULL,
        [CONTROL_STORE] = "store-failure",
        [CONTROL_REFUSED] = "file-refused",
        [CONTROL_CONFIGURATION] = NULL,
        [CONTROL_FLEET] = NULL,
};
_Static_assert(ARRAY_LEN(refusals) == _CONTROL_ERROR_MAX, "a row for each error");

static struct audit_record record_of(const struct control_call *call, const char *event,
                                     const char *verdict) {
        int64_t now = clock_now();
        struct audit_record record = { .at = now,
                                       .until = now,
                                       .count = 1,
                                       .uid = call->uid,
                                       .pid = call->pid,
                                       .has_login = call->has_login,
                                       .login_uid = call->login_uid,
                                       .owner_uid = AUDIT_NOBODY };
        bool password = call->method->verb == ROLE_VERB_ISSUE_PASSWORD;

        (void) text_copy(record.door, sizeof(record.door), password ? "password" : "control");
        (void) text_copy(record.event, sizeof(record.event), event);
        (void) text_copy(record.verdict, sizeof(record.verdict), verdict);
        return record;
}

static int note_line(struct control_call *call, const char *what, const struct key_record *key) {
        struct control_line *line = malloc(sizeof(*line)), **end = &call->lines;

        if (!line)
                return -ENOMEM;
        *line = (struct control_line){ .what = what };
        memcpy(line->id, key->id, sizeof(line->id));
        memcpy(line->owner, key->owner, sizeof(line->owner));
        while (*end)
                end = &(*end)->next;
        *end = line;
        return 0;
}

int control_audit_add(struct control_call *call, struct store *writer, const char *what,
                      const struct key_record *key, const char *detail) {
        struct audit_record record = record_of(call, what, "done");
        int r;

        text_escape(record.detail, sizeof(record.detail), detail);
        if (key) {
                memcpy(record.key, key->id, sizeof(record.key));
                memcpy(record.user, key->owner, sizeof(key->owner));
                record.owner_uid = key->owner_uid;
                r = note_line(call, what, key);
                if (r < 0)
                        return r;
        }
        return store_audit_add(writer, &record);
}

void control_audit_fill(const struct control_call *call, const char *what,
                        struct audit_record *ret) {
        *ret = record_of(call, what, "done");
}

static void say(const struct control_call *call, const char *what, const char *id,
                const char *owner) {
        struct log_entry entry;
        char shown[2 * WIRE_USER_MAX], number[24];
        unsigned kept = 0;

        /* On the writer thread, like the limits. Lines about administrators are not limited. */
        if (call->role != ROLE_ADMIN &&
            !loglimit_say(&call->control->writer.changes, loglimit_of_uid(call->uid),
                          loglimit_hash(call->uid + UINT64_C(1), what), clock_now(), &kept))
                return;
        text_escape(shown, sizeof(shown), owner);
        log_begin(&entry, LOG_NOTICE, "key %s of user '%s' %s by %s", id, shown, what, call->who);
        log_add(&entry, "MESSAGE_ID", message_id(MESSAGE_KEY_CHANGED));
        log_add(&entry, "WFA_KEY_ID", id);
        log_add(&entry, "WFA_USER", owner);
        log_add(&entry, "WFA_ACTION", what);
        (void) snprintf(number, sizeof(number), "%u", call->uid);
        log_add(&entry, "WFA_PEER_UID", number);
        (void) snprintf(number, sizeof(number), "%d", call->pid);
        log_add(&entry, "WFA_PEER_PID", number);
        if (call->has_login) {
                (void) snprintf(number, sizeof(number), "%u", call->login_uid);
                log_add(&entry, "WFA_LOGIN_UID", number);
        }
        log_end(&entry);
        if (kept > 0)
                log_line(LOG_NOTICE, "%u more such lines were left out before this one", kept);
        leftout_say(&call->control->writer.changes, "changes of keys", clock_now(), false);
}

void control_audit_say(const struct control_call *call, const char *what,
                       const struct key_record *key) {
        say(call, what, key->id, key->owner);
}

void control_audit_committed(const struct control_call *call) {
        for (const struct control_line *line = call->lines; line; line = line->next)
                say(call, line->what, line->id, line->owner);
}

void control_audit_about(struct control_call *call, const char id[static KEYTEXT_ID_LEN + 1],
                         const struct key_record *key) {
        call->about = (struct control_about){};
        memcpy(call->about.id, id, sizeof(call->about.id));
        if (!key)
                return;
        memcpy(call->about.user, key->owner, sizeof(call->about.user));
        call->about.uid = key->owner_uid;
}

void control_audit_refused(struct control_call *call) {
        struct audit_record record = record_of(call, call->method->member, "refused");
        const struct control_about *about = &call->about;

        if (!refusals[call->error])
                return;
        (void) text_copy(record.reason, sizeof(record.reason), refusals[call->error]);
        memcpy(record.key, about->id, sizeof(record.key));
        memcpy(record.user, about->user, sizeof(about->user));
        if (about->id[0] && about->user[0]) {
                record.owner_uid = about->uid;
                record.of_realm = about->uid == RECORD_UNBOUND;
        }
        audit_note(call->control->fixed.audit, &record, record.at);
}

void control_audit_release(struct control_call *call) {
        while (call->lines) {
                struct control_line *line = call->lines;

                call->lines = line->next;
                free(line);
        }
}
