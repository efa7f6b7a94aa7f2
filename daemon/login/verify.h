/* SPDX-License-Identifier: BSD-2-Clause */
/* Decides logins: the bytes of a request go in, the bytes of a reply come out. Has no sockets.
 * Runs on the loop and only reads the store. A use of a key is noted in memory, for the writer
 * thread. */
#pragma once

#include <sys/socket.h>

#include "base/conf.h"
#include "challenge.h"
#include "keys/uses.h"
#include "login/spellings.h"
#include "login/trust.h"
#include "login/verify_event.h"
#include "record_policy.h"
#include "rules/loglimit.h"
#include "rules/tally.h"
#include "secret/keymint.h"
#include "store/store.h"
#include "store/worker.h"

struct verify;

/* What a connection of the verify socket was given, for its next message. Zeroes at first. */
struct verify_session {
        /* a challenge, for the login that must follow */
        bool offered;
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t nonce[WIRE_CHALLENGE_LEN];
};

/* One message. Borrows all. */
struct verify_packet {
        const uint8_t *in;
        size_t len;
        const struct peer_cred *peer;
        int64_t now;
        /* NULL: this client cannot be given a challenge */
        struct verify_session *session;
        /* clock_ticks(); for the one who sends the reply */
        uint64_t received;
        /* The client can wait until it is known who the key's owner is. */
        bool may_wait;
};

/* One login, from the decoding of its request until it is decided. It is decoded once. When it
 * has to wait for its certificate, it waits without its secret. */
struct verify_login {
        /* borrows from the packet; all zero: it is none */
        struct wire_request req;
        char id[KEYTEXT_ID_LEN + 1]; /* of the key that is shown */
        /* the service is one of a realm */
        bool of_realm;
        struct peer_cred peer;
        int64_t now; /* of the last look */
        uint64_t received;
        /* borrowed; NULL as in the packet, and while it waits */
        struct verify_session *session;
        struct trust_evidence evidence;
        /* as it was at the last look; zeroes: there is none with this id */
        struct key_record key;
        /* The secret was right for this digest and has been wiped. At the end the key must still
         * have this digest. */
        bool waits;
        uint32_t pepper_id;
        uint8_t digest[RECORD_DIGEST_LEN];
};

static inline void verify_login_wipe(struct verify_login *login) {
        wire_request_wipe(&login->req);
}
#define _cleanup_login_ __attribute__((cleanup(verify_login_wipe)))

enum verify_outcome {
        /* a reply, nothing to log (another version) */
        VERIFY_NOTHING = 0,
        /* a reply, and an event for verify_log() */
        VERIFY_ANSWERED,
        /* a reply, and another message to come; an event to log if none comes */
        VERIFY_OFFERED,
        /* a request for firstuse_serve(); no reply, no event */
        VERIFY_ISSUE,
        /* the certificate has to be read: for readers_serve(); no reply, no event */
        VERIFY_READ,
        /* it is not known yet who the key's owner is: the same packet again later; no reply, no
         * event */
        VERIFY_WAIT,
};

/**
 * verify_new(ret, reader, keymint): borrows both. 0; -ENOMEM.
 */
int verify_new(struct verify **ret, struct store *reader,
               const struct keymint *keymint) _must_check_;
struct verify *verify_free(struct verify *v);

/**
 * verify_get_policy(v, ret): the policy in force now. On the loop. 0, or an error of the store.
 */
int verify_get_policy(struct verify *v, struct policy *ret) _must_check_;

/**
 * verify_get_reader(v, ret): the store as it is now, until the loop does something else. On the
 * loop. 0, or an error of the store.
 */
int verify_get_reader(struct verify *v, struct store **ret) _must_check_;

/**
 * verify_get_uses(v): the uses of keys. Borrowed.
 */
const struct uses *verify_get_uses(const struct verify *v);

/**
 * verify_set_conf(v, conf): the configuration in force from now on; borrowed until the next call.
 */
void verify_set_conf(struct verify *v, const struct conf *conf);

/**
 * verify_set_spellings(v, spellings): what is asked about other spellings of names. Borrowed; NULL
 * for none, so no such name is accepted.
 */
void verify_set_spellings(struct verify *v, struct spellings *spellings);

/**
 * verify_on_unknown(v, wanted, userdata): ${wanted} is called from the loop while a login waits
 * because nobody has said yet whether the key's owner exists.
 */
void verify_on_unknown(struct verify *v, void (*wanted)(void *userdata), void *userdata);

/**
 * verify_set_worker(v, worker): the writer thread, which writes that a key has retired with the
 * first use of its successor. Borrowed; NULL for none.
 */
void verify_set_worker(struct verify *v, struct worker *worker);

/**
 * verify_packet(v, packet, login, out, ret_event):
 * Decides the request and writes the reply to ${out}. Fills ${login} with what it decoded. The
 * caller wipes ${login} and the request. Returns an outcome, or -EBADMSG when there is nothing to
 * answer and the client is to be dropped.
 */
int verify_packet(struct verify *v, const struct verify_packet *packet, struct verify_login *login,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) _must_check_;

/* A question to the helper that reads certificates: about which one, and for which login. */
struct verify_question {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        /* with a signature, so the answer is good for one login only */
        bool is_signed;
        char owner[WIRE_USER_MAX + 1]; /* of the key */
        int64_t trust;                 /* the policy's at that time */
};

/**
 * verify_ask(v, login, out, size, ret):
 * Writes the question for a ${login} with VERIFY_READ. Call it before the loop does anything else:
 * it uses the same snapshot of the store. Returns the length; -EMSGSIZE; an error of the store.
 */
ssize_t verify_ask(struct verify *v, const struct verify_login *login, uint8_t *out, size_t size,
                   struct verify_question *ret) _must_check_;

/**
 * verify_keep(login, ret): copies a ${login} with VERIFY_READ to where it waits. The copy has no
 * secret and borrows nothing.
 */
void verify_keep(const struct verify_login *login, struct verify_login *ret);

/* What came of a question. */
struct verify_reading {
        const struct verify_question *question; /* NULL: it was not asked */
        const struct cert_verdict *verdict;     /* NULL: there is no answer */
        bool gone;                              /* the client has disconnected */
};

/**
 * verify_resume(v, login, reading, now, out, ret_event):
 * Decides anew a ${login} that has waited: with the row, the policy and the configuration as they
 * are at ${now}. Of the first look only one thing counts: for which digest the secret was right.
 * The row must still have that digest. Returns VERIFY_ANSWERED, because nothing is read or offered
 * twice.
 */
int verify_resume(struct verify *v, struct verify_login *login,
                  const struct verify_reading *reading, int64_t now,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) _must_check_;

/**
 * verify_limits(v): how often each thing was said in the log. Borrowed.
 */
struct loglimit *verify_limits(struct verify *v);

/**
 * verify_log(v, event): logs what happened, unless the same was logged often enough.
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
 * verify_tally(v): counts of verifications since the start. The one who sends the reply adds how
 * long it took. Borrowed.
 */
struct tally *verify_tally(struct verify *v);
