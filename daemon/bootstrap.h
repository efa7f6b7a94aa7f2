/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the state directory at a start. Finds the store and its pepper, makes both where neither
 * exists, and refuses what was changed by others. It never begins anew over something that is
 * there. */
#pragma once

#include "aside.h"
#include "base/error.h"
#include "secret/highwater.h"
#include "store/store_salvage.h"

struct bootstrap {
        struct store *writer;
        struct store *reader;
        struct keymint *keymint;
        /* what the writer keeps outside of the store; must outlive it */
        struct highwater *seen;
        /* The state directory. As long as it is open, no second daemon can use it. */
        int lock;
        /* not 0: the store is so large that the start has not looked for damage */
        int unchecked;
};

/* In the state directory. Where it is, the next start looks for damage whatever the size. */
#define BOOTSTRAP_DAMAGED_NAME "damaged"

/**
 * bootstrap_open(dir, shared, ret, error):
 * Opens the store in the directory ${dir}, and makes the directory if it is missing. Takes the
 * pepper from the systemd credential or from the directory. ${shared} must outlive the stores. The
 * caller owns everything in ${ret}. A damaged store is made anew where that loses nothing that says
 * who may log in, and the log says what else is lost. The damaged one stays beside it.
 * Returns 0, or a negative errno with one sentence for the administrator in ${error}.
 */
int bootstrap_open(const char *dir, struct store_shared *shared, struct bootstrap *ret,
                   char error[static ERROR_LEN]) _must_check_;

/**
 * bootstrap_note_damage(dir): leaves a note for the next start in the state directory ${dir}.
 */
void bootstrap_note_damage(int dir);

/**
 * bootstrap_salvage(dir, yes, whom, ret, aside, error):
 * Makes a new store from what can be read of the one in ${dir}, which no daemon may use. If
 * ${yes}, it takes the place of the old one, which gets the name ${aside}. If not, all stays as it
 * is. ${whom} has no seal yet. Returns 0, or a negative errno with one sentence for the
 * administrator in ${error}.
 */
int bootstrap_salvage(const char *dir, bool yes, const struct store_salvage_for *whom,
                      struct store_salvage *ret, char aside[static ASIDE_LEN],
                      char error[static ERROR_LEN]) _must_check_;
