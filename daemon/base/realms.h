/* SPDX-License-Identifier: BSD-2-Clause */
/* The realms of the configuration: whose users have keys without being accounts of this host, and
 * for which services. It does not change once it is made. The loop counts those who use it, and the
 * writer thread may read it meanwhile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "attr.h"
#include "record.h"

#define REALMS_MAX      64
#define REALMS_PATH_MAX 255 /* of a list */

struct realm {
        char name[REALM_NAME_MAX + 1];
        char services[RECORD_LIST_LEN]; /* separated by blanks */
        /* One of these is "": its users end in one of the suffixes, or their names are in the
         * file. Both: it has no users. */
        char suffixes[RECORD_LIST_LEN];
        char list[REALMS_PATH_MAX + 1];
        /* the group of those who issue, list and revoke its keys, besides administrators */
        bool has_issuers;
        char issuers_name[WIRE_USER_MAX + 1];
        gid_t issuers;
};

struct realms {
        unsigned users; /* the loop's */
        size_t n;
        struct realm of[];
};

/**
 * realms_new(ret, from, n): a copy of ${n} realms, with one user. 0; -ENOMEM.
 * realms_ref(realms): one more. realms_unref(realms): one less; the last one frees it. Both
 * NULL-safe and for the loop. realms_unref() returns NULL.
 */
int realms_new(struct realms **ret, const struct realm *from, size_t n) _must_check_;
struct realms *realms_ref(struct realms *realms);
struct realms *realms_unref(struct realms *realms);

/* In all of these NULL stands for no realms. */

/**
 * realms_find(realms, name): the realm of this name; NULL when there is none.
 */
const struct realm *realms_find(const struct realms *realms, const char *name);

/**
 * realms_of_service(realms, service): the one realm that the service, in small letters, is of; NULL
 * when it is of none.
 */
const struct realm *realms_of_service(const struct realms *realms, const char *service);

/**
 * realms_facts(realms, key, service):
 * What is to be known of realms for a login with ${key} to ${service}, in small letters. "" is of
 * no realm. NULL: where no login is judged, for some service that is right for the key.
 */
struct realm_facts realms_facts(const struct realms *realms, const struct key_record *key,
                                const char *service);
