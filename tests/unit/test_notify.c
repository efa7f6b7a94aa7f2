/* SPDX-License-Identifier: BSD-2-Clause */
/* What the service manager is told, and that nothing waits for one that does not read. */
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#include "unit.h"

#include "notify.h"
#include "watchdog.h"

/* What sendto() fails with once; 0: it does what it does */
static int failure;

ssize_t __real_sendto(int fd, const void *in, size_t len, int flags, const struct sockaddr *address,
                      socklen_t address_len);
ssize_t __wrap_sendto(int fd, const void *in, size_t len, int flags, const struct sockaddr *address,
                      socklen_t address_len);

ssize_t __wrap_sendto(int fd, const void *in, size_t len, int flags, const struct sockaddr *address,
                      socklen_t address_len) {
        if (failure == 0)
                return __real_sendto(fd, in, len, flags, address, address_len);
        errno = failure;
        failure = 0;
        return -1;
}

struct manager {
        char path[UNIT_PATH_LEN];
        char text[128];
        int fd;
};

/* A path, or a name that no file has where ${path} begins with '@'. */
static void manage(struct manager *m, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t len = strlen(path);

        assert_in_range(len, 1, sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, path, len);
        if (*path == '@')
                address.sun_path[0] = '\0';
        m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        unit_succeeds("socket", m->fd);
        unit_succeeds("bind", bind(m->fd, (struct sockaddr *) &address,
                                   (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len)));
        assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
}

static void manage_in_dir(struct manager *m, const char *dir) {
        (void) snprintf(m->path, sizeof(m->path), "%s/notify", dir);
        manage(m, m->path);
}

/* The next text, or "" where there is none. */
static const char *heard(struct manager *m) {
        ssize_t n = recv(m->fd, m->text, sizeof(m->text) - 1, 0);

        m->text[n < 0 ? 0 : n] = '\0';
        return m->text;
}

static void fill(void) {
        int r = 0;

        while (r == 0)
                r = notify_once("FILL=1");
        assert_int_equal(r, -EAGAIN);
}

static void empty(struct manager *m) {
        while (*heard(m))
                assert_string_equal(m->text, "FILL=1");
}

static void leave(struct manager *m) {
        assert_int_equal(close(m->fd), 0);
        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
        assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
}

static void test_addresses(void **state) {
        char name[64], longest[200];
        struct manager m;

        manage_in_dir(&m, *state);
        assert_int_equal(notify_once("READY=1\nSTATUS=x"), 0);
        assert_string_equal(heard(&m), "READY=1\nSTATUS=x");
        leave(&m);
        assert_int_equal(notify_once("READY=1"), 0); /* nobody wants to know */
        (void) snprintf(name, sizeof(name), "@wfapikey-test-%d", getpid());
        manage(&m, name);
        assert_int_equal(notify_once("STOPPING=1"), 0);
        assert_string_equal(heard(&m), "STOPPING=1");
        leave(&m);
        memset(longest, '/', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        assert_int_equal(setenv("NOTIFY_SOCKET", longest, 1), 0);
        assert_int_equal(notify_once("READY=1"), -EINVAL);
        assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:2:1", 1), 0);
        assert_int_equal(notify_once("READY=1"), -EINVAL);
        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static void test_a_state_is_told_as_soon_as_there_is_room(void **state) {
        sd_event_source *pending = NULL;
        sd_event *event = NULL;
        struct manager m;

        manage_in_dir(&m, *state);
        assert_int_equal(sd_event_new(&event), 0);
        fill();
        notify_state(&pending, event, "RELOADING=1");
        notify_state(&pending, event, "READY=1"); /* in the place of the other */
        unit_succeeds("still full", sd_event_run(event, UINT64_MAX));
        empty(&m);
        unit_succeeds("room", sd_event_run(event, UINT64_MAX));
        assert_string_equal(heard(&m), "READY=1");
        assert_string_equal(heard(&m), "");
        assert_int_equal(sd_event_source_get_enabled(pending, NULL), 0);
        notify_state(&pending, event, "RELOADING=1");
        assert_null(pending);
        assert_string_equal(heard(&m), "RELOADING=1");
        sd_event_unref(event);
        leave(&m);
}

/* Else a daemon that has no memory for a moment would never be ready for its manager. */
static void test_a_state_is_told_though_memory_was_short(void **state) {
        static const int failures[] = { EAGAIN, ENOBUFS, ENOMEM, EMFILE, ENFILE };
        struct manager m;

        manage_in_dir(&m, *state);
        for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
                sd_event_source *pending = NULL;
                sd_event *event = NULL;

                assert_int_equal(sd_event_new(&event), 0);
                failure = failures[i];
                notify_state(&pending, event, "READY=1");
                assert_string_equal(heard(&m), "");
                unit_int(strerror(failures[i]), pending != NULL, true);
                failure = failures[i];
                unit_succeeds("once more", sd_event_run(event, UINT64_MAX));
                assert_string_equal(heard(&m), "");
                unit_succeeds("then", sd_event_run(event, UINT64_MAX));
                assert_string_equal(heard(&m), "READY=1");
                sd_event_source_disable_unref(pending);
                sd_event_unref(event);
        }
        leave(&m);
}

static int on_turn(sd_event_source *source, void *userdata) {
        (void) source;
        *(bool *) userdata = true;
        return 0;
}

static void test_the_watchdog_waits_for_nobody(void **state) {
        sd_event_source *watchdog = NULL, *turn = NULL;
        bool turned = false;
        sd_event *event = NULL;
        struct manager m;

        manage_in_dir(&m, *state);
        assert_int_equal(setenv("WATCHDOG_USEC", "1000", 1), 0);
        assert_int_equal(sd_event_new(&event), 0);
        fill();
        unit_succeeds("watchdog", watchdog_start(&watchdog, event));
        unit_succeeds("nobody reads", sd_event_run(event, UINT64_MAX));
        unit_succeeds("defer", sd_event_add_defer(event, &turn, on_turn, &turned));
        while (!turned)
                unit_succeeds("the loop goes on", sd_event_run(event, UINT64_MAX));
        empty(&m);
        while (!*heard(&m))
                unit_succeeds("the watchdog goes on", sd_event_run(event, UINT64_MAX));
        assert_string_equal(m.text, "WATCHDOG=1");
        sd_event_source_disable_unref(turn);
        sd_event_source_disable_unref(watchdog);
        sd_event_unref(event);
        leave(&m);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_addresses),
                unit_test_in_dir(test_a_state_is_told_as_soon_as_there_is_room),
                unit_test_in_dir(test_a_state_is_told_though_memory_was_short),
                unit_test_in_dir(test_the_watchdog_waits_for_nobody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
