/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for the daemon, or between the daemon and the module. It is a process of its own that
 * counts connections, keeps the last request, and answers as the test tells it. */
#pragma once

#include "world.h"

#define STANDIN_REPLY_MAX 70000

enum standin_mode {
        /* Hands the request to the daemon, and the reply back. */
        STANDIN_RELAY,
        /* Answers with the bytes of standin_reply(). */
        STANDIN_REPLY,
        /* The same, but before it reads the request. */
        STANDIN_PREPARED,
        STANDIN_SILENT, /* reads and never answers */
        STANDIN_CLOSE,  /* reads and hangs up */
        STANDIN_SLAM,   /* hangs up without reading */
        STANDIN_DIE,    /* reads; then its process ends */
};

/* What it does with a request of kind 4. */
enum standin_offers {
        STANDIN_OFFERS_NOT = 0, /* treats it as any other */
        /* Sends a challenge of the bytes from 0xc0 on. With the next request on the connection it
         * does what the mode says. */
        STANDIN_OFFERS,
        /* Sends a challenge, and hangs up on the next request. */
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
 * Starts it on the socket ${name} in the world's directory, in front of the daemon there. Ends it.
 * It begins with STANDIN_RELAY.
 */
void standin_start(struct standin *s, const struct world *w, const char *name);
void standin_stop(struct standin *s);

/**
 * standin_set(s, mode):
 * Sets what it does from now on.
 * standin_hang_up_first(s, n):
 * Makes it hang up on the first ${n} requests before that.
 */
void standin_set(struct standin *s, enum standin_mode mode);
void standin_hang_up_first(struct standin *s, unsigned n);

/**
 * standin_reply(s, bytes, len, echo_seq):
 * Makes it answer with these bytes from now on. With ${echo_seq} it puts the sequence number of the
 * request into them.
 */
void standin_reply(struct standin *s, const uint8_t *bytes, size_t len, bool echo_seq);

/**
 * standin_offer(s, offers):
 * Sets what it does with an offer from now on.
 */
void standin_offer(struct standin *s, enum standin_offers offers);

/**
 * standin_verdict(s, reply):
 * Makes it answer with the encoded ${reply} from now on.
 */
void standin_verdict(struct standin *s, const struct wire_reply *reply);

/**
 * standin_answer(s, verdict):
 * Makes it answer with this verdict from now on, about the key of standin_key().
 * standin_key(ret):
 * A key that no daemon knows.
 */
void standin_answer(struct standin *s, enum verdict verdict);
void standin_key(struct world_key *ret);

/**
 * standin_asked(s):
 * The number of connections to it since the last call.
 */
unsigned standin_asked(struct standin *s);

/**
 * standin_request(s, ret_len):
 * The last request that it read since the last order. ${ret_len} is 0 when there was none.
 * Borrowed.
 */
const uint8_t *standin_request(const struct standin *s, size_t *ret_len);

/**
 * standin_decode(s):
 * The same request, decoded. It must be there and well-formed.
 */
struct wire_request standin_decode(const struct standin *s);
