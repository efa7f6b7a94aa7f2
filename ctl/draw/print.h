/* SPDX-License-Identifier: BSD-2-Clause */
/* Single lines on stdout, for people. */
#pragma once

#include <stddef.h>

#include "draw/tone.h"

/**
 * print_property(name, width, value):
 * Prints a name and its value. Values are aligned for names of up to ${width} columns, and
 * always for names of up to 12.
 */
void print_property(const char *name, size_t width, const char *value);

/**
 * print_marked(mark, tone, text):
 * Prints ${text} behind the word ${mark}. The word has the colour of ${tone} on terminals that
 * want colours.
 */
void print_marked(const char *mark, enum tone tone, const char *text);
