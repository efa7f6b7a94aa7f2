/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate before each D-Bus connection: whole messages of a bounded length pass, unchanged;
 * whatever else comes ends the connection. One thread is all there is: what was sent is there
 * when the loop has nothing more to do. */
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "unit.h"

#include "control/control_gate.h"

/* turns of the loop after which it is called a spin */
#define SPIN 20000

struct fixture {
        sd_event *event;
        struct control_gate *gate;
        int peer, bus; /* the far ends */
        unsigned ended;
};

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

/* --- The fixture --- */

static void on_end(void *userdata) {
        ((struct fixture *) userdata)->ended++;
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        int pair[2];

        if (!f || sd_event_new(&f->event) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
            control_gate_new(&f->gate, f->event, pair[1], &f->bus, on_end, f) < 0)
                return -1;
        f->peer = pair[0];
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;

        control_gate_free(f->gate);
        if (f->peer >= 0)
                (void) close(f->peer);
        if (f->bus >= 0)
                (void) close(f->bus);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

/* Lets the loop do all that there is to do. */
static void settle(struct fixture *f) {
        for (unsigned i = 0; i < SPIN; i++) {
                int r = sd_event_run(f->event, 0);

                unit_succeeds("sd_event_run", r);
                if (r == 0)
                        return;
        }
        print_error("the loop spins\n");
        fail();
}

static void give(struct fixture *f, int fd, const void *bytes, size_t len) {
        assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
        settle(f);
}

/* Nothing but these bytes has come out. */
static void check_out(const char *row, int fd, const void *want, size_t len) {
        uint8_t *got = malloc(len + 1);
        ssize_t n;

        assert_non_null(got);
        n = recv(fd, got, len + 1, 0);
        unit_int(row, n < 0 && errno == EAGAIN ? 0 : n, len);
        unit_mem(row, got, want, len);
        free(got);
}

static void check_nothing(const char *row, int fd) {
        check_out(row, fd, "", 0);
}

#define give_text(f, fd, text)    give((f), (fd), (text), sizeof(text) - 1)
#define check_text(row, fd, text) check_out((row), (fd), (text), sizeof(text) - 1)

/* What a client and the daemon say before the first message. */
static void authenticate(struct fixture *f) {
        give_text(f, f->peer, "\0AUTH EXTERNAL 30\r\n");
        check_text("AUTH", f->bus, "\0AUTH EXTERNAL 30\r\n");
        give_text(f, f->bus, "OK 0123456789abcdef0123456789abcdef\r\n");
        check_text("OK", f->peer, "OK 0123456789abcdef0123456789abcdef\r\n");
        give_text(f, f->peer, "BEGIN\r\n");
        check_text("BEGIN", f->bus, "BEGIN\r\n");
        assert_int_equal(f->ended, 0);
}

static void put_u32(uint8_t *p, uint32_t v, bool little) {
        for (unsigned i = 0; i < 4; i++)
                p[i] = (uint8_t) (v >> 8 * (little ? i : 3 - i));
}

/* A header that claims so much; the rest is filled with a pattern. Returns the length of the
 * message. */
static size_t put_message(uint8_t *p, size_t max, uint32_t body, uint32_t fields, bool little) {
        size_t len = 16 + ((fields + 7U) & ~7U) + body;

        for (size_t i = 0; i < max; i++)
                p[i] = (uint8_t) (i * 7 + body);
        p[0] = little ? 'l' : 'B';
        put_u32(p + 4, body, little);
        put_u32(p + 12, fields, little);
        return len;
}

/* --- Authentication --- */

static void test_lines_pass_when_they_are_whole(void **state) {
        struct fixture *f = *state;

        give_text(f, f->peer, "\0AUTH EXT");
        check_nothing("half a line", f->bus);
        give_text(f, f->peer, "ERNAL 30");
        check_nothing("more of it", f->bus);
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
        struct fixture *f = *state;
        char line[CONTROL_GATE_AUTH_MAX + 1];

        memset(line, 'A', sizeof(line));
        line[0] = '\0';
        give(f, f->peer, line, CONTROL_GATE_AUTH_MAX);
        check_nothing("not yet too long", f->bus);
        assert_int_equal(f->ended, 0);
        give(f, f->peer, line + 1, 1);
        assert_int_equal(f->ended, 1);
        check_nothing("nothing came through", f->bus);
}

static void test_too_many_lines_end_it(void **state) {
        struct fixture *f = *state;

        for (size_t sent = 0; sent <= CONTROL_GATE_AUTH_MAX && f->ended == 0; sent += 15) {
                give_text(f, f->peer, "AUTH EXTERNAL\r\n");
                give_text(f, f->bus, "REJECTED\r\n");
        }
        assert_int_equal(f->ended, 1);
}

/* What a peer may say before, or in the place of, the line that begins. Behind it come bytes
 * that are messages for the gate, if it believes that, and may be anything for sd-bus. */
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
        /* systemd knows no such users, so sd-bus refuses what looks like a uid */
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

/* A block that is one message for the gate, of the greatest length. */
static void put_block(uint8_t block[static CONTROL_GATE_MESSAGE_MAX], const char *begin) {
        (void) put_message(block, CONTROL_GATE_MESSAGE_MAX, CONTROL_GATE_MESSAGE_MAX - 16, 0, true);
        memset(block + 16, 'A', CONTROL_GATE_MESSAGE_MAX - 16);
        memcpy(block + 16, begin, strlen(begin));
}

static sd_bus *serve_bus(struct fixture *f) {
        sd_id128_t id = {};
        sd_bus *bus = NULL;
        int fd = f->bus;

        f->bus = -1; /* sd-bus closes it */
        unit_succeeds("sd_bus_new", sd_bus_new(&bus));
        unit_succeeds("sd_bus_set_fd", sd_bus_set_fd(bus, fd, fd));
        unit_succeeds("sd_bus_set_server", sd_bus_set_server(bus, 1, id));
        unit_succeeds("sd_bus_set_anonymous", sd_bus_set_anonymous(bus, 1));
        unit_succeeds("sd_bus_negotiate_fds", sd_bus_negotiate_fds(bus, 0));
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

/* To the real sd-bus, as the daemon has it. In the first block there is an authentication that
 * it understands, and the header of a message of 100 MiB: so much would then be let in, one
 * block after the other. */
static void check_false_begin(struct fixture *f, size_t row) {
        uint8_t *block = malloc(CONTROL_GATE_MESSAGE_MAX), header[16];
        sd_bus *bus = serve_bus(f);

        assert_non_null(block);
        put_block(block, "\r\nAUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
        (void) put_message(header, sizeof(header), 100 * 1024 * 1024, 64, true);
        header[1] = header[3] = 1;
        memcpy(block + 16 + strlen("\r\nAUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"), header,
               sizeof(header));
        (void) send(f->peer, false_begins[row].text, false_begins[row].len, MSG_NOSIGNAL);
        settle(f);
        for (size_t sent = 0; sent < 16 * CONTROL_GATE_MESSAGE_MAX && f->ended == 0;) {
                ssize_t n = send(f->peer, block + sent % CONTROL_GATE_MESSAGE_MAX,
                                 CONTROL_GATE_MESSAGE_MAX - sent % CONTROL_GATE_MESSAGE_MAX,
                                 MSG_NOSIGNAL);

                settle(f);
                if (n <= 0)
                        break; /* nothing goes in any more */
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
                void *fixture = NULL;

                assert_int_equal(make(&fixture), 0);
                check_false_begin(fixture, i);
                assert_int_equal(drop(&fixture), 0);
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
        struct fixture *f = *state;

        authenticate(f);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                for (unsigned little = 0; little < 2; little++) {
                        uint8_t bytes[512];
                        size_t len = put_message(bytes, sizeof(bytes), rows[i].body, rows[i].fields,
                                                 little);

                        for (size_t sent = 0; sent < len; sent++) {
                                check_nothing(rows[i].why, f->bus);
                                give(f, f->peer, bytes + sent, 1);
                        }
                        check_out(rows[i].why, f->bus, bytes, len);
                }
        assert_int_equal(f->ended, 0);
}

static void test_several_messages_pass_at_once_and_half_of_one_waits(void **state) {
        struct fixture *f = *state;
        uint8_t bytes[1024];
        size_t len = 0;

        authenticate(f);
        len += put_message(bytes, 512, 100, 24, true);
        len += put_message(bytes + len, 512, 7, 3, false);
        (void) put_message(bytes + len, 100, 50, 0, true);
        give(f, f->peer, bytes, len + 40);
        check_out("two", f->bus, bytes, len);
        give(f, f->peer, bytes + len + 40, 26);
        check_out("the third", f->bus, bytes + len, 66);
}

static void test_a_message_may_come_with_the_line_that_begins(void **state) {
        struct fixture *f = *state;
        uint8_t bytes[100] = "BEGIN\r\n";
        size_t len;

        give_text(f, f->peer, "\0AUTH EXTERNAL 30\r\n");
        check_text("AUTH", f->bus, "\0AUTH EXTERNAL 30\r\n");
        give_text(f, f->bus, "OK 0123456789abcdef0123456789abcdef\r\n");
        len = 7 + put_message(bytes + 7, sizeof(bytes) - 7, 10, 8, true);
        give(f, f->peer, bytes, len);
        check_out("both", f->bus, bytes, len);
}

static void test_the_longest_message_passes(void **state) {
        uint8_t *bytes = malloc(CONTROL_GATE_MESSAGE_MAX);
        struct fixture *f = *state;

        assert_non_null(bytes);
        authenticate(f);
        for (uint32_t fields = 0; fields < 64; fields += 8) {
                assert_int_equal(put_message(bytes, CONTROL_GATE_MESSAGE_MAX,
                                             CONTROL_GATE_MESSAGE_MAX - 16 - fields, fields, true),
                                 CONTROL_GATE_MESSAGE_MAX);
                give(f, f->peer, bytes, CONTROL_GATE_MESSAGE_MAX);
                check_out("longest", f->bus, bytes, CONTROL_GATE_MESSAGE_MAX);
        }
        assert_int_equal(f->ended, 0);
        free(bytes);
}

/* Its header is enough, and not a byte of it passes. */
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
                struct fixture *f;
                void *fixture = NULL;
                uint8_t header[16];

                assert_int_equal(make(&fixture), 0);
                f = fixture;
                authenticate(f);
                (void) put_message(header, sizeof(header), rows[i / 2].body, rows[i / 2].fields,
                                   i % 2);
                give(f, f->peer, header, sizeof(header));
                unit_int(rows[i / 2].why, f->ended, 1);
                check_nothing(rows[i / 2].why, f->bus);
                assert_int_equal(drop(&fixture), 0);
        }
}

static void test_what_is_no_message_ends_it(void **state) {
        static const uint8_t firsts[] = { 0, 'L', 'b', 'A', '\n', 0xff };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
                struct fixture *f;
                void *fixture = NULL;
                uint8_t bytes[16];

                assert_int_equal(make(&fixture), 0);
                f = fixture;
                authenticate(f);
                (void) put_message(bytes, sizeof(bytes), 0, 0, true);
                bytes[0] = firsts[i];
                give(f, f->peer, bytes, sizeof(bytes));
                assert_int_equal(f->ended, 1);
                check_nothing("no message", f->bus);
                assert_int_equal(drop(&fixture), 0);
        }
}

static void test_answers_pass_unchanged(void **state) {
        uint8_t bytes[1000];
        struct fixture *f = *state;

        unit_poison(bytes, sizeof(bytes));
        authenticate(f);
        for (size_t len = 1; len <= sizeof(bytes); len += 111) {
                give(f, f->bus, bytes, len);
                check_out("down", f->peer, bytes, len);
        }
}

/* --- Backpressure --- */

/* Sends messages until none goes in; returns how many bytes did. */
static size_t send_until_full(struct fixture *f, int fd, const uint8_t *message, size_t len) {
        size_t sent = 0;

        for (;;) {
                ssize_t n = send(fd, message + sent % len, len - sent % len, MSG_NOSIGNAL);

                settle(f);
                if (n < 0) {
                        assert_int_equal(errno, EAGAIN);
                        return sent;
                }
                sent += (size_t) n;
                assert_in_range(sent, 1, 16 * 1024 * 1024);
        }
}

/* Reads all that was sent, which must be the message again and again. */
static void check_repeated(struct fixture *f, int fd, const uint8_t *message, size_t len,
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
                settle(f);
        }
        assert_int_equal(got, total);
        check_nothing("no more", fd);
}

static void test_who_does_not_read_is_waited_for_and_nothing_is_lost(void **state) {
        struct fixture *f = *state;
        uint8_t message[1500];
        size_t len, sent;

        authenticate(f);
        len = put_message(message, sizeof(message), 1000, 100, true);
        for (unsigned i = 0; i < 3; i++) {
                sent = send_until_full(f, f->peer, message, len);
                assert_int_equal(f->ended, 0);
                check_repeated(f, f->bus, message, len, sent - sent % len);
                give(f, f->peer, message + sent % len, len - sent % len);
                check_out("the rest", f->bus, message, len);

                sent = send_until_full(f, f->bus, message, len);
                assert_int_equal(f->ended, 0);
                check_repeated(f, f->peer, message, len, sent);
        }
}

/* --- The end --- */

static void test_a_peer_that_goes_ends_it_once(void **state) {
        struct fixture *f = *state;

        authenticate(f);
        (void) close(f->peer);
        f->peer = -1;
        settle(f);
        assert_int_equal(f->ended, 1);
        settle(f);
        assert_int_equal(f->ended, 1);
}

static void test_what_was_said_before_the_end_still_goes_out(void **state) {
        struct fixture *f = *state;

        authenticate(f);
        assert_int_equal(send(f->bus, "last words", 10, MSG_NOSIGNAL), 10);
        (void) close(f->bus);
        f->bus = -1;
        settle(f);
        assert_int_equal(f->ended, 1);
        check_text("last words", f->peer, "last words");
}

static void test_the_ends_are_closed_when_it_is_freed(void **state) {
        struct fixture *f = *state;
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

static void test_no_descriptor_passes_or_stays(void **state) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
                                  .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS } };
        char received[CMSG_SPACE(sizeof(int))];
        uint8_t message[16], got[16];
        struct iovec iov = { .iov_base = message, .iov_len = sizeof(message) };
        struct msghdr out = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };
        struct msghdr in = { .msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = received,
                             .msg_controllen = sizeof(received) };
        struct fixture *f = *state;
        int fds;

        authenticate(f);
        fds = unit_count_fds();
        (void) put_message(message, sizeof(message), 0, 0, true);
        memcpy(CMSG_DATA(&control.header), &(int){ STDIN_FILENO }, sizeof(int));
        assert_int_equal(sendmsg(f->peer, &out, MSG_NOSIGNAL), sizeof(message));
        settle(f);
        iov.iov_base = got;
        assert_int_equal(recvmsg(f->bus, &in, 0), sizeof(got));
        assert_memory_equal(got, message, sizeof(got));
        assert_int_equal(in.msg_controllen, 0);
        assert_int_equal(unit_count_fds(), fds);
}

/* --- Patience --- */

static void test_patience_is_what_there_is_to_wait_for(void **state) {
        struct fixture *f = *state;
        uint8_t message[100];
        size_t len = put_message(message, sizeof(message), 20, 0, true), sent;

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
        check_repeated(f, f->peer, message, len, sent);
        assert_int_equal(patience_ms, CONTROL_GATE_IDLE_MS);
}

static void test_who_does_not_authenticate_in_time_is_ended(void **state) {
        void *fixture = NULL;

        (void) state;
        no_patience = true;
        assert_int_equal(make(&fixture), 0);
        no_patience = false;
        settle(fixture);
        assert_int_equal(((struct fixture *) fixture)->ended, 1);
        assert_int_equal(drop(&fixture), 0);
}

static void test_who_says_nothing_for_long_is_ended(void **state) {
        struct fixture *f = *state;
        uint8_t message[16];

        authenticate(f);
        (void) put_message(message, sizeof(message), 0, 0, true);
        no_patience = true;
        give(f, f->peer, message, sizeof(message));
        no_patience = false;
        settle(f);
        assert_int_equal(f->ended, 1);
        settle(f);
        assert_int_equal(f->ended, 1);
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

/* Each the number that a client gives for itself: sd-bus takes it, and so the gate must. */
static void test_every_uid_may_begin(void **state) {
        static const char *const uids[] = {
                "30", "39", "3130", "31303030", "3635353334", "3635353336", "34323934393637323934"
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(uids); i++)
                for (unsigned apart = 0; apart < 2; apart++) {
                        struct fixture *f;
                        void *fixture = NULL;
                        char text[128];
                        sd_bus *bus;
                        int n;

                        assert_int_equal(make(&fixture), 0);
                        f = fixture;
                        bus = serve_bus(f);
                        n = snprintf(text, sizeof(text),
                                     "%cAUTH EXTERNAL%s %s\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n", '\0',
                                     apart ? "\r\nDATA" : "", uids[i]);
                        give(f, f->peer, text, (size_t) n);
                        unit_int(uids[i], f->ended, 0);
                        unit_int(uids[i], sd_bus_is_ready(bus), 1);
                        drop_bus(bus);
                        assert_int_equal(drop(&fixture), 0);
                }
}

static void test_a_call_and_its_answer_pass(void **state) {
        struct fixture *f = *state;
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
        settle(f);
        assert_int_equal(answered, true);
        assert_int_equal(f->ended, 0);
        drop_bus(client);
        settle(f);
        assert_int_equal(f->ended, 1);
        drop_bus(server);
}

#define test_gate(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_gate(test_lines_pass_when_they_are_whole),
                test_gate(test_a_line_without_end_ends_it),
                test_gate(test_too_many_lines_end_it),
                cmocka_unit_test(test_nothing_but_the_line_begins),
                test_gate(test_messages_pass_when_they_are_whole),
                test_gate(test_several_messages_pass_at_once_and_half_of_one_waits),
                test_gate(test_a_message_may_come_with_the_line_that_begins),
                test_gate(test_the_longest_message_passes),
                cmocka_unit_test(test_a_message_that_is_too_long_ends_it),
                cmocka_unit_test(test_what_is_no_message_ends_it),
                test_gate(test_answers_pass_unchanged),
                test_gate(test_who_does_not_read_is_waited_for_and_nothing_is_lost),
                test_gate(test_a_peer_that_goes_ends_it_once),
                test_gate(test_what_was_said_before_the_end_still_goes_out),
                test_gate(test_the_ends_are_closed_when_it_is_freed),
                test_gate(test_no_descriptor_passes_or_stays),
                test_gate(test_patience_is_what_there_is_to_wait_for),
                cmocka_unit_test(test_who_does_not_authenticate_in_time_is_ended),
                test_gate(test_who_says_nothing_for_long_is_ended),
                cmocka_unit_test(test_every_uid_may_begin),
                test_gate(test_a_call_and_its_answer_pass),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
