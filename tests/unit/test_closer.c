/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections in which descriptors wait that take an hour to close. Whatever is done with them, it
 * is done at once, and they are closed. */
#include "unit_linger.h"

#include "base/closer.h"
#include "base/peer.h"

static int make(void **state) {
        sd_event *event = NULL;

        if (sd_event_new(&event) < 0 || closer_start(event) < 0)
                return -1;
        *state = event;
        return 0;
}

static int drop(void **state) {
        closer_stop();
        sd_event_unref(*state);
        return 0;
}

/* What a peer has sent before its connection is closed. */
struct row {
        const char *name;
        int type, flags;
        bool empty_first, plain_first;
        size_t len;
};

static const struct row rows[] = {
        { "with a message", SOCK_SEQPACKET, 0, false, false, 5 },
        { "with an empty message", SOCK_SEQPACKET, 0, false, false, 0 },
        { "behind an empty message", SOCK_SEQPACKET, 0, true, false, 5 },
        { "behind a message", SOCK_SEQPACKET, 0, false, true, 5 },
        { "in a stream", SOCK_STREAM, 0, false, false, 5 },
        { "behind bytes of a stream", SOCK_STREAM, 0, false, true, 5 },
        { "out of band", SOCK_STREAM, MSG_OOB, false, false, 1 },
};

/* Returns the daemon's end. ${ret_peer} is the attacker's. */
static int attack(const struct row *row, struct unit_linger *linger, int *ret_peer) {
        int pair[2];

        assert_true(unit_linger_make(linger));
        assert_int_equal(socketpair(AF_UNIX, row->type | SOCK_CLOEXEC, 0, pair), 0);
        if (row->empty_first)
                assert_int_equal(send(pair[1], "", 0, 0), 0);
        if (row->plain_first)
                assert_int_equal(send(pair[1], "plain", 5, 0), 5);
        unit_linger_pass(pair[1], "hello", row->len, row->flags, linger);
        *ret_peer = pair[1];
        return pair[0];
}

/* The child has no event of its own here, so this waits for the witness. */
static void check_closed(sd_event *event, const struct row *row, const struct unit_linger *linger) {
        while (!unit_linger_is_closed(linger))
                unit_succeeds(row->name, sd_event_run(event, 20000));
}

static void test_a_connection_with_descriptors_is_closed_at_once(void **state) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct unit_linger linger;
                int peer, fd = attack(&rows[i], &linger, &peer);

                closer_close(&fd);
                assert_int_equal(fd, -1);
                check_closed(*state, &rows[i], &linger);
                assert_int_equal(send(peer, "x", 1, MSG_NOSIGNAL), -1);
                unit_linger_done(&linger);
                (void) close(peer);
        }
}

static void test_what_comes_with_descriptors_is_not_received(void **state) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct unit_linger linger;
                int peer, fd = attack(&rows[i], &linger, &peer);
                char bytes[16];
                ssize_t n;

                /* as the loop does: what has nothing with it is received */
                while ((n = peer_peek(fd, bytes, sizeof(bytes))) >= 0)
                        (void) recv(fd, bytes, (size_t) n, MSG_DONTWAIT);
                unit_int(rows[i].name, n, -EBADMSG);
                unit_int(rows[i].name, unit_linger_is_closed(&linger), false);
                closer_close(&fd);
                check_closed(*state, &rows[i], &linger);
                unit_linger_done(&linger);
                (void) close(peer);
        }
}

static void test_a_listening_socket_is_closed_with_what_waits(void **state) {
        static const struct row row = { "listening", .len = 5 };
        sa_family_t any = AF_UNIX;
        struct sockaddr_storage sa;
        socklen_t len = sizeof(sa);
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct unit_linger linger;

        assert_true(unit_linger_make(&linger));
        assert_int_equal(bind(listener, (struct sockaddr *) &any, sizeof(any)), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *) &sa, &len), 0);
        assert_int_equal(connect(client, (struct sockaddr *) &sa, len), 0);
        unit_linger_pass(client, "hello", 5, 0, &linger);
        closer_close(&listener);
        check_closed(*state, &row, &linger);
        unit_linger_done(&linger);
        (void) close(client);
}

/* No child is needed, so nothing waits for one. */
static void test_a_connection_without_descriptors_is_closed_here(void **state) {
        static const int types[] = { SOCK_SEQPACKET, SOCK_STREAM };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
                int pair[2], fds = unit_count_fds();

                assert_int_equal(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, pair), 0);
                closer_close(&pair[0]);
                closer_close(&pair[0]);
                (void) close(pair[1]);
                assert_int_equal(unit_count_fds(), fds);
        }
}

#define test_closer(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_closer(test_a_connection_with_descriptors_is_closed_at_once),
                test_closer(test_what_comes_with_descriptors_is_not_received),
                test_closer(test_a_listening_socket_is_closed_with_what_waits),
                test_closer(test_a_connection_without_descriptors_is_closed_here),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
