/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler of the verify socket: bytes of one request in, bytes of one reply out. No sockets
 * of its own. Runs on the loop and reads only; a use of a key is noted in memory and flushed by
 * the writer. */
#pragma once

#include <sys/socket.h>

#include "base/conf.h"
#include "challenge.h"
#include "login/trust.h"
#include "login/verify_event.h"
#include "rules/loglimit.h"
#include "rules/tally.h"
#include "secret/keymint.h"
#include "store/store.h"
#include "store/worker.h"

struct verify;

/* What one connection of the verify socket was given, from one message to the next. Zeroes at
 * first. */
struct verify_session {
        /* a challenge: what follows is the login that it was given for */
        bool offered;
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t nonce[WIRE_CHALLENGE_LEN];
};

/* One message. Borrows all. */
struct verify_packet {
        const uint8_t *in;
        size_t len;
        const struct ucred *peer;
        int64_t now;
        /* NULL: of no connection that could be given anything */
        struct verify_session *session;
        /* on its certificate, which had to be read; NULL: nobody has */
        const struct trust_verdict *judged;
        /* clock_ticks(); for whoever replies */
        uint64_t received;
};

enum verify_outcome {
        /* a reply that is not worth a word (another version) */
        VERIFY_NOTHING = 0,
        /* a reply, and an event for verify_log() */
        VERIFY_ANSWERED,
        /* a reply, and another message to come; an event for when none does */
        VERIFY_OFFERED,
        /* no verification: for firstuse_serve(); no reply, no event */
        VERIFY_ISSUE,
        /* the certificate has to be read: for readers_serve(); no reply, no event */
        VERIFY_READ,
};

/**
 * verify_new(ret, reader, keymint): takes neither; both must outlive it. 0; -ENOMEM.
 */
int verify_new(struct verify **ret, struct store *reader,
               const struct keymint *keymint) _must_check_;
struct verify *verify_free(struct verify *v);

/**
 * verify_get_policy(v, ret): the policy that is in force now; on the loop. 0, or an error of the
 * store.
 */
int verify_get_policy(struct verify *v, struct policy *ret) _must_check_;

/**
 * verify_get_reader(v, ret): the store as it is now; on the loop, until the loop does something
 * else. 0, or an error of the store.
 */
int verify_get_reader(struct verify *v, struct store **ret) _must_check_;

/**
 * verify_set_conf(v, conf): the configuration in force from now on; borrowed until the next call.
 */
void verify_set_conf(struct verify *v, const struct conf *conf);

/**
 * verify_set_worker(v, worker): who writes that a key has retired with the first use of its
 * successor; borrowed, NULL for nobody.
 */
void verify_set_worker(struct verify *v, struct worker *worker);

/**
 * verify_packet(v, packet, out, ret_event):
 * Decides the request and writes the reply to ${out}. The caller wipes the request.
 * Returns an outcome, or -EBADMSG when there is nothing to answer: the peer is to be dropped.
 */
int verify_packet(struct verify *v, const struct verify_packet *packet,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) _must_check_;

/* A question to the helper that reads certificates: what it is about, and for whom. */
struct verify_question {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        /* there is a signature as well, so the answer is good for one login only */
        bool is_signed;
        char owner[WIRE_USER_MAX + 1]; /* of the key */
        int64_t trust;                 /* the policy's at that time */
};

/**
 * verify_ask(v, packet, out, size, ret): writes the question that a ${packet} with VERIFY_READ
 * gives rise to. Its length; -EMSGSIZE; an error of the store.
 */
ssize_t verify_ask(struct verify *v, const struct verify_packet *packet, uint8_t *out, size_t size,
                   struct verify_question *ret) _must_check_;

/**
 * verify_take(v, packet, question, judged, ret):
 * What the answer means for ${packet}, for its judged. 0; -ESTALE when things have changed since
 * the question; an error of the store.
 */
int verify_take(struct verify *v, const struct verify_packet *packet,
                const struct verify_question *question, const struct cert_verdict *judged,
                struct trust_verdict *ret) _must_check_;

/**
 * verify_limits(v): how often the same was said in the log. Borrowed.
 */
struct loglimit *verify_limits(struct verify *v);

/**
 * verify_log(v, event): says what happened, unless the same was said often enough.
 */
void verify_log(struct verify *v, const struct verify_event *event);

/**
 * verify_flush(v, worker): hands the writer what logins have left to be written.
 * verify_finish(v, worker): the same at the end, for a last try; verify_free() comes after the
 * end of the worker.
 */
void verify_finish(struct verify *v, struct worker *worker);
void verify_flush(struct verify *v, struct worker *worker);

/**
 * verify_take_unknown(v): whether a login was refused because nothing is known of an account,
 * since this was last asked.
 */
bool verify_take_unknown(struct verify *v);

/**
 * verify_tally(v): verifications since the start. How long each took is for whoever sends the
 * reply to say. Borrowed.
 */
struct tally *verify_tally(struct verify *v);
