/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer of the control socket sends, through the gate, to sd-bus as the daemon has it. The
 * gate must pass nothing that sd-bus reads otherwise than the gate did: a message of ours that is
 * put behind all that has passed always comes out whole. Between the gate and sd-bus stands this
 * target, and looks at what passes. */
#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "control/control_gate.h"

#define TURNS 100000
#define BEGIN "BEGIN\r\n"

struct way {
        sd_event *event;
        struct control_gate *gate;
        sd_bus *bus;
        /* our ends: the peer's, the gate's far side, and sd-bus's far side */
        int peer, out, in;
        bool ended, probed;
        uint8_t *passed; /* by the gate, to sd-bus */
        size_t n_passed;
        unsigned messages;
};

static void on_end(void *userdata) {
        ((struct way *) userdata)->ended = true;
}

static bool is_behind(void *userdata) {
        uint64_t n = 0;

        (void) !sd_bus_get_n_queued_write(((struct way *) userdata)->bus, &n);
        return n > 0;
}

static const struct control_gate_owner owner = { .on_end = on_end, .is_behind = is_behind };

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct way *way = userdata;

        (void) error;
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Connected") > 0) {
                control_gate_open(way->gate);
                return 1;
        }
        way->messages++;
        way->probed |= sd_bus_message_is_method_call(m, "probe.behind", "All") > 0;
        return 0;
}

static void start_bus(struct way *way, int fd) {
        const sd_id128_t id = {};

        must(sd_bus_new(&way->bus) >= 0);
        must(sd_bus_set_fd(way->bus, fd, fd) >= 0);
        must(sd_bus_set_server(way->bus, 1, id) >= 0);
        must(sd_bus_set_anonymous(way->bus, 1) >= 0);
        must(sd_bus_negotiate_fds(way->bus, 0) >= 0);
        must(sd_bus_set_connected_signal(way->bus, 1) >= 0);
        must(sd_bus_add_filter(way->bus, NULL, on_message, way) >= 0);
        must(sd_bus_start(way->bus) >= 0);
        must(sd_bus_attach_event(way->bus, way->event, SD_EVENT_PRIORITY_NORMAL) >= 0);
}

static void make_pair(int pair[static 2]) {
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) >= 0);
}

static void start(struct way *way) {
        int pair[2];

        *way = (struct way){};
        must(sd_event_new(&way->event) >= 0);
        make_pair(pair);
        way->in = pair[0];
        start_bus(way, pair[1]);
        make_pair(pair);
        way->peer = pair[0];
        must(control_gate_new(&way->gate, way->event, pair[1], &way->out, &owner, way) >= 0);
}

static void end(struct way *way) {
        control_gate_free(way->gate);
        (void) sd_bus_detach_event(way->bus);
        sd_bus_close(way->bus);
        sd_bus_unref(way->bus);
        (void) close(way->peer);
        (void) close(way->out);
        (void) close(way->in);
        sd_event_unref(way->event);
        free(way->passed);
}

static void note(struct way *way, const uint8_t *bytes, size_t n) {
        way->passed = realloc(way->passed, way->n_passed + n);
        must(way->passed != NULL);
        memcpy(way->passed + way->n_passed, bytes, n);
        way->n_passed += n;
}

/* Carries what is there from one end to the other. */
static bool carry(struct way *way, int from, int to, bool up) {
        static uint8_t bytes[65536];
        ssize_t n = recv(from, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n <= 0)
                return false;
        if (up)
                note(way, bytes, (size_t) n);
        (void) send(to, bytes, (size_t) n, MSG_NOSIGNAL);
        return true;
}

/* Until nothing moves any more. */
static void settle(struct way *way) {
        bool moved = true;

        for (unsigned turn = 0; moved; turn++) {
                must(turn < TURNS);
                moved = sd_event_run(way->event, 0) > 0;
                moved |= carry(way, way->out, way->in, true);
                moved |= carry(way, way->in, way->out, false);
                moved |= carry(way, way->peer, -1, false);
        }
}

/* Where messages begin in what has passed; 0: no line has begun them. */
static size_t find_messages(const struct way *way) {
        const uint8_t *begin =
                way->n_passed > 0 ? memmem(way->passed, way->n_passed, BEGIN, strlen(BEGIN)) : NULL;

        return begin ? (size_t) (begin - way->passed) + strlen(BEGIN) : 0;
}

static uint32_t number(const uint8_t *p, bool little) {
        return little ? p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24
                      : p[3] | (uint32_t) p[2] << 8 | (uint32_t) p[1] << 16 | (uint32_t) p[0] << 24;
}

/* Whole messages, one behind the other, by the lengths in their heads. Returns how many. */
static unsigned check_messages(const uint8_t *p, size_t left) {
        unsigned n = 0;

        for (; left > 0; n++) {
                size_t len;

                must(left >= 16 && (p[0] == 'l' || p[0] == 'B'));
                len = 16 + (((size_t) number(p + 12, p[0] == 'l') + 7) & ~(size_t) 7) +
                      number(p + 4, p[0] == 'l');
                must(len <= CONTROL_GATE_MESSAGE_MAX && len <= left);
                p += len;
                left -= len;
        }
        return n;
}

/* Puts a call behind all that has passed. sd-bus must see it unless it has closed. */
static void probe(struct way *way) {
        static const uint8_t call[] = "l\1\0\1\0\0\0\0\x77\x77\x77\x77\x34\0\0\0"
                                      "\1\1o\0\1\0\0\0/\0\0\0\0\0\0\0"
                                      "\2\1s\0\14\0\0\0probe.behind\0\0\0\0"
                                      "\3\1s\0\3\0\0\0All\0\0\0\0\0";

        _Static_assert(sizeof(call) - 1 == 16 + 56, "whole");
        (void) send(way->in, call, sizeof(call) - 1, MSG_NOSIGNAL);
        settle(way);
        must(way->probed || sd_bus_is_open(way->bus) <= 0);
}

static void check(struct way *way) {
        size_t at = find_messages(way);
        unsigned n;

        must(way->n_passed == 0 || way->passed[0] == '\0');
        if (at == 0) {
                must(sd_bus_is_ready(way->bus) <= 0 && way->messages == 0);
                must(way->n_passed <= CONTROL_GATE_AUTH_MAX);
                return;
        }
        must(at <= CONTROL_GATE_AUTH_MAX);
        n = check_messages(way->passed + at, way->n_passed - at);
        /* Not one more than the gate has counted. sd-bus closes at one that it cannot read, and
         * does not show what is for itself. */
        must(way->messages <= n);
        /* The line that begins has begun. */
        must(sd_bus_is_ready(way->bus) > 0 || sd_bus_is_open(way->bus) <= 0 || n > 0);
        probe(way);
}

/* The lengths in the heads of messages would stop nearly every input: 0xf0 and a byte stand for a
 * head, whose lengths are right for what follows up to the next 0xf1. */
static size_t expand(struct fuzz *f, uint8_t *out, size_t size) {
        size_t len = 0;

        while (f->left > 0 && len + 16 < size) {
                uint8_t byte = fuzz_byte(f), flags;
                struct fuzz body, fields;
                bool little;

                if (byte != 0xf0) {
                        out[len++] = byte;
                        continue;
                }
                flags = fuzz_byte(f);
                little = (flags & 1) != 0;
                fields = fuzz_until(f, "\xf2");
                body = fuzz_until(f, "\xf1");
                if (fields.left + body.left + 32 > size - len)
                        break;
                memset(out + len, 0, 16 + fields.left + 8);
                out[len] = little ? 'l' : 'B';
                out[len + 1] = (uint8_t) (1 + (flags >> 1) % 5);
                out[len + 2] = (uint8_t) (flags >> 4);
                out[len + 3] = 1;
                for (unsigned i = 0; i < 4; i++) {
                        unsigned shift = 8 * (little ? i : 3 - i);

                        out[len + 4 + i] = (uint8_t) (body.left >> shift);
                        out[len + 8 + i] = (uint8_t) (0x1U >> shift);
                        out[len + 12 + i] = (uint8_t) (fields.left >> shift);
                }
                len += 16;
                if (fields.left > 0)
                        memcpy(out + len, fields.at, fields.left);
                len += (fields.left + 7) & ~(size_t) 7;
                if (body.left > 0)
                        memcpy(out + len, body.at, body.left);
                len += body.left;
        }
        return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static uint8_t bytes[3 * CONTROL_GATE_MESSAGE_MAX];
        struct fuzz f = { data, size };
        size_t piece = 1 + 16 * (size_t) fuzz_byte(&f), len, sent = 0;
        struct way way;

        len = expand(&f, bytes, sizeof(bytes));
        start(&way);
        while (sent < len && !way.ended) {
                size_t n = piece < len - sent ? piece : len - sent;
                ssize_t r = send(way.peer, bytes + sent, n, MSG_NOSIGNAL | MSG_DONTWAIT);

                settle(&way);
                if (r <= 0)
                        break;
                sent += (size_t) r;
        }
        check(&way);
        end(&way);
        return 0;
}
