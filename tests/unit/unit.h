/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unit tests share: rows of tables that say which of them failed, outputs that must stay
 * as they were, and a directory for each test that needs one. Every test is a program of one file,
 * so all functions here are static. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "attr.h"

#define UNIT_PATH_LEN 512

/* --- Time: a test waits for an event for as long as that takes --- */

#define UNIT_LIMIT_S 600

/* Ends a program that would wait for ever. No outcome of a test depends on it. The signal is one
 * that nothing can catch. */
__attribute__((constructor)) static void unit_limit_time(void) {
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
        const struct itimerspec when = { .it_value.tv_sec = UNIT_LIMIT_S };
        timer_t timer;

        if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
            timer_settime(timer, 0, &when, NULL) < 0)
                abort();
}

/* --- Rows: the assertions of cmocka, which first say in which row of a table they fail ---
 *
 * Tables of rows and the loops over them look alike in many tests. That is on purpose: a table
 * stands beside the one loop that says what its columns mean. */

#define unit_int(row, got, want)                                                                   \
        unit_int_at((row), (long long) (got), (long long) (want), __FILE__, __LINE__)
#define unit_str(row, got, want)      unit_str_at((row), (got), (want), __FILE__, __LINE__)
#define unit_mem(row, got, want, len) unit_mem_at((row), (got), (want), (len), __FILE__, __LINE__)

static inline void unit_int_at(const char *row, long long got, long long want, const char *file,
                               int line) {
        if (got != want)
                print_error("row '%s': %lld, must be %lld\n", row, got, want);
        _assert_int_equal((LargestIntegralType) got, (LargestIntegralType) want, file, line);
}

/* For a result that must be an error, no matter which. */
#define unit_fails(row, r) unit_fails_at((row), (r), __FILE__, __LINE__)

static inline void unit_fails_at(const char *row, int r, const char *file, int line) {
        if (r >= 0)
                print_error("row '%s': %d, must be negative\n", row, r);
        _assert_int_equal(r < 0, true, file, line);
}

/* For a result that may be anything but an error. */
#define unit_succeeds(row, r) unit_succeeds_at((row), (r), __FILE__, __LINE__)

static inline void unit_succeeds_at(const char *row, int r, const char *file, int line) {
        if (r < 0)
                print_error("row '%s': %d, must not be negative\n", row, r);
        _assert_int_equal(r >= 0, true, file, line);
}

static inline void unit_str_at(const char *row, const char *got, const char *want, const char *file,
                               int line) {
        if (strcmp(got, want) != 0)
                print_error("row '%s'\n", row);
        _assert_string_equal(got, want, file, line);
}

static inline void unit_mem_at(const char *row, const void *got, const void *want, size_t len,
                               const char *file, int line) {
        if (memcmp(got, want, len) != 0)
                print_error("row '%s'\n", row);
        _assert_memory_equal(got, want, len, file, line);
}

/* --- Poison: what a function must not have touched --- */

#define UNIT_POISON                0xA5
#define unit_poison(p, len)        ((void) memset((p), UNIT_POISON, (len)))
#define unit_poisoned(row, p, len) unit_poisoned_at((row), (p), (len), __FILE__, __LINE__)

static inline void unit_poisoned_at(const char *row, const void *p, size_t len, const char *file,
                                    int line) {
        const uint8_t *bytes = p;
        size_t at = 0;

        while (at < len && bytes[at] == UNIT_POISON)
                at++;
        if (at < len)
                print_error("row '%s': touched at byte %zu of %zu\n", row, at, len);
        _assert_int_equal(at, len, file, line);
}

/* --- A directory of its own for each test, below $TMPDIR, in *state --- */

static inline int unit_remove_one(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static inline int unit_dir_remove(void **state) {
        int r = nftw(*state, unit_remove_one, 16, FTW_DEPTH | FTW_PHYS);

        free(*state);
        return r;
}

static inline int unit_dir_make(void **state) {
        const char *tmp = getenv("TMPDIR");
        char path[UNIT_PATH_LEN];

        (void) snprintf(path, sizeof(path), "%s/wfapikey-unit.XXXXXX",
                        tmp && tmp[0] == '/' ? tmp : "/tmp");
        if (!mkdtemp(path))
                return -1;
        *state = strdup(path);
        return *state ? 0 : -1;
}

#define unit_test_in_dir(f) cmocka_unit_test_setup_teardown(f, unit_dir_make, unit_dir_remove)

static inline const char *unit_join(char out[static UNIT_PATH_LEN], const char *dir,
                                    const char *name) {
        int n = snprintf(out, UNIT_PATH_LEN, "%s/%s", dir, name);

        assert_in_range(n, 1, UNIT_PATH_LEN - 1);
        return out;
}

/* Makes a file, or empties it. It gets this mode, whatever the umask. */
static inline void unit_write(const char *path, const void *bytes, size_t len, mode_t mode) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_not_equal(fd, -1);
        assert_int_equal(fchmod(fd, mode), 0);
        assert_int_equal(write(fd, bytes, len), len);
        assert_int_equal(close(fd), 0);
}

/* --- The rest --- */

/* How many descriptors this process has open. */
static inline int unit_count_fds(void) {
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        assert_int_equal(closedir(dir), 0);
        /* ".", ".." and the directory itself */
        return n - 3;
}

static inline void unit_nothing(void **state) {
        (void) state;
}

/* A test that can run only where ${can} is true. Elsewhere TAP says why it did not run. (cmocka's
 * own skip() of version 1.1.5 says "not ok".) */
static inline struct CMUnitTest unit_test_if(bool can, struct CMUnitTest test, const char *why) {
        static char names[16][160];
        static size_t n;

        if (can)
                return test;
        if (n == sizeof(names) / sizeof(names[0]))
                abort();
        (void) snprintf(names[n], sizeof(names[n]), "%s # SKIP %s", test.name, why);
        return (struct CMUnitTest){ .name = names[n++], .test_func = unit_nothing };
}
