/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: a noun, mostly a verb, long options, words. Knows the shape of a command and
 * nothing of what it does. A whole key among the arguments is refused before anything else looks
 * at them, and never repeated. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "cli/exit_code.h"

struct args_option {
        const char *name; /* without the dashes */
        /* how help names its value; NULL for a switch */
        const char *value;
        const char *help;
        bool repeat; /* may be given more than once */
};

struct args;

struct args_command {
        const char *noun;
        /* NULL where the noun is the whole command */
        const char *verb;
        enum exit_code (*run)(const struct args *args);
        const char *usage; /* what follows the verb: "ID NAME" */
        const char *help;
        size_t least, most; /* how many words follow the verb */
        /* up to one without a name; NULL for none */
        const struct args_option *options;
};

struct args_value {
        const struct args_option *option;
        const char *value;
};

struct args {
        /* NULL only when help or version is wanted */
        const struct args_command *command;
        const char *noun;
        const char *control; /* NULL when not given */
        bool json, help, version;
        const char **words;
        size_t n_words;
        struct args_value *values;
        size_t n_values;
};

#define _cleanup_args_ __attribute__((cleanup(args_done)))

/**
 * args_common(): the options of every command, up to one without a name. Static storage.
 */
const struct args_option *args_common(void);

/**
 * args_parse(argc, argv, table, n, ret):
 * Reads the command line by the ${n} rows of ${table}, in which the rows of one noun stand
 * together. ${ret} borrows from ${argv} and ${table}; the caller ends it with args_done().
 * Returns CTL_OK; CTL_USAGE or CTL_FAILED after having said why on stderr.
 */
enum exit_code args_parse(int argc, char *argv[], const struct args_command *table, size_t n,
                          struct args *ret) _must_check_;

/**
 * args_done(args): frees what ${args} owns; safe on a zeroed one.
 */
void args_done(struct args *args);

/**
 * args_value(args, name): the value of the option ${name}, "" for a switch; NULL when it was not
 * given.
 */
const char *args_value(const struct args *args, const char *name);

/**
 * args_has(args, name): whether the switch ${name} was given.
 */
bool args_has(const struct args *args, const char *name);

/**
 * args_next(args, name, at):
 * One value after the other of the repeatable option ${name}; ${at} begins with 0. NULL after
 * the last one.
 */
const char *args_next(const struct args *args, const char *name, size_t *at);
