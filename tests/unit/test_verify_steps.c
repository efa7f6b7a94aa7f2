/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a refusal takes, before the secret is known to be right: in instructions, which a child
 * executes one by one. A clock would show the other work of the machine. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "unit.h"
#include "unit_verify.h"

/* of 40,000: texts of other lengths */
#define DIFFERENCE_MAX 300

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* --- Counting --- */

static uint64_t count(pid_t child) {
        uint64_t n = 0;
        int status, signal;

        for (bool inside = false;;) {
                assert_int_equal(waitpid(child, &status, 0), child);
                if (!WIFSTOPPED(status))
                        break;
                signal = WSTOPSIG(status);
                if (signal == SIGSTOP)
                        inside = !inside;
                if (signal == SIGSTOP || signal == SIGTRAP)
                        signal = 0;
                n += inside;
                assert_int_equal(
                        ptrace(inside ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL, signal), 0);
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        return n;
}

/* The second time is counted: the first one fills what is kept. */
static uint64_t steps_of(const struct unit_verify *f, const struct wire_request *req,
                         enum reason wanted) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child > 0)
                return count(child);
        if (unit_verify_reason(f, req) != wanted || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                _exit(1);
        (void) raise(SIGSTOP);
        (void) unit_verify_reason(f, req);
        (void) raise(SIGSTOP);
        _exit(0);
}

/* --- Refusals --- */

/* What a key is, whose secret is not known to the client. */
static void be_active(struct key_record *key) {
        (void) key;
}

static void be_revoked(struct key_record *key) {
        key->status = KEY_REVOKED;
        key->dead_at = NOW - 1;
        (void) snprintf(key->reason, sizeof(key->reason), "the laptop was stolen");
}

static void be_of_another(struct key_record *key) {
        (void) snprintf(key->owner, sizeof(key->owner), "bob");
        (void) snprintf(key->linked, sizeof(key->linked), "bob");
}

static void be_for_a_source(struct key_record *key) {
        (void) snprintf(key->networks, sizeof(key->networks), "198.51.100.0/24,2001:db8::/32");
}

static const struct row {
        const char *name, *id;
        void (*be)(struct key_record *key); /* NULL: no such key */
} rows[] = {
        { "active", "kkkkkkkkk1", be_active },
        { "revoked", "kkkkkkkkk2", be_revoked },
        { "of another user", "kkkkkkkkk4", be_of_another },
        { "for another source", "kkkkkkkkk6", be_for_a_source },
        { "unknown", "kkkkkkkkkk", NULL },
        { "unknown, behind all", "zzzzzzzzzz", NULL },
};

static void insert(const struct unit_verify *f, const char *id, void (*be)(struct key_record *)) {
        struct key_record key = unit_verify_key(f, id, "alice");

        be(&key);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void test_a_refusal_without_the_secret_takes_as_long_as_another(void **state) {
        const struct unit_verify *f = *state;
        uint64_t least = UINT64_MAX, most = 0;

        /* Their own instructions are counted too. */
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                if (rows[i].be)
                        insert(f, rows[i].id, rows[i].be);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request req = unit_verify_request(WIRE_VERIFY);
                uint64_t n;

                keytext_format(req.key.text, rows[i].id, unit_other_secret);
                n = steps_of(f, &req, rows[i].be ? REASON_WRONG_SECRET : REASON_UNKNOWN_KEY);
                print_message("# %s: %llu instructions\n", rows[i].name, (unsigned long long) n);
                least = n < least ? n : least;
                most = n > most ? n : most;
        }
        assert_in_range(most - least, 0, DIFFERENCE_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_if(!SANITIZED,
                             (struct CMUnitTest) cmocka_unit_test_setup_teardown(
                                     test_a_refusal_without_the_secret_takes_as_long_as_another,
                                     unit_verify_make, unit_verify_drop),
                             "a sanitizer has its own instructions"),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
