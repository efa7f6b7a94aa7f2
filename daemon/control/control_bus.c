/* SPDX-License-Identifier: BSD-2-Clause */
/* Accepts connections of the control socket, bounds them for each uid, and gives each a gate and
 * an sd-bus end. Knows the peer, and nothing of the methods. */
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/closer.h"
#include "base/conf.h"
#include "base/log.h"
#include "cleanup.h"
#include "control/control_bus.h"
#include "control/control_fleet.h"
#include "control/control_follow.h"
#include "control/control_gate.h"
#include "control/control_mirror.h"
#include "control/control_state.h"
#include "rules/share.h"

struct connection {
        TAILQ_ENTRY(connection) entries;
        struct control_bus *owner;
        struct control_caller caller;
        struct control_gate *gate;
        sd_bus *bus;
};

/* Invariant: connections are in the order of their last messages. */
struct control_bus {
        int fd;
        sd_event *event; /* borrowed */
        sd_event_source *source;
        struct control *control;
        TAILQ_HEAD(, connection) connections;
        /* NULL: it is not finishing */
        void (*on_finished)(void *userdata);
        void *userdata;
        sd_event_source *timer;
};

static bool is_link(const struct connection *c) {
        return control_fleet_is_link(c->caller.control, c->caller.connection);
}

/* Changes that wait for the fleet's database are answered by way of fleetd, so its connection is
 * the last one. Returns that one, or NULL while there are others. */
static struct connection *last_one(const struct control_bus *b) {
        struct connection *c = TAILQ_FIRST(&b->connections);

        return c && !TAILQ_NEXT(c, entries) && is_link(c) ? c : NULL;
}

static void tell_when_finished(const struct control_bus *b) {
        struct connection *last = b->on_finished ? last_one(b) : NULL;

        if (last)
                control_gate_finish(last->gate); /* comes here again */
        else if (b->on_finished && TAILQ_EMPTY(&b->connections))
                b->on_finished(b->userdata);
}

static void connection_free(struct connection *c) {
        TAILQ_REMOVE(&c->owner->connections, c, entries);
        /* Answers on their way keep the bus alive. When it is closed, it dispatches nothing any
         * more and does not need the caller. */
        if (c->bus) {
                (void) sd_bus_detach_event(c->bus);
                sd_bus_close(c->bus);
                sd_bus_unref(c->bus);
        }
        control_gate_free(c->gate);
        control_mirror_tidy(c->caller.control, c->caller.connection);
        control_fleet_tidy(c->caller.control, c->caller.connection);
        peer_done(&c->caller.peer);
        free(c);
}

static void on_end(void *userdata) {
        struct connection *c = userdata;
        const struct control_bus *b = c->owner;

        connection_free(c);
        tell_when_finished(b);
}

static bool is_behind(void *userdata) {
        const struct connection *c = userdata;
        uint64_t waiting;

        return sd_bus_get_n_queued_write(c->bus, &waiting) < 0 || waiting > 0;
}

static const struct control_gate_owner gate_owner = { .on_end = on_end, .is_behind = is_behind };

/* Called before every message. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct connection *c = userdata;

        (void) error;
        /* No peer can send this signal: sd-bus refuses it. */
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Connected") > 0) {
                control_gate_open(c->gate);
                return 1;
        }
        TAILQ_REMOVE(&c->owner->connections, c, entries);
        TAILQ_INSERT_TAIL(&c->owner->connections, c, entries);
        return 0;
}

static int start_bus(struct connection *c, int *fd) {
        sd_id128_t id;
        int r;

        /* The credentials come from the peer's own socket. What the peer says of itself in its
         * D-Bus greeting does not matter, so it says "anonymous". */
        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_new(&c->bus);
        if (r >= 0)
                r = sd_bus_set_fd(c->bus, *fd, *fd);
        if (r < 0)
                return r;
        (void) take_fd(fd);
        r = sd_bus_set_server(c->bus, 1, id);
        if (r >= 0)
                r = sd_bus_set_anonymous(c->bus, 1);
        if (r >= 0)
                r = sd_bus_negotiate_fds(c->bus, 0);
        if (r >= 0)
                r = sd_bus_set_sender(c->bus, CONTROL_BUS_NAME);
        if (r >= 0)
                r = sd_bus_set_connected_signal(c->bus, 1);
        if (r >= 0)
                r = sd_bus_start(c->bus);
        if (r >= 0)
                r = sd_bus_attach_event(c->bus, c->owner->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_add_filter(c->bus, NULL, on_message, c);
        return r < 0 ? r : control_methods_attach(c->bus, &c->caller);
}

/* Returns whether there is a place now. The connection that was silent for longest may have ended
 * for that. */
static bool make_place(struct control_bus *b, uid_t uid) {
        static const struct share_limits limits = { .all = CONTROL_BUS_CONNECTIONS_MAX,
                                                    .root = CONTROL_BUS_ROOT_SHARE,
                                                    .per_uid = CONTROL_BUS_PER_UID_MAX,
                                                    .per_range = CONTROL_BUS_PER_RANGE_MAX };
        uid_t uids[CONTROL_BUS_CONNECTIONS_MAX];
        struct connection *c;
        size_t n = 0;
        ssize_t at;

        TAILQ_FOREACH(c, &b->connections, entries)
                uids[n++] = c->caller.peer.cred.uid;
        at = share_find(uids, n, uid, &limits);
        if (at == SHARE_FREE || at == SHARE_NONE)
                return at == SHARE_FREE;
        c = TAILQ_FIRST(&b->connections);
        for (ssize_t i = 0; i < at; i++)
                c = TAILQ_NEXT(c, entries);
        connection_free(c);
        return true;
}

static int connection_new(struct control_bus *b, int *peer_fd) {
        _cleanup_close_ int bus_fd = -1;
        struct connection *c;
        struct peer_cred cred;
        int r;

        r = peer_cred(*peer_fd, &cred);
        if (r < 0)
                return r;
        if (!make_place(b, cred.uid))
                return -EUSERS;
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->owner = b;
        c->caller.control = b->control;
        TAILQ_INSERT_TAIL(&b->connections, c, entries);
        r = peer_read(*peer_fd, &c->caller.peer);
        if (r >= 0)
                r = control_gate_new(&c->gate, b->event, *peer_fd, &bus_fd, &gate_owner, c);
        if (r >= 0) {
                (void) take_fd(peer_fd);
                r = start_bus(c, &bus_fd);
        }
        if (r < 0)
                connection_free(c);
        return r;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_connection_ int peer_fd = -1;
        int r;

        (void) source;
        (void) revents;
        peer_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer_fd < 0)
                return 0;
        r = connection_new(userdata, &peer_fd);
        if (r < 0 && r != -EUSERS)
                log_line(LOG_WARNING, "a control connection could not be taken, ignoring: %s",
                         strerrordesc_np(-r));
        return 0;
}

static void end_all(struct control_bus *b) {
        struct connection *c;

        while ((c = TAILQ_FIRST(&b->connections)))
                connection_free(c);
}

static int on_patience_for_fleet(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        end_all(userdata);
        tell_when_finished(userdata);
        return 0;
}

static int wait_for(struct control_bus *b, uint64_t ms, sd_event_time_handler_t then) {
        b->timer = sd_event_source_disable_unref(b->timer);
        return sd_event_add_time_relative(b->event, &b->timer, CLOCK_MONOTONIC, ms * 1000, 0, then,
                                          b);
}

/* Those who wait for the fleet's database have more time: whether a change was made is known soon.
 */
static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        struct control_bus *b = userdata;
        struct connection *next;

        (void) source;
        (void) usec;
        for (struct connection *c = TAILQ_FIRST(&b->connections); c; c = next) {
                next = TAILQ_NEXT(c, entries);
                if (!is_link(c) && !control_fleet_waits(c->caller.control, c->caller.connection))
                        connection_free(c);
        }
        if (last_one(b) ||
            wait_for(b, CONTROL_BUS_FLEET_MS - CONTROL_BUS_FINISH_MS, on_patience_for_fleet) < 0)
                end_all(b);
        tell_when_finished(b);
        return 0;
}

void control_bus_finish(struct control_bus *b, void (*on_finished)(void *userdata),
                        void *userdata) {
        bool again = b->on_finished;
        struct connection *next;
        int r;

        (void) sd_event_source_set_enabled(b->source, SD_EVENT_OFF);
        /* Not told before all have been looked at. */
        b->on_finished = NULL;
        for (struct connection *c = TAILQ_FIRST(&b->connections); c; c = next) {
                next = TAILQ_NEXT(c, entries);
                if (!is_link(c))
                        control_gate_finish(c->gate);
        }
        b->on_finished = on_finished;
        b->userdata = userdata;
        r = again ? -EALREADY : wait_for(b, CONTROL_BUS_FINISH_MS, on_patience);
        if (r < 0)
                end_all(b);
        tell_when_finished(b);
}

void control_bus_conf(struct control_bus *b, const struct conf *before) {
        void (*on_finished)(void *userdata) = b->on_finished;
        struct connection *next;

        /* Not told before all have been looked at. */
        b->on_finished = NULL;
        for (struct connection *c = TAILQ_FIRST(&b->connections); c; c = next) {
                next = TAILQ_NEXT(c, entries);
                if (conf_same_peer(before, b->control->loop.conf, &c->caller.peer))
                        continue;
                control_follow_end(b->control, c->bus);
                control_fleet_tidy(b->control, c->caller.connection);
                control_gate_finish(c->gate);
        }
        b->on_finished = on_finished;
        tell_when_finished(b);
}

struct control_bus *control_bus_free(struct control_bus *b) {
        if (!b)
                return NULL;
        b->control->loop.bus = NULL;
        end_all(b);
        sd_event_source_disable_unref(b->timer);
        sd_event_source_disable_unref(b->source);
        closer_close(&b->fd);
        free(b);
        return NULL;
}

int control_bus_new(struct control_bus **ret, sd_event *event, int fd, struct control *control) {
        struct control_bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        *b = (struct control_bus){ .fd = fd, .event = event, .control = control };
        TAILQ_INIT(&b->connections);
        peer_refuse_descriptors(fd);
        r = sd_event_add_io(event, &b->source, fd, EPOLLIN, on_accept, b);
        if (r < 0) {
                free(b);
                return r;
        }
        control->loop.bus = b;
        *ret = b;
        return 0;
}
