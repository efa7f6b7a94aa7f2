/* SPDX-License-Identifier: BSD-2-Clause */
/* A database that is cut short while a reader has it mapped. */
#include <sys/wait.h>

#include "unit_store.h"

#include "badpage.h"
#include "bootstrap.h"

#define KEYS 500

static void id_of(unsigned i, char out[static KEYTEXT_ID_LEN + 1]) {
        (void) snprintf(out, KEYTEXT_ID_LEN + 1, "%010u", i);
}

static void insert(struct unit_store *s) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < KEYS; i++) {
                char id[KEYTEXT_ID_LEN + 1];
                struct key_record key;

                id_of(i, id);
                key = unit_key(id, "alice");
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        store_settle(s->writer);
}

/* Ends with 0 when a key can be read that is not there any more. */
_Noreturn static void read_on(struct unit_store *s, int dir, int log) {
        struct key_record key;
        char id[KEYTEXT_ID_LEN + 1];

        (void) dup2(log, STDERR_FILENO);
        badpage_watch(dir);
        if (truncate(s->path, 8192) < 0)
                _exit(99);
        for (unsigned i = 0; i < KEYS; i++) {
                id_of(i, id);
                if (store_key_get(s->reader, id, &key) >= 0)
                        _exit(0);
        }
        _exit(2);
}

static void test_the_daemon_ends_in_good_order(void **state) {
        struct unit_store *s = *state;
        int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), log[2], status;
        char text[512] = "";
        bool changed;
        pid_t pid;

        insert(s);
        assert_int_equal(store_refresh(s->reader, &changed), 0);
        assert_int_equal(store_key_get(s->reader, "0000000000", &(struct key_record){}), 0);
        assert_int_equal(pipe2(log, O_CLOEXEC), 0);
        pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0)
                read_on(s, dir, log[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
        assert_true(read(log[0], text, sizeof(text) - 1) > 0);
        assert_non_null(strstr(text, "cut short"));
        assert_int_equal(faccessat(dir, BOOTSTRAP_DAMAGED_NAME, F_OK, 0), 0);
        (void) close(log[0]);
        (void) close(log[1]);
        (void) close(dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_the_daemon_ends_in_good_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
