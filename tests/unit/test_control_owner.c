/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a key of before gets a new secret, by who has the owner's name. */
#include "unit_accounts.h"
#include "unit_call.h"
#include "unit_worker.h"

#include "control/control_owner.h"
#include "control/control_state.h"
#include "keys/audit.h"
#include "store/store_key.h"

#define ID "aaaaaaaaaa"

struct fixture {
        struct unit_worker w;
        struct control control;
};

static struct {
        unsigned n_runs, n_answers;
        enum control_error error;
        char text[ERROR_LEN];
} seen;

static void release(struct control_call *call) {
        seen.n_answers++;
        seen.error = call->error;
        memcpy(seen.text, call->error_text, sizeof(seen.text));
}

static void run(struct worker_job *job, struct store *writer) {
        (void) job;
        (void) writer;
        seen.n_runs++;
}

static void done(struct worker_job *job) {
        control_answer((struct control_call *) job);
}

static const struct control_handlers handlers = { .size = sizeof(struct control_owner_call),
                                                  .release = release };
static const struct control_method method = { .member = "ResetKey",
                                              .verb = ROLE_VERB_RESET,
                                              .handlers = &handlers };

/* A key, and what the store and the user database know of its owner. */
static const struct row {
        const char *name;
        struct key_record key;
        enum account_state state;
        uid_t uid; /* in the store */
        enum role role;
        uid_t caller;
        int answer;
        bool reread; /* the configuration */
        enum control_error error;
        const char *text;
} rows[] = {
        { "the owner's",
          { .owner = "alice", .owner_uid = 1001 },
          ACCOUNT_PRESENT,
          1001,
          ROLE_USER,
          1001,
          0,
          false,
          CONTROL_OK,
          "" },
        { "another's",
          { .owner = "alice", .owner_uid = 1001 },
          ACCOUNT_PRESENT,
          1001,
          ROLE_USER,
          1002,
          -ETIMEDOUT,
          false,
          CONTROL_ACCESS_DENIED,
          "Key " ID " is not yours" },
        { "the name is another's",
          { .owner = "alice", .owner_uid = 64351 },
          ACCOUNT_PRESENT,
          64351,
          ROLE_USER,
          64351,
          0,
          false,
          CONTROL_NOT_ACTIVE,
          "Key " ID " gets no new secret" },
        { "the name is nobody's",
          { .owner = "dora", .owner_uid = 1003 },
          ACCOUNT_PRESENT,
          1003,
          ROLE_USER,
          1003,
          0,
          false,
          CONTROL_NOT_ACTIVE,
          "Key " ID " gets no new secret" },
        { "an administrator",
          { .owner = "dora", .owner_uid = 1003 },
          ACCOUNT_PRESENT,
          1003,
          ROLE_ADMIN,
          0,
          0,
          false,
          CONTROL_NOT_ACTIVE,
          "Key " ID " gets no new secret" },
        { "no answer",
          { .owner = "alice", .owner_uid = 1001 },
          ACCOUNT_PRESENT,
          1001,
          ROLE_USER,
          1001,
          -ETIMEDOUT,
          false,
          CONTROL_BUSY,
          "The user database does not answer for 'alice'" },
        { "of a fleet, here",
          { .owner = "dora", .owner_uid = 1003, .hosts = "web" },
          ACCOUNT_PRESENT,
          1003,
          ROLE_USER,
          1003,
          0,
          false,
          CONTROL_NOT_ACTIVE,
          "Key " ID " gets no new secret" },
        { "of a fleet, elsewhere",
          { .owner = "dora", .owner_uid = 1003, .hosts = "web" },
          ACCOUNT_UNKNOWN,
          0,
          ROLE_ADMIN,
          0,
          -ETIMEDOUT,
          false,
          CONTROL_OK,
          "" },
        { "of a fleet, another here",
          { .owner = "alice", .owner_uid = 1003, .hosts = "web" },
          ACCOUNT_PRESENT,
          1001,
          ROLE_ADMIN,
          0,
          -ETIMEDOUT,
          false,
          CONTROL_OK,
          "" },
        { "a user of a realm",
          { .owner = "mail:alice", .owner_uid = RECORD_UNBOUND, .realm = "mail" },
          ACCOUNT_PRESENT,
          RECORD_UNBOUND,
          ROLE_ADMIN,
          0,
          -ETIMEDOUT,
          false,
          CONTROL_OK,
          "" },
        { "read again",
          { .owner = "alice", .owner_uid = 1001 },
          ACCOUNT_PRESENT,
          1001,
          ROLE_USER,
          1001,
          0,
          true,
          CONTROL_BUSY,
          "The configuration was read again meanwhile" },
};

static void know(struct store *writer, const struct row *row) {
        struct account_record account = { .state = row->state, .uid = row->uid };
        struct key_record key = unit_key(ID, row->key.owner);

        key.owner_uid = row->key.owner_uid;
        memcpy(key.hosts, row->key.hosts, sizeof(key.hosts));
        memcpy(key.realm, row->key.realm, sizeof(key.realm));
        memcpy(account.name, row->key.owner, sizeof(row->key.owner));
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_insert(writer, &key), 0);
        if (row->state != ACCOUNT_UNKNOWN)
                assert_int_equal(store_account_put(writer, &account), 0);
        assert_int_equal(store_commit(writer), 0);
}

static void ask(struct fixture *f, const struct row *row) {
        struct control_owner_call *ours = calloc(1, sizeof(*ours));

        assert_non_null(ours);
        ours->call = (struct control_call){ .job = { .run = run, .done = done },
                                            .method = &method,
                                            .control = &f->control,
                                            .role = row->role,
                                            .uid = row->caller,
                                            .conf_serial = row->reread ? 1 : 0 };
        memcpy(ours->id, ID, sizeof(ours->id));
        control_owner_ask(&ours->call);
        unit_worker_wait(&f->w, seen.n_answers > 0);
}

static void test_who_gets_a_new_secret(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct fixture *f = calloc(1, sizeof(*f));
                const struct row *row = &rows[i];

                assert_non_null(f);
                memset(&seen, 0, sizeof(seen));
                unit_accounts_error = row->answer;
                assert_int_equal(unit_worker_make(&f->w), 0);
                know(f->w.store->writer, row);
                assert_int_equal(unit_worker_start(&f->w), 0);
                assert_int_equal(audit_new(&f->control.fixed.audit), 0);
                f->control.fixed.worker = f->w.worker;
                ask(f, row);
                unit_int(row->name, seen.error, row->error);
                unit_int(row->name, strncmp(seen.text, row->text, strlen(row->text)), 0);
                unit_int(row->name, seen.n_runs, row->error == CONTROL_OK);
                unit_int(row->name, seen.n_answers, 1);
                (void) audit_free(f->control.fixed.audit);
                assert_int_equal(unit_worker_drop(&f->w), 0);
                free(f);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_gets_a_new_secret),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
