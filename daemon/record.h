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
        int64_t expires_at;   /* of its own; 0: the policy's lifetime counts */
        int64_t bound_at;     /* never later than this (max-lifetime at its making); 0: no bound */
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

struct policy {
        bool enabled;
        int64_t lifetime_s; /* 0: none */
        int64_t lifetime_changed_at;
        int64_t max_lifetime_s; /* 0: none */
        int64_t max_keys_per_user;
        bool remove_on_password_expiry;
        bool require_certificate;
        bool password_issue;
        int64_t retention_s;
};
