/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate before each D-Bus connection: how long it waits, for what, and how it ends. What passes
 * is in test_control_gate.c. */
#include "unit_gate.h"
#include "unit_socket.h"

/* --- Patience, seen through the linker's --wrap: what is waited for is noted, or is over at
 * once --- */

static uint64_t patience_ms;
static bool no_patience;

int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __real_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata);

int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec) {
        patience_ms = usec / 1000;
        return __real_sd_event_source_set_time_relative(s, no_patience ? 0 : usec);
}

int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata) {
        patience_ms = usec / 1000;
        return __real_sd_event_add_time_relative(e, ret, clock, no_patience ? 0 : usec, accuracy,
                                                 callback, userdata);
}

/* --- Backpressure --- */

/* Sends messages until no more goes in. Returns how many bytes went in. */
static size_t send_until_full(struct unit_gate *f, int fd, const uint8_t *message, size_t len) {
        size_t sent = 0;

        for (;;) {
                ssize_t n = send(fd, message + sent % len, len - sent % len, MSG_NOSIGNAL);

                unit_gate_settle(f);
                if (n < 0) {
                        assert_int_equal(errno, EAGAIN);
                        return sent;
                }
                sent += (size_t) n;
                assert_in_range(sent, 1, 16 * 1024 * 1024);
        }
}

/* Reads all that was sent. It must be the same message again and again. */
static void check_repeated(struct unit_gate *f, int fd, const uint8_t *message, size_t len,
                           size_t total) {
        size_t got = 0;

        while (got < total) {
                uint8_t bytes[3000];
                ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

                assert_in_range(n, 1, sizeof(bytes));
                for (ssize_t i = 0; i < n; i++)
                        if (bytes[i] != message[(got + (size_t) i) % len])
                                assert_int_equal(bytes[i], message[(got + (size_t) i) % len]);
                got += (size_t) n;
                unit_gate_settle(f);
        }
        assert_int_equal(got, total);
        unit_gate_check_nothing("no more", fd);
}

static void test_who_does_not_read_is_waited_for_and_nothing_is_lost(void **state) {
        struct unit_gate *f = *state;
        uint8_t message[1500];
        size_t len, sent;

        unit_gate_authenticate(f);
        len = unit_gate_put_message(message, sizeof(message), 1000, 100, true);
        for (unsigned i = 0; i < 3; i++) {
                sent = send_until_full(f, f->peer, message, len);
                assert_int_equal(f->ended, 0);
                check_repeated(f, f->bus, message, len, sent - sent % len);
                unit_gate_give(f, f->peer, message + sent % len, len - sent % len);
                unit_gate_check_out("the rest", f->bus, message, len);

                sent = send_until_full(f, f->bus, message, len);
                assert_int_equal(f->ended, 0);
                check_repeated(f, f->peer, message, len, sent);
        }
}

/* --- One call at a time: sd-bus would keep the answers of a peer that does not read --- */

/* A call; with flags, one that expects no answer. */
static size_t put_call(uint8_t *message, size_t max, uint8_t flags) {
        size_t len = unit_gate_put_message(message, max, 20, 0, true);

        message[1] = SD_BUS_MESSAGE_METHOD_CALL;
        message[2] = flags;
        return len;
}

static void test_a_call_waits_until_the_answer_before_it_was_taken(void **state) {
        struct unit_gate *f = *state;
        uint8_t calls[3][36], answer[100];
        size_t len, sent;

        unit_gate_authenticate(f);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
                assert_int_equal(put_call(calls[i], sizeof(calls[i]), 0), sizeof(calls[i]));
                calls[i][20] = (uint8_t) i;
        }
        unit_gate_give(f, f->peer, calls, sizeof(calls));
        unit_gate_check_out("the first", f->bus, calls[0], sizeof(calls[0]));
        give_text(f, f->bus, "an answer");
        check_text("its answer", f->peer, "an answer");
        unit_gate_check_out("the second", f->bus, calls[1], sizeof(calls[1]));

        /* an answer that the peer does not read */
        len = unit_gate_put_message(answer, sizeof(answer), 84, 0, true);
        f->behind = true; /* there is more of it */
        sent = send_until_full(f, f->bus, answer, len);
        unit_gate_check_nothing("not read", f->bus);
        check_repeated(f, f->peer, answer, len, sent);
        unit_gate_check_nothing("there is more", f->bus);
        f->behind = false;
        give_text(f, f->bus, "the end");
        check_text("the end", f->peer, "the end");
        unit_gate_check_out("the third", f->bus, calls[2], sizeof(calls[2]));
}

static void test_calls_without_an_answer_do_not_wait(void **state) {
        struct unit_gate *f = *state;
        uint8_t calls[3][36];

        unit_gate_authenticate(f);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
                (void) put_call(calls[i], sizeof(calls[i]), 1 /* NO_REPLY_EXPECTED */);
        unit_gate_give(f, f->peer, calls, sizeof(calls));
        unit_gate_check_out("all", f->bus, calls, sizeof(calls));
}

/* The loop must not spin until the answer comes. */
static void test_a_peer_that_goes_while_its_calls_wait_ends_it(void **state) {
        struct unit_gate *f = *state;
        uint8_t call[36];

        unit_gate_authenticate(f);
        (void) put_call(call, sizeof(call), 0);
        (void) send_until_full(f, f->peer, call, sizeof(call));
        assert_int_equal(f->ended, 0);
        (void) close(f->peer);
        f->peer = -1;
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
}

/* --- The end --- */

static void test_a_peer_that_goes_ends_it_once(void **state) {
        struct unit_gate *f = *state;

        unit_gate_authenticate(f);
        (void) close(f->peer);
        f->peer = -1;
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
}

static void test_what_was_said_before_the_end_still_goes_out(void **state) {
        struct unit_gate *f = *state;

        unit_gate_authenticate(f);
        assert_int_equal(send(f->bus, "last words", 10, MSG_NOSIGNAL), 10);
        (void) close(f->bus);
        f->bus = -1;
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
        check_text("last words", f->peer, "last words");
}

static void test_the_ends_are_closed_when_it_is_freed(void **state) {
        struct unit_gate *f = *state;
        int fds = unit_count_fds();
        char byte;

        f->gate = control_gate_free(f->gate);
        assert_null(f->gate);
        assert_int_equal(unit_count_fds(), fds - 2);
        assert_int_equal(recv(f->peer, &byte, 1, 0), 0);
        assert_int_equal(recv(f->bus, &byte, 1, 0), 0);
        assert_int_equal(f->ended, 0);
        assert_null(control_gate_free(NULL));
}

/* A descriptor that the gate received would be its to close, and that may take an hour. */
static void test_a_peer_that_passes_a_descriptor_ends_it(void **state) {
        struct unit_gate *f = *state;
        uint8_t message[16];
        int fds;

        unit_gate_authenticate(f);
        fds = unit_count_fds();
        (void) unit_gate_put_message(message, sizeof(message), 0, 0, true);
        assert_int_equal(unit_send_descriptor(f->peer, message, sizeof(message)), sizeof(message));
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
        unit_gate_check_nothing("nothing passes", f->bus);
        assert_int_equal(unit_count_fds(), fds);
}

/* --- Patience --- */

static void test_patience_is_what_there_is_to_wait_for(void **state) {
        struct unit_gate *f = *state;
        uint8_t message[100];
        size_t len = unit_gate_put_message(message, sizeof(message), 20, 0, true), sent;

        assert_int_equal(patience_ms, CONTROL_GATE_AUTH_MS);
        patience_ms = 0; /* lines give no more time */
        give_text(f, f->peer, "\0AUTH EXTERNAL 30\r\n");
        check_text("AUTH", f->bus, "\0AUTH EXTERNAL 30\r\n");
        give_text(f, f->bus, "OK 0123456789abcdef0123456789abcdef\r\n");
        check_text("OK", f->peer, "OK 0123456789abcdef0123456789abcdef\r\n");
        assert_int_equal(patience_ms, 0);
        give_text(f, f->peer, "BEGIN\r\n");
        assert_int_equal(patience_ms, CONTROL_GATE_IDLE_MS);

        sent = send_until_full(f, f->bus, message, len);
        assert_int_equal(patience_ms, CONTROL_GATE_STALL_MS);
        patience_ms = 0;
        unit_gate_give(f, f->peer, message, 1);
        assert_int_equal(patience_ms, 0); /* only reading gives more time */
        unit_gate_give(f, f->peer, message + 1, len - 1);
        assert_int_equal(patience_ms, 0);
        check_repeated(f, f->peer, message, len, sent);
        assert_int_equal(patience_ms, CONTROL_GATE_IDLE_MS);
}

static void test_who_does_not_authenticate_in_time_is_ended(void **state) {
        struct unit_gate *f;

        (void) state;
        no_patience = true;
        f = unit_gate_new();
        no_patience = false;
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
        unit_gate_free(f);
}

static void test_who_says_nothing_for_long_is_ended(void **state) {
        struct unit_gate *f = *state;
        uint8_t message[16];

        unit_gate_authenticate(f);
        (void) unit_gate_put_message(message, sizeof(message), 0, 0, true);
        no_patience = true;
        unit_gate_give(f, f->peer, message, sizeof(message));
        no_patience = false;
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
}

/* --- The daemon ends --- */

static void test_the_last_call_is_answered(void **state) {
        struct unit_gate *f = *state;
        uint8_t calls[2][36];

        unit_gate_authenticate(f);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
                assert_int_equal(put_call(calls[i], sizeof(calls[i]), 0), sizeof(calls[i]));
        unit_gate_give(f, f->peer, calls[0], sizeof(calls[0]));
        control_gate_finish(f->gate);
        unit_gate_give(f, f->peer, calls[1], sizeof(calls[1]));
        assert_int_equal(f->ended, 0);
        unit_gate_check_out("the call that was under way", f->bus, calls[0], sizeof(calls[0]));
        f->behind = true;
        give_text(f, f->bus, "half an ");
        assert_int_equal(f->ended, 0);
        f->behind = false;
        give_text(f, f->bus, "answer");
        check_text("its answer", f->peer, "half an answer");
        unit_gate_check_nothing("no other call", f->bus);
        assert_int_equal(f->ended, 1);
}

static void test_a_call_that_is_in_the_socket_is_answered(void **state) {
        struct unit_gate *f = *state;
        uint8_t call[36];

        unit_gate_authenticate(f);
        assert_int_equal(put_call(call, sizeof(call), 0), sizeof(call));
        assert_int_equal(send(f->peer, call, sizeof(call), MSG_NOSIGNAL), sizeof(call));
        control_gate_finish(f->gate);
        assert_int_equal(f->ended, 0);
        unit_gate_check_out("the call", f->bus, call, sizeof(call));
        give_text(f, f->bus, "an answer");
        check_text("its answer", f->peer, "an answer");
        assert_int_equal(f->ended, 1);
}

static void test_a_call_that_is_on_its_way_is_waited_for(void **state) {
        struct unit_gate *f = *state;
        uint8_t call[36];

        control_gate_finish(f->gate);
        assert_int_equal(f->ended, 0);
        unit_gate_authenticate(f);
        assert_int_equal(put_call(call, sizeof(call), 0), sizeof(call));
        unit_gate_give(f, f->peer, call, sizeof(call));
        unit_gate_check_out("the call", f->bus, call, sizeof(call));
        give_text(f, f->bus, "an answer");
        assert_int_equal(f->ended, 1);
}

static void test_who_has_all_answers_is_ended(void **state) {
        struct unit_gate *f = *state;
        uint8_t call[36];

        unit_gate_authenticate(f);
        assert_int_equal(put_call(call, sizeof(call), 0), sizeof(call));
        unit_gate_give(f, f->peer, call, sizeof(call));
        give_text(f, f->bus, "an answer");
        control_gate_finish(f->gate);
        assert_int_equal(f->ended, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_gate(test_who_does_not_read_is_waited_for_and_nothing_is_lost),
                unit_test_with_gate(test_a_call_waits_until_the_answer_before_it_was_taken),
                unit_test_with_gate(test_calls_without_an_answer_do_not_wait),
                unit_test_with_gate(test_a_peer_that_goes_while_its_calls_wait_ends_it),
                unit_test_with_gate(test_a_peer_that_goes_ends_it_once),
                unit_test_with_gate(test_what_was_said_before_the_end_still_goes_out),
                unit_test_with_gate(test_the_ends_are_closed_when_it_is_freed),
                unit_test_with_gate(test_a_peer_that_passes_a_descriptor_ends_it),
                unit_test_with_gate(test_patience_is_what_there_is_to_wait_for),
                cmocka_unit_test(test_who_does_not_authenticate_in_time_is_ended),
                unit_test_with_gate(test_who_says_nothing_for_long_is_ended),
                unit_test_with_gate(test_the_last_call_is_answered),
                unit_test_with_gate(test_a_call_that_is_in_the_socket_is_answered),
                unit_test_with_gate(test_a_call_that_is_on_its_way_is_waited_for),
                unit_test_with_gate(test_who_has_all_answers_is_ended),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
