/* SPDX-License-Identifier: BSD-2-Clause */
/* A mirror on its way in, by a call over the control socket. Every answer is compared with what
 * the store knows of the keys' owners at that moment, because the next thing that a client does
 * is a login. The files of accounts and the directory are of our own making, and both can be
 * held up. The helpers are this very program. */
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#include "unit_directory.h"
#include "unit_store.h"

#include "accounts/accounts.h"
#include "base/sockets.h"
#include "bootstrap.h"
#include "control/control_bus.h"
#include "control/control_state.h"
#include "mirror/mirror.h"

#define NOW    INT64_C(1800000000)
#define SECOND UINT64_C(1000000)
#define ROOT   "root:x:0:0::/root:/bin/sh\n"
#define ALICE  "alice:x:1000:100::/:/bin/sh\n"

/* --- Patience: the five seconds that a call waits for directories are nothing, or more than any
 * machine needs. A helper that hangs does so for longer. --- */

static bool impatient;

int __real_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                                      uint64_t usec, uint64_t accuracy,
                                      sd_event_time_handler_t callback, void *userdata) {
        if (usec == 5 * SECOND)
                usec = impatient ? 0 : 600 * SECOND;
        return __real_sd_event_add_time_relative(e, ret, clock, usec, accuracy, callback, userdata);
}

/* --- A host that has a mirror of another one in hand --- */

struct host {
        char *dir;
        char etc[UNIT_PATH_LEN], passwd[UNIT_PATH_LEN];
        struct store_shared shared;
        struct bootstrap state; /* its writer is the worker's */
        struct mirror *mirror;
        struct conf conf;
        sd_event *event;
        struct worker *worker;
        struct accounts *accounts;
        struct control control;
        struct control_bus *bus;
        sd_bus *client;
        int fifo; /* the writing end of passwd */
        uint64_t token;
        unsigned answered;
        struct account_record known; /* when the answer came */
        const char *owner;
};

static void open_state(const char *dir, struct store_shared *shared, struct bootstrap *ret) {
        char error[ERROR_LEN];

        atomic_init(&shared->generation, 1);
        assert_int_equal(bootstrap_open(dir, shared, ret, error), 0);
}

static void close_state(struct bootstrap *state) {
        store_freep(&state->reader);
        store_freep(&state->writer);
        (void) highwater_free(state->seen);
        (void) keymint_free(state->keymint);
        (void) close(state->lock);
}

/* Another host's key of this owner comes along as far as the commit. */
static void bring(struct host *h, const char *owner) {
        char dir[UNIT_PATH_LEN], public[SEAL_TEXT_LEN + 1];
        uint8_t bytes[MIRROR_EXPORT_MAX];
        struct store_shared shared = {};
        struct bootstrap source;
        struct key_record key = unit_key("aaaaaaaaaa", owner);
        struct mirror *mirror = NULL;
        uint64_t token, keys;
        size_t len;
        int r;

        open_state(unit_join(dir, h->dir, "source"), &shared, &source);
        key.pepper_id = keymint_pepper_id(source.keymint);
        assert_int_equal(store_begin(source.writer), 0);
        assert_int_equal(store_key_insert(source.writer, &key), 0);
        assert_int_equal(store_commit(source.writer), 0);
        assert_int_equal(mirror_new(&mirror, source.lock, source.keymint), 0);
        assert_int_equal(mirror_keygen(h->mirror, false, public), 0);
        assert_int_equal(
                mirror_export(mirror, source.writer, 1, public, SEAL_MIRROR, NOW, &token, &keys),
                0);
        assert_int_equal(mirror_import(h->mirror, h->state.writer, 1,
                                       &(struct mirror_import_options){ .kind = SEAL_MIRROR }, NOW,
                                       &h->token),
                         0);
        do {
                r = mirror_read(mirror, source.writer, token, NOW, bytes, &len, &keys);
                assert_in_range(r, 0, 1);
                assert_int_equal(mirror_write(h->mirror, h->state.writer, h->token, bytes, len), 0);
        } while (r > 0);
        (void) mirror_free(mirror);
        close_state(&source);
        h->owner = owner;
}

static void on_written(void *userdata) {
        store_release(((struct host *) userdata)->state.reader);
}

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));
        char path[UNIT_PATH_LEN];
        void *dir = NULL;

        if (!h || unit_dir_make(&dir) < 0)
                return -1;
        h->dir = dir;
        h->fifo = -1;
        unit_directory_helpers = 0;
        unit_directory_patience = 600 * SECOND;
        impatient = false;
        (void) unit_join(h->etc, h->dir, "etc");
        (void) unit_join(h->passwd, h->etc, "passwd");
        if (mkdir(h->etc, 0700) < 0)
                return -1;
        unit_write(h->passwd, ROOT, strlen(ROOT), 0600);
        unit_write(unit_join(path, h->etc, "shadow"), "", 0, 0600);
        open_state(unit_join(path, h->dir, "state"), &h->shared, &h->state);
        *state = h;
        return mirror_new(&h->mirror, h->state.lock, h->state.keymint);
}

/* From here on the store's writer is the thread's. */
static void begin(struct host *h) {
        char path[UNIT_PATH_LEN];
        struct sockets sockets;
        char error[ERROR_LEN], verify[UNIT_PATH_LEN], address[UNIT_PATH_LEN + 16];

        assert_int_equal(sd_event_new(&h->event), 0);
        assert_int_equal(worker_new(&h->worker, h->event, h->state.writer, on_written, h), 0);
        h->state.writer = NULL;
        assert_int_equal(accounts_new(&h->accounts, h->event, h->worker, h->etc), 0);
        h->control.fixed.worker = h->worker;
        h->control.fixed.accounts = h->accounts;
        h->control.writer.mirror = h->mirror;
        h->control.loop.conf = &h->conf;
        h->control.fixed.shared = &h->shared;
        assert_int_equal(sockets_open(unit_join(verify, h->dir, "verify"),
                                      unit_join(path, h->dir, "control"), &sockets, error),
                         0);
        (void) close(sockets.verify);
        assert_int_equal(control_bus_new(&h->bus, h->event, sockets.control, &h->control), 0);
        (void) snprintf(address, sizeof(address), "unix:path=%s", path);
        unit_succeeds("sd_bus_new", sd_bus_new(&h->client));
        unit_succeeds("sd_bus_set_address", sd_bus_set_address(h->client, address));
        unit_succeeds("sd_bus_start", sd_bus_start(h->client));
        unit_succeeds("sd_bus_attach_event", sd_bus_attach_event(h->client, h->event, 0));
}

/* The thread that reads a passwd without an end must come to its own. */
static void let_go(struct host *h) {
        if (h->fifo >= 0)
                (void) close(h->fifo);
        h->fifo = -1;
}

static void end(struct host *h) {
        (void) unlink(h->passwd);
        let_go(h);
        (void) sd_bus_flush_close_unref(h->client);
        h->client = NULL;
        h->bus = control_bus_free(h->bus);
        accounts_stop(h->accounts);
        h->worker = worker_free(h->worker);
        h->accounts = accounts_free(h->accounts);
}

static int drop(void **state) {
        struct host *h = *state;
        void *dir = h->dir;

        end(h);
        (void) mirror_free(h->mirror);
        close_state(&h->state);
        sd_event_unref(h->event);
        free(h);
        while (waitpid(-1, NULL, 0) > 0)
                continue;
        return unit_dir_remove(&dir);
}

#define test_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* What a login would find. */
static struct account_record known(struct host *h, const char *name) {
        struct account_record account = {};
        bool changed;

        assert_int_equal(store_refresh(h->state.reader, &changed), 0);
        (void) !store_account_get(h->state.reader, name, &account);
        return account;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct host *h = userdata;

        (void) error;
        if (sd_bus_message_is_method_error(m, NULL))
                print_error("%s\n", sd_bus_message_get_error(m)->message);
        unit_int("is an error", sd_bus_message_is_method_error(m, NULL), 0);
        h->known = known(h, h->owner);
        h->answered++;
        return 0;
}

static void commit(struct host *h) {
        unit_succeeds("sd_bus_call_method_async",
                      sd_bus_call_method_async(h->client, NULL, NULL, CONTROL_OBJECT_PATH,
                                               CONTROL_INTERFACE, "MirrorImportCommit", on_answer,
                                               h, "t", h->token));
}

static void run_until_answered(struct host *h) {
        while (h->answered == 0)
                unit_succeeds("sd_event_run", sd_event_run(h->event, UINT64_MAX));
        assert_int_equal(h->answered, 1);
}

/* --- Tests --- */

/* A passwd that does not come to its end: the thread that reads it waits in open(2). */
static void test_files_are_read_before_the_answer(void **state) {
        struct host *h = *state;
        char next[UNIT_PATH_LEN];

        bring(h, "alice");
        assert_int_equal(unlink(h->passwd), 0);
        assert_int_equal(mkfifo(h->passwd, 0600), 0);
        begin(h);
        commit(h);
        while ((h->fifo = open(h->passwd, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
                unit_succeeds("sd_event_run", sd_event_run(h->event, SECOND / 100));
        /* What was sent is there when the loop has nothing more to do. */
        while (sd_event_run(h->event, 0) > 0)
                continue;
        assert_int_equal(h->answered, 0);

        /* the others that may read it need not wait */
        unit_write(unit_join(next, h->etc, "next"), ROOT ALICE, strlen(ROOT ALICE), 0600);
        assert_int_equal(rename(next, h->passwd), 0);
        assert_int_equal(write(h->fifo, ROOT ALICE, strlen(ROOT ALICE)), strlen(ROOT ALICE));
        let_go(h);
        run_until_answered(h);
        assert_int_equal(h->known.state, ACCOUNT_PRESENT);
        assert_int_equal(h->known.local, true);
}

static void test_directories_are_asked_before_the_answer(void **state) {
        struct host *h = *state;

        bring(h, "remote1");
        begin(h);
        commit(h);
        run_until_answered(h);
        assert_int_equal(h->known.state, ACCOUNT_PRESENT);
        assert_int_equal(h->known.local, false);
        assert_int_equal(unit_directory_helpers, 1);
}

static void test_nobody_waits_for_long_for_a_directory(void **state) {
        struct host *h = *state;

        impatient = true;
        bring(h, "hang1");
        begin(h);
        commit(h);
        run_until_answered(h);
        assert_int_equal(h->known.state, ACCOUNT_UNKNOWN);
        /* the directory is asked all the same */
        while (unit_directory_helpers == 0)
                unit_succeeds("sd_event_run", sd_event_run(h->event, SECOND / 100));
}

/* The daemon ends while a directory is being asked: the call goes with it. */
static void test_the_end_meanwhile(void **state) {
        struct host *h = *state;

        bring(h, "hang1");
        begin(h);
        commit(h);
        while (unit_directory_helpers == 0)
                unit_succeeds("sd_event_run", sd_event_run(h->event, SECOND / 100));
        end(h);
        assert_int_equal(h->answered, 0);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                test_host(test_files_are_read_before_the_answer),
                test_host(test_directories_are_asked_before_the_answer),
                test_host(test_nobody_waits_for_long_for_a_directory),
                test_host(test_the_end_meanwhile),
        };
        int status;

        if (unit_directory_main(argc, argv, &status))
                return status;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
