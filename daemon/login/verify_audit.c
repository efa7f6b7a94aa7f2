/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a record of the audit log from what happened at a login. What a client claims is escaped
 * here, and a key that was typed as a name is left out. Decides nothing. */
#include <stdio.h>
#include <string.h>

#include "login/verify_audit.h"
#include "text.h"

/* The name of each kind of request, and the door it comes through. */
static const struct {
        const char *event, *door, *accepted;
} kinds[] = {
        [WIRE_VERIFY] = { "login", "verify", "accepted" },
        [WIRE_CONFIRM] = { "confirm", "verify", "accepted" },
        [WIRE_ISSUE] = { "issued", "session", "done" },
};

const char *verify_audit_user(const struct verify_event *event) {
        char realm[REALM_NAME_MAX + 1];
        const char *user = event->of_realm ? realm_split(event->owner, realm) : event->owner;

        return user ?: "";
}

void verify_audit_fill(const struct verify_event *event, struct audit_record *ret) {
        bool accepted = event->reason == REASON_NONE;
        struct audit_record record = { .at = event->now,
                                       .until = event->now,
                                       .count = 1,
                                       .uid = event->peer.uid,
                                       .pid = event->peer.pid,
                                       .has_login = event->peer.has_login,
                                       .login_uid = event->peer.login_uid,
                                       .owner_uid = event->known ? event->owner_uid : AUDIT_NOBODY,
                                       .of_realm = event->known && event->of_realm };
        char user[2 * WIRE_USER_MAX];

        (void) text_copy(record.event, sizeof(record.event), kinds[event->kind].event);
        (void) text_copy(record.door, sizeof(record.door), kinds[event->kind].door);
        (void) text_copy(record.verdict, sizeof(record.verdict),
                         accepted ? kinds[event->kind].accepted : "refused");
        memcpy(record.key, event->id, sizeof(record.key));
        text_escape(user, sizeof(user), text_without_key(event->user));
        text_escape(record.service, sizeof(record.service), text_without_key(event->service));
        text_escape(record.rhost, sizeof(record.rhost), text_without_key(event->rhost));
        if (!accepted)
                (void) text_copy(record.reason, sizeof(record.reason),
                                 verdict_reason_name(event->reason));
        if (event->thumbprint[0])
                (void) snprintf(record.detail, sizeof(record.detail), "certificate %s %.*s",
                                event->thumbprint,
                                (int) text_fitting(event->subject, AUDIT_DETAIL_MAX - 80),
                                event->subject);
        if (!event->known)
                memcpy(record.user, user, sizeof(record.user));
        else {
                memcpy(record.user, event->owner, sizeof(event->owner));
                if (!record.detail[0] && strcmp(event->user, verify_audit_user(event)) != 0)
                        (void) snprintf(record.detail, sizeof(record.detail), "for user '%.*s'",
                                        AUDIT_DETAIL_MAX - 16, user);
        }
        *ret = record;
}

void verify_audit_note(struct audit *a, const struct verify_event *event) {
        struct audit_record record;

        if (event->kind == WIRE_CONFIRM && event->reason == REASON_NONE)
                return;
        verify_audit_fill(event, &record);
        audit_note(a, &record, event->now);
}
