/* The verify socket: takes one request from each connection, answers it, closes. A peer that has connected and says nothing is kept
 * for a while, a few of them for each uid, so that none can take the places of the others. */
#pragma once

#include <systemd/sd-event.h>

#include "audit.h"
#include "firstuse.h"
#include "verify.h"

#define LISTENER_PATIENCE_MS 2000 /* for a connection without a request */
#define LISTENER_PENDING_MAX 512  /* connections without a request */
#define LISTENER_ROOT_SHARE  128  /* of these, kept for uid 0 */
#define LISTENER_PER_UID_MAX 64   /* for any other uid */

struct listener;

/**
 * listener_new(ret, event, fd, verify, firstuse, audit):
 * Serves the listening SOCK_SEQPACKET socket ${fd}, which it owns from now on; ${verify},
 * ${firstuse} and ${audit} are borrowed. 0, or a negative errno.
 */
int listener_new(struct listener **ret, sd_event *event, int fd, struct verify *verify,
                 struct firstuse *firstuse, struct audit *audit) _must_check_;
struct listener *listener_free(struct listener *l);
