/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes idle keys, and dates uses and changes anew that a clock noted that was ahead. All that in
 * pieces. Reads no clock, and decides no login: those are refused by the time of the last use,
 * noted or not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "keys/audit.h"
#include "keys/sweep_idle.h"
#include "keys/sweep_log.h"
#include "parse.h"
#include "rules/expiry.h"
#include "rules/policy.h"
#include "store/store_key.h"
#include "store/store_sweep.h"

/* a walk reads the rows of all keys */
#define LATER_S        3600
#define WITHOUT_IDLE_S PARSE_DAY_S
#define WALKED_AT_ONCE 2000

/* A piece of a walk over all keys. */
struct idle_piece {
        const struct policy *policy;
        struct sweep *sweep;
        int64_t now;
        /* it is now, and what is later comes of a clock that was ahead */
        bool certain;
        char last[KEYTEXT_ID_LEN + 1];
        size_t n;
        char ids[SWEEP_ENDED_MAX][KEYTEXT_ID_LEN + 1];
};

/* Not by a use that may still be on its way to the store. */
static bool is_idle(const struct policy *policy, const struct key_record *key, int64_t now,
                    const struct sweep *sweep) {
        return key->dead_at == 0 && expiry_status(policy, key, now) == KEY_IDLE &&
               expiry_idle(policy, key) <= sweep->uses.until;
}

static bool is_ahead(int64_t at, int64_t now) {
        return at > now && at - now > SWEEP_AHEAD_S;
}

/* Such a use would keep the key alive until that time, and for the policy's idle after it. */
static bool was_used_ahead(const struct key_record *key, int64_t now) {
        return key->dead_at == 0 && is_ahead(key->last_used_at, now);
}

/* So would such a change, and a key that was replaced would be good until that time. A key that was
 * made by such a clock and not changed is dated anew as a whole (sweep.c), and what a fleet says of
 * a key is for its hosts alone to change. */
static bool was_changed_ahead(const struct key_record *key, int64_t now) {
        return key->dead_at == 0 && is_ahead(key->updated_at, now) &&
               key->updated_at != key->created_at && !key->hosts[0];
}

/* Once the piece is full, what follows is left for the next one. */
static void on_life(const struct key_record *key, void *userdata) {
        struct idle_piece *piece = userdata;
        int64_t at = expiry_idle(piece->policy, key);
        bool change;

        if (piece->n == SWEEP_ENDED_MAX)
                return;
        memcpy(piece->last, key->id, sizeof(piece->last));
        if ((at != 0 && was_used_ahead(key, piece->now)) || was_changed_ahead(key, piece->now)) {
                change = piece->certain;
                /* there is another walk as soon as there may be one */
                at = piece->now;
        } else
                change = is_idle(piece->policy, key, piece->now, piece->sweep);
        if (change)
                memcpy(piece->ids[piece->n++], key->id, sizeof(piece->ids[0]));
        else if (key->dead_at == 0 && at != 0 && at < piece->sweep->idle.next_at)
                piece->sweep->idle.next_at = at;
}

static int redate_use(struct store *writer, const struct key_record *key,
                      struct idle_piece *piece) {
        char date[PARSE_TIME_LEN], what[96];
        int r;

        parse_time_format(key->last_used_at, date);
        (void) snprintf(what, sizeof(what), "last used now, not at %s: the clock was ahead", date);
        r = store_sweep_redate_use(writer, key->id, piece->now);
        if (r >= 0)
                r = audit_own(writer, "redated", key, what, 1, piece->now);
        if (r < 0)
                return r;
        if (piece->sweep->redated++ < SWEEP_LOG_MAX)
                sweep_log_key(key, what);
        return 0;
}

/* When the key was replaced by one that is not alive. A living one has the key dated anew with
 * itself. A successor that was removed cannot say when it was made: the key was changed then, or
 * later. 0: not replaced, or by a living one; an error of the store. */
static int64_t replaced_at(struct store *writer, const struct key_record *key) {
        struct key_record successor;
        int r;

        if (key->retires_at <= 0)
                return 0;
        r = store_key_get(writer, key->successor, &successor);
        if (r < 0)
                return r == -ENOENT ? key->updated_at : r;
        return successor.dead_at != 0 ? successor.created_at : 0;
}

/* The overlap after a rotation begins now, too. One that a right clock began stays as it is. */
static int redate_change(struct store *writer, struct key_record *key, struct idle_piece *piece) {
        int64_t now = piece->now, at = replaced_at(writer, key);
        char date[PARSE_TIME_LEN], what[96];
        int r;

        if (at < 0)
                return (int) at;
        if (is_ahead(at, now) && key->retires_at >= at)
                key->retires_at -= at - now;
        parse_time_format(key->updated_at, date);
        (void) snprintf(what, sizeof(what), "changed now, not at %s: the clock was ahead", date);
        key->updated_at = now;
        r = store_key_update(writer, key);
        if (r >= 0)
                r = audit_own(writer, "redated", key, what, 1, now);
        if (r >= 0 && piece->sweep->redated++ < SWEEP_LOG_MAX)
                sweep_log_key(key, what);
        return r;
}

static int change_key(struct store *writer, const char *id, struct idle_piece *piece) {
        char period[PARSE_DURATION_LEN], date[PARSE_TIME_LEN], what[RECORD_REASON_MAX + 32];
        struct key_record key;
        int r;

        r = store_key_get_used(writer, id, &key);
        if (r >= 0 && piece->certain && was_changed_ahead(&key, piece->now)) {
                r = redate_change(writer, &key, piece);
                if (r < 0 || !was_used_ahead(&key, piece->now))
                        return r;
        }
        if (r >= 0 && piece->certain && was_used_ahead(&key, piece->now))
                return redate_use(writer, &key, piece);
        if (r < 0 || !is_idle(piece->policy, &key, piece->now, piece->sweep))
                return r == -ENOENT ? 0 : r;
        parse_duration_format(piece->policy->idle_s, period);
        (void) snprintf(key.reason, sizeof(key.reason), "not used for %s", period);
        key.dead_at = piece->now;
        parse_time_format(expiry_idle(piece->policy, &key), date);
        (void) snprintf(what, sizeof(what), "ended at %s: %s", date, key.reason);
        r = store_key_update(writer, &key);
        if (r >= 0)
                r = audit_own(writer, "idle", &key, key.reason, 1, piece->now);
        if (r < 0)
                return r;
        if (piece->sweep->expired++ < SWEEP_LOG_MAX)
                sweep_log_key(&key, what);
        return 0;
}

/* Whether a walk is under way, or due. One that has been done is good for the policy that it was
 * done for. A key that is made, used or changed later is idle later. */
static bool begin_walk(const struct policy *policy, int64_t now, bool certain,
                       struct sweep *sweep) {
        struct sweep_idle *idle = &sweep->idle;
        bool useful = policy->idle_s == 0 ? certain : sweep->uses.until != 0;
        bool same = idle->period == policy->idle_s && idle->set_at == policy->idle_changed_at;

        if (!sweep->clock_trusted || (policy->idle_s == 0 && !certain))
                *idle = (struct sweep_idle){}; /* by the clock of before */
        if (!sweep->clock_trusted || !useful)
                return false;
        if (same && (idle->walks || now < idle->next_at))
                return idle->walks;
        *idle = (struct sweep_idle){ .walks = true,
                                     .period = policy->idle_s,
                                     .set_at = policy->idle_changed_at,
                                     .next_at = now + (policy->idle_s != 0 ? policy->idle_s
                                                                           : WITHOUT_IDLE_S) };
        return true;
}

static int walk_idle(struct store *writer, struct idle_piece *piece) {
        struct sweep_idle *idle = &piece->sweep->idle;
        int r, n;

        n = store_key_each_life(writer, true, idle->after, WALKED_AT_ONCE, on_life, piece);
        if (n < 0)
                return n;
        for (size_t i = 0; i < piece->n; i++) {
                r = change_key(writer, piece->ids[i], piece);
                if (r < 0)
                        return r;
        }
        memcpy(idle->after, piece->last, sizeof(idle->after));
        idle->walks = n == WALKED_AT_ONCE || piece->n == SWEEP_ENDED_MAX;
        if (!idle->walks && idle->next_at < piece->now + LATER_S)
                idle->next_at = piece->now + LATER_S;
        piece->sweep->more |= idle->walks;
        return 0;
}

int sweep_idle_note(struct store *writer, const struct policy *policy, int64_t now,
                    struct sweep *sweep) {
        _cleanup_free_ struct idle_piece *piece = NULL;
        int64_t then = 0;
        bool certain;
        int r;

        r = store_sweep_trusted_at(writer, &then);
        if (r < 0)
                return r;
        certain = sweep->may_purge && then > 0;
        /* Uses that were lost count as uses of all keys. */
        if (policy->idle_s != 0 && sweep->uses.lost > policy->idle_from) {
                sweep->more = sweep->visible = true;
                return store_policy_set(writer, POLICY_IDLE_FROM, 0, sweep->uses.lost);
        }
        if (!begin_walk(policy, now, certain, sweep))
                return 0;
        piece = calloc(1, sizeof(*piece));
        if (!piece)
                return -ENOMEM;
        piece->policy = policy;
        piece->sweep = sweep;
        piece->now = now;
        piece->certain = certain;
        return walk_idle(writer, piece);
}
