/* SPDX-License-Identifier: BSD-2-Clause */
/* The side of wfapikeyd that wfapikey-fleetd talks to, made up:
 *
 *     fleetside SOCKET NAME [COMMAND]
 *
 * COMMAND, which is done first, and standard input say what to do, a line each:
 *
 *     state CONNINFO issuing|member GROUP:NUMBER...   the answer to FleetAttach from now on
 *     out                                             the host is in no fleet
 *     append WORD,WORD...|- GROUP:NUMBER:SIZE...      an order, with its work
 *     forge GROUP:NUMBER:SIZE                         prints a frame in hexadecimal
 *     again                                           the state has changed
 *     report HOST:NUMBER:SIZE                         a report is due
 *     hosts HOST:NUMBER:0...                          the hosts, and their last reports
 *
 * Standard output has what fleetd did. A frame has its group, its number and its issuer in its
 * head, and a checksum in the place of the signature, so that a forged one is noticed. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "attr.h"
#include "cleanup.h"

#define HEAD       188
#define TAIL       64
#define CHUNK      49152
#define GROUPS_MAX 8
#define ORDERS_MAX 8
#define FRAMES_MAX 8
#define CHECK(x)                                                                                   \
        do {                                                                                       \
                if (!(x)) {                                                                        \
                        fprintf(stderr, "fleetside: line %d: %s\n", __LINE__, #x);                 \
                        exit(1);                                                                   \
                }                                                                                  \
        } while (0)

struct group {
        char name[64];
        uint64_t number;
        uint8_t *part; /* of a frame */
        size_t len;
};

struct frame {
        char group[64];
        uint64_t number;
        size_t size;
};

struct order {
        char kind[16], work[512];
        struct frame frames[FRAMES_MAX];
        size_t n;
};

static const char *me;
static bool joined, issuing;
static char conninfo[256];
static struct group groups[GROUPS_MAX];
static size_t n_groups;
/* the first is on its way when given is set */
static struct order orders[ORDERS_MAX];
static size_t n_orders;
static bool given;
static uint64_t token, heads;
static sd_bus *fleetd; /* that called FleetAttach last */
static struct frame report, hosts[GROUPS_MAX];
static size_t n_hosts;
static struct group taking; /* a report */
static bool busy;           /* for the next report */

/* --- Frames ---------------------------------------------------------------------------- */

static uint64_t checksum(const uint8_t *p, size_t len) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < len; i++)
                sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
        return sum;
}

/* ${kind} is 'c' for a change and 'h' for a head, which is different each time. */
static uint8_t *make_frame(char kind, const struct frame *f, size_t *ret_len) {
        uint32_t size = htole32((uint32_t) f->size);
        uint8_t *p = calloc(1, HEAD + f->size + TAIL);
        uint64_t sum;

        CHECK(p);
        memcpy(p, "WFKFLET", 7); /* PostgreSQL looks at it */
        p[7] = (uint8_t) kind;
        memcpy(p + 8, &f->number, sizeof(f->number));
        memcpy(p + 16, f->group, sizeof(f->group));
        (void) strncpy((char *) p + 80, me, 63);
        memcpy(p + 144, &heads, sizeof(heads));
        memcpy(p + HEAD - sizeof(size), &size, sizeof(size));
        memset(p + HEAD, 'x', f->size);
        sum = checksum(p, HEAD + f->size);
        for (size_t i = 0; i < TAIL; i += sizeof(sum))
                memcpy(p + HEAD + f->size + i, &sum, sizeof(sum));
        *ret_len = HEAD + f->size + TAIL;
        return p;
}

static size_t frame_len(const uint8_t *p, size_t len) {
        uint32_t size;

        if (len < HEAD)
                return 0;
        memcpy(&size, p + HEAD - sizeof(size), sizeof(size));
        return HEAD + (size_t) le32toh(size) + TAIL;
}

static uint64_t frame_number(const uint8_t *p) {
        uint64_t number;

        memcpy(&number, p + 8, sizeof(number));
        return number;
}

static bool is_signed(const uint8_t *p, size_t len) {
        uint64_t sum = checksum(p, len - TAIL), there;

        memcpy(&there, p + len - TAIL, sizeof(there));
        return sum == there;
}

static struct group *find(const char *name) {
        for (size_t i = 0; i < n_groups; i++)
                if (strcmp(groups[i].name, name) == 0)
                        return &groups[i];
        return NULL;
}

/* --- Methods --------------------------------------------------------------------------- */

static int append_pair(sd_bus_message *m, const char *name, const char *type, const void *value) {
        CHECK(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        CHECK(sd_bus_message_append_basic(m, 's', name) >= 0);
        CHECK(sd_bus_message_open_container(m, 'v', type) >= 0);
        CHECK(sd_bus_message_append_basic(m, *type, value) >= 0);
        CHECK(sd_bus_message_close_container(m) >= 0);
        return sd_bus_message_close_container(m);
}

static void append_groups(sd_bus_message *m) {
        CHECK(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        CHECK(sd_bus_message_append(m, "s", "groups") >= 0);
        CHECK(sd_bus_message_open_container(m, 'v', "as") >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "s") >= 0);
        for (size_t i = 0; i < n_groups; i++)
                CHECK(sd_bus_message_append(m, "s", groups[i].name) >= 0);
        for (unsigned i = 0; i < 3; i++)
                CHECK(sd_bus_message_close_container(m) >= 0);
        CHECK(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        CHECK(sd_bus_message_append(m, "s", "numbers") >= 0);
        CHECK(sd_bus_message_open_container(m, 'v', "at") >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "t") >= 0);
        for (size_t i = 0; i < n_groups; i++)
                CHECK(sd_bus_message_append(m, "t", groups[i].number) >= 0);
        for (unsigned i = 0; i < 3; i++)
                CHECK(sd_bus_message_close_container(m) >= 0);
}

static void append_frame(sd_bus_message *m, char kind, const struct frame *f) {
        size_t len;
        _cleanup_free_ uint8_t *frame = make_frame(kind, f, &len);

        CHECK(sd_bus_message_open_container(m, 'r', "stay") >= 0);
        CHECK(sd_bus_message_append(m, "st", f->group, f->number) >= 0);
        CHECK(sd_bus_message_append_array(m, 'y', frame, len) >= 0);
        CHECK(sd_bus_message_close_container(m) >= 0);
}

/* Sends the first order, when none is on its way. */
static void send_order(void) {
        sd_bus_message *m = NULL;
        const struct order *o = &orders[0];
        char work[512] = "", *rest = work, *word;

        if (!fleetd || given || n_orders == 0)
                return;
        given = true;
        CHECK(sd_bus_message_new_signal(fleetd, &m, "/org/wfapikey1", "org.wfapikey1.Manager",
                                        "FleetWork") >= 0);
        CHECK(sd_bus_message_append(m, "st", o->kind, ++token) >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "s") >= 0);
        if (strcmp(o->work, "-") != 0)
                (void) strcpy(work, o->work);
        while ((word = strsep(&rest, ",")) && *word)
                CHECK(sd_bus_message_append(m, "s", word) >= 0);
        CHECK(sd_bus_message_close_container(m) >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "(stay)") >= 0);
        for (size_t i = 0; i < o->n; i++)
                append_frame(m, 'c', &o->frames[i]);
        CHECK(sd_bus_message_close_container(m) >= 0);
        /* A fleetd that has just ended gets it when it attaches again. */
        given = sd_bus_send(NULL, m, NULL) >= 0;
        sd_bus_message_unref(m);
        if (given && strcmp(o->kind, "again") == 0) {
                memmove(orders, orders + 1, sizeof(*orders) * --n_orders);
                given = false;
        }
}

static int on_attach(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        int flag = joined;
        uint32_t version;

        (void) userdata;
        (void) error;
        CHECK(sd_bus_message_read(m, "u", &version) >= 0 && version == 1);
        fleetd = sd_bus_message_get_bus(m);
        given = false;
        printf("attach\n");
        for (size_t i = 0; i < n_groups; i++)
                groups[i].len = 0;
        CHECK(sd_bus_message_new_method_return(m, &reply) >= 0);
        CHECK(sd_bus_message_open_container(reply, 'a', "{sv}") >= 0);
        CHECK(append_pair(reply, "joined", "b", &flag) >= 0);
        if (joined) {
                flag = issuing;
                CHECK(append_pair(reply, "issuing", "b", &flag) >= 0);
                CHECK(append_pair(reply, "database", "s", conninfo) >= 0);
                CHECK(append_pair(reply, "host", "s", me) >= 0);
                append_groups(reply);
        }
        CHECK(sd_bus_message_close_container(reply) >= 0);
        CHECK(sd_bus_send(NULL, reply, NULL) >= 0);
        sd_bus_message_unref(reply);
        if (joined)
                send_order();
        return 1;
}

static int on_done(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *outcome, *text;
        uint64_t which;

        (void) userdata;
        (void) error;
        CHECK(sd_bus_message_read(m, "tss", &which, &outcome, &text) >= 0);
        CHECK(which == token && given);
        for (size_t i = 0; strcmp(outcome, "committed") == 0 && i < orders[0].n; i++) {
                struct group *g = find(orders[0].frames[i].group);

                if (g)
                        g->number = orders[0].frames[i].number;
        }
        memmove(orders, orders + 1, sizeof(*orders) * --n_orders);
        given = false;
        printf("done %s: %s\n", outcome, text);
        CHECK(sd_bus_reply_method_return(m, "") >= 0);
        send_order();
        return 1;
}

/* Takes the whole frames of what has come. Returns false: one is not right. */
static bool take_frames(struct group *g) {
        size_t len;

        while ((len = frame_len(g->part, g->len)) > 0 && g->len >= len) {
                if (!is_signed(g->part, len) || frame_number(g->part) != g->number + 1 ||
                    strcmp((const char *) g->part + 16, g->name) != 0)
                        return false;
                g->number++;
                printf("applied %s %" PRIu64 " of %s, %zu bytes\n", g->name, g->number,
                       (const char *) g->part + 80, len);
                memmove(g->part, g->part + len, g->len - len);
                g->len -= len;
        }
        return true;
}

static int on_write(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;
        const void *bytes;
        struct group *g;
        size_t len;

        (void) userdata;
        CHECK(sd_bus_message_read(m, "s", &name) >= 0);
        CHECK(sd_bus_message_read_array(m, 'y', &bytes, &len) >= 0);
        CHECK(len <= CHUNK);
        g = find(name);
        CHECK(g);
        if (len == 0) {
                g->len = 0;
                return sd_bus_reply_method_return(m, "t", g->number);
        }
        printf("write %s %zu\n", name, len);
        g->part = realloc(g->part, g->len + len);
        CHECK(g->part);
        memcpy(g->part + g->len, bytes, len);
        g->len += len;
        if (!take_frames(g)) {
                g->len = 0;
                printf("refused %s\n", name);
                return sd_bus_error_set(error, "org.wfapikey1.Error.Refused",
                                        "this frame is not right");
        }
        return sd_bus_reply_method_return(m, "t", g->number);
}

static int on_heads(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const void *bytes;
        size_t len, one;

        (void) userdata;
        (void) error;
        CHECK(sd_bus_message_read_array(m, 'y', &bytes, &len) >= 0);
        CHECK(len > 0 && len <= CHUNK);
        for (const uint8_t *p = bytes; len > 0; p += one, len -= one) {
                one = frame_len(p, len);
                if (one == 0 || one > len || !is_signed(p, one) || p[7] != 'h')
                        return sd_bus_error_set(error, "org.wfapikey1.Error.Refused",
                                                "this head is not right");
                printf("head %s %" PRIu64 " of %s\n", (const char *) p + 16, frame_number(p),
                       (const char *) p + 80);
        }
        return sd_bus_reply_method_return(m, "");
}

static int on_sign(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;

        (void) userdata;
        (void) error;
        heads++;
        CHECK(issuing);
        CHECK(sd_bus_message_new_method_return(m, &reply) >= 0);
        CHECK(sd_bus_message_open_container(reply, 'a', "(stay)") >= 0);
        for (size_t i = 0; i < n_groups; i++) {
                struct frame f = { .number = groups[i].number, .size = 16 };

                (void) strcpy(f.group, groups[i].name);
                append_frame(reply, 'h', &f);
        }
        CHECK(sd_bus_message_close_container(reply) >= 0);
        CHECK(sd_bus_send(NULL, reply, NULL) >= 0);
        sd_bus_message_unref(reply);
        return 1;
}

static int on_link(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *state, *text;

        (void) userdata;
        (void) error;
        CHECK(sd_bus_message_read(m, "ss", &state, &text) >= 0);
        printf("link %s: %s\n", state, text);
        return sd_bus_reply_method_return(m, "");
}

/* --- Reports --- */

static uint64_t number(const char *text) {
        char *end;
        uint64_t value;

        CHECK(text);
        errno = 0;
        value = strtoull(text, &end, 10);
        CHECK(errno == 0 && end != text && *end == '\0');
        return value;
}

static struct frame read_frame(char *word) {
        struct frame f = {};

        (void) snprintf(f.group, sizeof(f.group), "%s", strsep(&word, ":"));
        f.number = number(strsep(&word, ":"));
        f.size = number(word);
        return f;
}

static int on_report(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_free_ uint8_t *frame = NULL;
        sd_bus_message *reply = NULL;
        size_t len = 0;

        (void) userdata;
        (void) error;
        if (report.number > 0)
                frame = make_frame('r', &report, &len);
        CHECK(sd_bus_message_new_method_return(m, &reply) >= 0);
        CHECK(sd_bus_message_append(reply, "t", report.number) >= 0);
        CHECK(sd_bus_message_append_array(reply, 'y', frame, len) >= 0);
        CHECK(sd_bus_message_append(reply, "t", UINT64_C(600)) >= 0);
        CHECK(sd_bus_send(NULL, reply, NULL) >= 0);
        sd_bus_message_unref(reply);
        return 1;
}

static int on_reported(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *outcome, *text;
        uint64_t number, last;

        (void) userdata;
        (void) error;
        CHECK(sd_bus_message_read(m, "tsts", &number, &outcome, &last, &text) >= 0);
        CHECK(number == report.number);
        printf("report %" PRIu64 " %s %" PRIu64 ": %s\n", number, outcome, last, text);
        report.number = 0;
        return sd_bus_reply_method_return(m, "");
}

static int on_reports(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;

        (void) userdata;
        (void) error;
        CHECK(issuing);
        CHECK(sd_bus_message_new_method_return(m, &reply) >= 0);
        CHECK(sd_bus_message_open_container(reply, 'a', "(st)") >= 0);
        for (size_t i = 0; i < n_hosts; i++)
                CHECK(sd_bus_message_append(reply, "(st)", hosts[i].group, hosts[i].number) >= 0);
        CHECK(sd_bus_message_close_container(reply) >= 0);
        CHECK(sd_bus_send(NULL, reply, NULL) >= 0);
        sd_bus_message_unref(reply);
        return 1;
}

/* The records of a report are kept with a second call. */
static int on_take(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct frame *host = NULL;
        const void *bytes;
        const char *name;
        size_t len;

        (void) userdata;
        CHECK(sd_bus_message_read(m, "s", &name) >= 0);
        CHECK(sd_bus_message_read_array(m, 'y', &bytes, &len) >= 0);
        CHECK(len <= CHUNK);
        for (size_t i = 0; i < n_hosts; i++)
                if (strcmp(hosts[i].group, name) == 0)
                        host = &hosts[i];
        CHECK(host);
        if (len == 0) {
                host->number = frame_number(taking.part);
                printf("took %s %" PRIu64 " of %zu bytes\n", name, host->number, taking.len);
                taking.len = 0;
                return sd_bus_reply_method_return(m, "tb", host->number, 0);
        }
        taking.part = realloc(taking.part, taking.len + len);
        CHECK(taking.part);
        memcpy(taking.part + taking.len, bytes, len);
        taking.len += len;
        if (frame_len(taking.part, taking.len) > taking.len)
                return sd_bus_reply_method_return(m, "tb", host->number, 0);
        if (busy) {
                busy = false;
                taking.len = 0;
                printf("could not write a report of %s\n", name);
                return sd_bus_error_set(error, "org.wfapikey1.Error.Store", "the disk is full");
        }
        if (taking.part[7] == 'r' && is_signed(taking.part, taking.len) &&
            strcmp((const char *) taking.part + 80, name) == 0)
                return sd_bus_reply_method_return(m, "tb", host->number, 1);
        taking.len = 0;
        printf("refused a report of %s\n", name);
        return sd_bus_error_set(error, "org.wfapikey1.Error.Refused", "this report is not right");
}

static void send_report(char *rest) {
        sd_bus_message *m = NULL;

        report = read_frame(rest);
        if (!fleetd)
                return;
        CHECK(sd_bus_message_new_signal(fleetd, &m, "/org/wfapikey1", "org.wfapikey1.Manager",
                                        "FleetWork") >= 0);
        CHECK(sd_bus_message_append(m, "stasa(stay)", "report", UINT64_C(0), 0, 0) >= 0);
        CHECK(sd_bus_send(NULL, m, NULL) >= 0);
        sd_bus_message_unref(m);
}

static void set_hosts(char *rest) {
        char *word;

        n_hosts = 0;
        while ((word = strsep(&rest, " "))) {
                CHECK(n_hosts < GROUPS_MAX);
                hosts[n_hosts++] = read_frame(word);
        }
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("FleetAttach", "u", "a{sv}", on_attach, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetDone", "tss", "", on_done, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetWrite", "say", "t", on_write, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetHeads", "ay", "", on_heads, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetSignHeads", "", "a(stay)", on_sign, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetLink", "ss", "", on_link, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetReport", "", "tayt", on_report, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetReported", "tsts", "", on_reported, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetReports", "", "a(st)", on_reports, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FleetTakeReport", "say", "tb", on_take, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* --- Commands -------------------------------------------------------------------------- */

static void set_state(char *rest) {
        char *word;

        (void) snprintf(conninfo, sizeof(conninfo), "%s", strsep(&rest, " "));
        issuing = strcmp(strsep(&rest, " "), "issuing") == 0;
        joined = true;
        n_groups = 0;
        while ((word = strsep(&rest, " "))) {
                struct group *g = &groups[n_groups++];

                CHECK(n_groups < GROUPS_MAX);
                (void) snprintf(g->name, sizeof(g->name), "%s", strsep(&word, ":"));
                g->number = number(word);
                g->len = 0;
        }
}

static void add_order(const char *kind, char *rest) {
        struct order *o = &orders[n_orders++];
        char *word;

        CHECK(n_orders < ORDERS_MAX);
        *o = (struct order){};
        (void) snprintf(o->kind, sizeof(o->kind), "%s", kind);
        (void) snprintf(o->work, sizeof(o->work), "%s", rest ? strsep(&rest, " ") : "-");
        while ((word = strsep(&rest, " "))) {
                CHECK(o->n < FRAMES_MAX);
                o->frames[o->n++] = read_frame(word);
        }
        send_order();
}

static void forge(char *rest) {
        struct frame f = read_frame(rest);
        size_t len;
        _cleanup_free_ uint8_t *frame = make_frame('c', &f, &len);

        printf("frame ");
        for (size_t i = 0; i < len; i++)
                printf("%02x", frame[i]);
        printf("\n");
}

static void run_command(char *line) {
        char *rest = line;
        const char *word = strsep(&rest, " ");

        if (strcmp(word, "state") == 0)
                set_state(rest);
        else if (strcmp(word, "out") == 0)
                joined = false;
        else if (strcmp(word, "forge") == 0)
                forge(rest);
        else if (strcmp(word, "report") == 0)
                send_report(rest);
        else if (strcmp(word, "busy") == 0)
                busy = true;
        else if (strcmp(word, "hosts") == 0)
                set_hosts(rest);
        else
                add_order(word, rest);
}

static int on_command(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        static char line[2048];
        size_t n = 0;

        (void) revents;
        (void) userdata;
        do {
                CHECK(n < sizeof(line));
                if (read(fd, line + n, 1) <= 0)
                        return sd_event_exit(sd_event_source_get_event(source), 0);
        } while (line[n++] != '\n');
        line[n - 1] = '\0';
        run_command(line);
        printf("ok\n");
        return 0;
}

/* --- Connections ----------------------------------------------------------------------- */

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
                printf("disconnected\n");
                if (fleetd == sd_bus_message_get_bus(m))
                        fleetd = NULL;
        }
        return 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        sd_bus *bus = NULL;
        sd_id128_t id;

        (void) revents;
        (void) userdata;
        CHECK(peer >= 0 && sd_id128_randomize(&id) >= 0 && sd_bus_new(&bus) >= 0);
        CHECK(sd_bus_set_fd(bus, peer, peer) >= 0 && sd_bus_set_server(bus, 1, id) >= 0);
        CHECK(sd_bus_set_anonymous(bus, 1) >= 0 && sd_bus_set_sender(bus, "org.wfapikey1") >= 0);
        CHECK(sd_bus_add_object_vtable(bus, NULL, "/org/wfapikey1", "org.wfapikey1.Manager", vtable,
                                       NULL) >= 0);
        CHECK(sd_bus_add_filter(bus, NULL, on_message, NULL) >= 0);
        /* One that has gone already. */
        if (sd_bus_start(bus) < 0) {
                sd_bus_close_unref(bus);
                return 0;
        }
        CHECK(sd_bus_attach_event(bus, sd_event_source_get_event(source), 0) >= 0);
        return 0;
}

int main(int argc, char *argv[]) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        sd_event *event;
        int fd;

        CHECK((argc == 3 || argc == 4) && strlen(argv[1]) < sizeof(address.sun_path));
        me = argv[2];
        setlinebuf(stdout);
        if (argc == 4)
                run_command(argv[3]);
        (void) strcpy(address.sun_path, argv[1]);
        (void) unlink(argv[1]);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0);
        CHECK(listen(fd, 8) == 0 && sd_event_new(&event) >= 0);
        CHECK(sd_event_add_io(event, NULL, fd, EPOLLIN, on_accept, NULL) >= 0);
        CHECK(sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_command, NULL) >= 0);
        printf("ready\n");
        return sd_event_loop(event) < 0;
}
