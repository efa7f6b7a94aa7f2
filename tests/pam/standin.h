/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for the daemon, or between it and the module: a process of its own that counts who
 * comes, keeps what was asked, and answers whatever the test says. */
#pragma once

#include "world.h"

#define STANDIN_REPLY_MAX 70000

enum standin_mode {
        /* hands the request to the daemon, and its reply back */
        STANDIN_RELAY,
        /* answers with what standin_reply() was given */
        STANDIN_REPLY,
        /* the same, but before it has read anything */
        STANDIN_PREPARED,
        STANDIN_SILENT, /* reads and never answers */
        STANDIN_CLOSE,  /* reads and hangs up */
        STANDIN_SLAM,   /* hangs up without having read */
        STANDIN_DIE,    /* reads; then its process ends */
};

/* What becomes of a request of kind 4. */
enum standin_offers {
        STANDIN_OFFERS_NOT = 0, /* it is one like any other */
        /* a challenge of bytes from c0 on; to the next request on the connection it does what
         * the mode says */
        STANDIN_OFFERS,
        /* a challenge; and it hangs up on the next request */
        STANDIN_OFFERS_AND_HANGS_UP,
};

struct standin_shared;
struct standin {
        char path[64]; /* of its socket */
        pid_t pid;
        struct standin_shared *shared;
        unsigned pings, seen;
};

/**
 * standin_start(s, w, name), standin_stop(s):
 * Starts it on the socket ${name} in the world's directory, in front of the daemon there; ends
 * it. It begins with STANDIN_RELAY.
 */
void standin_start(struct standin *s, const struct world *w, const char *name);
void standin_stop(struct standin *s);

/**
 * standin_set(s, mode): what it does from now on. standin_hang_up_first(s, n): but it hangs up
 * on the first ${n} requests.
 */
void standin_set(struct standin *s, enum standin_mode mode);
void standin_hang_up_first(struct standin *s, unsigned n);

/**
 * standin_reply(s, bytes, len, echo_seq):
 * It answers with these bytes from now on; where ${echo_seq} is set, with the sequence number of
 * the request in its place.
 */
void standin_reply(struct standin *s, const uint8_t *bytes, size_t len, bool echo_seq);

/**
 * standin_offer(s, offers): what it does to an offer from now on.
 */
void standin_offer(struct standin *s, enum standin_offers offers);

/**
 * standin_verdict(s, reply): it answers with this, well-formed, from now on.
 */
void standin_verdict(struct standin *s, const struct wire_reply *reply);

/**
 * standin_answer(s, verdict): it answers with this verdict from now on, about the key of
 * standin_key(ret), which no daemon knows.
 */
void standin_answer(struct standin *s, enum verdict verdict);
void standin_key(struct world_key *ret);

/**
 * standin_asked(s): how many connections were made to it since the last call.
 */
unsigned standin_asked(struct standin *s);

/**
 * standin_request(s, ret_len): the last request that it read since it was told what to do;
 * ${ret_len} is 0 when there was none. Borrowed.
 */
const uint8_t *standin_request(const struct standin *s, size_t *ret_len);

/**
 * standin_decode(s): the same, decoded. It must be there and well-formed.
 */
struct wire_request standin_decode(const struct standin *s);
