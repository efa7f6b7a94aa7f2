/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the state directory at a start. Finds the store and its pepper, makes both where neither
 * exists, and refuses what was changed by others. It never begins anew over something that is
 * there. */
#pragma once

#include "base/error.h"
#include "secret/highwater.h"
#include "store/store.h"

struct bootstrap {
        struct store *writer;
        struct store *reader;
        struct keymint *keymint;
        /* what the writer keeps outside of the store; must outlive it */
        struct highwater *seen;
        /* The state directory. As long as it is open, no second daemon can use it. */
        int lock;
};

/**
 * bootstrap_open(dir, shared, ret, error):
 * Opens the store in the directory ${dir}, and makes the directory if it is missing. Takes the
 * pepper from the systemd credential or from the directory. ${shared} must outlive the stores. The
 * caller owns everything in ${ret}.
 * Returns 0, or a negative errno with one sentence for the administrator in ${error}.
 */
int bootstrap_open(const char *dir, struct store_shared *shared, struct bootstrap *ret,
                   char error[static ERROR_LEN]) _must_check_;
