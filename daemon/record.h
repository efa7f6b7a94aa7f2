/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain facts that the rooms hand each other. No functions and no secrets: nothing is closer
 * to a secret than the digest of a key. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keytext.h"
#include "realm.h"
#include "wire.h"

#define RECORD_DIGEST_LEN   32
#define RECORD_SERVICES_MAX 16
#define RECORD_NETWORKS_MAX 16
#define RECORD_LIST_LEN     (RECORD_SERVICES_MAX * (WIRE_SERVICE_MAX + 1))
#define RECORD_REASON_MAX   128
#define RECORD_ORIGIN_MAX   80
/* of a group of hosts, and how many one key is for */
#define RECORD_GROUP_MAX  31
#define RECORD_GROUPS_MAX 16
#define RECORD_HOSTS_LEN  (RECORD_GROUPS_MAX * (RECORD_GROUP_MAX + 1))

/* SHA-256 of a certificate's whole DER */
#define RECORD_THUMBPRINT_LEN 32
#define RECORD_HASH_LEN       32
#define RECORD_SERIAL_MAX     20 /* RFC 5280, 4.1.2.2 */
/* longer texts are cut, and the parts below too */
#define RECORD_DN_MAX       255
#define RECORD_DN_PART_MAX  191
#define RECORD_KEY_TYPE_MAX 31

/* The epochs of a fleet's keys begin here, and those of a host's own keys end before. */
#define RECORD_FLEET_EPOCH (INT64_C(1) << 40)

/* A value of owner_uid, and of the uid of a user of a realm. */
#define RECORD_UNBOUND ((uid_t) -1)

/* A value of checked_at: userdel has said so, and no directory has answered yet. */
#define RECORD_REMOVED INT64_C(-1)

/* A value of password_since and number_since: a clock that is not trusted has said so. */
#define RECORD_UNCERTAIN INT64_C(-1)

/* A value of retires_at: the key ends with the first use of its successor. */
#define RECORD_RETIRES_ON_USE INT64_C(-1)
/* Another one: that use was noted, at dead_at. It is before every time, so the key stays retired
 * when the clock that noted it was ahead. */
#define RECORD_RETIRED INT64_C(1)

/* The values are in the store: never renumber them. An active key whose time is over is found by
 * the clock, not by its status. */
enum key_status {
        KEY_ACTIVE = 0,
        KEY_REVOKED = 1,
        /* Never stored: an active key whose time is over. */
        KEY_EXPIRED = 2,
        KEY_IDLE = 3, /* likewise: unused for too long */
        _KEY_STATUS_MAX,
};

/* What a login must show besides its key. The values are in the store, and a larger one asks for
 * more. */
enum certificate_need {
        CERTIFICATE_NO = 0,
        CERTIFICATE_YES = 1, /* a trusted certificate */
        /* and proof of its private key */
        CERTIFICATE_PROOF = 2,
};

struct key_record {
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t digest[RECORD_DIGEST_LEN];
        uint32_t pepper_id;
        char owner[WIRE_USER_MAX + 1];
        /* Of an owner REALM:NAME, the REALM. "": the owner is an account. The store derives it: it
         * has a key of this host alone that is RECORD_UNBOUND. */
        char realm[REALM_NAME_MAX + 1];
        /* At the time when the key was made. Of a key of a fleet: what the account had when this
         * host was sure of it (number_since), and till then what it has now. RECORD_UNBOUND: there
         * is no such account, or the owner is of a realm. */
        uid_t owner_uid;
        char name[WIRE_NAME_MAX + 1];
        /* Separated by blanks. "": all services. */
        char services[RECORD_LIST_LEN];
        /* CIDR, separated by blanks. "": any address. */
        char networks[RECORD_LIST_LEN];
        enum key_status status;
        /* Of a revocation. Of an active key: why it is KEY_IDLE, when that was noted. */
        char reason[RECORD_REASON_MAX + 1];
        int64_t created_at;
        int64_t updated_at;
        /* Its own. 0: the policy's lifetime counts. */
        int64_t expires_at;
        /* The key is never good later than this: max-lifetime when it was made. 0: no bound. */
        int64_t bound_at;
        /* The user whose password counts. "": the owner. */
        char linked[WIRE_USER_MAX + 1];
        /* What made the key, such as session:sshd. "": somebody asked for it. */
        char origin[RECORD_ORIGIN_MAX + 1];
        /* The key that this one replaces by rotation. "": none. */
        char predecessor[KEYTEXT_ID_LEN + 1];
        char successor[KEYTEXT_ID_LEN + 1]; /* the key that replaces this one */
        /* The key is refused from then on, because its successor has replaced it. 0: it is not
         * retired. Or RECORD_RETIRES_ON_USE, or RECORD_RETIRED. */
        int64_t retires_at;
        /* The policy's epoch when the key was made. Keys of an older epoch were removed with all
         * others. */
        int64_t epoch;
        /* The groups of the fleet's hosts that it is for, separated by blanks. "": this host. */
        char hosts[RECORD_HOSTS_LEN];
        /* Each change of a fleet's key counts it up. */
        int64_t revision;
        enum certificate_need certificate_need;
        /* bound to this one certificate */
        bool bound;
        uint8_t certificate[RECORD_THUMBPRINT_LEN];
        /* When its end was noticed: by a revocation, or by the sweeper. 0: not yet. */
        int64_t dead_at;
        /* whether what follows is filled in */
        bool use_known;
        int64_t last_used_at; /* 0: never used */
        char last_service[WIRE_SERVICE_MAX + 1];
        char last_rhost[WIRE_RHOST_MAX + 1];
        uint64_t uses;
};

/* The uses of a key on their way to the store: how many there were, and the last one. */
struct key_use {
        char id[KEYTEXT_ID_LEN + 1];
        uint64_t count;
        int64_t at;
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1];
};

/* What is known of a user of this host, or of a realm. Zeroes: nothing. */
enum account_state {
        ACCOUNT_UNKNOWN = 0, /* nobody has answered yet */
        ACCOUNT_PRESENT = 1,
        ACCOUNT_GONE = 2,
};

struct account_record {
        char name[WIRE_USER_MAX + 1];
        enum account_state state;
        /* if ACCOUNT_PRESENT; RECORD_UNBOUND of a user of a realm alone */
        uid_t uid;
        /* Since when it has had that number. 0: for long enough that the keys of a fleet get it for
         * good. Or RECORD_UNCERTAIN. */
        int64_t number_since;
        /* in the passwd file, not in a directory; or of a realm */
        bool local;
        /* root, or a member of the admin group */
        bool admin;
        /* Of an answer; the store has it not. Nobody could tell, and ${admin} counts only where
         * nothing is known. */
        bool admin_unsure;
        bool locked; /* the password (passwd -l) */
        /* The password is not good from then on. 0: it does not expire. */
        int64_t password_ends_at;
        int64_t closes_at;  /* no login from then on; 0: never */
        int64_t gone_since; /* if ACCOUNT_GONE */
        bool held;          /* gone with many others */
        /* Since when ${locked} and ${password_ends_at} are what they are. 0: from before that was
         * noted. Or RECORD_UNCERTAIN. Of a user of a realm, who has no password: in which list the
         * user was found (accounts_realms_which()). */
        int64_t password_since;
        /* They made the password bad at one look, with those of many others. */
        bool password_held;
        /* When the answer came. If ACCOUNT_GONE and local, 0: only the passwd file has said so. Or
         * RECORD_REMOVED. */
        int64_t checked_at;
};

/* A certificate that an administrator has registered. Every text can be shown as it is. */
enum cert_kind {
        /* trusted as it is, to the last byte */
        CERT_CLIENT = 0,
        CERT_CA = 1, /* trusted for what it issued */
};

/* The serial number of a certificate and its issuer. Revocation lists name certificates so. */
struct cert_serial {
        /* of the CA that signed the certificate: see cert_key_identify(). Zeroes: unknown, because
         * no chain was built. It then stands for every CA with the issuer's name. */
        uint8_t key[RECORD_HASH_LEN];
        /* the issuer's name: see cert_name_hash(). Zeroes: unknown, and like every name */
        uint8_t issuer[RECORD_HASH_LEN];
        uint8_t point[RECORD_HASH_LEN]; /* see cert_point_of_cert() */
        uint8_t len;                    /* 1 to RECORD_SERIAL_MAX */
        uint8_t bytes[RECORD_SERIAL_MAX];
};

struct cert_record {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        enum cert_kind kind;
        char name[WIRE_NAME_MAX + 1]; /* the name that people use; unique */
        /* Several values of one kind are separated by ", ". */
        char subject[RECORD_DN_MAX + 1]; /* all of it, as RFC 4514 writes it */
        char subject_cn[RECORD_DN_PART_MAX + 1], subject_o[RECORD_DN_PART_MAX + 1],
                subject_ou[RECORD_DN_PART_MAX + 1];
        char issuer_cn[RECORD_DN_PART_MAX + 1], issuer_o[RECORD_DN_PART_MAX + 1],
                issuer_ou[RECORD_DN_PART_MAX + 1];
        struct cert_serial serial;
        /* "RSA 2048", "ECDSA P-256", "Ed25519" */
        char key_type[RECORD_KEY_TYPE_MAX + 1];
        /* the subject's name, likewise */
        uint8_t subject_id[RECORD_HASH_LEN];
        /* SHA-256 of its SubjectPublicKeyInfo */
        uint8_t spki[RECORD_HASH_LEN];
        /* SHA-256 of its public key as SSH writes it (RFC 4253, 5656, 8709). Zeroes: SSH has no
         * such keys. */
        uint8_t ssh[RECORD_HASH_LEN];
        /* UNIX seconds; valid in the first and the last */
        int64_t not_before, not_after;
        int64_t added_at;
        bool fleet; /* all hosts of the fleet have it */
        /* Beside that a member has it itself. On an issuing host what both have is the fleet's. */
        bool shared;
};

/* A revocation list of a registered CA. */
struct crl_record {
        uint8_t ca[RECORD_THUMBPRINT_LEN]; /* the CA that signed it */
        uint8_t issuer[RECORD_HASH_LEN];   /* its name, as in cert_serial */
        uint8_t point[RECORD_HASH_LEN];    /* that it is for; zeroes: all */
        int64_t this_update, next_update;
        uint64_t revoked; /* number of serial numbers */
};
