/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of a list of keys: what comes first, and places as texts. */
#include "unit.h"

#include "control/control_order.h"

static const struct policy no_policy;

static struct control_order order_of(enum control_order_by by) {
        return (struct control_order){ .by = by, .policy = &no_policy, .now = 1000 };
}

/* --- Which comes first --- */

static void test_keys_are_compared_by_one_value_and_then_by_id(void **state) {
        static const struct {
                const char *by;
                struct key_record first, second;
        } rows[] = {
                { "id", { .id = "aaaaaaaaaa", .name = "z" }, { .id = "bbbbbbbbbb", .name = "a" } },
                { "id", { .id = "ZZZZZZZZZZ" }, { .id = "aaaaaaaaaa" } },
                { "name", { .id = "b", .name = "alpha" }, { .id = "a", .name = "Beta" } },
                { "name", { .id = "b", .name = "Same" }, { .id = "a", .name = "same" } },
                { "name", { .id = "a", .name = "same" }, { .id = "b", .name = "same" } },
                { "owner", { .id = "b", .owner = "alice" }, { .id = "a", .owner = "bob" } },
                { "services", { .id = "b" }, { .id = "a", .services = "sshd" } },
                { "networks", { .id = "b" }, { .id = "a", .networks = "10.0.0.0/8" } },
                { "status", { .id = "b" }, { .id = "a", .status = KEY_REVOKED } },
                { "status", { .id = "b" }, { .id = "a", .expires_at = 1000 } },
                { "created", { .id = "b", .created_at = 1 }, { .id = "a", .created_at = 2 } },
                { "updated", { .id = "b", .updated_at = 1 }, { .id = "a", .updated_at = 2 } },
                { "expires", { .id = "b", .expires_at = INT32_MAX }, { .id = "a" } },
                { "expires",
                  { .id = "b", .expires_at = 9 },
                  { .id = "a", .expires_at = INT64_C(253402300799) } },
                { "last-used", { .id = "b" }, { .id = "a", .last_used_at = 1 } },
                { "uses", { .id = "b", .uses = 9 }, { .id = "a", .uses = 10 } },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct control_order order = order_of(control_order_find(rows[i].by));
                struct control_place first = control_order_place(&order, &rows[i].first),
                                     second = control_order_place(&order, &rows[i].second);

                if (control_order_compare(&order, &first, &second) >= 0 ||
                    control_order_compare(&order, &second, &first) <= 0 ||
                    control_order_compare(&order, &first, &first) != 0)
                        fail_msg("row %zu, %s", i, rows[i].by);
                order.reverse = true;
                if (control_order_compare(&order, &first, &second) <= 0)
                        fail_msg("row %zu, %s the other way round", i, rows[i].by);
        }
}

static void test_other_properties_are_no_order(void **state) {
        (void) state;
        assert_int_equal(control_order_find("colour"), CONTROL_ORDER_NONE);
        assert_int_equal(control_order_find(""), CONTROL_ORDER_NONE);
        assert_int_equal(control_order_find("NAME"), CONTROL_ORDER_NONE);
}

/* --- Places as texts --- */

static void test_a_place_is_the_same_as_a_text(void **state) {
        struct key_record key = { .id = "aaaaaaaaaa",
                                  .name = "a b \xc3\xa9",
                                  .owner = "mail:erin@example.org",
                                  .created_at = 5,
                                  .last_used_at = INT64_MAX };

        (void) state;
        memset(key.services, 's', sizeof(key.services) - 1);
        for (enum control_order_by by = CONTROL_ORDER_ID; by < _CONTROL_ORDER_MAX; by++) {
                struct control_order order = order_of(by);
                struct control_place place = control_order_place(&order, &key), again;
                char text[CONTROL_CURSOR_LEN];
                struct control_cursor cursor;

                control_order_write(&order, &place, text);
                assert_true(control_order_read(&order, text, &cursor));
                again = (struct control_place){ cursor.id, cursor.text, cursor.number };
                assert_int_equal(control_order_compare(&order, &place, &again), 0);
        }
}

static void test_other_texts_are_no_places(void **state) {
        static const struct {
                enum control_order_by by;
                const char *text;
        } rows[] = {
                { CONTROL_ORDER_NAME, "" },
                { CONTROL_ORDER_NAME, "aaaaaaaaaa" },
                { CONTROL_ORDER_NAME, "aaaaaaaaaax" },
                { CONTROL_ORDER_NAME, "aaaaaaaaa! x" },
                { CONTROL_ORDER_NAME, "aaaaaaaaa x" },
                { CONTROL_ORDER_CREATED, "aaaaaaaaaa " },
                { CONTROL_ORDER_CREATED, "aaaaaaaaaa -1" },
                { CONTROL_ORDER_CREATED, "aaaaaaaaaa 1x" },
                { CONTROL_ORDER_CREATED, "aaaaaaaaaa 9223372036854775808" },
        };
        char long_text[CONTROL_CURSOR_LEN + 1] = "aaaaaaaaaa ";

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct control_order order = order_of(rows[i].by);
                struct control_cursor cursor = { .number = 77 };

                if (control_order_read(&order, rows[i].text, &cursor) || cursor.number != 77)
                        fail_msg("'%s'", rows[i].text);
        }
        memset(long_text + KEYTEXT_ID_LEN + 1, 'x', RECORD_LIST_LEN);
        assert_false(control_order_read(&(struct control_order){ .by = CONTROL_ORDER_SERVICES },
                                        long_text, &(struct control_cursor){}));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keys_are_compared_by_one_value_and_then_by_id),
                cmocka_unit_test(test_other_properties_are_no_order),
                cmocka_unit_test(test_a_place_is_the_same_as_a_text),
                cmocka_unit_test(test_other_texts_are_no_places),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
