/* SPDX-License-Identifier: BSD-2-Clause */
/* Revokes the keys with the ids that the user gave, or those that match, after the user has
 * confirmed their number. */
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key_revoke.h"
#include "key/keyend.h"
#include "key/keyquery.h"

static const char *reason(const struct args *args) {
        return args_value(args, "reason") ?: "";
}

static enum exit_code confirm(const struct args *args, size_t n) {
        if (args_has(args, "yes"))
                return CTL_OK;
        if (isatty(STDIN_FILENO))
                return keyend_confirm(n);
        say_error("this revokes %zu keys: run it on a terminal, where it asks, or give --yes", n);
        return CTL_USAGE;
}

static enum exit_code say_result(const struct args *args, size_t revoked, size_t skipped) {
        struct json j = {};

        if (skipped > 0)
                say_line("%zu keys had ended meanwhile", skipped);
        if (!args->json)
                return keyend_say(args, revoked, "revoked");
        json_open(&j, NULL, '{');
        json_number(&j, "revoked", revoked);
        json_number(&j, "skipped", skipped);
        json_close(&j, '}');
        return CTL_OK;
}

/* Keys may have ended since they were listed. */
static enum exit_code revoke_keys(const struct args *args, const struct keys *keys) {
        const char *ids[KEYEND_MAX];
        enum exit_code rc = CTL_OK;
        size_t done = 0, revoked = 0, skipped = 0;

        while (rc == CTL_OK && done < keys->n) {
                size_t n = 0;
                uint32_t n_revoked, n_skipped;

                while (n < KEYEND_MAX && done + n < keys->n) {
                        ids[n] = keys->key[done + n].id;
                        n++;
                }
                rc = keyend_active(args, ids, n, reason(args), &n_revoked, &n_skipped);
                if (rc != CTL_OK)
                        break;
                done += n;
                revoked += n_revoked;
                skipped += n_skipped;
        }
        if (rc != CTL_OK && done > 0)
                say_note("%zu of %zu keys were revoked before that", revoked, keys->n);
        return rc != CTL_OK ? rc : say_result(args, revoked, skipped);
}

static enum exit_code revoke_matching(const struct args *args) {
        _cleanup_(keyquery_done) struct keys keys = {};
        struct keyquery query;
        enum exit_code rc;

        rc = keyquery_read(args, &query);
        if (rc != CTL_OK)
                return rc;
        query.status = "active,idle"; /* an idle key can be revived */
        rc = keyquery_fetch(&query, &keys);
        if (rc == CTL_OK && keys.n == 0) {
                rc = keyquery_none(&query);
                return rc != CTL_OK ? rc : say_result(args, 0, 0);
        }
        if (rc == CTL_OK)
                rc = confirm(args, keys.n);
        return rc != CTL_OK ? rc : revoke_keys(args, &keys);
}

enum exit_code cmd_key_revoke(const struct args *args) {
        static const char *const options[] = { "owner",  "realm",        "linked",
                                               "all-of", "service",      "from",
                                               "search", "unused-since", "expires-before" };
        bool matching = false;
        enum exit_code rc;

        for (size_t i = 0; i < ARRAY_LEN(options); i++)
                matching = matching || args_has(args, options[i]);
        /* Every key has that in its name. A script whose variable is empty must not end them all.
         */
        if (args_has(args, "search") && !args_value(args, "search")[0]) {
                say_error("--search='' is in every key; see key remove-all");
                return CTL_USAGE;
        }
        if (matching == (args->n_words > 0)) {
                say_error("key revoke needs ids, or else options that say which keys: "
                          "wfapikeyctl key revoke ID..., or --owner=USER");
                return CTL_USAGE;
        }
        rc = matching ? revoke_matching(args)
                      : keyend_words(args, "RevokeKeys", reason(args), "revoked");
        if (rc == CTL_OK)
                keyend_say_reach(args);
        return rc;
}
