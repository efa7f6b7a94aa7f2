/* SPDX-License-Identifier: BSD-2-Clause */
/* A turn of the loop that waits in the kernel for a peer: it goes on. */
#include "unit_linger.h"

#include "base/nudge.h"

static int on_turn(sd_event_source *source, void *userdata) {
        struct unit_linger *linger = userdata;

        assert_int_equal(close(linger->writer), 0); /* would take an hour */
        return sd_event_exit(sd_event_source_get_event(source), 42);
}

static void test_a_close_that_waits_is_interrupted(void **state) {
        struct unit_linger linger;
        sd_event *event = NULL;

        (void) state;
        assert_true(unit_linger_make(&linger));
        assert_int_equal(sd_event_new(&event), 0);
        unit_succeeds("defer", sd_event_add_defer(event, NULL, on_turn, &linger));
        assert_int_equal(nudge_loop(event), 42);
        (void) close(linger.witness[1]);
        unit_linger_done(&linger);
        sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_close_that_waits_is_interrupted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
