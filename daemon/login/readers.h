/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins whose certificate has to be read. Helper processes read it, so that hostile bytes can
 * break a helper and nothing else. A few helpers run at a time, one for each owner of keys, and
 * who has the fewest certificates to be read comes first. So a user with good keys and bad
 * certificates cannot occupy all of them. Logins of one
 * owner with the same certificate share a helper. Nothing is read for a client without a good
 * key. */
#pragma once

#include "keys/audit.h"
#include "login/verify.h"

#define READERS_HELPERS_MAX 4   /* at work at one time */
#define READERS_WAITING_MAX 256 /* logins */
/* of these, for one uid that is not root, or a block of uids (rules/share.h) */
#define READERS_PER_UID_MAX 40
/* of these, with keys of one owner, and of one source that is named; half of them for uid 0 only */
#define READERS_PER_OWNER_MAX  32
#define READERS_PER_SOURCE_MAX 64
_Static_assert(3 * READERS_PER_UID_MAX < READERS_WAITING_MAX / 2,
               "a user with a uid and two blocks leaves places for other users");
/* for one certificate: less than the module waits */
#define READERS_USEC UINT64_C(1500000)

struct readers;

/**
 * readers_new(ret, event, verify, audit): borrows all of them. 0; -ENOMEM.
 */
int readers_new(struct readers **ret, sd_event *event, struct verify *verify,
                struct audit *audit) _must_check_;

/**
 * readers_free(readers): ends the helpers. Logins that still wait get no answer.
 */
struct readers *readers_free(struct readers *readers);

/**
 * readers_serve(readers, login, fd):
 * Has the certificate of ${login} read, for which verify_packet() has just returned VERIFY_READ,
 * and then answers the connection ${fd} as verify_resume() says. Keeps copies of both. When too
 * many logins wait already, it answers at once that the daemon could not decide.
 */
void readers_serve(struct readers *readers, const struct verify_login *login, int fd);

/**
 * readers_length(readers): logins that wait now.
 */
size_t readers_length(const struct readers *readers);
