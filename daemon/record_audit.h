/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of the audit log, as the rooms hand it to each other. No functions and no secrets. */
#pragma once

#include "record.h"

#define AUDIT_NOBODY     ((uid_t) -1)
#define AUDIT_WORD_MAX   31
#define AUDIT_DETAIL_MAX 191

/* One line of the audit log. It is written once and never changed. Every text can be shown as it
 * is: a word of ours, a label, or what text_escape() made of a peer's words. None can be a key. */
struct audit_record {
        /* Its number in the log, from 1 and without gaps. The store gives it. */
        int64_t seq;
        int64_t at; /* UNIX seconds */
        /* The time of the last one, where several alike were folded into this one. Else the same
         * as at. */
        int64_t until;
        uint64_t count; /* of the events folded */
        /* The uid that did it or asked for it, as the kernel says. AUDIT_NOBODY: the daemon
         * itself, or several uids. */
        uid_t uid;
        pid_t pid;
        /* The uid of the login session of that process. See base/peer.h. */
        bool has_login;
        uid_t login_uid;
        /* The key's owner. AUDIT_NOBODY: no key with this id is known. */
        uid_t owner_uid;
        /* The owner is a user of a realm: the key is known, and the owner is nobody. Not stored. */
        bool of_realm;
        /* "login", "issued", "revoked", "policy", and others. For a refused call the name of its
         * method. */
        char event[AUDIT_WORD_MAX + 1];
        char verdict[AUDIT_WORD_MAX + 1]; /* "accepted", "refused", "done" */
        /* "verify", "session", "password", "control", "daemon" */
        char door[AUDIT_WORD_MAX + 1];
        char key[KEYTEXT_ID_LEN + 1]; /* "": no key in particular */
        /* The key's owner. Where no key is known: the user that the peer named. */
        char user[2 * WIRE_USER_MAX];
        char service[2 * WIRE_SERVICE_MAX];
        char rhost[WIRE_RHOST_MAX + 1];
        char reason[AUDIT_WORD_MAX + 1]; /* one word, for a refusal */
        char detail[AUDIT_DETAIL_MAX + 1];
};
