/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a dictionary of the daemon (a{sv}) into a C structure, by its table of fields. A property
 * without a row is skipped: newer daemons may say more. */
#pragma once

#include <systemd/sd-bus.h>

#include "draw/fields.h"

/**
 * dict_read(fields, n, m, record):
 * Reads the dictionary at which ${m} stands into ${record}, which was initialized. ${m} must
 * outlive the text.
 * Returns 1; 0 when there is no further dictionary; -errno, also for a known property of another
 * type.
 */
int dict_read(const struct field *fields, size_t n, sd_bus_message *m, void *record) _must_check_;
