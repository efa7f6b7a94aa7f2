/* SPDX-License-Identifier: BSD-2-Clause */
/* A call without a bus: its transaction, and the key that it is about. */
#include "unit_store.h"

#include "control/control_audit.h"
#include "control/control_state.h"
#include "store/store_audit.h"

#define ID    "aaaaaaaaaa"
#define OTHER "bbbbbbbbbb"

static struct control_call call_of(struct control *control, enum role role, uid_t uid) {
        return (struct control_call){ .control = control,
                                      .method = control_methods_find("RevokeKeys"),
                                      .role = role,
                                      .uid = uid };
}

/* --- control_transact() --- */

static int write_something(struct control_call *call, struct store *writer) {
        int r = store_policy_set(writer, "enabled", 1, 1);

        return r < 0 ? r : control_audit_add(call, writer, "policy", NULL, "enabled=yes");
}

static int write_and_break(struct control_call *call, struct store *writer) {
        int r = write_something(call, writer);

        return r < 0 ? r : -ENOSPC;
}

static int write_and_refuse(struct control_call *call, struct store *writer) {
        int r = write_something(call, writer);

        control_fail(call, CONTROL_NOT_ACTIVE, "no");
        return r;
}

static int refuse_and_break(struct control_call *call, struct store *writer) {
        int r = write_and_refuse(call, writer);

        return r < 0 ? r : -EIO;
}

static int on_policy(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        (void) value;
        (void) changed_at;
        if (strcmp(name, "enabled") == 0)
                *(bool *) userdata = true;
        return 0;
}

static void test_a_transaction_is_whole_or_none(void **state) {
        static const struct {
                const char *name;
                bool (*transact)(struct control_call *call, struct store *writer,
                                 int (*body)(struct control_call *call, struct store *writer));
                int (*body)(struct control_call *call, struct store *writer);
                enum control_error error;
                unsigned generations;
        } rows[] = {
                { "the store breaks", control_transact, write_and_break, CONTROL_STORE, 0 },
                { "the call is refused", control_transact, write_and_refuse, CONTROL_NOT_ACTIVE,
                  0 },
                { "refused, then broken", control_transact, refuse_and_break, CONTROL_NOT_ACTIVE,
                  0 },
                { "quietly refused", control_transact_quietly, write_and_refuse, CONTROL_NOT_ACTIVE,
                  0 },
                { "quietly", control_transact_quietly, write_something, CONTROL_OK, 0 },
                { "aloud", control_transact, write_something, CONTROL_OK, 1 },
        };
        struct unit_store *s = *state;
        struct control *control = calloc(1, sizeof(*control));
        int64_t before, after;
        bool there = false;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct control_call call = call_of(control, ROLE_ADMIN, 0);
                uint64_t generation = s->shared.generation;
                bool done = rows[i].error == CONTROL_OK;

                assert_int_equal(store_audit_head(s->writer, &before), 0);
                unit_int(rows[i].name, rows[i].transact(&call, s->writer, rows[i].body), done);
                unit_int(rows[i].name, call.error, rows[i].error);
                unit_int(rows[i].name, s->shared.generation, generation + rows[i].generations);
                assert_int_equal(store_audit_head(s->writer, &after), 0);
                unit_int(rows[i].name, after > before, done);
                assert_int_equal(store_policy_each(s->writer, on_policy, &there), 0);
                unit_int(rows[i].name, there, done);
                there = false;
                if (done)
                        unit_sql(s->path, "DELETE FROM policy");
                control_audit_release(&call);
        }
        free(control);
}

static void test_a_transaction_that_cannot_begin_changes_nothing(void **state) {
        struct unit_store *s = *state;
        struct control *control = calloc(1, sizeof(*control));
        struct control_call call = call_of(control, ROLE_ADMIN, 0);
        bool there = false;

        assert_int_equal(store_begin(s->writer), 0);
        assert_false(control_transact(&call, s->writer, write_something));
        assert_int_equal(call.error, CONTROL_STORE);
        assert_int_equal(store_policy_each(s->writer, on_policy, &there), 0);
        assert_false(there);
        free(control);
}

/* --- control_open_key() --- */

static void test_which_key_a_call_is_about(void **state) {
        static const struct {
                const char *name;
                enum role role;
                uid_t uid;
                const char *id;
                enum control_error error;
                const char *about, *user;
        } rows[] = {
                { "an administrator's", ROLE_ADMIN, 0, ID, CONTROL_OK, ID, "alice" },
                { "none", ROLE_ADMIN, 0, OTHER, CONTROL_NO_SUCH_KEY, OTHER, "" },
                { "no id", ROLE_ADMIN, 0, "wfk_secret", CONTROL_INVALID_ARGUMENT, "", "" },
                { "its owner's", ROLE_USER, 1000, ID, CONTROL_OK, ID, "alice" },
                { "another's", ROLE_USER, 1001, ID, CONTROL_ACCESS_DENIED, ID, "alice" },
                { "none, of a user", ROLE_USER, 1001, OTHER, CONTROL_ACCESS_DENIED, OTHER, "" },
        };
        struct unit_store *s = *state;
        struct control *control = calloc(1, sizeof(*control));

        unit_key_insert(s->writer, ID, "alice");
        unit_account_put(s->writer, "alice", 1000);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct control_call call = call_of(control, rows[i].role, rows[i].uid);
                struct key_record key;

                unit_poison(&key, sizeof(key));
                unit_int(rows[i].name, control_open_key(&call, s->writer, rows[i].id, &key),
                         rows[i].error == CONTROL_OK);
                unit_int(rows[i].name, call.error, rows[i].error);
                unit_str(rows[i].name, call.about.id, rows[i].about);
                unit_str(rows[i].name, call.about.user, rows[i].user);
                if (rows[i].error == CONTROL_OK)
                        unit_str(rows[i].name, key.id, rows[i].id);
                else
                        unit_poisoned(rows[i].name, &key, sizeof(key));
        }
        free(control);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_a_transaction_is_whole_or_none),
                unit_test_with_store(test_a_transaction_that_cannot_begin_changes_nothing),
                unit_test_with_store(test_which_key_a_call_is_about),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
