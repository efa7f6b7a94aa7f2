/* SPDX-License-Identifier: BSD-2-Clause */
/* The state directory at a start: finds the store and its pepper, makes both where there were
 * none, and refuses whatever is not as it was left. It never begins anew over something that is
 * there. */
#pragma once

#include "base/error.h"
#include "secret/keymint.h"
#include "store/store.h"

struct bootstrap {
        struct store *writer;
        struct store *reader;
        struct keymint *keymint;
        /* the state directory, locked against a second daemon as long as this is open */
        int lock;
};

/**
 * bootstrap_open(dir, shared, ret, error):
 * Opens the store in the directory ${dir}, which is made where it is missing, and takes the
 * pepper from the systemd credential or from the directory. ${shared} must outlive the stores.
 * Everything in ${ret} is the caller's.
 * Returns 0; a negative errno with one sentence for the administrator in ${error}.
 */
int bootstrap_open(const char *dir, struct store_shared *shared, struct bootstrap *ret,
                   char error[static ERROR_LEN]) _must_check_;
