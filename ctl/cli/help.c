/* SPDX-License-Identifier: BSD-2-Clause */
/* Lays out --help. Takes the words from the table of commands and knows none of them. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

static void print_options(const char *title, const struct args_option *o) {
        char left[40];

        if (!o)
                return;
        printf("\n%s:\n", title);
        for (; o->name; o++) {
                (void) snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? "=" : "",
                                o->value ? o->value : "");
                printf("  %-22s %s\n", left, o->help);
        }
}

static void print_command(const struct args_command *c) {
        printf("Usage: wfapikeyctl %s%s%s%s%s [OPTION...]\n\n%s\n", c->noun, c->verb ? " " : "",
               c->verb ? c->verb : "", *c->usage ? " " : "", c->usage, c->help);
        print_options("Options", c->options);
}

/* The commands of ${noun}. NULL means all commands. */
static void print_overview(const struct args_command *table, size_t n, const char *noun) {
        char left[40];

        if (noun)
                printf("Usage: wfapikeyctl %s VERB [ARGUMENT...] [OPTION...]\n\nCommands:\n", noun);
        else
                printf("Usage: wfapikeyctl COMMAND [ARGUMENT...] [OPTION...]\n\n"
                       "API keys for PAM services: makes, lists, revokes and tries "
                       "them.\n\nCommands:\n");
        for (size_t i = 0; i < n; i++) {
                const struct args_command *c = &table[i];

                if (noun && strcmp(noun, c->noun) != 0)
                        continue;
                (void) snprintf(left, sizeof(left), "%s%s%s %s", c->noun, c->verb ? " " : "",
                                c->verb ? c->verb : "", c->usage);
                printf("  %-26s %s\n", left, c->help);
        }
}

void help_print(const struct args *args, const struct args_command *table, size_t n) {
        if (args->command)
                print_command(args->command);
        else
                print_overview(table, n, args->noun);
        print_options("Options of every command", args_common());
        if (!args->command)
                printf("\nwfapikeyctl COMMAND --help says more, wfapikeyctl(1) says all.\n");
}
