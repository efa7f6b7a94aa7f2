/* The handler of the verify socket: bytes of one request in, bytes of one reply out. No sockets of its own. Runs on the loop and reads
 * only; a use of a key is noted in memory and flushed by the writer. */
#pragma once

#include <sys/socket.h>

#include "conf.h"
#include "keymint.h"
#include "store.h"
#include "worker.h"

#define VERIFY_ISSUE 2

struct verify;

/* What happened, for the log after the reply has gone out. */
struct verify_event {
        enum reason reason;
        enum wire_kind kind;
        char id[KEYTEXT_ID_LEN + 1];
        char user[WIRE_USER_MAX + 1];
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1];
        struct ucred peer;
        bool known;                    /* there is a key with this id */
        char owner[WIRE_USER_MAX + 1]; /* of that key */
        uid_t owner_uid;
        int64_t expires_at; /* of the key, where there is one */
        int store_error;    /* with REASON_STORE: what the store said */
        int64_t now;
};

/**
 * verify_new(ret, reader, keymint): takes neither; both must outlive it. 0; -ENOMEM.
 */
int verify_new(struct verify **ret, struct store *reader, const struct keymint *keymint) _must_check_;
struct verify *verify_free(struct verify *v);

/**
 * verify_load_policy(s, ret):
 * The policy as the store has it. Returns 0; -EPROTONOSUPPORT when there is one that this build does not know; an error of the store. On
 * failure ${ret} is not to be used.
 */
int verify_load_policy(struct store *s, struct policy *ret) _must_check_;

/**
 * verify_get_policy(v, ret): the policy that is in force now; on the loop. 0, or an error of the store.
 */
int verify_get_policy(struct verify *v, struct policy *ret) _must_check_;

/**
 * verify_set_conf(v, conf): the configuration in force from now on; borrowed until the next call.
 */
void verify_set_conf(struct verify *v, const struct conf *conf);

/**
 * verify_set_worker(v, worker): who writes that a key has retired with the first use of its successor; borrowed, NULL for nobody.
 */
void verify_set_worker(struct verify *v, struct worker *worker);

/**
 * verify_get_accounts(s, key, ret_owner, ret_linked):
 * What the store knows of the accounts behind ${key}; of whom it knows nothing the record stays as it was. 0, or an error of the store.
 */
int verify_get_accounts(struct store *s, const struct key_record *key, struct account_record *ret_owner,
                        struct account_record *ret_linked) _must_check_;

/**
 * verify_packet(v, in, len, peer, now, out, ret_event):
 * Decides the request at ${in} at the time ${now} and writes the reply to ${out}. The caller wipes ${in}.
 * Returns VERIFY_ISSUE when it is no verification: it is for firstuse_serve(), and there is nothing in ${out} and ${ret_event};
 * 1 with a reply and an event for verify_log(); 0 with a reply that is not worth a word (another version); -EBADMSG
 * when there is nothing to answer: the peer is to be dropped.
 */
int verify_packet(struct verify *v, const uint8_t *in, size_t len, const struct ucred *peer, int64_t now,
                  uint8_t out[static WIRE_REPLY_LEN], struct verify_event *ret_event) _must_check_;

/**
 * verify_log(v, event): says what happened, unless the same was said often enough.
 */
void verify_log(struct verify *v, const struct verify_event *event);

/**
 * verify_without_key(text): ${text}, or what stands for it where it has something like a key in it: a person may type the key where the name
 * belongs.
 */
const char *verify_without_key(const char *text);

/**
 * verify_flush(v, worker): hands the uses noted so far to the writer. Nothing is lost when it cannot take them now.
 */
void verify_flush(struct verify *v, struct worker *worker);

/**
 * verify_take_unknown(v): whether a login was refused because nothing is known of an account, since this was last asked.
 */
bool verify_take_unknown(struct verify *v);

/**
 * verify_counts(v, ret_accepted, ret_refused): verifications since the start.
 */
void verify_counts(const struct verify *v, uint64_t *ret_accepted, uint64_t *ret_refused);
