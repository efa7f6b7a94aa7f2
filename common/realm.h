/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of realms and of their users. An owner of keys who is no account of this host is
 * written REALM:NAME. No account can be called so, because a colon ends the name in passwd. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

enum realm_len {
        REALM_NAME_MAX = 31,
        /* with the shortest name of a realm, which has one letter */
        REALM_USER_MAX = WIRE_USER_MAX - 2,
};

/* What the configuration says of a login, or of a key where there is no login. Zeroes let nobody
 * in. */
struct realm_facts {
        /* the service is of no realm, so it takes keys of accounts */
        bool accounts;
        bool known; /* the key's realm is configured */
        /* and can have the key's owner: by its suffixes, or it has a list */
        bool named;
        bool served; /* and the service is one of its */
};

/**
 * realm_is_name(text): whether ${text} can be the name of a realm: a small letter, then small
 * letters, digits and hyphens.
 */
bool realm_is_name(const char *text);

/**
 * realm_is_user(text):
 * Whether ${text} can be the name of a user of a realm, as a service gives it: letters, digits and
 * ._-+=~ and, before the domain of an address, one @. It begins with a letter, a digit or _, and so
 * does the domain. Bytes are compared as they are: nothing is folded, decoded or cut.
 */
bool realm_is_user(const char *text);

/**
 * realm_is_suffix(text): whether ${text} is an @ and a domain, with which users of a realm can end.
 */
bool realm_is_suffix(const char *text);

/**
 * realm_split(owner, ret):
 * The user of an owner of the form REALM:NAME, in ${owner} itself, and in ${ret} the name of the
 * realm. NULL when the owner has no such form; ${ret} is untouched then.
 */
const char *realm_split(const char *owner, char ret[static REALM_NAME_MAX + 1]);

/**
 * realm_has_suffix(user, suffixes): whether the user's name is something before one of the
 * blank-separated ${suffixes}, of the forms above.
 */
bool realm_has_suffix(const char *user, const char *suffixes);
