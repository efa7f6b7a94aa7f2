/* SPDX-License-Identifier: BSD-2-Clause */
/* How a fleet begins, and how hosts come into it and leave it. Runs on the writer thread. */
#pragma once

#include "base/bytes.h"
#include "fleet/fleet_change.h"

#define FLEET_PASSWORD_LEN   32
#define FLEET_INVITATION_MAX (SEAL_HEAD_LEN + 4 + SEAL_SEALED_MAX)
/* two public keys and a colon: what an invitation is sealed for, and what the host signs with */
#define FLEET_KEY_LEN (2 * SEAL_TEXT_LEN + 1)

/**
 * fleet_join_is_host(text): whether ${text} may be the name of a host: a small letter or digit,
 * then small letters, digits, hyphens and dots, at most ${STORE_FLEET_HOST_MAX} in all.
 */
bool fleet_join_is_host(const char *text);

/**
 * fleet_join_key(f, out): the public keys of this host, as text. The first call makes the secrets.
 * 0, or a negative errno of a file.
 */
int fleet_join_key(const struct fleet *f, char out[static FLEET_KEY_LEN + 1]) _must_check_;

/**
 * fleet_join_init(f, writer, host, database, audit): begins a fleet, of this host alone, which
 * issues. 0; -EISCONN; an error of the store or of a file.
 */
int fleet_join_init(struct fleet *f, struct store *writer, const char *host, const char *database,
                    const struct audit_record *audit) _must_check_;

/* A host that is to come. Zeroed, then filled by the caller. The caller wipes it. */
struct fleet_invite {
        struct store_fleet_host host;
        bool issuing;
        char password[FLEET_PASSWORD_LEN + 1]; /* of its role in the database */
        /* where it reaches the database; "": as this host does */
        char database[STORE_FLEET_DATABASE_MAX + 1];
};

/**
 * fleet_join_take_key(invite, text): reads what fleet_join_key() gave on that host. 0; -EINVAL,
 * also when nothing can be sealed for a part of it.
 */
int fleet_join_take_key(struct fleet_invite *invite, const char *text) _must_check_;

/**
 * fleet_join_invite(f, writer, invite, ret):
 * Draws the password, and makes the change that tells all hosts of the new one. 0; -ENOLINK; -EXDEV
 * for a group that there is not; -EADDRINUSE when a half of the key is that of another host;
 * -EUSERS when too many would issue; -ENOTUNIQ when the name is that of this host; an error of the
 * store or of a file. Another key that a host of that name has signed with is not trusted any more.
 */
int fleet_join_invite(struct fleet *f, struct store *writer, struct fleet_invite *invite,
                      struct fleet_change *ret) _must_check_;

/**
 * fleet_join_seal(f, writer, invite, out, ret_len): the invitation, when the change was applied. 0;
 * -ENOLINK; -EMSGSIZE; -EINVAL when nothing can be sealed for that key; an error of a file.
 */
int fleet_join_seal(struct fleet *f, struct store *writer, const struct fleet_invite *invite,
                    uint8_t out[static FLEET_INVITATION_MAX], size_t *ret_len) _must_check_;

/**
 * fleet_join_accept(f, writer, in, len, audit): comes into a fleet by an invitation. 0; -EISCONN;
 * -ENOKEY; -EADDRNOTAVAIL when it is sealed for another host; -EPROTOTYPE; -EBADMSG; -EMEDIUMTYPE;
 * -EPROTONOSUPPORT; an error of the store or of a file.
 */
int fleet_join_accept(struct fleet *f, struct store *writer, const uint8_t *in, size_t len,
                      const struct audit_record *audit) _must_check_;

/**
 * fleet_join_leave(f, writer, audit): leaves the fleet. Its keys, and what it knows of the fleet,
 * are gone. 0; -ENOLINK; an error of the store.
 */
int fleet_join_leave(struct fleet *f, struct store *writer,
                     const struct audit_record *audit) _must_check_;
