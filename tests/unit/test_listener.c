/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins on the verify socket while nobody has said whether the key's owner exists: each waits
 * until that is known, or until just before the module would give up. A client is never told that
 * its key is wrong because the daemon knows nothing yet. */
#include <sys/resource.h>
#include <sys/un.h>

#include "unit_verify.h"

#include "login/listener.h"
#include "rules/share.h"

#define ALONE UINT64_MAX

/* How much further away the end of each waiting is, in microseconds. */
#define LATER UINT64_C(3600000000)
static uint64_t later;

/* Whom the kernel names as the peer; or the real one. */
#define REAL ((uid_t) -1)
static uid_t peer_uid = REAL;

int __wrap_peer_cred(int fd, struct peer_cred *ret);
int __real_peer_cred(int fd, struct peer_cred *ret);
int64_t __wrap_clock_now(void);
int __wrap_sd_event_now(sd_event *event, clockid_t clock, uint64_t *ret);
int __real_sd_event_now(sd_event *event, clockid_t clock, uint64_t *ret);

int __wrap_peer_cred(int fd, struct peer_cred *ret) {
        int r = __real_peer_cred(fd, ret);

        if (r >= 0 && peer_uid != REAL)
                ret->uid = peer_uid;
        return r;
}

int64_t __wrap_clock_now(void) {
        return NOW;
}

int __wrap_sd_event_now(sd_event *event, clockid_t clock, uint64_t *ret) {
        int r = __real_sd_event_now(event, clock, ret);

        *ret += later;
        return r;
}

/* --- A daemon's part, and clients in this process --- */

struct host {
        struct unit_verify *f;
        sd_event *event;
        struct audit *audit;
        struct readers *readers;
        struct listener *listener;
        struct sockaddr_un sa;
        socklen_t sa_len;
        unsigned wanted; /* how often on_wanted() ran */
        size_t n_fds;    /* closed in the end */
        int fds[2 * LISTENER_OFFERED_MAX];
};

static void on_wanted(void *userdata) {
        ((struct host *) userdata)->wanted++;
}

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        void *f = NULL;

        if (!h || fd < 0 || unit_verify_make(&f) < 0)
                return -1;
        h->f = f;
        h->sa.sun_family = AF_UNIX;
        h->sa_len = sizeof(h->sa);
        assert_int_equal(bind(fd, (struct sockaddr *) &h->sa, sizeof(sa_family_t)), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &h->sa, &h->sa_len), 0);
        assert_int_equal(listen(fd, 64), 0);
        assert_int_equal(sd_event_new(&h->event), 0);
        assert_int_equal(audit_new(&h->audit), 0);
        assert_int_equal(readers_new(&h->readers, h->event, h->f->verify, h->audit), 0);
        assert_int_equal(
                listener_new(&h->listener, h->event, fd, h->f->verify, NULL, h->audit, h->readers),
                0);
        verify_on_unknown(h->f->verify, on_wanted, h);
        later = LATER;
        peer_uid = REAL;
        *state = h;
        return 0;
}

static int drop(void **state) {
        struct host *h = *state;
        void *f = h->f;

        for (size_t i = 0; i < h->n_fds; i++)
                (void) close(h->fds[i]);
        (void) listener_free(h->listener);
        (void) readers_free(h->readers);
        (void) audit_free(h->audit);
        sd_event_unref(h->event);
        free(h);
        return unit_verify_drop(&f);
}

#define test_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

static int call(const struct host *h) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (const struct sockaddr *) &h->sa, h->sa_len), 0);
        return fd;
}

static void ask(int fd, const struct wire_request *req) {
        uint8_t in[WIRE_REQUEST_MAX];

        assert_int_equal(wire_request_encode(in, req), 0);
        assert_int_equal(send(fd, in, wire_request_len(req), MSG_NOSIGNAL), wire_request_len(req));
}

static int log_in(const struct host *h, enum wire_kind kind) {
        struct wire_request req = unit_verify_request(kind);
        int fd = call(h);

        ask(fd, &req);
        return fd;
}

/* Everything that has come in. */
static void run(struct host *h) {
        while (sd_event_run(h->event, 0) > 0)
                continue;
}

static bool is_answered(int fd, struct wire_reply *ret) {
        uint8_t out[WIRE_REPLY_LEN];
        ssize_t n = recv(fd, out, sizeof(out), 0);

        if (n < 0 && errno == EAGAIN)
                return false;
        assert_int_equal(n, sizeof(out));
        assert_int_equal(wire_reply_decode(out, sizeof(out), ret), 0);
        return true;
}

static void check(struct host *h, int fd, enum verdict verdict) {
        struct wire_reply reply;

        while (!is_answered(fd, &reply))
                unit_succeeds("sd_event_run", sd_event_run(h->event, ALONE));
        assert_int_equal(reply.verdict, verdict);
}

static void check_waits(const struct host *h, int fd, size_t waiting) {
        struct wire_reply reply;

        assert_false(is_answered(fd, &reply));
        assert_int_equal(listener_lengths(h->listener).waiting, waiting);
}

static void change(const struct host *h, const char *sql) {
        unit_sql(h->f->store->path, sql);
        h->f->store->shared.generation++;
}

static void forget(const struct host *h) {
        change(h, "DELETE FROM account");
}

static void learn(struct host *h) {
        unit_account_put(h->f->store->writer, "alice", 1000);
        listener_look_again(h->listener);
}

/* --- Waiting --- */

static void test_a_login_waits_until_its_owner_is_known(void **state) {
        struct host *h = *state;
        int fd, other;

        forget(h);
        fd = log_in(h, WIRE_VERIFY);
        run(h);
        check_waits(h, fd, 1);
        assert_true(h->wanted > 0);
        listener_look_again(h->listener); /* nothing is known yet */
        check_waits(h, fd, 1);

        other = call(h);
        learn(h);
        check(h, fd, VERDICT_ALLOW);
        assert_int_equal(listener_lengths(h->listener).waiting, 0);
        (void) close(fd);
        (void) close(other);
}

/* A user whom the passwd file has lost may have moved to a directory. */
static void test_a_login_waits_until_the_directory_has_answered(void **state) {
        static const struct {
                const char *sql;
                enum verdict verdict;
        } ends[] = {
                { "UPDATE account SET state = 1", VERDICT_ALLOW },
                { "UPDATE account SET checked_at = 1", VERDICT_DENY },
        };
        struct host *h = *state;

        for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
                int fd;

                change(h, "UPDATE account SET state = 2, local = 1, checked_at = 0");
                fd = log_in(h, WIRE_VERIFY);
                run(h);
                check_waits(h, fd, 1);
                change(h, ends[i].sql);
                listener_look_again(h->listener);
                check(h, fd, ends[i].verdict);
                (void) close(fd);
        }
}

static void test_what_nobody_says_is_an_outage(void **state) {
        struct host *h = *state;
        int fd;

        later = 0;
        forget(h);
        fd = log_in(h, WIRE_VERIFY);
        check(h, fd, VERDICT_INTERNAL);
        assert_int_equal(listener_lengths(h->listener).waiting, 0);
        (void) close(fd);
}

/* The request waited in the socket, so the second look finds all of it: the certificate too. */
static void test_the_whole_request_counts_at_the_end(void **state) {
        static const char bytes[] = "0 a registered certificate";
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, bytes);
        struct host *h = *state;
        int fd = call(h);

        unit_verify_demand(h->f, CERTIFICATE_YES);
        (void) unit_verify_put(h->f, 1, bytes);
        forget(h);
        ask(fd, &req);
        run(h);
        check_waits(h, fd, 1);
        learn(h);
        check(h, fd, VERDICT_ALLOW);
        (void) close(fd);
}

static void test_a_challenge_may_follow(void **state) {
        struct wire_request second = unit_verify_request(WIRE_VERIFY);
        struct host *h = *state;
        int fd;

        unit_verify_demand(h->f, CERTIFICATE_YES);
        forget(h);
        fd = log_in(h, WIRE_OFFER);
        run(h);
        check_waits(h, fd, 1);
        learn(h);
        check(h, fd, VERDICT_CHALLENGE);
        assert_int_equal(listener_lengths(h->listener).offered, 1);

        forget(h);
        ask(fd, &second);
        run(h);
        check_waits(h, fd, 1);
        assert_int_equal(listener_lengths(h->listener).offered, 0);
        learn(h);
        check(h, fd, VERDICT_DENY_CERTIFICATE);
        (void) close(fd);
}

/* Whoever has a key cannot fill the places for challenges with it. */
static void test_a_key_has_a_few_challenges(void **state) {
        int fds[LISTENER_OFFERED_PER_KEY + 1];
        struct host *h = *state;
        char end;

        unit_verify_demand(h->f, CERTIFICATE_YES);
        learn(h);
        for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
                fds[i] = log_in(h, WIRE_OFFER);
                check(h, fds[i], VERDICT_CHALLENGE);
        }
        assert_int_equal(listener_lengths(h->listener).offered, LISTENER_OFFERED_PER_KEY);
        assert_int_equal(recv(fds[0], &end, 1, 0), 0);
        assert_true(recv(fds[1], &end, 1, 0) < 0 && errno == EAGAIN);
        for (size_t i = 0; i < ARRAY_LEN(fds); i++)
                (void) close(fds[i]);
}

static int get_challenge(struct host *h, uid_t uid) {
        int fd;

        peer_uid = uid;
        fd = log_in(h, WIRE_OFFER);
        check(h, fd, VERDICT_CHALLENGE);
        return fd;
}

/* A thief who has the key but not the certificate cannot end the owner's login at sshd, nor one
 * at another user's service. */
static void test_a_user_ends_no_challenge_of_another(void **state) {
        int at_sshd, at_other, fds[4 * LISTENER_OFFERED_PER_KEY];
        struct host *h = *state;
        char end;

        unit_verify_demand(h->f, CERTIFICATE_YES);
        learn(h);
        at_sshd = get_challenge(h, 0);
        at_other = get_challenge(h, OTHER);
        for (size_t i = 0; i < ARRAY_LEN(fds); i++)
                fds[i] = get_challenge(h, (uid_t) (i % 2 == 0 ? OTHER + 1 : 3 * SHARE_BLOCK + i));
        assert_true(recv(at_sshd, &end, 1, 0) < 0 && errno == EAGAIN);
        assert_true(recv(at_other, &end, 1, 0) < 0 && errno == EAGAIN);
        assert_int_equal(listener_lengths(h->listener).offered, 2 + 2 * LISTENER_OFFERED_PER_KEY);
        (void) close(at_sshd);
        (void) close(at_other);
        for (size_t i = 0; i < ARRAY_LEN(fds); i++)
                (void) close(fds[i]);
}

/* A challenge for the key ${n}, of an owner and from a source of its own. The key is made for that
 * if it is not there. The client's descriptor is closed when the test ends, because the connection
 * must stay. */
static void take_place(struct host *h, unsigned n, uid_t uid) {
        struct wire_request req = unit_verify_request(WIRE_OFFER);
        struct key_record key;
        int fd = call(h);
        char id[KEYTEXT_ID_LEN + 1];

        (void) snprintf(id, sizeof(id), "%010u", n);
        (void) snprintf(req.user, sizeof(req.user), "user%u", n);
        (void) snprintf(req.rhost, sizeof(req.rhost), "192.0.2.%u", n);
        if (store_key_get(h->f->store->writer, id, &key) == -ENOENT) {
                unit_verify_insert(h->f, id, req.user);
                unit_account_put(h->f->store->writer, req.user, 1000);
        }
        keytext_format(req.key.text, id, unit_secret);
        peer_uid = uid;
        ask(fd, &req);
        check(h, fd, VERDICT_CHALLENGE);
        h->fds[h->n_fds++] = fd;
}

/* The real limits: of a block of uids, of all uids but 0, and of all. */
static void test_places_for_challenges_are_bounded(void **state) {
        const unsigned of_key = LISTENER_OFFERED_PER_KEY, others = LISTENER_OFFERED_MAX / 2;
        struct host *h = *state;
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        if (limit.rlim_max < 3 * LISTENER_OFFERED_MAX)
                skip();
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        unit_verify_demand(h->f, CERTIFICATE_YES);
        learn(h);
        for (unsigned i = 0; i < LISTENER_OFFERED_PER_RANGE + of_key; i++)
                take_place(h, i / of_key, 3 * SHARE_BLOCK + i % 2);
        assert_int_equal(listener_lengths(h->listener).offered, LISTENER_OFFERED_PER_RANGE);
        for (unsigned i = 0; i < others; i++)
                take_place(h, 0, (4 + i / of_key) * SHARE_BLOCK);
        assert_int_equal(listener_lengths(h->listener).offered, others);
        for (unsigned i = 0; i < others; i++)
                take_place(h, i / of_key, 0);
        assert_int_equal(listener_lengths(h->listener).offered, LISTENER_OFFERED_MAX);
        take_place(h, others / of_key, 0);
        take_place(h, 0, OTHER);
        assert_int_equal(listener_lengths(h->listener).offered, LISTENER_OFFERED_MAX);
}

/* A client of sshd, where all are uid 0, with ${n} keys of as many owners as ${owners}. */
static void check_many_keys(struct host *h, unsigned n, unsigned owners, size_t most) {
        static const char *const sources[] = { "192.0.2.9", "192.0.2.7" };
        int victim, fds[2 * LISTENER_OFFERED_MAX];
        struct rlimit limit;
        char end;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_in_range(n, 1, ARRAY_LEN(fds));
        if (limit.rlim_max < 2 * n + 64)
                return; /* a host with few descriptors */
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        unit_verify_demand(h->f, CERTIFICATE_YES);
        learn(h);
        victim = get_challenge(h, 0);
        for (unsigned i = 0; i < n; i++) {
                struct wire_request req = unit_verify_request(WIRE_OFFER);
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i);
                (void) snprintf(req.user, sizeof(req.user), "user%u", i % owners);
                (void) snprintf(req.rhost, sizeof(req.rhost), "%s", sources[owners == 1]);
                unit_verify_insert(h->f, id, req.user);
                unit_account_put(h->f->store->writer, req.user, 1000);
                keytext_format(req.key.text, id, unit_secret);
                fds[i] = call(h);
                ask(fds[i], &req);
                check(h, fds[i], VERDICT_CHALLENGE);
        }
        assert_true(recv(victim, &end, 1, 0) < 0 && errno == EAGAIN);
        assert_int_equal(listener_lengths(h->listener).offered, 1 + most);
        (void) close(victim);
        for (unsigned i = 0; i < n; i++)
                (void) close(fds[i]);
}

/* From the source of others, or from many. */
static void test_an_owner_of_many_keys_ends_no_challenge_of_others(void **state) {
        check_many_keys(*state, LISTENER_OFFERED_MAX + 8, 1, LISTENER_OFFERED_PER_OWNER);
}

static void test_a_source_with_keys_of_many_ends_no_challenge_of_others(void **state) {
        check_many_keys(*state, LISTENER_OFFERED_MAX + 8, 60, LISTENER_OFFERED_PER_SOURCE);
}

/* Connections that say nothing fill all places. The next one gets that of the oldest. */
static void test_the_oldest_gives_its_place_away(void **state) {
        size_t n = geteuid() == 0 ? LISTENER_PENDING_MAX : LISTENER_PER_UID_MAX;
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        int fds[LISTENER_PENDING_MAX + 1];
        struct host *h = *state;
        struct rlimit limit;
        char end;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        if (limit.rlim_max < 2 * n + 64)
                return; /* a host with few descriptors */
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        learn(h);
        for (size_t i = 0; i <= n; i++) {
                fds[i] = call(h);
                run(h);
        }
        assert_int_equal(recv(fds[0], &end, 1, 0), 0);
        ask(fds[n], &req);
        check(h, fds[n], VERDICT_ALLOW);
        for (size_t i = 0; i <= n; i++)
                (void) close(fds[i]);
}

/* --- Who does not wait --- */

static void test_only_a_good_key_waits(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct host *h = *state;
        int fd = call(h);

        forget(h);
        keytext_format(req.key.text, ID, unit_other_secret);
        ask(fd, &req);
        run(h);
        check(h, fd, VERDICT_DENY);
        assert_int_equal(h->wanted, 0);
        (void) close(fd);
}

/* The places are bounded. Without one a login is told at once that the daemon cannot decide. */
static void test_places_are_bounded(void **state) {
        size_t n = geteuid() == 0 ? LISTENER_WAITING_MAX : LISTENER_WAITING_PER_UID;
        int fds[LISTENER_WAITING_MAX], one_more;
        struct host *h = *state;

        forget(h);
        for (size_t i = 0; i < n; i++) {
                fds[i] = log_in(h, WIRE_VERIFY);
                unit_succeeds("sd_event_run", sd_event_run(h->event, 0));
        }
        assert_int_equal(listener_lengths(h->listener).waiting, n);
        one_more = log_in(h, WIRE_VERIFY);
        check(h, one_more, VERDICT_INTERNAL);
        learn(h);
        for (size_t i = 0; i < n; i++) {
                check(h, fds[i], VERDICT_ALLOW);
                (void) close(fds[i]);
        }
        (void) close(one_more);
}

static void test_a_client_may_go_meanwhile(void **state) {
        struct host *h = *state;
        int fd;

        forget(h);
        fd = log_in(h, WIRE_VERIFY);
        run(h);
        check_waits(h, fd, 1);
        (void) close(fd);
        run(h);
        learn(h);
        assert_int_equal(listener_lengths(h->listener).waiting, 0);
}

/* drop() finds a connection that waits. */
static void test_the_end_meanwhile(void **state) {
        struct host *h = *state;
        int fd;

        forget(h);
        fd = log_in(h, WIRE_VERIFY);
        run(h);
        check_waits(h, fd, 1);
        (void) close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_host(test_a_login_waits_until_its_owner_is_known),
                test_host(test_a_login_waits_until_the_directory_has_answered),
                test_host(test_what_nobody_says_is_an_outage),
                test_host(test_the_whole_request_counts_at_the_end),
                test_host(test_a_challenge_may_follow),
                test_host(test_a_key_has_a_few_challenges),
                test_host(test_a_user_ends_no_challenge_of_another),
                test_host(test_places_for_challenges_are_bounded),
                test_host(test_an_owner_of_many_keys_ends_no_challenge_of_others),
                test_host(test_a_source_with_keys_of_many_ends_no_challenge_of_others),
                test_host(test_the_oldest_gives_its_place_away),
                test_host(test_only_a_good_key_waits),
                test_host(test_places_are_bounded),
                test_host(test_a_client_may_go_meanwhile),
                test_host(test_the_end_meanwhile),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
