/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of a method, which come in an a{sv}. Each method has a table of those that it knows.
 * What is wrong about a name or a type is said here, in the same words for all of them. */
#pragma once

#include <stddef.h>

#include "control/control.h"

#define CONTROL_OPTIONS_MAX 64 /* in one table */

struct control_option {
        const char *name;
        /* as CONTROL writes it, and where the value goes: "s" to a text, "as" by take, "b" to a
         * bool, "u" to an uint32_t, "t" to an uint64_t, "x" to an int64_t */
        const char *type;
        /* that place: see CONTROL_OPTION_TO() */
        size_t offset, size;
        /* Of an "u" or "x": its least and greatest value. Both 0: any. Of an "as": max is how many
         * texts it has at most. */
        int64_t min, max;
        /* Checks a text, or each text of an "as", and puts it to ${out}, or lets the call fail.
         * NULL: control_options_take(). */
        void (*take)(struct control_call *call, const struct control_option *option,
                     const char *value, void *out);
};

/* The place of an option: a member of the method's own struct. */
#define CONTROL_OPTION_TO(struct_type, member)                                                     \
        .offset = offsetof(struct_type, member), .size = sizeof(((struct_type *) NULL)->member)

/**
 * control_options_read(call, m, options, n):
 * Reads the a{sv} that comes next in ${m} by the ${n} rows of ${options}. The call fails with an
 * option that has no row, has another type, comes twice, or has a value that will not do: then the
 * rest of ${m} is not read. A call that has failed before reads nothing. Returns 0, or what sd-bus
 * says of the message.
 */
int control_options_read(struct control_call *call, sd_bus_message *m,
                         const struct control_option *options, size_t n) _must_check_;

/**
 * What a row can have as take.
 * control_options_take: any text that fits.
 * control_options_take_id: see control_check_id().
 * control_options_take_label: see control_take_label().
 * control_options_take_user: a text that fits, and not an empty one.
 */
void control_options_take(struct control_call *call, const struct control_option *option,
                          const char *value, void *out);
void control_options_take_id(struct control_call *call, const struct control_option *option,
                             const char *value, void *out);
void control_options_take_label(struct control_call *call, const struct control_option *option,
                                const char *value, void *out);
void control_options_take_user(struct control_call *call, const struct control_option *option,
                               const char *value, void *out);
