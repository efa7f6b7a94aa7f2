/* SPDX-License-Identifier: BSD-2-Clause */
/* Which texts may be a name here, and how the others are shown. Everything that a peer can
 * choose passes one of these before it is stored, and text_escape() before it is shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * text_is_label(text, max):
 * Whether ${text} may be stored and shown as it is: 1 to ${max} bytes of valid UTF-8 without
 * control characters (C0, DEL, C1), line and paragraph separators, or characters that turn the
 * direction of writing.
 */
bool text_is_label(const char *text, size_t max);

/**
 * text_is_service(text): whether ${text} can be the name of a PAM service: 1 to 64 of
 * [0-9A-Za-z._-], no dot first.
 */
bool text_is_service(const char *text);

/**
 * text_has_word(list, word): whether the blank-separated ${list} holds ${word}, which has no
 * blank itself.
 */
bool text_has_word(const char *list, const char *word);

/**
 * text_copy(out, size, in): whether ${in} with its NUL fits ${out} and was copied there: half a
 * name could be another's.
 */
bool text_copy(char *out, size_t size, const char *in);

/**
 * text_escape(out, size, text):
 * Writes ${text} to ${out}, cut to ${size} with its final NUL, for a log line or a terminal:
 * everything but printable ASCII and, where ${text} as a whole is valid UTF-8 without the
 * characters that text_is_label() refuses, other letters, becomes \xNN; a backslash is doubled
 * and a quote becomes \x27, so that the text can stand in single quotes.
 */
void text_escape(char *out, size_t size, const char *text);

/**
 * text_without_key(text): ${text}, or what stands for it where it has something like a key in
 * it: a person may type the key where a name belongs.
 */
const char *text_without_key(const char *text);

/**
 * text_fitting(text, max): how many of the first ${max} bytes of ${text} are whole UTF-8
 * characters.
 */
size_t text_fitting(const char *text, size_t max);

/**
 * text_hex(out, bytes, len): writes ${len} bytes as hexadecimal digits and a NUL to the 2 *
 * ${len} + 1 characters at ${out}.
 */
void text_hex(char *out, const uint8_t *bytes, size_t len);
