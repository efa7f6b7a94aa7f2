/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether bells are worth listening to. Every role of the database may ring them, as often as it
 * likes. A host that hears more than it can use stops listening for a while, and asks each second
 * meanwhile. The while is 10 s, and longer each time up to 640 s. Pure, except for chance. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bells in a second. A change rings one for each group. */
#define BELLS_HEARD_MAX 1000
/* Questions in a minute that a bell led to, and that brought nothing. */
#define BELLS_WASTED_MAX 100

/* Zeroes: nothing was heard. Times are in microseconds of one clock. */
struct bells {
        uint64_t second, minute; /* these began */
        unsigned heard, wasted;  /* in them */
        uint64_t until;          /* does not listen before */
        unsigned rests;          /* how often it has stopped */
};

/**
 * bells_hear(b, now), bells_waste(b, now):
 * A bell was heard; a question was for nothing. Returns whether to listen no more: then
 * bells_are_off() holds for a while.
 */
bool bells_hear(struct bells *b, uint64_t now);
bool bells_waste(struct bells *b, uint64_t now);

/**
 * bells_are_off(b, now): whether it is too early to listen again.
 */
bool bells_are_off(const struct bells *b, uint64_t now);
