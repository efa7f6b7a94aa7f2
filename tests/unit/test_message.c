/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids of messages: 32 digits each, no two alike, and none for what is no message. */
#include "unit.h"

#include "base/message.h"

static const char *id_of(size_t i) {
        return i < _MESSAGE_MAX ? message_id((enum message) i)
                                : message_id_of_reason((enum reason)(i - _MESSAGE_MAX));
}

/* That a login was right is one of the messages, and the reason for it. */
static bool is_good_login(size_t i) {
        return i == _MESSAGE_MAX + REASON_NONE;
}

static void test_each_has_its_own(void **state) {
        (void) state;
        for (size_t i = 0; i < _MESSAGE_MAX + _REASON_MAX; i++) {
                unit_int(id_of(i), strlen(id_of(i)), 32);
                unit_int(id_of(i), strspn(id_of(i), "0123456789abcdef"), 32);
                for (size_t j = 0; j < i; j++)
                        unit_int(id_of(i), is_good_login(i) || strcmp(id_of(i), id_of(j)) != 0,
                                 true);
        }
}

static void test_what_is_none_has_none(void **state) {
        (void) state;
        assert_string_equal(message_id(_MESSAGE_MAX), "");
        assert_string_equal(message_id_of_reason(_REASON_MAX), "");
        assert_string_equal(message_id((enum message) - 1), "");
        assert_string_equal(message_id_of_reason((enum reason) - 1), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_has_its_own),
                cmocka_unit_test(test_what_is_none_has_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
