/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a line of the log from what happened at a login, unless the same was said often enough.
 * What a client claims is escaped here, and a key that was typed as a name is left out. Decides
 * nothing. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "login/verify.h"
#include "login/verify_audit.h"
#include "parse.h"
#include "rules/loglimit.h"
#include "text.h"

/* Who asked and how it came out, for counting how often. Ids of no key are left out, because a
 * client that guesses can make any number of them. The source of a login that was accepted counts:
 * else a thief's login would be among those of the owner. */
static uint64_t event_hash(const struct verify_event *event) {
        uint64_t hash =
                loglimit_hash(event->peer.uid + UINT64_C(1), verdict_reason_name(event->reason));

        if (event->known)
                hash = loglimit_hash(hash, event->id);
        return event->known && event->reason == REASON_NONE ? loglimit_hash(hash, event->rhost)
                                                            : hash;
}

static uint64_t origin_of(const struct verify_event *event) {
        if (!event->known)
                return loglimit_of_uid(event->peer.uid);
        return loglimit_of_owner(event->peer.uid, event->of_realm ? loglimit_number(event->owner)
                                                                  : event->owner_uid);
}

static void add_fields(struct log_entry *entry, const struct verify_event *event) {
        char number[24];

        log_add(entry, "MESSAGE_ID", message_id_of_reason(event->reason));
        log_add(entry, "WFA_VERDICT", event->reason == REASON_NONE ? "accepted" : "refused");
        log_add(entry, "WFA_REASON", verdict_reason_name(event->reason));
        log_add(entry, "WFA_KEY_ID", event->id);
        log_add(entry, "WFA_USER", text_without_key(event->user));
        log_add(entry, "WFA_SERVICE", text_without_key(event->service));
        log_add(entry, "WFA_RHOST", text_without_key(event->rhost));
        (void) snprintf(number, sizeof(number), "%u", event->peer.uid);
        log_add(entry, "WFA_PEER_UID", number);
        (void) snprintf(number, sizeof(number), "%d", event->peer.pid);
        log_add(entry, "WFA_PEER_PID", number);
        if (event->peer.has_login) {
                (void) snprintf(number, sizeof(number), "%u", event->peer.login_uid);
                log_add(entry, "WFA_LOGIN_UID", number);
        }
        if (event->thumbprint[0])
                log_add(entry, "WFA_CERTIFICATE", event->thumbprint);
        if (event->subject[0])
                log_add(entry, "WFA_SUBJECT", event->subject);
}

/* A client that uses a retired key was not given the new one, or should not have the old one. */
static int priority_of(enum reason reason) {
        if (reason == REASON_NONE)
                return LOG_INFO;
        if (reason == REASON_STORE)
                return LOG_ERR;
        return reason == REASON_RETIRED ? LOG_WARNING : LOG_NOTICE;
}

/* Names the certificate for people; "" without one. */
static void format_certificate(const struct verify_event *event, char *out, size_t size) {
        char subject[2 * RECORD_DN_MAX];

        out[0] = '\0';
        text_escape(subject, sizeof(subject),
                    event->subject[0] ? event->subject : "nobody who can be read");
        if (event->thumbprint[0])
                (void) snprintf(out, size, ", certificate %s of '%s'", event->thumbprint, subject);
}

static void format_detail(const struct verify_event *event, char *out, size_t size) {
        char date[PARSE_TIME_LEN], owner[2 * WIRE_USER_MAX];

        out[0] = '\0';
        if (event->known && strcmp(verify_audit_user(event), event->user) != 0 &&
            (event->reason == REASON_NONE || event->reason == REASON_OTHER_USER ||
             event->reason == REASON_SPELLING_UNKNOWN)) {
                text_escape(owner, sizeof(owner), event->owner);
                (void) snprintf(out, size, " (the key's owner is '%s')", owner);
                return;
        }
        parse_time_format(event->expires_at, date);
        if (event->reason == REASON_EXPIRED)
                (void) snprintf(out, size, " (at %s)", date);
        else if (event->reason == REASON_RETIRED)
                (void) snprintf(out, size, " (used after its retirement at %s)", date);
        else if (event->reason == REASON_STORE)
                (void) snprintf(out, size, " (%s)", store_error_text(event->store_error));
        else if (event->detail[0] && event->reason != REASON_NONE)
                (void) snprintf(out, size, " (%s)", event->detail);
}

void verify_log(struct verify *v, const struct verify_event *event) {
        char user[2 * WIRE_USER_MAX], service[2 * WIRE_SERVICE_MAX], rhost[2 * WIRE_RHOST_MAX];
        char certificate[2 * RECORD_DN_MAX + 128], detail[CERT_DETAIL_LEN + 2 * WIRE_USER_MAX + 32];
        char who[PEER_TEXT_LEN];
        bool accepted = event->reason == REASON_NONE;
        struct log_entry entry;
        unsigned kept;

        if (!loglimit_say(verify_limits(v), origin_of(event), event_hash(event), event->now, &kept))
                return;
        text_escape(user, sizeof(user), text_without_key(event->user));
        text_escape(service, sizeof(service), text_without_key(event->service));
        text_escape(rhost, sizeof(rhost),
                    event->rhost[0] ? text_without_key(event->rhost) : "unknown");
        format_certificate(event, certificate, sizeof(certificate));
        format_detail(event, detail, sizeof(detail));
        peer_text(&event->peer, who);
        log_begin(&entry, priority_of(event->reason),
                  "%s key %s: user '%s', service '%s', source '%s', asked by %s%s%s%s%s",
                  accepted ? (event->kind == WIRE_CONFIRM ? "confirmed" : "accepted") : "refused",
                  event->id, user, service, rhost, who, certificate, accepted ? "" : ": ",
                  accepted ? "" : verdict_reason_text(event->reason), detail);
        add_fields(&entry, event);
        log_end(&entry);
        if (kept > 0)
                log_line(LOG_NOTICE,
                         "%u more such lines were left out before this one (key %s, peer uid %u, "
                         "%s)",
                         kept, event->id, event->peer.uid, verdict_reason_name(event->reason));
}
