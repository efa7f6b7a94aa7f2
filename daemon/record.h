/* The plain facts that the layers hand each other. No functions, no secrets: a key's digest is as near as it gets. */
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

/* For retires_at: the key ends with the first use of its successor. */
#define RECORD_RETIRES_ON_USE INT64_C(-1)

/* Values are in the store: never renumber. What has outlived its time is found out by the clock, not by a status. */
enum key_status {
        KEY_ACTIVE = 0,
        KEY_REVOKED = 1,
        KEY_EXPIRED = 2, /* never stored: an active key whose time is over */
};

struct key_record {
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t digest[RECORD_DIGEST_LEN];
        uint32_t pepper_id;
        char owner[WIRE_USER_MAX + 1];
        uid_t owner_uid; /* when the key was made */
        char name[WIRE_NAME_MAX + 1];
        char services[RECORD_LIST_LEN]; /* separated by blanks; empty: all */
        char networks[RECORD_LIST_LEN]; /* CIDR, separated by blanks; empty: any */
        enum key_status status;
        char reason[RECORD_REASON_MAX + 1]; /* of a revocation */
        int64_t created_at;
        int64_t updated_at;
        int64_t expires_at;             /* of its own; 0: the policy's lifetime counts */
        int64_t bound_at;               /* never later than this (max-lifetime at its making); 0: no bound */
        char linked[WIRE_USER_MAX + 1]; /* whose password counts; empty: the owner's */
        char origin[RECORD_ORIGIN_MAX + 1];   /* empty: asked for; else what made it, such as session:sshd */
        char predecessor[KEYTEXT_ID_LEN + 1]; /* rotation: the key that this one replaces; empty: none */
        char successor[KEYTEXT_ID_LEN + 1];   /* and the one that replaces it */
        int64_t retires_at; /* rotation: not accepted from then on; 0: not retired; RECORD_RETIRES_ON_USE */
        int64_t epoch; /* the policy's when it was made; one of an older epoch was removed with all others */
        int64_t dead_at;      /* when its end was noticed: by its revocation, or by the sweeper; 0: not yet */
        int64_t last_used_at; /* 0: never. This and what follows only where a key is shown */
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
        uid_t uid;                /* of ACCOUNT_PRESENT */
        bool local;               /* in the passwd file, not in a directory */
        bool admin;               /* root, or a member of the admin group */
        bool locked;              /* the password was locked (passwd -l) */
        int64_t password_ends_at; /* not good from then on; 0: it does not expire */
        int64_t closes_at;        /* no login at all from then on; 0: never */
        int64_t gone_since;       /* of ACCOUNT_GONE */
        int64_t checked_at; /* when the answer came; 0, of ACCOUNT_GONE: the passwd file alone has said so */
};

#define AUDIT_NOBODY     ((uid_t) -1)
#define AUDIT_WORD_MAX   31
#define AUDIT_DETAIL_MAX 191

/* One line of the audit log. Written once, never changed. Every text is safe to be shown as it is: a word of ours, a label, or what
 * text_escape() made of a peer's words; never anything like a key. */
struct audit_record {
        int64_t seq;    /* the place in the log, from 1, without gaps; given by the store */
        int64_t at;     /* UNIX seconds */
        int64_t until;  /* of the last one, where several alike were folded into this one; else as at */
        uint64_t count; /* of those */
        uid_t uid; /* who did it or asked, as the kernel says; AUDIT_NOBODY: the daemon by itself, or several */
        pid_t pid;
        uid_t owner_uid; /* of the key; AUDIT_NOBODY: no key is known by this id */
        char event[AUDIT_WORD_MAX +
                   1]; /* "login", "issued", "revoked", "policy"; of a refused call its member */
        char verdict[AUDIT_WORD_MAX + 1]; /* "accepted", "refused", "done" */
        char door[AUDIT_WORD_MAX + 1];    /* "verify", "session", "password", "control", "daemon" */
        char key[KEYTEXT_ID_LEN + 1];     /* "": none in particular */
        char user[2 * WIRE_USER_MAX];     /* the key's owner; where no key is known, who was claimed */
        char service[2 * WIRE_SERVICE_MAX];
        char rhost[WIRE_RHOST_MAX + 1];
        char reason[AUDIT_WORD_MAX + 1]; /* of a refusal, as a word */
        char detail[AUDIT_DETAIL_MAX + 1];
};

/* Which of them; what is NULL or 0 does not matter. */
struct audit_filter {
        const char *key, *user, *service, *verdict;
        bool own; /* only of keys that belong to the number owner_uid as well */
        uid_t owner_uid;
        int64_t since, until; /* whatever of it lies between the two */
        int64_t after;        /* the seq behind which to begin */
};

/* What came of looking at a piece of the log. */
struct audit_check {
        enum audit_fault {
                AUDIT_INTACT = 0,
                AUDIT_ALTERED, /* the record bad is not as it was written */
                AUDIT_MISSING, /* the record bad is not there */
                AUDIT_UNSEALED, /* the seal on both ends of the log is not ours: records before or behind may be missing */
        } fault;
        int64_t bad;
        uint64_t n;   /* records looked at */
        int64_t next; /* where to go on; 0: that was the end */
};

struct policy {
        bool enabled;
        bool admin_keys;
        int64_t lifetime_s; /* 0: none */
        int64_t lifetime_changed_at;
        int64_t max_lifetime_s; /* 0: none */
        int64_t max_keys_per_user;
        bool remove_on_password_expiry;
        bool require_certificate;
        bool password_issue;
        int64_t retention_s;
        /* Not for people to set: written with "remove all" and with a change of lifetime. */
        int64_t epoch;         /* keys of an older one are removed */
        int64_t epoch_at;      /* since when */
        int64_t lapsed_before; /* keys made up to then had outlived a lifetime before it was changed */
        int64_t lapsed_at;     /* when it was changed */
};
