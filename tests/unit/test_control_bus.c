/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection of the control socket, seen from its client: what foreign libraries for D-Bus send
 * and ask. The client and the daemon's end share a loop, so nothing happens at the same time. */
#include <sys/un.h>

#include "unit.h"

#include "control/control_bus.h"
#include "control/control_state.h"

#define OBJECT    "/org/freedesktop/DBus"
#define INTERFACE "org.freedesktop.DBus"

struct host {
        void *dir;
        sd_event *event;
        struct control control;
        struct control_bus *bus;
        struct sockaddr_un address;
        int client; /* connected */
};

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));
        char path[UNIT_PATH_LEN];
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (!h || fd < 0 || unit_dir_make(&h->dir) < 0 || sd_event_new(&h->event) < 0)
                return -1;
        h->address.sun_family = AF_UNIX;
        (void) unit_join(path, h->dir, "control");
        assert_in_range(strlen(path), 1, sizeof(h->address.sun_path) - 1);
        memcpy(h->address.sun_path, path, strlen(path));
        h->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bind(fd, (struct sockaddr *) &h->address, sizeof(h->address)) < 0 ||
            listen(fd, 1) < 0 || control_bus_new(&h->bus, h->event, fd, &h->control) < 0 ||
            connect(h->client, (struct sockaddr *) &h->address, sizeof(h->address)) < 0)
                return -1;
        *state = h;
        return 0;
}

static int drop(void **state) {
        struct host *h = *state;

        control_bus_free(h->bus);
        sd_event_unref(h->event);
        if (h->client >= 0)
                (void) close(h->client);
        (void) unit_dir_remove(&h->dir);
        free(h);
        return 0;
}

#define test_with_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* Lets the loop do all that there is to do. */
static void settle(struct host *h) {
        int r;

        do {
                r = sd_event_run(h->event, 0);
                unit_succeeds("sd_event_run", r);
        } while (r > 0);
}

/* --- The first message --- */

/* Hello, serial 1, little endian. Source: D-Bus specification, "Message Format". */
#define HELLO                                                                                      \
        "l\1\0\1" /* a call */                                                                     \
        "\0\0\0\0\1\0\0\0\116\0\0\0"                                                               \
        "\1\1o\0\25\0\0\0" OBJECT "\0\0\0"                                                         \
        "\2\1s\0\24\0\0\0" INTERFACE "\0\0\0\0"                                                    \
        "\3\1s\0\5\0\0\0"                                                                          \
        "Hello\0\0\0"
#define HELLO_LEN (sizeof(HELLO) - 1)

#define AUTH "\0AUTH EXTERNAL\r\nDATA\r\n"

static void give(struct host *h, const void *bytes, size_t len) {
        assert_int_equal(send(h->client, bytes, len, MSG_NOSIGNAL), len);
        settle(h);
}

static void check_authenticated(struct host *h) {
        char text[128] = "";

        assert_in_range(recv(h->client, text, sizeof(text) - 1, 0), 1, sizeof(text) - 1);
        assert_non_null(strstr(text, "OK "));
}

/* The replies to so many calls have come, each with the name of the client. */
static void check_hello_answered(struct host *h, unsigned calls) {
        char bytes[1024];
        ssize_t n = recv(h->client, bytes, sizeof(bytes), 0);
        unsigned names = 0;

        for (ssize_t i = 0; i + 5 <= n; i++)
                if (memcmp(bytes + i, ":1.1", 5) == 0)
                        names++;
        assert_int_equal(names, calls);
}

/* As libdbus does, when the two that it writes arrive together. */
static void test_a_call_may_come_with_the_line_that_begins(void **state) {
        give(*state, AUTH, sizeof(AUTH) - 1);
        check_authenticated(*state);
        give(*state, "BEGIN\r\n" HELLO, 7 + HELLO_LEN);
        check_hello_answered(*state, 1);
}

static void test_several_calls_may_come_with_it(void **state) {
        give(*state, AUTH, sizeof(AUTH) - 1);
        check_authenticated(*state);
        give(*state, "BEGIN\r\n" HELLO HELLO HELLO, 7 + 3 * HELLO_LEN);
        check_hello_answered(*state, 3);
}

static void test_the_rest_of_a_call_may_come_later(void **state) {
        for (size_t first = 1; first <= 7 + HELLO_LEN; first += 6) {
                void *other = NULL;

                assert_int_equal(make(&other), 0);
                give(other, AUTH, sizeof(AUTH) - 1);
                check_authenticated(other);
                give(other, "BEGIN\r\n" HELLO, first);
                give(other, &("BEGIN\r\n" HELLO)[first], 7 + HELLO_LEN - first);
                check_hello_answered(other, 1);
                assert_int_equal(drop(&other), 0);
        }
        (void) state;
}

/* A client that does not wait for the answer to its authentication. */
static void test_all_may_come_at_once(void **state) {
        give(*state, AUTH "BEGIN\r\n" HELLO, sizeof(AUTH) - 1 + 7 + HELLO_LEN);
        check_hello_answered(*state, 1);
}

/* --- What a bus would answer --- */

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) error;
        *(sd_bus_message **) userdata = sd_bus_message_ref(m);
        return 1;
}

static void check_value(const char *row, sd_bus_message *answer, const char *type, const char *text,
                        unsigned number) {
        const char *got_text = NULL;
        unsigned got = 0;

        unit_str(row, sd_bus_message_get_signature(answer, true), type);
        if (*type == 's') {
                unit_succeeds(row, sd_bus_message_read(answer, type, &got_text));
                unit_str(row, got_text, text);
        } else if (*type) {
                unit_succeeds(row, sd_bus_message_read(answer, type, &got));
                unit_int(row, got, number);
        }
}

static void test_what_a_bus_would_answer(void **state) {
        static const struct {
                const char *member, *takes, *name, *error, *gives, *text;
                unsigned number;
        } rows[] = {
                { "Hello", "", "", "", "s", ":1.1", 0 },
                { "AddMatch", "s", "type='signal',sender='org.wfapikey1'", "", "", "", 0 },
                { "RemoveMatch", "s", "type='signal',sender='org.wfapikey1'", "", "", "", 0 },
                { "GetNameOwner", "s", "org.wfapikey1", "", "s", "org.wfapikey1", 0 },
                { "GetNameOwner", "s", INTERFACE, "", "s", INTERFACE, 0 },
                { "GetNameOwner", "s", ":1.1", "", "s", ":1.1", 0 },
                { "GetNameOwner", "s", "org.example", SD_BUS_ERROR_NAME_HAS_NO_OWNER, "s", "", 0 },
                { "NameHasOwner", "s", "org.wfapikey1", "", "b", "", 1 },
                { "NameHasOwner", "s", INTERFACE, "", "b", "", 1 },
                { "NameHasOwner", "s", ":1.1", "", "b", "", 1 },
                { "NameHasOwner", "s", ":1.2", "", "b", "", 0 },
                { "NameHasOwner", "s", "", "", "b", "", 0 },
                { "StartServiceByName", "su", "org.wfapikey1", "", "u", "", 2 },
                { "StartServiceByName", "su", "org.example", SD_BUS_ERROR_SERVICE_UNKNOWN, "s", "",
                  0 },
        };
        struct host *h = *state;
        sd_bus *client = NULL;

        unit_succeeds("new", sd_bus_new(&client));
        unit_succeeds("set_fd", sd_bus_set_fd(client, h->client, h->client));
        h->client = -1;
        unit_succeeds("start", sd_bus_start(client));
        unit_succeeds("attach", sd_bus_attach_event(client, h->event, SD_EVENT_PRIORITY_NORMAL));
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                sd_bus_message *answer = NULL;
                const sd_bus_error *error;

                /* the number is for the row that takes one */
                unit_succeeds(rows[i].member,
                              sd_bus_call_method_async(client, NULL, CONTROL_BUS_NAME, OBJECT,
                                                       INTERFACE, rows[i].member, on_answer,
                                                       &answer, rows[i].takes, rows[i].name, 0U));
                settle(h);
                assert_non_null(answer);
                error = sd_bus_message_get_error(answer);
                unit_str(rows[i].member, error ? error->name : "", rows[i].error);
                unit_str(rows[i].member, sd_bus_message_get_sender(answer), CONTROL_BUS_NAME);
                if (!error)
                        check_value(rows[i].member, answer, rows[i].gives, rows[i].text,
                                    rows[i].number);
                sd_bus_message_unref(answer);
        }
        (void) sd_bus_detach_event(client);
        sd_bus_close(client);
        sd_bus_unref(client);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_with_host(test_a_call_may_come_with_the_line_that_begins),
                test_with_host(test_several_calls_may_come_with_it),
                cmocka_unit_test(test_the_rest_of_a_call_may_come_later),
                test_with_host(test_all_may_come_at_once),
                test_with_host(test_what_a_bus_would_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
