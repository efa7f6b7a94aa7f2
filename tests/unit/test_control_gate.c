/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate before each D-Bus connection: whole messages of a bounded length pass, unchanged, and
 * anything else ends the connection. How it waits and ends is in test_control_gate_end.c. */
#include "unit_gate.h"

/* --- Authentication --- */

static void test_lines_pass_when_they_are_whole(void **state) {
        struct unit_gate *f = *state;

        give_text(f, f->peer, "\0AUTH EXT");
        unit_gate_check_nothing("half a line", f->bus);
        give_text(f, f->peer, "ERNAL 30");
        unit_gate_check_nothing("more of it", f->bus);
        give_text(f, f->peer, "\r\n");
        check_text("a line", f->bus, "\0AUTH EXTERNAL 30\r\n");
        give_text(f, f->bus, "OK 0123456789abcdef0123456789abcdef\r\n");
        check_text("its answer", f->peer, "OK 0123456789abcdef0123456789abcdef\r\n");
        give_text(f, f->peer, "NEGOTIATE_UNIX_FD\r\nBEGIN");
        check_text("one of two", f->bus, "NEGOTIATE_UNIX_FD\r\n");
        give_text(f, f->bus, "ERROR\r\n");
        check_text("its answer", f->peer, "ERROR\r\n");
        give_text(f, f->peer, "\r\n");
        check_text("the last", f->bus, "BEGIN\r\n");
        assert_int_equal(f->ended, 0);
}

static void test_a_line_without_end_ends_it(void **state) {
        struct unit_gate *f = *state;
        char line[CONTROL_GATE_AUTH_MAX + 1];

        memset(line, 'A', sizeof(line));
        line[0] = '\0';
        unit_gate_give(f, f->peer, line, CONTROL_GATE_AUTH_MAX);
        unit_gate_check_nothing("not yet too long", f->bus);
        assert_int_equal(f->ended, 0);
        unit_gate_give(f, f->peer, line + 1, 1);
        assert_int_equal(f->ended, 1);
        unit_gate_check_nothing("nothing came through", f->bus);
}

static void test_too_many_lines_end_it(void **state) {
        struct unit_gate *f = *state;

        for (size_t sent = 0; sent <= CONTROL_GATE_AUTH_MAX && f->ended == 0; sent += 15) {
                give_text(f, f->peer, "AUTH EXTERNAL\r\n");
                give_text(f, f->bus, "REJECTED\r\n");
        }
        assert_int_equal(f->ended, 1);
}

/* What a peer may say before the line that begins, or in its place. Then come bytes that the gate
 * would take for messages if it believed that. sd-bus may take them for anything. */
static const struct {
        const char *why, *text;
        size_t len;
} false_begins[] = {
#define ROW(why, text)                                                                             \
        { why, text, sizeof(text) - 1 }
        ROW("the end of another word", "\0XBEGIN\r\n"),
        ROW("the end of another line", "\0AUTH EXTERNAL\r\nDATA BEGIN\r\n"),
        ROW("behind a newline alone", "\0X\nBEGIN\r\n"),
        ROW("before anybody has authenticated", "\0BEGIN\r\n"),
        ROW("behind a refusal", "\0AUTH EXTERNAL 7a7a\r\nBEGIN\r\n"),
        /* systemd knows no such users, so sd-bus refuses a text that looks like a uid */
        ROW("behind uid 65535", "\0AUTH EXTERNAL 3635353335\r\nBEGIN\r\n"),
        ROW("behind uid 65535 in a line of its own",
            "\0AUTH EXTERNAL\r\nDATA 3635353335\r\nBEGIN\r\n"),
        ROW("behind uid 4294967295", "\0AUTH EXTERNAL 34323934393637323935\r\nBEGIN\r\n"),
        ROW("behind a uid with a leading zero", "\0AUTH EXTERNAL 3030\r\nBEGIN\r\n"),
        ROW("behind a uid with a sign", "\0AUTH EXTERNAL 2b31\r\nBEGIN\r\n"),
        ROW("behind a uid with a blank", "\0AUTH EXTERNAL 2031\r\nBEGIN\r\n"),
        ROW("behind a uid of letters", "\0AUTH EXTERNAL 4131\r\nBEGIN\r\n"),
        ROW("with a newline alone", "\0AUTH EXTERNAL 30\r\nBEGIN\n"),
        ROW("with something else for the carriage return", "\0AUTH EXTERNAL 30\r\nBEGINx\n"),
        ROW("behind half a digit", "\0AUTH EXTERNAL 3\r\nBEGIN\r\n"),
        ROW("behind no uid", "\0AUTH EXTERNAL \r\nBEGIN\r\n"),
        ROW("before the uid", "\0AUTH EXTERNAL\r\nBEGIN\r\n"),
        ROW("behind a cancellation", "\0AUTH EXTERNAL 30\r\nCANCEL\r\nBEGIN\r\n"),
        ROW("behind an error", "\0AUTH EXTERNAL 30\r\nERROR\r\nBEGIN\r\n"),
        ROW("behind a second, wrong uid", "\0AUTH EXTERNAL 30\r\nDATA 7a\r\nBEGIN\r\n"),
        ROW("with a blank behind it", "\0AUTH EXTERNAL 30\r\nBEGIN \r\n"),
        ROW("in small letters", "\0AUTH EXTERNAL 30\r\nbegin\r\n"),
        ROW("without the NUL", "AUTH EXTERNAL 30\r\nBEGIN\r\n"),
        ROW("behind an unknown mechanism", "\0AUTH KERBEROS\r\nBEGIN\r\n"),
        ROW("behind a NUL in the middle", "\0AUTH EXTERNAL 30\r\n\0BEGIN\r\n"),
#undef ROW
};

/* A block that the gate takes for one message of the greatest length. */
static void put_block(uint8_t block[static CONTROL_GATE_MESSAGE_MAX], const char *begin) {
        (void) unit_gate_put_message(block, CONTROL_GATE_MESSAGE_MAX, CONTROL_GATE_MESSAGE_MAX - 16,
                                     0, true);
        memset(block + 16, 'A', CONTROL_GATE_MESSAGE_MAX - 16);
        memcpy(block + 16, begin, strlen(begin));
}

static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) error;
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Connected") <= 0)
                return 0;
        control_gate_open(((struct unit_gate *) userdata)->gate);
        return 1;
}

static sd_bus *serve_bus(struct unit_gate *f) {
        sd_id128_t id = {};
        sd_bus *bus = NULL;
        int fd = f->bus;

        f->bus = -1; /* sd-bus closes it */
        unit_succeeds("sd_bus_new", sd_bus_new(&bus));
        unit_succeeds("sd_bus_set_fd", sd_bus_set_fd(bus, fd, fd));
        unit_succeeds("sd_bus_set_server", sd_bus_set_server(bus, 1, id));
        unit_succeeds("sd_bus_set_anonymous", sd_bus_set_anonymous(bus, 1));
        unit_succeeds("sd_bus_negotiate_fds", sd_bus_negotiate_fds(bus, 0));
        unit_succeeds("sd_bus_set_connected_signal", sd_bus_set_connected_signal(bus, 1));
        unit_succeeds("sd_bus_add_filter", sd_bus_add_filter(bus, NULL, on_connected, f));
        unit_succeeds("sd_bus_start", sd_bus_start(bus));
        unit_succeeds("sd_bus_attach_event",
                      sd_bus_attach_event(bus, f->event, SD_EVENT_PRIORITY_NORMAL));
        return bus;
}

static void drop_bus(sd_bus *bus) {
        (void) sd_bus_detach_event(bus);
        sd_bus_close(bus);
        sd_bus_unref(bus);
}

/* To the real sd-bus, as the daemon has it. The first block has an authentication that sd-bus
 * understands, and the header of a message of 100 MiB: sd-bus would take that much, one block after
 * the other. */
static void check_false_begin(struct unit_gate *f, size_t row) {
        uint8_t *block = malloc(CONTROL_GATE_MESSAGE_MAX), header[16];
        sd_bus *bus = serve_bus(f);

        assert_non_null(block);
        put_block(block, "\r\nAUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
        (void) unit_gate_put_message(header, sizeof(header), 100 * 1024 * 1024, 64, true);
        header[1] = header[3] = 1;
        memcpy(block + 16 + strlen("\r\nAUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"), header,
               sizeof(header));
        (void) send(f->peer, false_begins[row].text, false_begins[row].len, MSG_NOSIGNAL);
        unit_gate_settle(f);
        for (size_t sent = 0; sent < 16 * CONTROL_GATE_MESSAGE_MAX && f->ended == 0;) {
                ssize_t n = send(f->peer, block + sent % CONTROL_GATE_MESSAGE_MAX,
                                 CONTROL_GATE_MESSAGE_MAX - sent % CONTROL_GATE_MESSAGE_MAX,
                                 MSG_NOSIGNAL);

                unit_gate_settle(f);
                if (n <= 0)
                        break; /* no more goes in */
                sent += (size_t) n;
                if (sent >= CONTROL_GATE_MESSAGE_MAX)
                        put_block(block, "");
        }
        unit_int(false_begins[row].why, f->ended, 1);
        free(block);
        drop_bus(bus);
}

static void test_nothing_but_the_line_begins(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(false_begins); i++) {
                struct unit_gate *f = unit_gate_new();

                check_false_begin(f, i);
                unit_gate_free(f);
        }
}

/* --- Messages --- */

static void test_messages_pass_when_they_are_whole(void **state) {
        static const struct {
                const char *why;
                uint32_t body, fields;
        } rows[] = {
                { "header alone", 0, 0 },  { "body", 1, 0 },           { "fields", 0, 8 },
                { "padded fields", 5, 1 }, { "padded by one", 3, 15 }, { "both", 100, 200 },
        };
        struct unit_gate *f = *state;

        unit_gate_authenticate(f);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                for (unsigned little = 0; little < 2; little++) {
                        uint8_t bytes[512];
                        size_t len = unit_gate_put_message(bytes, sizeof(bytes), rows[i].body,
                                                           rows[i].fields, little);

                        for (size_t sent = 0; sent < len; sent++) {
                                unit_gate_check_nothing(rows[i].why, f->bus);
                                unit_gate_give(f, f->peer, bytes + sent, 1);
                        }
                        unit_gate_check_out(rows[i].why, f->bus, bytes, len);
                }
        assert_int_equal(f->ended, 0);
}

static void test_several_messages_pass_at_once_and_half_of_one_waits(void **state) {
        struct unit_gate *f = *state;
        uint8_t bytes[1024];
        size_t len = 0;

        unit_gate_authenticate(f);
        len += unit_gate_put_message(bytes, 512, 100, 24, true);
        len += unit_gate_put_message(bytes + len, 512, 7, 3, false);
        (void) unit_gate_put_message(bytes + len, 100, 50, 0, true);
        unit_gate_give(f, f->peer, bytes, len + 40);
        unit_gate_check_out("two", f->bus, bytes, len);
        unit_gate_give(f, f->peer, bytes + len + 40, 26);
        unit_gate_check_out("the third", f->bus, bytes + len, 66);
}

static void test_what_comes_with_the_line_that_begins_waits_until_the_gate_is_open(void **state) {
        struct unit_gate *f = *state;
        uint8_t bytes[200] = "BEGIN\r\n";
        size_t len;

        give_text(f, f->peer, "\0AUTH EXTERNAL 30\r\n");
        check_text("AUTH", f->bus, "\0AUTH EXTERNAL 30\r\n");
        give_text(f, f->bus, "OK 0123456789abcdef0123456789abcdef\r\n");
        len = unit_gate_put_message(bytes + 7, 100, 10, 8, true);
        unit_gate_give(f, f->peer, bytes, 7 + len);
        check_text("the line", f->bus, "BEGIN\r\n");
        unit_gate_give(f, f->peer, bytes + 7, len);
        unit_gate_check_nothing("two messages", f->bus);
        control_gate_open(f->gate);
        unit_gate_settle(f);
        memcpy(bytes + 7 + len, bytes + 7, len);
        unit_gate_check_out("both", f->bus, bytes + 7, 2 * len);
        assert_int_equal(f->ended, 0);
}

/* What does not fit waits at the peer, and the loop does not spin. */
static void test_a_closed_gate_holds_one_message_of_the_greatest_length(void **state) {
        uint8_t *bytes = malloc(2 * CONTROL_GATE_MESSAGE_MAX);
        struct unit_gate *f = *state;

        assert_non_null(bytes);
        for (unsigned i = 0; i < 2; i++)
                (void) unit_gate_put_message(bytes + i * CONTROL_GATE_MESSAGE_MAX,
                                             CONTROL_GATE_MESSAGE_MAX,
                                             CONTROL_GATE_MESSAGE_MAX - 16, 0, true);
        give_text(f, f->peer, "\0AUTH EXTERNAL 30\r\nBEGIN\r\n");
        check_text("lines", f->bus, "\0AUTH EXTERNAL 30\r\nBEGIN\r\n");
        unit_gate_give(f, f->peer, bytes, 2 * CONTROL_GATE_MESSAGE_MAX);
        unit_gate_check_nothing("closed", f->bus);
        control_gate_open(f->gate);
        unit_gate_settle(f);
        unit_gate_check_out("open", f->bus, bytes, 2 * CONTROL_GATE_MESSAGE_MAX);
        assert_int_equal(f->ended, 0);
        free(bytes);
}

static void test_the_longest_message_passes(void **state) {
        uint8_t *bytes = malloc(CONTROL_GATE_MESSAGE_MAX);
        struct unit_gate *f = *state;

        assert_non_null(bytes);
        unit_gate_authenticate(f);
        for (uint32_t fields = 0; fields < 64; fields += 8) {
                assert_int_equal(unit_gate_put_message(bytes, CONTROL_GATE_MESSAGE_MAX,
                                                       CONTROL_GATE_MESSAGE_MAX - 16 - fields,
                                                       fields, true),
                                 CONTROL_GATE_MESSAGE_MAX);
                unit_gate_give(f, f->peer, bytes, CONTROL_GATE_MESSAGE_MAX);
                unit_gate_check_out("longest", f->bus, bytes, CONTROL_GATE_MESSAGE_MAX);
        }
        assert_int_equal(f->ended, 0);
        free(bytes);
}

/* The header is enough, and not a byte of the message passes. */
static void test_a_message_that_is_too_long_ends_it(void **state) {
        static const struct {
                const char *why;
                uint32_t body, fields;
        } rows[] = {
                { "one byte", CONTROL_GATE_MESSAGE_MAX - 15, 0 },
                { "one byte behind padding", CONTROL_GATE_MESSAGE_MAX - 23, 1 },
                { "fields", 0, CONTROL_GATE_MESSAGE_MAX },
                { "as long as D-Bus allows", 128 * 1024 * 1024, 0 },
                { "body of 2^32 - 1", UINT32_MAX, 0 },
                { "fields of 2^32 - 1", 0, UINT32_MAX },
                { "both of 2^32 - 1", UINT32_MAX, UINT32_MAX },
                { "a sum of 2^32", UINT32_MAX - 15, 0 },
                { "half and half", 0x80000000, 0x80000000 },
        };

        (void) state;
        for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
                struct unit_gate *f = unit_gate_new();
                uint8_t header[16];

                unit_gate_authenticate(f);
                (void) unit_gate_put_message(header, sizeof(header), rows[i / 2].body,
                                             rows[i / 2].fields, i % 2);
                unit_gate_give(f, f->peer, header, sizeof(header));
                unit_int(rows[i / 2].why, f->ended, 1);
                unit_gate_check_nothing(rows[i / 2].why, f->bus);
                unit_gate_free(f);
        }
}

static void test_what_is_no_message_ends_it(void **state) {
        static const uint8_t firsts[] = { 0, 'L', 'b', 'A', '\n', 0xff };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
                struct unit_gate *f = unit_gate_new();
                uint8_t bytes[16];

                unit_gate_authenticate(f);
                (void) unit_gate_put_message(bytes, sizeof(bytes), 0, 0, true);
                bytes[0] = firsts[i];
                unit_gate_give(f, f->peer, bytes, sizeof(bytes));
                assert_int_equal(f->ended, 1);
                unit_gate_check_nothing("no message", f->bus);
                unit_gate_free(f);
        }
}

static void test_answers_pass_unchanged(void **state) {
        uint8_t bytes[1000];
        struct unit_gate *f = *state;

        unit_poison(bytes, sizeof(bytes));
        unit_gate_authenticate(f);
        for (size_t len = 1; len <= sizeof(bytes); len += 111) {
                unit_gate_give(f, f->bus, bytes, len);
                unit_gate_check_out("down", f->peer, bytes, len);
        }
}

/* --- With sd-bus at both ends --- */

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        return sd_bus_message_is_method_call(m, "org.example", "Echo") > 0
                       ? sd_bus_reply_method_return(m, "s", "answer")
                       : 0;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *text = NULL;

        (void) error;
        *(bool *) userdata = sd_bus_message_read(m, "s", &text) >= 0 && strcmp(text, "answer") == 0;
        return 0;
}

/* Each is a number that a client claims for itself. sd-bus takes it, so the gate must take it
 * too. */
static void test_every_uid_may_begin(void **state) {
        static const char *const uids[] = {
                "30", "39", "3130", "31303030", "3635353334", "3635353336", "34323934393637323934"
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(uids); i++)
                for (unsigned apart = 0; apart < 2; apart++) {
                        struct unit_gate *f = unit_gate_new();
                        char text[128];
                        sd_bus *bus;
                        int n;

                        bus = serve_bus(f);
                        n = snprintf(text, sizeof(text),
                                     "%cAUTH EXTERNAL%s %s\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n", '\0',
                                     apart ? "\r\nDATA" : "", uids[i]);
                        unit_gate_give(f, f->peer, text, (size_t) n);
                        unit_int(uids[i], f->ended, 0);
                        unit_int(uids[i], sd_bus_is_ready(bus), 1);
                        drop_bus(bus);
                        unit_gate_free(f);
                }
}

static void test_a_call_and_its_answer_pass(void **state) {
        struct unit_gate *f = *state;
        sd_bus *server = serve_bus(f), *client = NULL;
        bool answered = false;
        int fd = f->peer;

        f->peer = -1;
        unit_succeeds("filter", sd_bus_add_filter(server, NULL, on_call, NULL));
        unit_succeeds("new", sd_bus_new(&client));
        unit_succeeds("set_fd", sd_bus_set_fd(client, fd, fd));
        unit_succeeds("start", sd_bus_start(client));
        unit_succeeds("attach", sd_bus_attach_event(client, f->event, SD_EVENT_PRIORITY_NORMAL));
        unit_succeeds("call", sd_bus_call_method_async(client, NULL, NULL, "/", "org.example",
                                                       "Echo", on_answer, &answered, ""));
        unit_gate_settle(f);
        assert_int_equal(answered, true);
        assert_int_equal(f->ended, 0);
        drop_bus(client);
        unit_gate_settle(f);
        assert_int_equal(f->ended, 1);
        drop_bus(server);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_gate(test_lines_pass_when_they_are_whole),
                unit_test_with_gate(test_a_line_without_end_ends_it),
                unit_test_with_gate(test_too_many_lines_end_it),
                cmocka_unit_test(test_nothing_but_the_line_begins),
                unit_test_with_gate(test_messages_pass_when_they_are_whole),
                unit_test_with_gate(test_several_messages_pass_at_once_and_half_of_one_waits),
                unit_test_with_gate(
                        test_what_comes_with_the_line_that_begins_waits_until_the_gate_is_open),
                unit_test_with_gate(test_a_closed_gate_holds_one_message_of_the_greatest_length),
                unit_test_with_gate(test_the_longest_message_passes),
                cmocka_unit_test(test_a_message_that_is_too_long_ends_it),
                cmocka_unit_test(test_what_is_no_message_ends_it),
                unit_test_with_gate(test_answers_pass_unchanged),
                cmocka_unit_test(test_every_uid_may_begin),
                unit_test_with_gate(test_a_call_and_its_answer_pass),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
