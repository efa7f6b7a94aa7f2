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

/* How often it is looked for keys that came meanwhile. */
#define ROUNDS_MAX 10

struct tally {
        size_t revoked, skipped;
};

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

static enum exit_code say_result(const struct args *args, const struct tally *tally) {
        struct json j = {};

        if (tally->skipped > 0)
                say_line("%zu keys had ended meanwhile", tally->skipped);
        if (!args->json)
                return keyend_say(args, tally->revoked, "revoked");
        json_open(&j, NULL, '{');
        json_number(&j, "revoked", tally->revoked);
        json_number(&j, "skipped", tally->skipped);
        json_close(&j, '}');
        return CTL_OK;
}

/* Keys may have ended since they were listed. */
static enum exit_code revoke_keys(const struct args *args, const struct keys *keys,
                                  struct tally *tally) {
        const char *ids[KEYEND_MAX];
        enum exit_code rc = CTL_OK;
        size_t done = 0;

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
                tally->revoked += n_revoked;
                tally->skipped += n_skipped;
        }
        return rc;
}

/* While a person was asked, a key that matches may have been made, or rotated by somebody who has
 * it. Those who end all keys of somebody mean that one, too. */
static enum exit_code revoke_further(const struct args *args, const struct keyquery *query,
                                     struct tally *tally) {
        size_t before = tally->revoked;

        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                _cleanup_(keyquery_done) struct keys keys = {};
                enum exit_code rc;

                rc = keyquery_fetch(query, &keys);
                if (rc == CTL_OK && keys.n > 0)
                        rc = revoke_keys(args, &keys, tally);
                if (rc == CTL_OK && keys.n > 0)
                        continue;
                if (tally->revoked > before)
                        say_line("%zu more keys were made meanwhile and are revoked, too",
                                 tally->revoked - before);
                return rc;
        }
        say_error("keys that match are made as fast as they are revoked: see audit list for who "
                  "makes them");
        return CTL_REFUSED;
}

static enum exit_code revoke_matching(const struct args *args) {
        _cleanup_(keyquery_done) struct keys keys = {};
        struct keyquery query;
        struct tally tally = {};
        enum exit_code rc;

        rc = keyquery_read(args, &query);
        if (rc != CTL_OK)
                return rc;
        query.status = "active,idle"; /* an idle key can be revived */
        rc = keyquery_fetch(&query, &keys);
        if (rc == CTL_OK && keys.n == 0) {
                rc = keyquery_none(&query);
                return rc != CTL_OK ? rc : say_result(args, &tally);
        }
        if (rc == CTL_OK)
                rc = confirm(args, keys.n);
        if (rc == CTL_OK)
                rc = revoke_keys(args, &keys, &tally);
        if (rc == CTL_OK)
                rc = revoke_further(args, &query, &tally);
        if (rc != CTL_OK && tally.revoked > 0)
                say_note("%zu keys were revoked before that", tally.revoked);
        return rc != CTL_OK ? rc : say_result(args, &tally);
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
