/* SPDX-License-Identifier: BSD-2-Clause */
/* Users alice and bob with a key each, and what files and directories say of them, step by step,
 * with a clock that is a variable. */
#pragma once

#include "unit_store.h"

#include "accounts/accounts_update.h"
#include "accounts/accounts_vanished.h"
#include "base/clock.h"
#include "base/conf.h"
#include "parse.h"
#include "store/store_account.h"
#include "store/store_key.h"

#define T0     INT64_C(1800000000)
#define NOBODY ((gid_t) -1)
#define ADMINS 2001
#define ROOT   "root:x:0:0::/root:/bin/sh\n"
#define ALICE  "alice:x:1000:100::/:/bin/sh\n"
/* unit_key() gives all keys this number */
#define BOB "bob:x:1000:100::/:/bin/sh\n"

static int64_t now;
/* of one process; NULL: each look is the first of a process */
static struct accounts_holds *holds;

int64_t __wrap_clock_now(void);
int64_t __wrap_clock_now(void) {
        return now;
}

/* --- Steps --- */

static char etc[UNIT_PATH_LEN];
/* NULL: none are configured */
static const struct realms *unit_realms;

static inline void put(const char *name, const char *text) {
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, etc, name), text, strlen(text), 0600);
}

static inline int make(void **state) {
        struct unit_store *s;

        if (unit_store_make(state) < 0)
                return -1;
        s = *state;
        (void) unit_join(etc, s->dir, "etc");
        now = T0;
        holds = NULL;
        clock_trust(true);
        if (mkdir(etc, 0700) < 0)
                return -1;
        put("passwd", ROOT ALICE BOB);
        put("shadow", "");
        put("group", "");
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        return 0;
}

#define test_facts(f) cmocka_unit_test_setup_teardown(f, make, unit_store_remove)

/* The files are read; answers are what a directory says of the users that it is asked for,
 * "name=state" each. The list of those who were asked for is compared with ${asked}. */
static inline bool pass_by(struct unit_store *s, bool everybody, gid_t admin_group,
                           const char *asked, const char *answers) {
        struct accounts_update facts = { .etc = etc,
                                         .admin_group = admin_group,
                                         .realms = unit_realms,
                                         .holds = holds,
                                         .everybody = everybody };
        uint64_t generation = s->shared.generation;
        char got[512] = "", mark[WIRE_USER_MAX + 3];

        accounts_update_read(&facts, s->writer);
        for (size_t i = 0; i < facts.n; i++) {
                struct accounts_directory_answer *look = &facts.asked[i];
                const char *answer;

                (void) strncat(got, look->asked, sizeof(got) - strlen(got) - 2);
                (void) strcat(got, " ");
                (void) snprintf(mark, sizeof(mark), "%s=", look->asked);
                answer = strstr(answers, mark);
                if (!answer)
                        continue;
                answer += strlen(mark);
                memcpy(look->account.name, look->asked, sizeof(look->asked));
                look->account.uid = 1000;
                look->account.state = *answer == 'g'   ? ACCOUNT_GONE
                                      : *answer == 'u' ? ACCOUNT_UNKNOWN
                                                       : ACCOUNT_PRESENT;
                look->account.admin_unsure = *answer == 's'; /* groups are silent */
                look->account.admin = *answer == 'a' || *answer == 's';
                look->account.uid = *answer == 'o' ? 1001 : 1000; /* another one */
        }
        unit_str("asked", got, asked);
        accounts_update_take(&facts, s->writer);
        accounts_update_done(&facts);
        assert_int_equal(facts.n, 0);
        return s->shared.generation != generation;
}

static inline bool pass(struct unit_store *s, bool everybody, const char *asked,
                        const char *answers) {
        return pass_by(s, everybody, NOBODY, asked, answers);
}

static inline struct account_record known(struct unit_store *s, const char *name) {
        struct account_record account = {};
        int r = store_account_get(s->writer, name, &account);

        assert_true(r == 0 || r == -ENOENT);
        return account;
}

static inline void set_policy(struct unit_store *s, const char *name, int64_t value) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, name, value, T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static inline void key_is(struct unit_store *s, const char *id, enum key_status status,
                          const char *reason) {
        struct key_record key;

        assert_int_equal(store_key_get(s->writer, id, &key), 0);
        assert_int_equal(key.status, status);
        assert_string_equal(key.reason, reason);
        assert_int_equal(key.dead_at, status == KEY_REVOKED ? now : 0);
}

/* A first look: both are known. */
static inline void begin(struct unit_store *s) {
        assert_true(pass(s, true, "", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "alice").local, true);
        assert_int_equal(known(s, "alice").uid, 1000);
        assert_int_equal(known(s, "alice").checked_at, T0);
        assert_int_equal(known(s, "bob").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "root").state, ACCOUNT_UNKNOWN); /* has no key */
        now++;
}

static inline void report(struct unit_store *s, const char *user) {
        struct accounts_files_memory memory = {};
        const struct accounts_source source = { .etc = etc,
                                                .admin_group = NOBODY,
                                                .memory = &memory };

        struct audit_record record = { .at = now, .event = "account-removed" };

        assert_int_equal(accounts_update_removed(s->writer, &source, user, &record), 0);
}
