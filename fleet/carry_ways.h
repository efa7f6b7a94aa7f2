/* SPDX-License-Identifier: BSD-2-Clause */
/* What the database leaves open to a host that means ill. For carry*.c alone. */
#pragma once

#include <stdbool.h>

struct carry;

/**
 * carry_ways_ask(c): asks the database, which must be free, once an hour. Returns whether it does.
 */
bool carry_ways_ask(struct carry *c);
