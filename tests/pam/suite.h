/* SPDX-License-Identifier: BSD-2-Clause */
/* A test program of this directory is a table of tests, and says what the tests need: it defines
 * ${suite} and has no main(). The main() in suite.c starts the world, runs the tests, and ends the
 * world. */
#pragma once

#include "standin.h"
#include "world.h"

/* One test, or one for each row of a table. */
struct suite_test {
        const char *name;
        CMUnitTestFunction run;
        /* The table, or NULL. *state of a test is its row. A row begins with a pointer to its name,
         * which is printed after the name of the test. */
        const void *rows;
        size_t n_rows, row_size;
        /* Returns why the test is skipped, or NULL when it is not. May be NULL. */
        const char *(*unless)(void);
};

#define CASE(function, text)                                                                       \
        { .name = text, .run = function }
#define CASE_UNLESS(reason, function, text)                                                        \
        { .name = text, .run = function, .unless = reason }
#define ROWS(table, function, text)                                                                \
        {                                                                                          \
                .name = text, .run = function, .rows = table, .n_rows = ARRAY_LEN(table),          \
                .row_size = sizeof((table)[0])                                                     \
        }

/* The hooks may be NULL. */
struct suite {
        const char *name;
        bool daemon;    /* runs, and keys are enabled */
        bool debugging; /* the daemon runs with --debug */
        bool standin;   /* runs in front of the daemon */
        /* fills tables before the first row is read */
        void (*prepare)(void);
        /* run before and after all tests, while the world is up */
        void (*set_up)(void);
        void (*tear_down)(void);
        const struct suite_test *tests;
        size_t n_tests;
};
extern const struct suite suite;

extern struct world world;
extern struct standin standin;
/* For the lines of service files: the module with options by which it asks the stand-in, or the
 * daemon where there is no stand-in. A service file may add an option: the last one counts. */
extern char ours[768];
/* A key of the world's user. It has a date of expiry, so no test of the policy lifetime ends it.
 * Without a daemon it is a well-formed key, and standin_answer() allows it. */
extern struct world_key key;
