/* SPDX-License-Identifier: BSD-2-Clause */
/* A test program of this directory is a table of tests and what they need around them: it defines
 * ${suite}, and has no main(). The one in suite.c starts the world, runs the tests, and ends it. */
#pragma once

#include "standin.h"
#include "world.h"

/* A test, or one for each row of a table. */
struct suite_test {
        const char *name;
        CMUnitTestFunction run;
        /* The table, or NULL: *state is the row, which begins with a pointer to its name, and that
         * stands behind the name of the test. */
        const void *rows;
        size_t n_rows, row_size;
        /* returns why the test is skipped, or NULL when it is not; may be NULL */
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
        bool daemon;    /* runs, with keys enabled */
        bool debugging; /* the daemon runs with --debug */
        bool standin;   /* runs, before the daemon */
        /* fills tables, before any row is looked at */
        void (*prepare)(void);
        /* around all tests, in the world that has been started */
        void (*set_up)(void);
        void (*tear_down)(void);
        const struct suite_test *tests;
        size_t n_tests;
};
extern const struct suite suite;

extern struct world world;
extern struct standin standin;
/* For the lines of service files: the module, with options by which it asks the stand-in, or the
 * daemon where there is none. An option behind them that says otherwise is the one that counts. */
extern char ours[768];
/* A key of the world's user. It has an end of its own, so that no test of the policy lifetime ends
 * it. Where there is no daemon it is well-formed, and the one that standin_answer() allows. */
extern struct world_key key;
