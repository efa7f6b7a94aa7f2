/* SPDX-License-Identifier: BSD-2-Clause */
/* The verify socket: takes one request from each connection, answers it and closes it. When the
 * answer is a challenge, a second request may follow. A client that has connected and sends
 * nothing is kept for a while, a limited number for each uid. When there are too many, one gives
 * its place to the newcomer (rules/share.h), so that no user takes the places of the others. */
#pragma once

#include <systemd/sd-event.h>

#include "keys/audit.h"
#include "login/firstuse.h"
#include "login/readers.h"
#include "login/verify.h"

/* for a connection without a request */
#define LISTENER_PATIENCE_MS 2000
#define LISTENER_PENDING_MAX 512 /* connections without a request */
#define LISTENER_ROOT_SHARE  128 /* of these, kept for uid 0 */
#define LISTENER_PER_UID_MAX 64  /* for any other uid */
/* for a block of uids above 65535: see rules/share.h */
#define LISTENER_PER_RANGE_MAX 128

#define LISTENER_CHALLENGE_MS 60000 /* for the answer to a challenge */
/* connections that wait for that answer; at most half of them of other uids than 0 */
#define LISTENER_OFFERED_MAX       512
#define LISTENER_OFFERED_PER_RANGE 96 /* of a block of uids */
/* with one key, with keys of one owner, and of one source that is named; of one uid or block of
 * uids. One more takes the place of the oldest of these: through sshd all clients are uid 0. */
#define LISTENER_OFFERED_PER_KEY    8
#define LISTENER_OFFERED_PER_OWNER  16
#define LISTENER_OFFERED_PER_SOURCE 48

/* for who the key's owner is: less than the module waits */
#define LISTENER_WAIT_MS 1500
/* connections that wait for that; at most half of them of other uids than 0 */
#define LISTENER_WAITING_MAX       256
#define LISTENER_WAITING_PER_UID   32 /* for any other uid */
#define LISTENER_WAITING_PER_RANGE 40 /* for a block of uids */
/* none of these gives its place to a newcomer */
_Static_assert(LISTENER_WAITING_PER_UID + 2 * LISTENER_WAITING_PER_RANGE < LISTENER_WAITING_MAX / 2,
               "a user with a uid and two blocks leaves places for other users");

#define LISTENER_QUEUE_MAX 512 /* the longest of them */
_Static_assert(LISTENER_PENDING_MAX <= LISTENER_QUEUE_MAX &&
                       LISTENER_OFFERED_MAX <= LISTENER_QUEUE_MAX &&
                       LISTENER_WAITING_MAX <= LISTENER_QUEUE_MAX,
               "no queue is longer");

struct listener;

/**
 * listener_new(ret, event, fd, verify, firstuse, audit, readers):
 * Serves the listening SOCK_SEQPACKET socket ${fd}, which it owns from now on. Borrows ${verify},
 * ${firstuse}, ${audit} and ${readers}. 0, or a negative errno.
 */
int listener_new(struct listener **ret, sd_event *event, int fd, struct verify *verify,
                 struct firstuse *firstuse, struct audit *audit,
                 struct readers *readers) _must_check_;
struct listener *listener_free(struct listener *l);

/**
 * listener_look_again(l): decides the logins that wait so, as far as more is known now. NULL-safe.
 */
void listener_look_again(struct listener *l);

struct listener_lengths {
        size_t pending; /* wait for a request */
        size_t offered; /* for the answer to a challenge */
        size_t waiting; /* for who the key's owner is */
};

/**
 * listener_lengths(l): how many connections wait now, and for what.
 */
struct listener_lengths listener_lengths(const struct listener *l);
