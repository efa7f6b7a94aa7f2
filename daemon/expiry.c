#include "expiry.h"

/* A sum past the end of time is its end: such a key does not expire, rather than long ago. */
static int64_t add(int64_t at, int64_t seconds) {
        int64_t sum;

        return __builtin_add_overflow(at, seconds, &sum) ? INT64_MAX : sum;
}

int64_t expiry_of(const struct policy *policy, const struct key_record *key) {
        int64_t from =
                policy->lifetime_changed_at > key->created_at ? policy->lifetime_changed_at : key->created_at;
        int64_t at = key->expires_at;

        if (at == 0 && policy->lifetime_s > 0)
                at = add(from, policy->lifetime_s);
        if (key->bound_at != 0 && (at == 0 || key->bound_at < at))
                at = key->bound_at;
        return at;
}

enum key_status expiry_status(const struct policy *policy, const struct key_record *key, int64_t now) {
        int64_t at = expiry_of(policy, key);

        if (key->status != KEY_ACTIVE)
                return key->status;
        return at != 0 && now >= at ? KEY_EXPIRED : KEY_ACTIVE;
}
