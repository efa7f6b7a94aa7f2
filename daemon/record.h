/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain facts that the layers hand each other. No functions, no secrets: a key's digest is
 * as near as it gets. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keytext.h"
#include "wire.h"

#define RECORD_DIGEST_LEN   32
#define RECORD_SERVICES_MAX 16
#define RECORD_NETWORKS_MAX 16
#define RECORD_LIST_LEN     (RECORD_SERVICES_MAX * (WIRE_SERVICE_MAX + 1))
#define RECORD_REASON_MAX   128
#define RECORD_ORIGIN_MAX   80

/* SHA-256 over the whole DER of a certificate */
#define RECORD_THUMBPRINT_LEN 32
#define RECORD_HASH_LEN       32
#define RECORD_SERIAL_MAX     20 /* RFC 5280, 4.1.2.2 */
/* what is longer is cut, as are the parts below */
#define RECORD_DN_MAX       255
#define RECORD_DN_PART_MAX  191
#define RECORD_KEY_TYPE_MAX 31

/* For retires_at: the key ends with the first use of its successor. */
#define RECORD_RETIRES_ON_USE INT64_C(-1)

/* Values are in the store: never renumber. What has outlived its time is found out by the clock,
 * not by a status. */
enum key_status {
        KEY_ACTIVE = 0,
        KEY_REVOKED = 1,
        /* never stored: an active key whose time is over */
        KEY_EXPIRED = 2,
};

/* What a login must show besides its key. Values are in the store; a larger one asks for more. */
enum certificate_need {
        CERTIFICATE_NO = 0,
        CERTIFICATE_YES = 1, /* a certificate that is trusted */
        /* and that whoever logs in has its key */
        CERTIFICATE_PROOF = 2,
};

struct key_record {
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t digest[RECORD_DIGEST_LEN];
        uint32_t pepper_id;
        char owner[WIRE_USER_MAX + 1];
        uid_t owner_uid; /* when the key was made */
        char name[WIRE_NAME_MAX + 1];
        char services[RECORD_LIST_LEN]; /* separated by blanks; empty: all */
        /* CIDR, separated by blanks; empty: any */
        char networks[RECORD_LIST_LEN];
        enum key_status status;
        char reason[RECORD_REASON_MAX + 1]; /* of a revocation */
        int64_t created_at;
        int64_t updated_at;
        /* of its own; 0: the policy's lifetime counts */
        int64_t expires_at;
        /* never later than this (max-lifetime at its making); 0: no bound */
        int64_t bound_at;
        /* whose password counts; empty: the owner's */
        char linked[WIRE_USER_MAX + 1];
        /* empty: asked for; else what made it, such as session:sshd */
        char origin[RECORD_ORIGIN_MAX + 1];
        /* rotation: the key that this one replaces; empty: none */
        char predecessor[KEYTEXT_ID_LEN + 1];
        char successor[KEYTEXT_ID_LEN + 1]; /* and the one that replaces it */
        /* rotation: not accepted from then on; 0: not retired; RECORD_RETIRES_ON_USE */
        int64_t retires_at;
        /* the policy's when it was made; one of an older epoch was removed with all others */
        int64_t epoch;
        enum certificate_need certificate_need;
        /* to this one certificate, which is needed then */
        bool bound;
        uint8_t certificate[RECORD_THUMBPRINT_LEN];
        /* when its end was noticed: by its revocation, or by the sweeper; 0: not yet */
        int64_t dead_at;
        /* 0: never. This and what follows only where a key is shown */
        int64_t last_used_at;
        char last_service[WIRE_SERVICE_MAX + 1];
        char last_rhost[WIRE_RHOST_MAX + 1];
        uint64_t uses;
};

/* Uses of a key, on their way to the store: how many, and the last one. */
struct key_use {
        char id[KEYTEXT_ID_LEN + 1];
        uint64_t count;
        int64_t at;
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1];
};

/* What is known of a user of this host. Zeroes: nothing. */
enum account_state {
        ACCOUNT_UNKNOWN = 0, /* never answered for */
        ACCOUNT_PRESENT = 1,
        ACCOUNT_GONE = 2,
};

struct account_record {
        char name[WIRE_USER_MAX + 1];
        enum account_state state;
        uid_t uid; /* of ACCOUNT_PRESENT */
        /* in the passwd file, not in a directory */
        bool local;
        /* root, or a member of the admin group */
        bool admin;
        /* the password was locked (passwd -l) */
        bool locked;
        /* not good from then on; 0: it does not expire */
        int64_t password_ends_at;
        /* no login at all from then on; 0: never */
        int64_t closes_at;
        int64_t gone_since; /* of ACCOUNT_GONE */
        /* when the answer came; 0, of ACCOUNT_GONE: the passwd file alone has said so */
        int64_t checked_at;
};

/* A certificate that an administrator has registered. Every text is safe to be shown as it is. */
enum cert_kind {
        /* trusted as it is, to the last byte */
        CERT_CLIENT = 0,
        CERT_CA = 1, /* what it issued is */
};

/* The serial number of a certificate and who gave it: what a revocation list names. */
struct cert_serial {
        /* SHA-256 over the DER of the issuer's name */
        uint8_t issuer[RECORD_HASH_LEN];
        uint8_t len; /* 1 to RECORD_SERIAL_MAX */
        uint8_t bytes[RECORD_SERIAL_MAX];
};

struct cert_record {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        enum cert_kind kind;
        char name[WIRE_NAME_MAX + 1]; /* what people call it; unique */
        /* Several values of one kind are separated by ", ". */
        char subject[RECORD_DN_MAX + 1]; /* all of it, as RFC 4514 writes it */
        char subject_cn[RECORD_DN_PART_MAX + 1], subject_o[RECORD_DN_PART_MAX + 1],
                subject_ou[RECORD_DN_PART_MAX + 1];
        char issuer_cn[RECORD_DN_PART_MAX + 1], issuer_o[RECORD_DN_PART_MAX + 1],
                issuer_ou[RECORD_DN_PART_MAX + 1];
        struct cert_serial serial;
        /* "RSA 2048", "ECDSA P-256", "Ed25519" */
        char key_type[RECORD_KEY_TYPE_MAX + 1];
        /* SHA-256 over the DER of the subject's name */
        uint8_t subject_id[RECORD_HASH_LEN];
        /* SHA-256 over its SubjectPublicKeyInfo */
        uint8_t spki[RECORD_HASH_LEN];
        uint8_t ssh[RECORD_HASH_LEN]; /* SHA-256 over its public key as SSH writes it (RFC 4253,
                                         5656, 8709); zeroes: SSH has no such keys */
        /* UNIX seconds; valid from the first to the last of them */
        int64_t not_before, not_after;
        int64_t added_at;
};

/* A revocation list of a registered CA. */
struct crl_record {
        uint8_t ca[RECORD_THUMBPRINT_LEN]; /* who signed it */
        uint8_t issuer[RECORD_HASH_LEN];   /* SHA-256 over the DER of its name */
        int64_t this_update, next_update;
        uint64_t revoked; /* how many */
};

#define AUDIT_NOBODY     ((uid_t) -1)
#define AUDIT_WORD_MAX   31
#define AUDIT_DETAIL_MAX 191

/* One line of the audit log. Written once, never changed. Every text is safe to be shown as it
 * is: a word of ours, a label, or what text_escape() made of a peer's words; never anything like
 * a key. */
struct audit_record {
        /* the place in the log, from 1, without gaps; given by the store */
        int64_t seq;
        int64_t at; /* UNIX seconds */
        /* of the last one, where several alike were folded into this one; else as at */
        int64_t until;
        uint64_t count; /* of those */
        /* who did it or asked, as the kernel says; AUDIT_NOBODY: the daemon by itself, or
         * several */
        uid_t uid;
        pid_t pid;
        /* of the key; AUDIT_NOBODY: no key is known by this id */
        uid_t owner_uid;
        /* "login", "issued", "revoked", "policy"; of a refused call its member */
        char event[AUDIT_WORD_MAX + 1];
        char verdict[AUDIT_WORD_MAX + 1]; /* "accepted", "refused", "done" */
        /* "verify", "session", "password", "control", "daemon" */
        char door[AUDIT_WORD_MAX + 1];
        char key[KEYTEXT_ID_LEN + 1]; /* "": none in particular */
        /* the key's owner; where no key is known, who was claimed */
        char user[2 * WIRE_USER_MAX];
        char service[2 * WIRE_SERVICE_MAX];
        char rhost[WIRE_RHOST_MAX + 1];
        char reason[AUDIT_WORD_MAX + 1]; /* of a refusal, as a word */
        char detail[AUDIT_DETAIL_MAX + 1];
};

#define POLICY_SERVICES_MAX 32

struct policy {
        bool enabled;
        bool admin_keys;
        int64_t lifetime_s; /* 0: none */
        int64_t lifetime_changed_at;
        int64_t max_lifetime_s; /* 0: none */
        int64_t max_keys_per_user;
        bool remove_on_password_expiry;
        enum certificate_need require_certificate;
        size_t n_services; /* that need more than the above */
        struct policy_service {
                char name[WIRE_SERVICE_MAX + 1];
                enum certificate_need need;
        } services[POLICY_SERVICES_MAX];
        bool password_issue;
        int64_t retention_s;
        /* Not for people to set: written with "remove all" and with a change of lifetime. */
        int64_t epoch;    /* keys of an older one are removed */
        int64_t epoch_at; /* since when */
        /* keys made up to then had outlived a lifetime before it was changed */
        int64_t lapsed_before;
        int64_t lapsed_at; /* when it was changed */
        /* another number after each change of what a verdict on a certificate depends on */
        int64_t trust;
};
