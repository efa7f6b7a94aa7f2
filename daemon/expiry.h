/* When a key's time is over. Pure. */
#pragma once

#include "record.h"

/**
 * expiry_of(policy, key):
 * The second from which ${key} is no longer accepted, 0 when there is none: its own expiry, else the policy's lifetime counted
 * from the key's making or from the lifetime's last change, whichever is later; and never after the bound that max-lifetime
 * set when the key was made.
 */
int64_t expiry_of(const struct policy *policy, const struct key_record *key);

/**
 * expiry_status(policy, key, now): the status of ${key} at ${now} as people see it.
 */
enum key_status expiry_status(const struct policy *policy, const struct key_record *key, int64_t now);
