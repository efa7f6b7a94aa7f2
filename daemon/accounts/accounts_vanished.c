/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the accounts that are gone at one look, and names the first. Changes nothing. */
#include <stdio.h>
#include <string.h>

#include "accounts/accounts_vanished.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_account.h"
#include "text.h"

#define FEW_MAX 3

int accounts_vanished_add(struct accounts_vanished *vanished, struct store *writer,
                          const char *name) {
        size_t len = strlen(vanished->names);
        char shown[2 * WIRE_USER_MAX];
        int r;

        r = store_account_lives(writer, name);
        if (r <= 0)
                return r;
        text_escape(shown, sizeof(shown), name);
        if (vanished->n++ < ACCOUNTS_VANISHED_NAMED)
                (void) snprintf(vanished->names + len, sizeof(vanished->names) - len, "%s'%s'",
                                len > 0 ? ", " : "", shown);
        return 0;
}

int accounts_vanished_all(struct accounts_vanished *vanished, struct store *writer,
                          struct accounts_holds *holds, bool first) {
        uint64_t now = clock_ticks(), *at = holds ? &holds->at[vanished->passwords] : NULL;
        int r;

        /* Those who were held before a start were held at some time before it. */
        if (at && first) {
                r = store_account_has_held(writer, vanished->passwords);
                if (r < 0)
                        return r;
                if (r > 0)
                        *at = now;
        }
        if (at && vanished->n > FEW_MAX)
                *at = now;
        if (vanished->n == 0 || vanished->n > FEW_MAX)
                return 0;
        if (at && !first && (*at == 0 || now - *at >= ACCOUNTS_HOLD_S * UINT64_C(1000000000)))
                return 0;
        r = store_account_has_held(writer, vanished->passwords);
        vanished->others = r > 0;
        return r < 0 ? r : 0;
}

bool accounts_vanished_many(const struct accounts_vanished *vanished) {
        return vanished->n > FEW_MAX || vanished->others;
}

void accounts_vanished_say(const struct accounts_vanished *vanished) {
        bool passwords = vanished->passwords;

        if (accounts_vanished_many(vanished))
                log_message(passwords ? MESSAGE_PASSWORDS_LOST : MESSAGE_ACCOUNTS_VANISHED,
                            LOG_WARNING,
                            "%zu %saccounts with keys are %s at one look: %s%s; their keys are "
                            "refused, and none ends before an administrator says that it is meant "
                            "(wfapikeyctl account %s)",
                            vanished->n, vanished->others ? "more " : "",
                            passwords ? "without a good password" : "gone", vanished->names,
                            vanished->n > ACCOUNTS_VANISHED_NAMED ? ", ..." : "",
                            passwords ? "expired" : "removed");
}
