/* SPDX-License-Identifier: BSD-2-Clause */
/* When the time of a key or a password is over. Pure: it has no clock and no store. */
#include "rules/expiry.h"

/* A sum that is too large becomes INT64_MAX: such a key never expires. Else it would have
 * expired long ago. */
static int64_t add(int64_t at, int64_t seconds) {
        int64_t sum;

        return __builtin_add_overflow(at, seconds, &sum) ? INT64_MAX : sum;
}

static int64_t earlier(int64_t a, int64_t b) {
        return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The end by the policy, for a key without an expiry of its own. */
static int64_t lifetime_end(const struct policy *policy, const struct key_record *key) {
        int64_t from = policy->lifetime_changed_at > key->created_at ? policy->lifetime_changed_at
                                                                     : key->created_at;

        if (policy->lapsed_at != 0 && key->created_at <= policy->lapsed_before)
                return policy->lapsed_at;
        return policy->lifetime_s > 0 ? add(from, policy->lifetime_s) : 0;
}

int64_t expiry_retires_at(const struct key_record *key) {
        return key->retires_at == RECORD_RETIRED ? key->dead_at : key->retires_at;
}

int64_t expiry_of(const struct policy *policy, const struct key_record *key) {
        int64_t at = key->expires_at;

        if (at == 0)
                at = lifetime_end(policy, key);
        at = earlier(at, key->bound_at);
        return key->retires_at > 0 ? earlier(at, expiry_retires_at(key)) : at;
}

static int64_t later(int64_t a, int64_t b) {
        return a > b ? a : b;
}

int64_t expiry_idle(const struct policy *policy, const struct key_record *key) {
        int64_t from = later(key->created_at, key->updated_at);

        if (policy->idle_s == 0 || !key->use_known || key->hosts[0])
                return 0;
        from = later(from, key->last_used_at);
        from = later(from, later(policy->idle_changed_at, policy->idle_from));
        return add(from, policy->idle_s);
}

int64_t expiry_made_by(const struct policy *policy, int64_t now) {
        /* A mark in the future was set before the clock was put back. By this clock those keys
         * have not ended. */
        bool marked = policy->lapsed_at != 0 && now >= policy->lapsed_at;
        int64_t mark = marked ? policy->lapsed_before : INT64_MIN, made_by;

        if (policy->lifetime_s == 0 || now < add(policy->lifetime_changed_at, policy->lifetime_s))
                return mark;
        made_by = now - policy->lifetime_s;
        return made_by > mark ? made_by : mark;
}

enum key_status expiry_status(const struct policy *policy, const struct key_record *key,
                              int64_t now) {
        int64_t at = expiry_of(policy, key), idle = expiry_idle(policy, key);

        if (key->status != KEY_ACTIVE)
                return key->status;
        if ((at != 0 && now >= at) || expiry_is_retired(key, now))
                return KEY_EXPIRED;
        /* An end that was noted stays, whatever a clock that was ahead has done to the policy. A
         * note from the future is the work of such a clock. */
        if (key->dead_at != 0 && now >= key->dead_at)
                return key->reason[0] ? KEY_IDLE : KEY_EXPIRED;
        return idle != 0 && now >= idle ? KEY_IDLE : KEY_ACTIVE;
}

bool expiry_is_retired(const struct key_record *key, int64_t now) {
        return key->retires_at > 0 && now >= key->retires_at;
}

bool expiry_account_known(const struct account_record *account) {
        return account->state == ACCOUNT_PRESENT ||
               (account->state == ACCOUNT_GONE && account->checked_at > 0);
}

bool expiry_account_over(const struct policy *policy, const struct account_record *account,
                         int64_t now, bool clock_trusted) {
        if (account->state != ACCOUNT_GONE || account->checked_at <= 0 || account->held)
                return false;
        return policy->account_grace_s == 0 ||
               (clock_trusted && now >= add(account->gone_since, policy->account_grace_s));
}

bool expiry_password_good(const struct account_record *account, int64_t now) {
        return account->state == ACCOUNT_PRESENT && !account->locked &&
               (account->password_ends_at == 0 || now < account->password_ends_at);
}

bool expiry_password_over(const struct policy *policy, const struct account_record *account,
                          int64_t now, bool clock_trusted) {
        bool by_clock = !account->locked && account->password_ends_at != 1;
        int64_t grace = policy->account_grace_s < EXPIRY_PASSWORD_GRACE_S ? policy->account_grace_s
                                                                          : EXPIRY_PASSWORD_GRACE_S;

        if (account->state != ACCOUNT_PRESENT || account->password_held ||
            expiry_password_good(account, now))
                return false;
        if (grace == 0)
                return clock_trusted || !by_clock;
        return clock_trusted && account->password_since >= 0 &&
               now >= add(account->password_since, grace);
}

void expiry_note_password(const struct account_record *old, struct account_record *account,
                          int64_t now, bool clock_trusted, bool many) {
        bool present = account->state == ACCOUNT_PRESENT, was = old->state == ACCOUNT_PRESENT;
        bool same = present && was && old->locked == account->locked &&
                    old->password_ends_at == account->password_ends_at;
        int64_t since = same ? old->password_since : RECORD_UNCERTAIN;

        /* A time in the future is the work of a clock that was ahead. */
        if (clock_trusted && (since == RECORD_UNCERTAIN || since > now))
                since = now;
        account->password_since = present ? since : 0;
        account->password_held =
                present && !expiry_password_good(account, now) &&
                (was && !expiry_password_good(old, now) ? old->password_held : many);
}

void expiry_note_number(const struct account_record *old, struct account_record *account,
                        int64_t now, bool clock_trusted) {
        bool has = account->state == ACCOUNT_PRESENT && account->uid != RECORD_UNBOUND;
        bool same = old->state == ACCOUNT_PRESENT && old->uid == account->uid;
        int64_t since = same ? old->number_since : RECORD_UNCERTAIN;

        if (clock_trusted && (since == RECORD_UNCERTAIN || since > now))
                since = now;
        if (clock_trusted && since <= now - EXPIRY_NUMBER_S)
                since = 0;
        account->number_since = has ? since : 0;
}

bool expiry_password_lost(const struct account_record *old, const struct account_record *account,
                          int64_t now) {
        return account->state == ACCOUNT_PRESENT && expiry_password_good(old, now) &&
               !expiry_password_good(account, now);
}
