/* SPDX-License-Identifier: BSD-2-Clause */
/* What time and accounts do to keys: notices what has expired, ends the keys of accounts and
 * passwords that are over, purges what is long dead, and says when there will be something to do
 * again. Runs on the writer thread in small batches. The caller gives the time. No verdict depends
 * on a sweep: a login is refused by the clock and by the accounts, swept or not. */
#pragma once

#include "keys/uses.h"
#include "record_policy.h"
#include "store/store.h"

/* rows of each kind in one transaction: some ten milliseconds */
#define SWEEP_BATCH 100
/* keys that end with accounts in one transaction, each with its audit record */
#define SWEEP_ENDED_MAX 50

/* By a day a clock may be behind that is trusted again after an hour (clock.c), and by an hour keys
 * may be newer than the time that it is compared with. Such a clock must not shorten their life. */
#define SWEEP_AHEAD_S (2 * PARSE_DAY_S)

/* A time, and whether the clock that says so may decide what cannot be undone. */
struct sweep_when {
        int64_t now;
        bool clock_trusted;
};

/* How far the accounts were walked over whose passwords end keys. Zeroed at a start. */
struct sweep_passwords {
        /* they were, since the policy was set */
        bool on;
        /* a walk is under way, and has come to ${after} */
        bool walks;
        /* passwords that expired up to then are done, or this walk does them */
        int64_t until;
        char after[WIRE_USER_MAX + 1];
};

/* How far the keys were walked over that may be idle. Zeroed at a start. */
struct sweep_idle {
        /* one is under way, and has come to ${after} */
        bool walks;
        char after[KEYTEXT_ID_LEN + 1];
        int64_t period, set_at; /* of the policy that it was for */
        /* No key is idle before. While it walks: as far as it has come. */
        int64_t next_at;
};

struct sweep {
        struct sweep_passwords passwords; /* from one call to the next */
        struct sweep_idle idle;           /* likewise */
        struct uses_known uses;
        /* the clock has run for long enough without being set */
        bool may_purge;
        bool clock_trusted; /* clock_is_trusted() */
        bool last;          /* before the daemon ends */

        /* results */
        bool more; /* there is more to do now */
        /* it was committed so that logins see it at once */
        bool visible;
        /* when there will be more to do; INT64_MAX: never, unless something changes */
        int64_t next_at;
        uint64_t expired, ended, purged;
        uint64_t redated;   /* keys */
        int64_t remembered; /* for clock_remember(); 0: nothing */
};

/**
 * sweep_run(writer, now, sweep):
 * One batch of everything that is due at ${now}. A key is purged only where ${sweep}->may_purge,
 * and when it was noticed to be dead at least the policy's retention ago. When the clock has gone
 * back, keys that it had made expired live again.
 *
 * A key that is idle is noted when the clock is trusted, and when ${sweep}->uses says that no use
 * of it is on its way to the store. All keys are walked over for that, from the moment on at which
 * the first may be idle, and once an hour at most.
 *
 * The time of a trusted clock that has run for an hour is remembered once an hour, and by the
 * ${sweep}->last one. The time of any other clock is remembered when something has ended by it and
 * it is at most a day ahead of what is remembered, so that it stays ended. A key that was made more
 * than two days ahead of a trusted clock that has run for an hour is judged from now on, as if it
 * were made now. A use or a change that was noted so far ahead counts as one of now, and so does
 * the rotation of a key whose successor has died: all keys are walked over for that once a day,
 * where no policy has them walked over anyway. By less a clock can be behind that the daemon comes
 * to trust again, and then the clock is wrong and not the key.
 *
 * Returns 0; -EPROTONOSUPPORT for a policy that this build does not know; an error of the store:
 * then nothing was done.
 */
int sweep_run(struct store *writer, int64_t now, struct sweep *sweep) _must_check_;

/**
 * sweep_clock_is_near(writer, now): whether ${now} is what a clock would say that has gone on from
 * the time that is remembered, for half an hour at most: that of a host that was started again.
 */
bool sweep_clock_is_near(struct store *writer, int64_t now);

/**
 * sweep_account(writer, policy, account, over, when, max, ret_ended):
 * Revokes the keys that must end with ${account}: its own when it is gone and ${over} says that it
 * is gone for good, and, by the policy remove-on-password-expiry, those that depend on its
 * password, when that is not good and ${over} or expiry_password_over() says that it is certain.
 * Revokes at most ${max} keys. Inside a transaction.
 * Returns 1 when there are more to revoke, 0 when there are none, and how many keys were revoked;
 * an error of the store.
 */
int sweep_account(struct store *writer, const struct policy *policy,
                  const struct account_record *account, bool over, struct sweep_when when,
                  uint64_t max, uint64_t *ret_ended) _must_check_;

/**
 * sweep_next_expiry(writer, policy, ret):
 * When the next live key ends, by an expiry of its own or by ${policy}; INT64_MAX: none does. Uses
 * an index. Keys that were removed all at once count until they are purged. 0, or an error of the
 * store.
 */
int sweep_next_expiry(struct store *writer, const struct policy *policy, int64_t *ret) _must_check_;
