/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects to wfapikeyd, checks who serves the socket, sends calls. Knows no method. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "local.h"
#include "note.h"
#include "pause.h"
#include "text.h"
#include "timer.h"

/* The end of a snapshot of millions of keys takes minutes, and what is given up begins anew. A
 * daemon that hangs is ended by its watchdog, and the connection with it. */
#define CALL_USEC UINT64_C(3600000000)
#define OBJECT    "/org/wfapikey1"
#define INTERFACE "org.wfapikey1.Manager"

struct local {
        sd_event *event;
        const char *path;
        const struct local_owner *owner;
        void *userdata;
        sd_bus *bus;
        bool up;
        sd_event_source *retry;
        struct pause pause;
        /* the last failure, which is not told twice */
        char said[NOTE_TEXT_LEN];
};

static void connect_later(struct local *l, uint64_t usec) {
        timer_set(l->retry, usec);
}

void local_again(struct local *l, const char *text) {
        bool up = l->up;

        if (strcmp(l->said, text) != 0)
                note(LOG_NOTICE, "wfapikeyd: %s", text);
        (void) text_copy(l->said, sizeof(l->said), text);
        l->up = false;
        /* on_retry() drops the bus, which may be what calls this. */
        if (l->bus)
                sd_bus_close(l->bus);
        connect_later(l, pause_next(&l->pause));
        if (up)
                l->owner->on_down(l->userdata);
}

void local_is_good(struct local *l) {
        l->pause = (struct pause){};
        *l->said = '\0';
}

/* Called before every message. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct local *l = userdata;

        (void) error;
        if (sd_bus_message_get_bus(m) != l->bus)
                return 0;
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Connected") > 0) {
                l->up = true;
                l->owner->on_up(l->userdata);
        } else if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
                local_again(l, "it has closed the connection");
        } else if (sd_bus_message_is_signal(m, INTERFACE, "FleetWork") > 0) {
                l->owner->on_work(m, l->userdata);
        }
        return 0;
}

/* The server learns the host's part of the fleet and gets the changes, so it must be root's, or
 * ours in a test. */
static int check_server(int fd) {
        struct ucred peer = {};
        socklen_t len = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
                return -errno;
        return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EPERM;
}

static int connect_bus(struct local *l) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (fd < 0)
                return -errno;
        if (!text_copy(address.sun_path, sizeof(address.sun_path), l->path))
                return -ENAMETOOLONG;
        /* A full queue is EAGAIN: try later. */
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        r = check_server(fd);
        if (r >= 0)
                r = sd_bus_new(&l->bus);
        if (r >= 0)
                r = sd_bus_set_fd(l->bus, fd, fd);
        if (r < 0)
                return r;
        (void) take_fd(&fd);
        r = sd_bus_set_connected_signal(l->bus, 1);
        if (r >= 0)
                r = sd_bus_start(l->bus);
        if (r >= 0)
                r = sd_bus_add_filter(l->bus, NULL, on_message, l);
        return r < 0 ? r : sd_bus_attach_event(l->bus, l->event, SD_EVENT_PRIORITY_NORMAL);
}

static void drop_bus(struct local *l) {
        if (!l->bus)
                return;
        (void) sd_bus_detach_event(l->bus);
        l->bus = sd_bus_close_unref(l->bus);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        struct local *l = userdata;
        int r;

        (void) source;
        (void) usec;
        drop_bus(l);
        r = connect_bus(l);
        if (r < 0)
                local_again(l, strerrordesc_np(-r));
        return 0;
}

int local_begin(struct local *l, const char *method, sd_bus_message **ret) {
        return l->bus ? sd_bus_message_new_method_call(l->bus, ret, NULL, OBJECT, INTERFACE, method)
                      : -ENOTCONN;
}

void local_send(struct local *l, sd_bus_message *m, int filled, sd_bus_message_handler_t callback,
                void *userdata) {
        int r = filled;

        if (r >= 0)
                r = sd_bus_call_async(l->bus, NULL, m, callback, userdata, CALL_USEC);
        if (r < 0)
                local_again(l, strerrordesc_np(-r));
}

static int on_ping(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *text;

        (void) error;
        (void) local_outcome(userdata, m, &text);
        return 0;
}

void local_ping(struct local *l) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = -ENOTCONN;

        if (l->bus)
                r = sd_bus_message_new_method_call(l->bus, &m, NULL, OBJECT,
                                                   "org.freedesktop.DBus.Peer", "Ping");
        local_send(l, m, r, on_ping, l);
}

bool local_is_refusal(sd_bus_message *m) {
        const sd_bus_error *error = sd_bus_message_get_error(m);

        return error && strcmp(error->name, "org.wfapikey1.Error.Refused") == 0;
}

enum local_outcome local_outcome(struct local *l, sd_bus_message *m, const char **ret_text) {
        static const char ours[] = "org.wfapikey1.Error.";
        const sd_bus_error *error = sd_bus_message_get_error(m);
        const char *text;

        if (!error)
                return LOCAL_ANSWERED;
        text = error->message ? error->message : error->name;
        if (strncmp(error->name, ours, strlen(ours)) != 0) {
                local_again(l, text);
                return LOCAL_LOST;
        }
        *ret_text = text;
        return LOCAL_REFUSED;
}

int local_new(struct local **ret, sd_event *event, const char *path,
              const struct local_owner *owner, void *userdata) {
        struct local *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        *l = (struct local){ .event = event, .path = path, .owner = owner, .userdata = userdata };
        r = sd_event_add_time_relative(event, &l->retry, CLOCK_BOOTTIME, 0, 0, on_retry, l);
        if (r < 0) {
                free(l);
                return r;
        }
        *ret = l;
        return 0;
}

struct local *local_free(struct local *l) {
        if (!l)
                return NULL;
        drop_bus(l);
        sd_event_source_disable_unref(l->retry);
        free(l);
        return NULL;
}
