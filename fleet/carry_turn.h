/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose turn it is to take snapshots: the database lets so many hosts do so at a time as it has
 * places. For carry*.c alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct carry;

/* Zeroes: it is another's turn, and nobody waits. */
struct carry_turn {
        uint64_t at; /* had it then; 0: no */
        uint64_t by; /* waits no longer; 0: does not wait */
};

/**
 * carry_turn_ask(c): asks for the turn of the group that is taken, when it is time. Returns whether
 * it does. Where others have all places, the group is set aside. The database must be free, and
 * fetched empty.
 */
bool carry_turn_ask(struct carry *c);

/**
 * carry_turn_end(c): gives the turn back, or waits no longer, when no group needs it any more.
 * Returns whether it asks the database. As above.
 */
bool carry_turn_end(struct carry *c);
