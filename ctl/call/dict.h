/* SPDX-License-Identifier: BSD-2-Clause */
/* Dictionaries of D-Bus (a{sv}). Reads one into a C structure by a table of fields. Skips
 * properties that are not in the table, because a newer daemon may send more of them. */
#pragma once

#include <systemd/sd-bus.h>

#include "cli/args.h"
#include "draw/fields.h"

/**
 * dict_read(fields, n, m, record):
 * Reads the next dictionary of ${m} into ${record}, which the caller has initialized by
 * fields_init(). The text in ${record} belongs to ${m}.
 * Returns 1; 0 when there is no further dictionary; a negative errno, also when a known property
 * has another type.
 */
int dict_read(const struct field *fields, size_t n, sd_bus_message *m, void *record) _must_check_;

/**
 * dict_append_text(m, name, value):
 * Adds a property to the dictionary that is open in ${m}; adds nothing when ${value} is NULL.
 * Returns 0 or more, or a negative errno.
 */
int dict_append_text(sd_bus_message *m, const char *name, const char *value) _must_check_;

/**
 * dict_append_options(m, args, names, n):
 * Adds each of the ${n} options ${names} that the user gave, as a property of the same name.
 * Returns 0 or more, or a negative errno.
 */
int dict_append_options(sd_bus_message *m, const struct args *args, const char *const *names,
                        size_t n) _must_check_;

/**
 * dict_append_words(m, text):
 * Appends an array of the texts between the commas of ${text}; an empty array when ${text} is NULL.
 * Returns 0 or more, or a negative errno.
 */
int dict_append_words(sd_bus_message *m, const char *text) _must_check_;

/**
 * dict_append_each(m, name, args, option):
 * Adds the property ${name}, an array of texts: those between the commas of all values of the
 * repeatable ${option}. Adds nothing when the user did not give the option. Returns 0 or more, or a
 * negative errno.
 */
int dict_append_each(sd_bus_message *m, const char *name, const struct args *args,
                     const char *option) _must_check_;
