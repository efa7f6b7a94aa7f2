/* SPDX-License-Identifier: BSD-2-Clause */
/* A key from the environment, for tests. All checks that refuse it are here. How a key is made is
 * issue.c's business. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/nss.h"
#include "cleanup.h"
#include "keys/audit.h"
#include "keys/issue.h"
#include "keys/seed.h"
#include "rules/policy.h"
#include "store/store_key.h"
#include "text.h"

#define ORIGIN   "environment"
#define ENV_KEY  "WFAPIKEY_ISSUE_KEY"
#define ENV_USER "WFAPIKEY_ISSUE_USER"

__attribute__((format(printf, 3, 4))) static int fail(char *error, int r, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(error, ERROR_LEN, format, ap);
        va_end(ap);
        return r;
}

/* systemd sets INVOCATION_ID for every unit, whatever else of systemd is visible inside it.
 * NOTIFY_SOCKET proves nothing: containers have that too (systemd-nspawn). */
static bool is_under_systemd(void) {
        return sd_booted() > 0 || secure_getenv("INVOCATION_ID");
}

/* Wipes the place in the environment too: other processes can read the environment of a process
 * while that lives. */
static void take_key(char *in, struct secret *out) {
        size_t len = strlen(in), key_len = keytext_trim(in, len);

        if (keytext_is_key(in, key_len)) {
                memcpy(out->text, in, key_len);
                out->text[key_len] = '\0';
        }
        explicit_bzero(in, len);
        (void) unsetenv(ENV_KEY);
}

int seed_take(struct seed *ret, char error[static ERROR_LEN]) {
        char *key = secure_getenv(ENV_KEY);
        const char *user = secure_getenv(ENV_USER);
        struct seed seed = {};

        if (key)
                take_key(key, &seed.key);
        if (is_under_systemd())
                return fail(error, -EPERM,
                            "--issue-from-environment is for tests in containers, and refused "
                            "where systemd is");
        if (!seed.key.text[0])
                return fail(error, -EINVAL,
                            ENV_KEY " must be a whole key, as 'wfapikeyctl key draw' prints one");
        if (!user || !text_is_label(user, WIRE_USER_MAX)) {
                secret_wipe(&seed.key);
                return fail(error, -EINVAL, ENV_USER " must name the user who is to have the key");
        }
        (void) text_copy(seed.user, sizeof(seed.user), user);
        *ret = seed;
        secret_wipe(&seed.key);
        return 0;
}

static int on_key(const struct key_record *key, void *userdata) {
        (void) userdata;
        return strcmp(key->origin, ORIGIN) == 0 ? 0 : -EPERM;
}

/* All keys were removed at once. Their rows are deleted later, so the store looks empty, and only
 * this policy shows that there were keys. */
static int on_policy(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        (void) changed_at;
        (void) userdata;
        return strcmp(name, POLICY_EPOCH) == 0 && value > 0 ? -EPERM : 0;
}

static int find_user(const char *user, struct account_record *ret, char *error) {
        struct nss_entry account;
        int r;

        r = nss_user(user, &account);
        if (r < 0)
                return fail(error, r, ENV_USER ": this container knows no such user");
        *ret = (struct account_record){ .state = ACCOUNT_PRESENT, .uid = account.uid };
        memcpy(ret->name, account.name, sizeof(ret->name));
        return 0;
}

static int make_key(const struct seed *seed, const struct keymint *keymint, struct store *writer,
                    char *error) {
        struct issue_request request = { .keymint = keymint,
                                         .given = &seed->key,
                                         .name = ORIGIN,
                                         .origin = ORIGIN,
                                         .audit = { .count = 1,
                                                    .uid = AUDIT_NOBODY,
                                                    .event = "issued",
                                                    .verdict = "done",
                                                    .door = "daemon",
                                                    .detail = ORIGIN } };
        struct issue_result result = {};
        struct account_record account;
        int r;

        r = find_user(seed->user, &account, error);
        if (r < 0)
                return r;
        if (!issue_take_user(seed->user, 0, &account, &request.owner, &result) ||
            !issue_add(&request, writer, &result))
                return fail(error, -EPERM, "no key from the environment: %s", result.error_text);
        return 0;
}

static int plant(const struct seed *seed, const struct keymint *keymint, struct store *writer,
                 char *error) {
        char id[KEYTEXT_ID_LEN + 1] = {};
        int64_t now = clock_now();
        struct key_record key;
        int r;

        r = store_key_each(writer, NULL, "", on_key, NULL);
        if (r >= 0)
                r = store_policy_each(writer, on_policy, NULL);
        if (r == -EPERM)
                return fail(error, r,
                            "the store has keys of its own: --issue-from-environment is for tests, "
                            "which "
                            "begin with an empty one");
        memcpy(id, keytext_id(seed->key.text), KEYTEXT_ID_LEN);
        if (r >= 0)
                r = store_key_get(writer, id, &key);
        if (r != -ENOENT)
                return r;
        r = store_policy_set(writer, "enabled", 1, now);
        if (r >= 0)
                r = audit_own(writer, "policy", NULL, "enabled=yes", 1, now);
        if (r >= 0)
                r = make_key(seed, keymint, writer, error);
        return r < 0 ? r : store_commit(writer);
}

int seed_plant(const struct seed *seed, const struct keymint *keymint, struct store *writer,
               char error[static ERROR_LEN]) {
        int r;

        error[0] = '\0';
        r = store_begin(writer);
        if (r >= 0)
                r = plant(seed, keymint, writer, error);
        store_rollback(writer);
        if (r < 0 && !error[0])
                (void) fail(error, r, "no key from the environment: the key store: %s",
                            store_error_text(r));
        if (r >= 0)
                log_line(LOG_WARNING,
                         "FOR TESTS ONLY: the environment gave the key %.10s; whoever can see that "
                         "environment can log in with it",
                         keytext_id(seed->key.text));
        return r;
}
