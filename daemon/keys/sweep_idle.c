/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes idle keys, and dates uses anew that a clock noted that was ahead. Both in pieces. Reads no
 * clock, and decides no login: those are refused by the time of the last use, noted or not. */
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

/* Such a use would keep the key alive until that time, and for the policy's idle after it. */
static bool was_used_ahead(const struct key_record *key, int64_t now) {
        return key->dead_at == 0 && key->last_used_at > now &&
               key->last_used_at - now > SWEEP_AHEAD_S;
}

/* Once the piece is full, what follows is left for the next one. */
static void on_life(const struct key_record *key, void *userdata) {
        struct idle_piece *piece = userdata;
        int64_t at = expiry_idle(piece->policy, key);
        bool change;

        if (piece->n == SWEEP_ENDED_MAX)
                return;
        memcpy(piece->last, key->id, sizeof(piece->last));
        if (at != 0 && was_used_ahead(key, piece->now)) {
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

static int change_key(struct store *writer, const char *id, struct idle_piece *piece) {
        char period[PARSE_DURATION_LEN], date[PARSE_TIME_LEN], what[RECORD_REASON_MAX + 32];
        struct key_record key;
        int r;

        r = store_key_get_used(writer, id, &key);
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
static bool begin_walk(const struct policy *policy, int64_t now, struct sweep *sweep) {
        struct sweep_idle *idle = &sweep->idle;
        bool same = idle->period == policy->idle_s && idle->set_at == policy->idle_changed_at;

        if (!sweep->clock_trusted)
                *idle = (struct sweep_idle){}; /* by the clock of before */
        if (!sweep->clock_trusted || sweep->uses.until == 0)
                return false;
        if (same && (idle->walks || now < idle->next_at))
                return idle->walks;
        *idle = (struct sweep_idle){ .walks = true,
                                     .period = policy->idle_s,
                                     .set_at = policy->idle_changed_at,
                                     .next_at = now + policy->idle_s };
        return true;
}

static int walk_idle(struct store *writer, struct idle_piece *piece) {
        struct sweep_idle *idle = &piece->sweep->idle;
        int64_t then = 0;
        int r, n;

        r = store_sweep_trusted_at(writer, &then);
        if (r < 0)
                return r;
        piece->certain = piece->sweep->may_purge && then > 0;
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

        if (policy->idle_s == 0) {
                sweep->idle = (struct sweep_idle){};
                return 0;
        }
        /* Uses that were lost count as uses of all keys. */
        if (sweep->uses.lost > policy->idle_from) {
                sweep->more = sweep->visible = true;
                return store_policy_set(writer, POLICY_IDLE_FROM, 0, sweep->uses.lost);
        }
        if (!begin_walk(policy, now, sweep))
                return 0;
        piece = calloc(1, sizeof(*piece));
        if (!piece)
                return -ENOMEM;
        piece->policy = policy;
        piece->sweep = sweep;
        piece->now = now;
        return walk_idle(writer, piece);
}
