/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins that wait for somebody to read their certificate: helper processes do it, so that
 * hostile bytes can cost one process and no more. A few run at a time, one for each owner of
 * keys, so that nobody with a good key and bad certificates takes all of them; logins with the
 * same certificate share one. Nothing is read for whoever has not shown a good key first. */
#pragma once

#include "keys/audit.h"
#include "login/verify.h"

#define READERS_HELPERS_MAX 4   /* at work at one time */
#define READERS_WAITING_MAX 256 /* logins */
/* of these, asked for by one uid that is not root */
#define READERS_PER_UID_MAX   64
#define READERS_PER_OWNER_MAX 32 /* of these, with keys of one owner */
/* for one certificate: less than the module waits */
#define READERS_USEC UINT64_C(1500000)

struct readers;

/**
 * readers_new(ret, event, verify, audit): borrows all of them. 0; -ENOMEM.
 */
int readers_new(struct readers **ret, sd_event *event, struct verify *verify,
                struct audit *audit) _must_check_;

/**
 * readers_free(readers): ends the helpers; whoever waits is left without an answer.
 */
struct readers *readers_free(struct readers *readers);

/**
 * readers_serve(readers, login, fd):
 * Has the certificate of ${login} read, for which verify_packet() has just said VERIFY_READ, and
 * answers the connection ${fd} then, as verify_resume() says; keeps copies of both. Where there
 * are too many, the answer comes at once and says that the daemon could not decide.
 */
void readers_serve(struct readers *readers, const struct verify_login *login, int fd);

/**
 * readers_length(readers): logins that wait now.
 */
size_t readers_length(const struct readers *readers);
