/* SPDX-License-Identifier: BSD-2-Clause */
/* A key that the environment gives, for the integration tests of other services. It is known before
 * the daemon starts, so the container that logs in can have it too. A secret in an environment is
 * no secret. So an option must ask for it, it is refused where systemd is, and it is refused when
 * the store has a key of another origin, because then people use this host. */
#pragma once

#include "base/error.h"
#include "secret/keymint.h"
#include "store/store.h"

struct seed {
        struct secret key;
        char user[WIRE_USER_MAX + 1];
};

/**
 * seed_take(ret, error):
 * Takes WFAPIKEY_ISSUE_KEY and WFAPIKEY_ISSUE_USER out of the environment, which does not have the
 * key any more then. The caller wipes ${ret}. 0; a negative errno with a sentence in ${error},
 * which does not have the key either.
 */
int seed_take(struct seed *ret, char error[static ERROR_LEN]) _must_check_;

/**
 * seed_plant(seed, keymint, writer, error):
 * Sets the policy enabled=yes and makes the key, in one transaction, before anybody else uses the
 * store. A key that is there already stays as it is, so a revoked key is still revoked after a
 * restart. 0; a negative errno with a sentence in ${error}: then nothing has changed.
 */
int seed_plant(const struct seed *seed, const struct keymint *keymint, struct store *writer,
               char error[static ERROR_LEN]) _must_check_;
