/* SPDX-License-Identifier: BSD-2-Clause */
/* Passes bytes between a peer and the sd-bus end. Knows where a message ends and how
 * authentication goes, and nothing of what a message says. */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "base/closer.h"
#include "base/peer.h"
#include "cleanup.h"
#include "control/control_gate.h"

#define FIXED_HEADER_LEN  16
#define NO_REPLY_EXPECTED 1

/* One direction. Bytes [0, have) are in the buffer. Of these, [0, whole) may be sent, and [0,
 * sent) were sent. */
struct stream {
        int from, to;
        size_t have, whole, sent;
        uint8_t buffer[CONTROL_GATE_MESSAGE_MAX];
};

enum auth {
        /* after the NUL that comes first */
        AUTH_START,
        AUTH_MECHANISM,
        AUTH_DATA,
        AUTH_AGREED,
        AUTH_DONE, /* messages */
};

/* Invariants: (1) the peer's bytes leave up.buffer only when the buffer has the whole message, or
 * the whole line of authentication, that they belong to; (2) a message leaves it only when the peer
 * has taken the answer to the one before. So a connection has one answer in memory;
 * (3) messages leave it only when the gate is open. */
struct control_gate {
        sd_event_source *peer, *bus, *timer;
        enum auth auth;
        bool open;
        bool any;       /* message has passed */
        bool finishing; /* no other passes */
        /* to the last message; the first bytes that come from the bus are of it */
        bool answer_due;
        size_t auth_bytes;
        struct stream up, down; /* to the bus, and to the peer */
        const struct control_gate_owner *owner;
        void *userdata;
        int peer_fd, bus_fd;
};

static uint32_t get_u32(const uint8_t *p, bool little) {
        uint32_t v;

        memcpy(&v, p, sizeof(v));
        return little ? le32toh(v) : be32toh(v);
}

/* The length of the message that begins at p. 0: a message that we do not take. Source: D-Bus
 * specification, "Message Format". */
static size_t message_len(const uint8_t *p) {
        uint64_t body, fields;

        if (p[0] != 'l' && p[0] != 'B')
                return 0;
        body = get_u32(p + 4, p[0] == 'l');
        fields = get_u32(p + 12, p[0] == 'l');
        fields = FIXED_HEADER_LEN + ((fields + 7) & ~UINT64_C(7));
        return body + fields <= CONTROL_GATE_MESSAGE_MAX ? (size_t) (body + fields) : 0;
}

/* A uid as D-Bus writes it: each decimal digit in hexadecimal. It does not matter here whose it
 * is. */
static bool is_uid(const char *text, size_t len) {
        if (len < 2 || len > 20 || len % 2 != 0 || (len > 2 && text[1] == '0'))
                return false;
        for (size_t i = 0; i < len; i += 2)
                if (text[i] != '3' || text[i + 1] < '0' || text[i + 1] > '9')
                        return false;
        /* sd-bus takes neither -1 nor its low 16 bits for a uid. */
        if (len == 10 && memcmp(text, "3635353335", 10) == 0)
                return false;
        return len < 20 || memcmp(text, "34323934393637323934", 20) <= 0; /* 4294967294 */
}

/* Whether the line is the word, or the word, a blank and a uid. */
static bool is_line(const char *line, size_t len, const char *word, bool uid) {
        size_t n = strlen(word);

        if (len < n || memcmp(line, word, n) != 0)
                return false;
        return uid ? len > n + 1 && line[n] == ' ' && is_uid(line + n + 1, len - n - 1) : len == n;
}

/* We must know what sd-bus makes of each line: the bytes behind the line that begins are held, and
 * judged as messages. If sd-bus took another line for that one, it would read bytes that nobody has
 * judged. So only lines pass whose effect is certain. Source: D-Bus specification, "Authentication
 * Protocol". */
static bool take_line(struct control_gate *g, const char *line, size_t len) {
        switch (g->auth) {
        case AUTH_START:
                if (len == 0 || *line != '\0')
                        return false;
                g->auth = AUTH_MECHANISM;
                return take_line(g, line + 1, len - 1);
        case AUTH_MECHANISM:
                if (is_line(line, len, "AUTH", false)) /* asks for the mechanisms */
                        return true;
                g->auth = is_line(line, len, "AUTH EXTERNAL", false) ? AUTH_DATA : AUTH_AGREED;
                return g->auth == AUTH_DATA || is_line(line, len, "AUTH EXTERNAL", true);
        case AUTH_DATA:
                g->auth = AUTH_AGREED;
                return is_line(line, len, "DATA", false) || is_line(line, len, "DATA", true);
        case AUTH_AGREED:
                if (is_line(line, len, "NEGOTIATE_UNIX_FD", false))
                        return true;
                g->auth = AUTH_DONE;
                return is_line(line, len, "BEGIN", false);
        case AUTH_DONE:
                break;
        }
        return false;
}

/* How many bytes of the authentication are whole lines. */
static int admit_auth(struct control_gate *g) {
        struct stream *s = &g->up;

        while (g->auth != AUTH_DONE) {
                const uint8_t *line = s->buffer + s->whole,
                              *end = memchr(line, '\n', s->have - s->whole);
                size_t len = end ? (size_t) (end - line) + 1 : s->have - s->whole;

                if (g->auth_bytes + len > CONTROL_GATE_AUTH_MAX)
                        return -EMSGSIZE;
                if (!end)
                        return 0;
                if (len < 2 || end[-1] != '\r' || !take_line(g, (const char *) line, len - 2))
                        return -EPROTO;
                s->whole += len;
                g->auth_bytes += len;
        }
        return 0;
}

static bool is_sent(const struct stream *s) {
        return s->sent == s->whole;
}

/* Whether all that the daemon has said so far is with the peer. After pass_down() the socket pair,
 * which would hold megabytes, is empty then, too. */
static bool has_answered(const struct control_gate *g) {
        return !g->answer_due && is_sent(&g->down) && !g->owner->is_behind(g->userdata);
}

/* Source: D-Bus specification, "Message Format". */
static bool expects_answer(const uint8_t *message) {
        return message[1] == SD_BUS_MESSAGE_METHOD_CALL && (message[2] & NO_REPLY_EXPECTED) == 0;
}

static int admit(struct control_gate *g) {
        struct stream *s = &g->up;
        int r;

        r = admit_auth(g);
        while (r >= 0 && g->auth == AUTH_DONE && g->open && !(g->finishing && g->any) &&
               s->have - s->whole >= FIXED_HEADER_LEN && has_answered(g)) {
                const uint8_t *message = s->buffer + s->whole;
                size_t len = message_len(message);

                if (len == 0)
                        return -EMSGSIZE;
                if (s->have - s->whole < len)
                        break;
                s->whole += len;
                g->answer_due = expects_answer(message);
                g->any = true;
        }
        return r;
}

/* Reads what is there and fits. Returns -ECONNRESET at the end, and -EBADMSG when descriptors come
 * with it. */
static int fill(struct stream *s) {
        ssize_t n;

        if (s->have == sizeof(s->buffer))
                return 0;
        n = peer_peek(s->from, s->buffer + s->have, sizeof(s->buffer) - s->have);
        if (n > 0) {
                n = recv(s->from, s->buffer + s->have, (size_t) n, MSG_DONTWAIT);
                n = n < 0 ? -errno : n;
        }
        if (n < 0)
                return n == -EAGAIN || n == -EINTR ? 0 : (int) n;
        if (n == 0)
                return -ECONNRESET;
        s->have += (size_t) n;
        return 1;
}

/* Sends what is whole and moves the rest to the front. Secrets pass here, so what is left behind
 * is wiped. Returns whether anything was sent. */
static int drain(struct stream *s) {
        int moved = 0;

        while (!is_sent(s)) {
                ssize_t n = send(s->to, s->buffer + s->sent, s->whole - s->sent,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? moved : -errno;
                s->sent += (size_t) n;
                moved = 1;
        }
        memmove(s->buffer, s->buffer + s->whole, s->have - s->whole);
        explicit_bzero(s->buffer + s->have - s->whole, s->whole);
        s->have -= s->whole;
        s->whole = s->sent = 0;
        return moved;
}

static void set_patience(struct control_gate *g) {
        uint64_t ms = !is_sent(&g->down)     ? CONTROL_GATE_STALL_MS
                      : g->auth == AUTH_DONE ? CONTROL_GATE_IDLE_MS
                                             : CONTROL_GATE_AUTH_MS;

        (void) sd_event_source_set_time_relative(g->timer, ms * 1000);
        (void) sd_event_source_set_enabled(g->timer, SD_EVENT_ONESHOT);
}

static void end(struct control_gate *g) {
        const struct control_gate_owner *owner = g->owner;

        (void) sd_event_source_set_enabled(g->peer, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(g->bus, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(g->timer, SD_EVENT_OFF);
        g->owner = NULL;
        if (owner)
                owner->on_end(g->userdata);
}

/* What is in the buffers decides what each end waits for. */
static void update_events(struct control_gate *g) {
        uint32_t peer = 0, bus = 0;

        if (g->up.have < sizeof(g->up.buffer))
                peer |= EPOLLIN;
        if (!is_sent(&g->up))
                bus |= EPOLLOUT;
        if (g->down.have < sizeof(g->down.buffer))
                bus |= EPOLLIN;
        if (!is_sent(&g->down))
                peer |= EPOLLOUT;
        (void) sd_event_source_set_io_events(g->peer, peer);
        (void) sd_event_source_set_io_events(g->bus, bus);
}

/* To the peer. Returns whether its patience begins anew: a peer that does not read must take
 * something, whatever it sends meanwhile. */
static int pass_down(struct control_gate *g) {
        bool stalled = !is_sent(&g->down), moved = false;
        int r, sent;

        do {
                r = fill(&g->down);
                /* What the daemon said before it closed its end still goes out. */
                if (r < 0 && r != -ECONNRESET)
                        return r;
                if (r > 0)
                        g->answer_due = false;
                g->down.whole = g->down.have;
                sent = drain(&g->down);
                if (sent < 0 || r < 0)
                        return -ECONNRESET;
                moved = moved || sent > 0;
        } while (r > 0 && is_sent(&g->down)); /* until nothing is in the pair */
        return moved || stalled != !is_sent(&g->down);
}

static int pass_up(struct control_gate *g) {
        int r, moved;

        moved = fill(&g->up);
        if (moved < 0)
                return moved;
        r = admit(g);
        if (r >= 0)
                r = drain(&g->up);
        return r < 0 ? r : moved;
}

/* The last message is with sd-bus, and its answer with the peer. */
static bool is_finished(const struct control_gate *g) {
        return g->finishing && g->any && is_sent(&g->up) && has_answered(g);
}

static int pass(struct control_gate *g) {
        int down, up;

        down = pass_down(g);
        if (down < 0)
                return down;
        up = pass_up(g);
        if (up < 0)
                return up;
        if (is_finished(g))
                return -ECONNRESET;
        if (g->auth == AUTH_DONE && (down > 0 || (up > 0 && is_sent(&g->down))))
                set_patience(g);
        return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct control_gate *g = userdata;
        /* A peer that is gone is noticed here when the buffer has no room to read its end. */
        bool is_gone = source == g->peer && (revents & EPOLLHUP) != 0 &&
                       g->up.have == sizeof(g->up.buffer);

        (void) fd;
        if (pass(g) < 0 || is_gone)
                end(g);
        else
                update_events(g);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        end(userdata);
        return 0;
}

/* The turn that follows judges and passes what was held. */
void control_gate_open(struct control_gate *g) {
        g->open = true;
        (void) sd_event_source_set_io_events(g->bus, EPOLLIN | EPOLLOUT);
}

/* What the peer has sent by now is looked at first. */
void control_gate_finish(struct control_gate *g) {
        int r = pass(g);

        g->finishing = true;
        if (r < 0 || is_finished(g))
                end(g);
        else
                update_events(g);
}

struct control_gate *control_gate_free(struct control_gate *g) {
        if (!g)
                return NULL;
        sd_event_source_disable_unref(g->peer);
        sd_event_source_disable_unref(g->bus);
        sd_event_source_disable_unref(g->timer);
        if (g->bus_fd >= 0)
                (void) close(g->bus_fd);
        closer_close(&g->peer_fd);
        explicit_bzero(g, sizeof(*g));
        free(g);
        return NULL;
}

static int attach(struct control_gate *g, sd_event *event) {
        int r;

        r = sd_event_add_io(event, &g->peer, g->peer_fd, EPOLLIN, on_io, g);
        if (r >= 0)
                r = sd_event_add_io(event, &g->bus, g->bus_fd, EPOLLIN, on_io, g);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &g->timer, CLOCK_MONOTONIC,
                                               CONTROL_GATE_AUTH_MS * UINT64_C(1000), 0, on_timer,
                                               g);
        return r;
}

int control_gate_new(struct control_gate **ret, sd_event *event, int peer_fd, int *ret_bus_fd,
                     const struct control_gate_owner *owner, void *userdata) {
        struct control_gate *g;
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return -errno;
        g = calloc(1, sizeof(*g));
        if (!g) {
                (void) close(pair[0]);
                (void) close(pair[1]);
                return -ENOMEM;
        }
        g->peer_fd = peer_fd;
        g->bus_fd = pair[0];
        g->up.from = g->down.to = peer_fd;
        g->up.to = g->down.from = pair[0];
        g->owner = owner;
        g->userdata = userdata;
        r = attach(g, event);
        if (r < 0) {
                g->peer_fd = -1; /* still the caller's on failure */
                control_gate_free(g);
                (void) close(pair[1]);
                return r;
        }
        *ret_bus_fd = pair[1];
        *ret = g;
        return 0;
}
