/* SPDX-License-Identifier: BSD-2-Clause */
/* A key from the environment: where it is refused, what is left of it there, and that it is made
 * once and in an empty store only. */
#include "unit_keymint.h"
#include "unit_store.h"

#include <pwd.h>

#include "base/error.h"
#include "keys/seed.h"
#include "store/store_key.h"

#define ID      "aaaaaaaaaa"
#define NO_USER "no-such-user-here"

static int booted;

int __wrap_sd_booted(void);
int __wrap_sd_booted(void) {
        return booted;
}

struct fixture {
        struct unit_store *store;
        struct keymint *keymint;
        char key[KEYTEXT_LEN + 1], environment[128];
        const char *user;
};

static int make(void **state) {
        static const char secret[KEYTEXT_SECRET_LEN + 1] =
                "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEf";
        struct fixture *f = calloc(1, sizeof(*f));
        const struct passwd *pw = getpwuid(getuid());
        void *store = NULL;

        if (!f || !pw || unit_store_make(&store) < 0)
                return -1;
        f->store = store;
        f->user = pw->pw_name;
        keytext_format(f->key, ID, secret);
        booted = 0;
        *state = f;
        return unsetenv("INVOCATION_ID") | unit_keymint_make(f->store, &f->keymint);
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *store = f->store;

        (void) unsetenv("WFAPIKEY_ISSUE_KEY");
        (void) unsetenv("WFAPIKEY_ISSUE_USER");
        (void) unsetenv("INVOCATION_ID");
        (void) keymint_free(f->keymint);
        free(f);
        return unit_store_remove(&store);
}

/* As a process has it that was started with these. */
static void set(struct fixture *f, const char *key, const char *user) {
        (void) snprintf(f->environment, sizeof(f->environment), "WFAPIKEY_ISSUE_KEY=%s", key);
        assert_int_equal(putenv(f->environment), 0);
        if (user)
                assert_int_equal(setenv("WFAPIKEY_ISSUE_USER", user, 1), 0);
        else
                assert_int_equal(unsetenv("WFAPIKEY_ISSUE_USER"), 0);
}

static int take(struct fixture *f, const char *key, const char *user, struct seed *ret) {
        char error[ERROR_LEN] = {};
        int r;

        set(f, key, user);
        r = seed_take(ret, error);
        assert_null(getenv("WFAPIKEY_ISSUE_KEY"));
        for (size_t i = strlen("WFAPIKEY_ISSUE_KEY="); i < sizeof(f->environment); i++)
                assert_int_equal(f->environment[i], 0);
        assert_null(strstr(error, "wfk_"));
        assert_int_equal(error[0] != '\0', r < 0);
        return r;
}

static void test_it_is_taken_out_of_the_environment(void **state) {
        struct fixture *f = *state;
        struct seed seed = {};
        char line[KEYTEXT_LEN + 2];

        assert_int_equal(take(f, f->key, f->user, &seed), 0);
        assert_string_equal(seed.key.text, f->key);
        assert_string_equal(seed.user, f->user);
        /* as a file has it */
        (void) snprintf(line, sizeof(line), "%s\n", f->key);
        memset(&seed, 0, sizeof(seed));
        assert_int_equal(take(f, line, f->user, &seed), 0);
        assert_string_equal(seed.key.text, f->key);
}

static void test_where_it_is_refused(void **state) {
        struct fixture *f = *state;
        struct seed seed, before;

        unit_poison(&seed, sizeof(seed));
        before = seed;
        booted = 1;
        assert_int_equal(take(f, f->key, f->user, &seed), -EPERM);
        booted = 0;
        assert_int_equal(setenv("INVOCATION_ID", "x", 1), 0);
        assert_int_equal(take(f, f->key, f->user, &seed), -EPERM);
        assert_int_equal(unsetenv("INVOCATION_ID"), 0);
        assert_int_equal(take(f, "", f->user, &seed), -EINVAL);
        assert_int_equal(take(f, "wfk_aaaaaaaaaa_short", f->user, &seed), -EINVAL);
        assert_int_equal(take(f, f->key, NULL, &seed), -EINVAL);
        assert_int_equal(take(f, f->key, "", &seed), -EINVAL);
        assert_int_equal(take(f, f->key, "two\nlines", &seed), -EINVAL);
        assert_memory_equal(&seed, &before, sizeof(seed));
}

static int plant(struct fixture *f, const char *user, const char *want) {
        char error[ERROR_LEN];
        struct seed seed = {};
        int r;

        memcpy(seed.key.text, f->key, sizeof(f->key));
        (void) snprintf(seed.user, sizeof(seed.user), "%s", user);
        unit_poison(error, sizeof(error));
        r = seed_plant(&seed, f->keymint, f->store->writer, error);
        assert_int_equal(strstr(error, want) != NULL, true);
        assert_int_equal(error[0] != '\0', r < 0);
        assert_int_equal(store_begin(f->store->writer), 0); /* no transaction is left */
        store_rollback(f->store->writer);
        return r;
}

static int64_t count(const struct fixture *f, const char *what) {
        char sql[128];

        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", what);
        return unit_sql_number(f->store->path, sql);
}

static void test_it_is_made_once(void **state) {
        struct fixture *f = *state;
        struct key_record key;

        assert_int_equal(plant(f, f->user, ""), 0);
        assert_int_equal(store_key_get(f->store->writer, ID, &key), 0);
        assert_string_equal(key.owner, f->user);
        assert_int_equal(key.owner_uid, getuid());
        assert_string_equal(key.origin, "environment");
        assert_int_equal(count(f, "policy WHERE name = 'enabled' AND value = 1"), 1);
        assert_int_equal(count(f, "audit WHERE event = 'issued'"), 1);
        assert_int_equal(count(f, "audit WHERE event = 'policy'"), 1);
        /* A restart revives nothing. */
        key.status = KEY_REVOKED;
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_update(f->store->writer, &key), 0);
        assert_int_equal(store_policy_set(f->store->writer, "enabled", 0, 1), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        assert_int_equal(plant(f, f->user, ""), 0);
        assert_int_equal(store_key_get(f->store->writer, ID, &key), 0);
        assert_int_equal(key.status, KEY_REVOKED);
        assert_int_equal(count(f, "policy WHERE name = 'enabled' AND value = 0"), 1);
        assert_int_equal(count(f, "audit WHERE event IN ('issued', 'policy')"), 2);
}

static void test_people_use_this_host(void **state) {
        struct fixture *f = *state;

        unit_key_insert(f->store->writer, "bbbbbbbbbb", "alice");
        assert_int_equal(plant(f, f->user, "keys of its own"), -EPERM);
        assert_int_equal(count(f, "key"), 1);
        assert_int_equal(count(f, "policy WHERE name = 'enabled'"), 0);
}

static void test_people_have_used_this_host(void **state) {
        struct fixture *f = *state;

        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_policy_set(f->store->writer, "epoch", 1, 1), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        assert_int_equal(plant(f, f->user, "keys of its own"), -EPERM);
        assert_int_equal(count(f, "key"), 0);
}

static void test_nobody_of_that_name(void **state) {
        struct fixture *f = *state;

        assert_int_not_equal(plant(f, NO_USER, "no such user"), 0);
        assert_int_equal(count(f, "key"), 0);
        assert_int_equal(count(f, "policy WHERE name = 'enabled'"), 0);
        assert_int_equal(count(f, "audit WHERE event IN ('issued', 'policy')"), 0);
}

#define test_seed(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_seed(test_it_is_taken_out_of_the_environment),
                test_seed(test_where_it_is_refused),
                test_seed(test_it_is_made_once),
                test_seed(test_people_use_this_host),
                test_seed(test_people_have_used_this_host),
                test_seed(test_nobody_of_that_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
