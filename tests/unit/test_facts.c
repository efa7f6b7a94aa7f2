/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store knows of the accounts that a key names. An account that cannot be read is not one
 * that nobody knows. */
#include "unit_store.h"

#include "keys/facts.h"
#include "store/store_account.h"

static void test_whose_key_it_is(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct account_record owner, linked;
        struct unit_store *s = *state;

        unit_account_put(s->writer, "alice", 1001);
        unit_account_put(s->writer, "bob", 1002);
        assert_int_equal(facts_accounts(s->writer, &key, &owner, &linked), 0);
        assert_int_equal(owner.uid, 1001);
        assert_int_equal(linked.uid, 1001);
        memcpy(key.linked, "bob", 4);
        assert_int_equal(facts_accounts(s->writer, &key, &owner, &linked), 0);
        assert_int_equal(owner.uid, 1001);
        assert_int_equal(linked.uid, 1002);
}

static void test_nobody_knows_them(void **state) {
        struct account_record owner = {}, linked = {};
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct unit_store *s = *state;

        memcpy(key.linked, "bob", 4);
        assert_int_equal(facts_accounts(s->writer, &key, &owner, &linked), 0);
        assert_int_equal(owner.state, ACCOUNT_UNKNOWN);
        assert_int_equal(linked.state, ACCOUNT_UNKNOWN);
}

static void test_they_cannot_be_read(void **state) {
        static const char *const names[] = { "alice", "bob" };
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct account_record owner, linked;
        struct unit_store *s = *state;

        memcpy(key.linked, "bob", 4);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                char sql[160];

                unit_sql(s->path, "DELETE FROM account");
                unit_account_put(s->writer, "alice", 1001);
                unit_account_put(s->writer, "bob", 1002);
                (void) snprintf(sql, sizeof(sql),
                                "PRAGMA ignore_check_constraints = ON;"
                                "UPDATE account SET uid = -7 WHERE name = '%s'",
                                names[i]);
                unit_sql(s->path, sql);
                unit_int(names[i], facts_accounts(s->writer, &key, &owner, &linked), -EUCLEAN);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_whose_key_it_is),
                unit_test_with_store(test_nobody_knows_them),
                unit_test_with_store(test_they_cannot_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
