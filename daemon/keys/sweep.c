/* SPDX-License-Identifier: BSD-2-Clause */
/* What is due at a time that the caller gives: expiry, the end of accounts and passwords, purging.
 * Reads no clock, asks no directory, and decides no login. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "keys/audit.h"
#include "keys/facts.h"
#include "keys/sweep.h"
#include "keys/sweep_idle.h"
#include "keys/sweep_log.h"
#include "parse.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_audit.h"
#include "store/store_fleet.h"
#include "store/store_key.h"
#include "store/store_reported.h"
#include "store/store_swap.h"
#include "store/store_sweep.h"
#include "text.h"

/* wait for old records to gather; else each would be a transaction of its own */
#define AUDIT_LATER_S 3600
#define CLOCK_LATER_S 3600
#define CLOCK_BACK_S  60
/* A restart takes less, and a time zone that is taken for another one is more. */
#define CLOCK_NEAR_S 1800
/* An error of no more is put right after an hour (clock.c). */
#define CLOCK_ERROR_S PARSE_DAY_S
#define REMOVED_DAYS  1
/* keys of one account that are in memory at one time */
#define ENDED_AT_ONCE 32
/* accounts, and those whose password is not good, in one transaction */
#define WALKED_AT_ONCE 2000
#define BAD_AT_ONCE    200

struct ids {
        size_t n;
        struct key_record keys[SWEEP_BATCH];
};

static int collect(const struct key_record *key, void *userdata) {
        struct ids *ids = userdata;

        if (ids->n == SWEEP_BATCH)
                return 0;
        ids->keys[ids->n++] = *key;
        return 0;
}

/* A key may have an end of its own and also be over by the lifetime. */
static int collect_once(const struct key_record *key, void *userdata) {
        const struct ids *ids = userdata;

        for (size_t i = 0; i < ids->n; i++)
                if (memcmp(ids->keys[i].id, key->id, sizeof(key->id)) == 0)
                        return 0;
        return collect(key, userdata);
}

/* --- Accounts and passwords --- */

struct ending {
        const struct policy *policy;
        const struct account_record *account;
        struct sweep_when when;
        /* the account is gone for good, or the password is meant not to be good */
        bool over;
        /* the keys belong to other users; only the password is this account's */
        bool linked;
};

/* Neither a wrong clock nor a shadow file that is wrong for a moment may end a key. */
static bool is_certain(const struct ending *e) {
        return e->over ||
               expiry_password_over(e->policy, e->account, e->when.now, e->when.clock_trusted);
}

/* Why the key must end; false: it need not. A user with another number is another user. That is
 * for this host to refuse, and no end of the key. */
static bool why(const struct ending *e, const struct key_record *key,
                char out[static RECORD_REASON_MAX + 1]) {
        const struct account_record *account = e->account;
        /* whether this account's password counts for this key */
        bool counts = e->linked || !key->linked[0];
        char date[PARSE_TIME_LEN];

        if (account->state == ACCOUNT_GONE) {
                if (!e->over)
                        return false;
                (void) snprintf(out, RECORD_REASON_MAX + 1, "the %saccount was removed",
                                e->linked ? "linked " : "");
        } else if (!counts || !e->policy->remove_on_password_expiry ||
                   expiry_password_good(account, e->when.now) || !is_certain(e) ||
                   (!e->linked && account->uid != key->owner_uid))
                return false;
        else if (account->locked)
                (void) snprintf(out, RECORD_REASON_MAX + 1, "the password was locked");
        else if (account->password_ends_at == 1)
                (void) snprintf(out, RECORD_REASON_MAX + 1, "the password must be changed");
        else {
                parse_time_format(account->password_ends_at, date);
                (void) snprintf(out, RECORD_REASON_MAX + 1, "the password expired at %s", date);
        }
        return true;
}

/* An expired key, too: a clock that was ahead may have expired it, and then it would live again. */
static int end_key(struct store *writer, const struct ending *e, struct key_record *key,
                   const char *reason) {
        char what[RECORD_REASON_MAX + 32];
        int r;

        key->status = KEY_REVOKED;
        key->updated_at = e->when.now;
        if (key->dead_at == 0)
                key->dead_at = e->when.now;
        memcpy(key->reason, reason, RECORD_REASON_MAX + 1);
        r = store_key_update(writer, key) ?: store_fleet_note_revoked(writer, key);
        if (r >= 0)
                r = audit_own(writer, "revoked", key, reason, 1, e->when.now);
        if (r < 0)
                return r;
        (void) snprintf(what, sizeof(what), "revoked: %s", reason);
        sweep_log_key(key, what);
        return 0;
}

/* Ends at most ${max} keys. 1: there may be more; 0; an error of the store. */
static int end_keys(struct store *writer, const struct ending *e, uint64_t max, uint64_t *ended) {
        _cleanup_free_ struct ids *ids = malloc(sizeof(*ids));
        char after[KEYTEXT_ID_LEN + 1] = "", reason[RECORD_REASON_MAX + 1];
        int r;

        if (!ids)
                return -ENOMEM;
        do {
                ids->n = 0;
                r = store_sweep_each_of(writer, e->account->name, e->linked, after, ENDED_AT_ONCE,
                                        collect, ids);
                for (size_t i = 0; r >= 0 && i < ids->n; i++) {
                        memcpy(after, ids->keys[i].id, sizeof(after));
                        if (!why(e, &ids->keys[i], reason))
                                continue;
                        if (*ended >= max)
                                return 1;
                        r = end_key(writer, e, &ids->keys[i], reason);
                        *ended += r >= 0;
                }
        } while (r >= 0 && ids->n == ENDED_AT_ONCE);
        return r;
}

int sweep_account(struct store *writer, const struct policy *policy,
                  const struct account_record *account, bool over, struct sweep_when when,
                  uint64_t max, uint64_t *ret_ended) {
        struct ending e = { .policy = policy, .account = account, .over = over, .when = when };
        uint64_t ended = 0;
        int r;

        r = end_keys(writer, &e, max, &ended);
        if (r == 0 && policy->remove_on_password_expiry) {
                e.linked = true;
                r = end_keys(writer, &e, max, &ended);
        }
        if (r >= 0)
                *ret_ended = ended;
        return r;
}

/* A piece of a walk over all accounts. Only those whose password is not good are looked at. */
struct piece {
        int64_t now;
        size_t visited, n;
        char last[WIRE_USER_MAX + 1];
        struct account_record bad[BAD_AT_ONCE];
};

static int on_account(const struct account_record *account, void *userdata) {
        struct piece *piece = userdata;

        piece->visited++;
        memcpy(piece->last, account->name, sizeof(piece->last));
        if (expiry_password_good(account, piece->now))
                return 0;
        piece->bad[piece->n++] = *account;
        return piece->n == ARRAY_LEN(piece->bad);
}

/* Returns 0, or an error of the store. */
static int walk_on(struct store *writer, const struct policy *policy, struct piece *piece,
                   struct sweep *sweep, uint64_t *ended) {
        struct sweep_passwords *passwords = &sweep->passwords;
        uint64_t some;
        int r, full;

        full = store_account_each(writer, passwords->after, WALKED_AT_ONCE, on_account, piece);
        if (full < 0)
                return full;
        for (size_t i = 0; i < piece->n; i++) {
                r = sweep_account(writer, policy, &piece->bad[i], false,
                                  (struct sweep_when){ piece->now, sweep->clock_trusted },
                                  SWEEP_ENDED_MAX - *ended, &some);
                if (r < 0)
                        return r;
                *ended += some;
                if (r > 0)
                        return 0; /* its other keys come next */
                memcpy(passwords->after, piece->bad[i].name, sizeof(passwords->after));
        }
        memcpy(passwords->after, piece->last, sizeof(passwords->after));
        passwords->walks = full || piece->visited == WALKED_AT_ONCE;
        return 0;
}

/* Whether the passwords of all accounts have to be looked at now. */
static int is_due(struct store *writer, int64_t now, const struct sweep *sweep) {
        int64_t at;
        int r;

        /* The policy was off, or the daemon has just started. A lock need not need a clock. */
        if (!sweep->passwords.on)
                return true;
        if (!sweep->clock_trusted)
                return false;
        r = store_sweep_next(writer, STORE_SWEEP_PASSWORD, sweep->passwords.until, &at);
        return r == -ENOENT ? false : r < 0 ? r : at <= now;
}

/* One piece of a walk that is under way, or that begins now. Verifications refuse such keys
 * already. */
static int sweep_passwords(struct store *writer, const struct policy *policy, int64_t now,
                           struct sweep *sweep, uint64_t *ended) {
        struct sweep_passwords *passwords = &sweep->passwords;
        _cleanup_free_ struct piece *piece = NULL;
        int r;

        if (!policy->remove_on_password_expiry) {
                *passwords = (struct sweep_passwords){};
                return 0;
        }
        if (passwords->until > now)
                passwords->until = 0; /* the clock has gone back */
        if (!passwords->walks) {
                r = is_due(writer, now, sweep);
                if (r < 0)
                        return r;
                *passwords = (struct sweep_passwords){ .on = true,
                                                       .walks = r > 0,
                                                       .until = passwords->until };
                if (sweep->clock_trusted)
                        passwords->until = now;
                if (r == 0)
                        return 0;
        }
        piece = calloc(1, sizeof(*piece));
        if (!piece)
                return -ENOMEM;
        piece->now = now;
        r = walk_on(writer, policy, piece, sweep, ended);
        sweep->more |= passwords->walks;
        return r;
}

/* --- Expiry --- */

static int note_expired(struct store *writer, const struct policy *policy, int64_t now,
                        struct sweep *sweep) {
        _cleanup_free_ struct ids *ids = calloc(1, sizeof(*ids));
        char date[PARSE_TIME_LEN], what[64];
        const char *event;
        int r;

        if (!ids)
                return -ENOMEM;
        r = store_sweep_each_ended(writer, now, expiry_made_by(policy, now), SWEEP_BATCH / 2,
                                   collect_once, ids);
        for (size_t i = 0; r >= 0 && i < ids->n; i++) {
                const struct key_record *key = &ids->keys[i];

                r = store_sweep_mark(writer, key->id, now);
                if (r < 0 || key->epoch < policy->epoch)
                        continue;
                sweep->expired++;
                parse_time_format(expiry_of(policy, key), date);
                event = expiry_of(policy, key) == key->retires_at ? "retired" : "expired";
                (void) snprintf(what, sizeof(what), "%s at %s", event, date);
                r = audit_own(writer, event, key, date, 1, now);
                if (sweep->expired <= SWEEP_LOG_MAX)
                        sweep_log_key(key, what);
        }
        sweep->more |= ids->n >= SWEEP_BATCH / 2;
        return r;
}

static int undo_expired(struct store *writer, const struct policy *policy, int64_t now,
                        struct sweep *sweep) {
        _cleanup_free_ struct ids *ids = calloc(1, sizeof(*ids));
        int r;

        if (!ids)
                return -ENOMEM;
        r = store_sweep_each_undone(writer, now, SWEEP_BATCH, collect, ids);
        for (size_t i = 0; r >= 0 && i < ids->n; i++) {
                const struct key_record *key = &ids->keys[i];
                bool lives = expiry_status(policy, key, now) == KEY_ACTIVE;

                r = store_sweep_mark(writer, key->id, lives ? 0 : now);
                if (r >= 0 && lives)
                        r = audit_own(writer, "revived", key, "the clock has gone back", 1, now);
                if (r >= 0 && lives)
                        sweep_log_key(key, "lives again: the clock has gone back");
        }
        sweep->more |= ids->n == SWEEP_BATCH;
        return r;
}

/* --- Purging --- */

/* Keys that were removed all at once stay in the database for a day, and nobody is shown them. So
 * the log can say why a login with such a key is refused. A person removed them, not the clock, so
 * the clock need not be trusted. */
static bool removed_are_due(const struct policy *policy, int64_t now) {
        return now < policy->epoch_at || now - policy->epoch_at >= REMOVED_DAYS * PARSE_DAY_S;
}

static int purge(struct store *writer, const struct policy *policy, int64_t now,
                 struct sweep *sweep) {
        int r, n = 0;

        if (removed_are_due(policy, now)) {
                r = store_sweep_purge_removed(writer, SWEEP_BATCH);
                if (r < 0)
                        return r;
                n += r;
                sweep->more |= r == SWEEP_BATCH;
        }
        if (sweep->may_purge) {
                r = store_sweep_purge_dead(writer, now - policy->retention_s, SWEEP_BATCH);
                if (r < 0)
                        return r;
                n += r;
                sweep->more |= r == SWEEP_BATCH;
                r = store_audit_purge(writer, now - policy->retention_s, now, SWEEP_BATCH);
                if (r < 0)
                        return r;
                sweep->more |= r == SWEEP_BATCH;
                r = store_reported_purge(writer, now - policy->retention_s, SWEEP_BATCH);
                if (r < 0)
                        return r;
                sweep->more |= r == SWEEP_BATCH;
        }
        sweep->purged += (uint64_t) n;
        return n > 0 ? audit_own(writer, "purged", NULL,
                                 "removed keys, and dead ones after the retention", (uint64_t) n,
                                 now)
                     : 0;
}

/* --- The clock --- */

static bool is_ahead(int64_t at, int64_t now) {
        return at > now && at - now > SWEEP_AHEAD_S;
}

/* What was made by a clock that was ahead would live until that time, and its lifetime. */
static int redate_keys(struct store *writer, int64_t now, struct sweep *sweep) {
        _cleanup_free_ struct ids *ids = calloc(1, sizeof(*ids));
        char date[PARSE_TIME_LEN], what[96];
        int r;

        if (!ids)
                return -ENOMEM;
        ids->n = 0;
        r = store_sweep_each_made(writer, now + SWEEP_AHEAD_S, SWEEP_BATCH, collect, ids);
        for (size_t i = 0; r >= 0 && i < ids->n; i++) {
                const struct key_record *key = &ids->keys[i];

                parse_time_format(key->created_at, date);
                (void) snprintf(what, sizeof(what), "made now, not at %s: the clock was ahead",
                                date);
                r = store_sweep_redate(writer, key, now);
                if (r >= 0)
                        r = audit_own(writer, "redated", key, what, 1, now);
                if (r >= 0 && sweep->redated++ < SWEEP_LOG_MAX)
                        sweep_log_key(key, what);
        }
        sweep->more |= ids->n == SWEEP_BATCH;
        return r;
}

/* Without a record store_check_policy() would find the policy too old. */
static int redate_policy(struct store *writer, const char *name, int64_t value, int64_t at,
                         int64_t now, struct sweep *sweep) {
        char date[PARSE_TIME_LEN], what[96];
        int r;

        if (!is_ahead(at, now))
                return 0;
        parse_time_format(at, date);
        (void) snprintf(what, sizeof(what), "%s set now, not at %s", name, date);
        sweep->visible = true;
        r = audit_own(writer, "redated", NULL, what, 1, now);
        return r < 0 ? r : store_policy_set(writer, name, value, now);
}

/* The mark of keys that have outlived a lifetime is moved with the time at which it was set. So it
 * has the keys that it would have by this clock. */
static int redate(struct store *writer, const struct policy *policy, int64_t now,
                  struct sweep *sweep) {
        int64_t before;
        int r;

        r = redate_keys(writer, now, sweep);
        if (r >= 0)
                r = redate_policy(writer, "lifetime", policy->lifetime_s,
                                  policy->lifetime_changed_at, now, sweep);
        if (r >= 0)
                r = redate_policy(writer, "idle", policy->idle_s, policy->idle_changed_at, now,
                                  sweep);
        sweep->visible |= is_ahead(policy->idle_from, now) || is_ahead(policy->lapsed_at, now);
        if (r >= 0 && is_ahead(policy->idle_from, now))
                r = store_policy_set(writer, POLICY_IDLE_FROM, 0, now);
        if (r < 0 || !is_ahead(policy->lapsed_at, now))
                return r;
        if (__builtin_sub_overflow(policy->lapsed_before, policy->lapsed_at - now, &before))
                before = INT64_MIN;
        return store_policy_set(writer, POLICY_LAPSED, before, now);
}

/* Whether the clock has shown that it is ${now}. Where nothing is remembered yet, no key may come
 * from the future. It could be this clock that is wrong. */
static int is_certain_now(struct store *writer, int64_t then, int64_t now,
                          const struct sweep *sweep) {
        int64_t newest = 0;
        int r;

        if (!sweep->clock_trusted || !sweep->may_purge)
                return 0;
        if (then > 0)
                return 1;
        r = store_sweep_next(writer, STORE_SWEEP_NEWEST, 0, &newest);
        return r < 0 && r != -ENOENT ? r : !is_ahead(newest, now);
}

/* What has ended by a clock that may be right stays so when the clock goes back. That this refuses
 * keys for an hour, should it be the clock that was wrong, is less than a key that lives again. */
static bool has_ended_by_it(int64_t then, int64_t now, const struct sweep *sweep) {
        return then > 0 && now >= then && now - then <= CLOCK_ERROR_S &&
               sweep->expired + sweep->ended > 0;
}

static int remember(struct store *writer, const struct policy *policy, int64_t now,
                    struct sweep *sweep) {
        int64_t then = 0;
        bool due;
        int r, certain;

        r = store_sweep_trusted_at(writer, &then);
        certain = r < 0 ? r : is_certain_now(writer, then, now, sweep);
        if (certain < 0)
                return certain;
        r = certain && then > 0 ? redate(writer, policy, now, sweep) : 0;
        if (r < 0)
                return r;
        due = certain && (now < then || now >= then + CLOCK_LATER_S || sweep->last);
        if (!due && !has_ended_by_it(then, now, sweep))
                return 0;
        r = store_sweep_set_trusted_at(writer, now);
        if (r >= 0)
                sweep->remembered = now;
        return r;
}

bool sweep_clock_is_near(struct store *writer, int64_t now) {
        int64_t then = 0;

        return store_sweep_trusted_at(writer, &then) >= 0 && then > 0 &&
               now >= then - CLOCK_BACK_S && now - then <= CLOCK_NEAR_S;
}

/* --- When next --- */

static int64_t add(int64_t at, int64_t seconds) {
        int64_t sum;

        return __builtin_add_overflow(at, seconds, &sum) ? INT64_MAX : sum;
}

/* When the key that was made at ${made} and has no expiry of its own ends. */
static int64_t lifetime_end(const struct policy *policy, int64_t made) {
        const struct key_record key = { .created_at = made };
        int64_t at = expiry_of(policy, &key);

        return at != 0 ? at : INT64_MAX;
}

int sweep_next_expiry(struct store *writer, const struct policy *policy, int64_t *ret) {
        int64_t end = INT64_MAX, made;
        int r;

        r = store_sweep_next(writer, STORE_SWEEP_END, 0, &end);
        if (r >= 0 || r == -ENOENT)
                r = store_sweep_next(writer, STORE_SWEEP_MADE, 0, &made);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0 && lifetime_end(policy, made) < end)
                end = lifetime_end(policy, made);
        *ret = end;
        return 0;
}

static int next_due(struct store *writer, const struct policy *policy, int64_t now,
                    struct sweep *sweep) {
        int64_t next = INT64_MAX;
        int removed;

        removed = removed_are_due(policy, now) ? 0 : store_sweep_has_removed(writer);
        if (removed < 0)
                return removed;
        if (removed > 0)
                next = add(policy->epoch_at, REMOVED_DAYS * PARSE_DAY_S);

        for (enum store_sweep which = STORE_SWEEP_END; which < STORE_SWEEP_NEWEST; which++) {
                int64_t at = 0;
                int r = store_sweep_next(writer, which, now, &at);

                if (r == -ENOENT ||
                    (which == STORE_SWEEP_PASSWORD &&
                     (!policy->remove_on_password_expiry || !sweep->clock_trusted)) ||
                    ((which == STORE_SWEEP_DEAD || which == STORE_SWEEP_AUDIT) &&
                     !sweep->may_purge))
                        continue;
                if (r < 0)
                        return r;
                if (which == STORE_SWEEP_MADE)
                        at = lifetime_end(policy, at);
                else if (which == STORE_SWEEP_DEAD)
                        at = add(at, policy->retention_s);
                else if (which == STORE_SWEEP_AUDIT)
                        at = add(at, policy->retention_s + AUDIT_LATER_S);
                if (at < next)
                        next = at;
        }
        if (policy->idle_s != 0 && sweep->idle.period != 0 && sweep->clock_trusted &&
            sweep->idle.next_at < next)
                next = sweep->idle.next_at;
        sweep->next_at = next;
        return 0;
}

static int run(struct store *writer, int64_t now, struct sweep *sweep) {
        struct policy policy;
        uint64_t ended = 0;
        int r;

        if ((r = facts_policy(writer, &policy)) < 0 ||
            (r = note_expired(writer, &policy, now, sweep)) < 0 ||
            (r = undo_expired(writer, &policy, now, sweep)) < 0 ||
            (r = sweep_idle_note(writer, &policy, now, sweep)) < 0 ||
            (r = sweep_passwords(writer, &policy, now, sweep, &ended)) < 0 ||
            (r = purge(writer, &policy, now, sweep)) < 0)
                return r;
        sweep->ended += ended;
        if ((r = remember(writer, &policy, now, sweep)) < 0 ||
            (r = next_due(writer, &policy, now, sweep)) < 0)
                return r;
        sweep->visible |= ended + sweep->redated > 0;
        return 0;
}

int sweep_run(struct store *writer, int64_t now, struct sweep *sweep) {
        struct sweep done = { .passwords = sweep->passwords,
                              .idle = sweep->idle,
                              .uses = sweep->uses,
                              .may_purge = sweep->may_purge,
                              .clock_trusted = sweep->clock_trusted,
                              .last = sweep->last };
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = run(writer, now, &done);
        if (r >= 0)
                r = done.visible ? store_commit(writer) : store_commit_quietly(writer);
        store_rollback(writer);
        if (r < 0)
                return r;
        /* What an import has left is only in the way. */
        done.more |= store_swap_clean(writer) > 0;
        *sweep = done;
        return 0;
}
