/* SPDX-License-Identifier: BSD-2-Clause */
/* A gate between two ends that the test has. There is only one thread: what was sent has arrived
 * when the loop has nothing more to do. */
#pragma once

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "unit.h"

#include "control/control_gate.h"

/* more turns of the loop than this are a spin */
#define SPIN 20000

struct unit_gate {
        sd_event *event;
        struct control_gate *gate;
        int peer, bus; /* the far ends */
        unsigned ended;
        bool behind; /* sd-bus has more to write */
};

static inline void unit_gate_on_end(void *userdata) {
        ((struct unit_gate *) userdata)->ended++;
}

static inline bool unit_gate_is_behind(void *userdata) {
        return ((struct unit_gate *) userdata)->behind;
}

static const struct control_gate_owner unit_gate_owner = { .on_end = unit_gate_on_end,
                                                           .is_behind = unit_gate_is_behind };

/* Never NULL, for the tests that have a gate for each row of a table. */
static inline struct unit_gate *unit_gate_new(void) {
        struct unit_gate *f = calloc(1, sizeof(*f));
        int pair[2];

        if (!f || sd_event_new(&f->event) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
            control_gate_new(&f->gate, f->event, pair[1], &f->bus, &unit_gate_owner, f) < 0)
                abort();
        f->peer = pair[0];
        return f;
}

static inline void unit_gate_free(struct unit_gate *f) {
        control_gate_free(f->gate);
        if (f->peer >= 0)
                (void) close(f->peer);
        if (f->bus >= 0)
                (void) close(f->bus);
        sd_event_unref(f->event);
        free(f);
}

static inline int unit_gate_make(void **state) {
        *state = unit_gate_new();
        return 0;
}

static inline int unit_gate_drop(void **state) {
        unit_gate_free(*state);
        return 0;
}

#define unit_test_with_gate(f) cmocka_unit_test_setup_teardown(f, unit_gate_make, unit_gate_drop)

/* Lets the loop do all that there is to do. */
static inline void unit_gate_settle(struct unit_gate *f) {
        for (unsigned i = 0; i < SPIN; i++) {
                int r = sd_event_run(f->event, 0);

                unit_succeeds("sd_event_run", r);
                if (r == 0)
                        return;
        }
        print_error("the loop spins\n");
        fail();
}

static inline void unit_gate_give(struct unit_gate *f, int fd, const void *bytes, size_t len) {
        assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
        unit_gate_settle(f);
}

/* These bytes have come out, and no others. */
static inline void unit_gate_check_out(const char *row, int fd, const void *want, size_t len) {
        uint8_t *got = malloc(len + 1);
        ssize_t n;

        assert_non_null(got);
        n = recv(fd, got, len + 1, 0);
        unit_int(row, n < 0 && errno == EAGAIN ? 0 : n, len);
        unit_mem(row, got, want, len);
        free(got);
}

static inline void unit_gate_check_nothing(const char *row, int fd) {
        unit_gate_check_out(row, fd, "", 0);
}

#define give_text(f, fd, text)    unit_gate_give((f), (fd), (text), sizeof(text) - 1)
#define check_text(row, fd, text) unit_gate_check_out((row), (fd), (text), sizeof(text) - 1)

/* What a client and the daemon say before the first message. The gate is open then. */
static inline void unit_gate_authenticate(struct unit_gate *f) {
        give_text(f, f->peer, "\0AUTH EXTERNAL 30\r\n");
        check_text("AUTH", f->bus, "\0AUTH EXTERNAL 30\r\n");
        give_text(f, f->bus, "OK 0123456789abcdef0123456789abcdef\r\n");
        check_text("OK", f->peer, "OK 0123456789abcdef0123456789abcdef\r\n");
        give_text(f, f->peer, "BEGIN\r\n");
        check_text("BEGIN", f->bus, "BEGIN\r\n");
        control_gate_open(f->gate);
        assert_int_equal(f->ended, 0);
}

static inline void unit_gate_put_u32(uint8_t *p, uint32_t v, bool little) {
        for (unsigned i = 0; i < 4; i++)
                p[i] = (uint8_t) (v >> 8 * (little ? i : 3 - i));
}

/* A header that claims these lengths. The rest of the buffer has a pattern. Returns the length of
 * the message. */
static inline size_t unit_gate_put_message(uint8_t *p, size_t max, uint32_t body, uint32_t fields,
                                           bool little) {
        size_t len = 16 + ((fields + 7U) & ~7U) + body;

        for (size_t i = 0; i < max; i++)
                p[i] = (uint8_t) (i * 7 + body);
        p[0] = little ? 'l' : 'B';
        unit_gate_put_u32(p + 4, body, little);
        unit_gate_put_u32(p + 12, fields, little);
        return len;
}
