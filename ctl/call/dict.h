/* SPDX-License-Identifier: BSD-2-Clause */
/* Dictionaries of D-Bus (a{sv}). Reads one of the daemon into a C structure, by its table of
 * fields. A property without a row is skipped: newer daemons may say more. */
#pragma once

#include <systemd/sd-bus.h>

#include "cli/args.h"
#include "draw/fields.h"

/**
 * dict_read(fields, n, m, record):
 * Reads the dictionary at which ${m} stands into ${record}, which was initialized. ${m} must
 * outlive the text.
 * Returns 1; 0 when there is no further dictionary; -errno, also for a known property of another
 * type.
 */
int dict_read(const struct field *fields, size_t n, sd_bus_message *m, void *record) _must_check_;

/**
 * dict_append_text(m, name, value): adds a property to the dictionary that ${m} is filled with;
 * none when ${value} is NULL. 0 or more, or -errno.
 */
int dict_append_text(sd_bus_message *m, const char *name, const char *value) _must_check_;

/**
 * dict_append_options(m, args, names, n): the same for each of the ${n} options ${names} that was
 * given; a property is called as its option.
 */
int dict_append_options(sd_bus_message *m, const struct args *args, const char *const *names,
                        size_t n) _must_check_;
