/* SPDX-License-Identifier: BSD-2-Clause */
/* Single lines on stdout, for people. */
#pragma once

#include <stddef.h>

#include "draw/tone.h"

/**
 * print_property(name, width, value): one line on stdout; values of names of up to ${width}
 * columns, and of up to 12, stand below each other.
 */
void print_property(const char *name, size_t width, const char *value);

/**
 * print_marked(mark, tone, text): a line on stdout that begins with a word; its tone shows on
 * terminals that want colours.
 */
void print_marked(const char *mark, enum tone tone, const char *text);
