/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: a noun, a verb for most nouns, long options, words. Knows how a command is
 * written, not what it does. Refuses a whole key among the arguments before it looks at anything
 * else, and never repeats it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "cli/exit_code.h"

struct args_option {
        const char *name; /* without dashes */
        /* what --help calls its value; NULL for a switch */
        const char *value;
        const char *help;
        bool repeat; /* may be given several times */
        char letter; /* as in -n; 0: none */
};

struct args;

struct args_command {
        const char *noun;
        /* NULL when the noun is the whole command */
        const char *verb;
        enum exit_code (*run)(const struct args *args);
        const char *usage; /* what follows it: "ID NAME" */
        const char *help;
        size_t least, most; /* how many words follow */
        /* ends with a row without a name; NULL for none */
        const struct args_option *options;
};

struct args_value {
        const struct args_option *option;
        const char *value;
};

struct args {
        /* NULL only when help or version is set */
        const struct args_command *command;
        const char *noun;
        const char *control; /* NULL when not given */
        bool json, help, version;
        /* with json: a list as one value a line */
        bool lines;
        const char **words;
        size_t n_words;
        struct args_value *values;
        size_t n_values;
};

#define _cleanup_args_ __attribute__((cleanup(args_done)))

/**
 * args_common(): the options of every command. The last row has no name. Static storage.
 */
const struct args_option *args_common(void);

/**
 * args_wants_json(argc, argv):
 * Whether ${argv} seems to ask for JSON. So the errors of args_parse() can be said in the right
 * form. A value of another option can look like it.
 */
bool args_wants_json(int argc, char *argv[]);

/**
 * args_parse(argc, argv, table, n, ret):
 * Parses the command line by the ${n} rows of ${table}. Rows of the same noun stand together.
 * ${ret} borrows from ${argv} and ${table}; the caller frees it by args_done(). Returns CTL_OK,
 * or CTL_USAGE or CTL_FAILED after a message on stderr.
 */
enum exit_code args_parse(int argc, char *argv[], const struct args_command *table, size_t n,
                          struct args *ret) _must_check_;

/**
 * args_done(args): frees what ${args} owns. Safe on a zeroed one.
 */
void args_done(struct args *args);

/**
 * args_value(args, name): the value of the option ${name}, "" for a switch. NULL when the user
 * did not give it.
 */
const char *args_value(const struct args *args, const char *name);

/**
 * args_has(args, name): whether the user gave the option ${name}.
 */
bool args_has(const struct args *args, const char *name);

/**
 * args_next(args, name, at):
 * The next value of the repeatable option ${name}. ${at} is 0 for the first call. NULL after the
 * last value.
 */
const char *args_next(const struct args *args, const char *name, size_t *at);
