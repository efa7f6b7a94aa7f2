/* SPDX-License-Identifier: BSD-2-Clause */
/* Which texts may be names, and how other texts are shown. Every text that a peer chooses passes
 * one of these functions before it is stored, and text_escape() before it is shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * text_is_label(text, max):
 * Whether ${text} may be stored and shown as it is: 1 to ${max} bytes of valid UTF-8 without
 * control characters (C0, DEL, C1), line and paragraph separators, or characters that change the
 * direction of writing.
 */
bool text_is_label(const char *text, size_t max);

/**
 * text_is_service(text):
 * Whether ${text} can be the name of a PAM service: 1 to 64 characters of [0-9A-Za-z._-], the first
 * not a dot.
 */
bool text_is_service(const char *text);

/**
 * text_fold_service(services):
 * Makes the capitals A to Z in ${services} small, as libpam does with the name of a service. A list
 * of services may be folded at once. Every name of a service that comes from outside or from the
 * store passes here before it is compared: pam_start(3) calls the service "SSHD" "sshd".
 */
void text_fold_service(char *services);

/**
 * text_is_same_service(a, b): whether ${a} and ${b} are the same when both are folded.
 */
bool text_is_same_service(const char *a, const char *b);

/**
 * text_has_word(list, word):
 * Whether the blank-separated ${list} has ${word}. ${word} itself has no blank.
 */
bool text_has_word(const char *list, const char *word);

/**
 * text_copy(out, size, in):
 * Copies ${in} with its NUL to ${out} if it fits. Returns whether it did. Half a name could be
 * another user's.
 */
bool text_copy(char *out, size_t size, const char *in);

/**
 * text_escape(out, size, text):
 * Writes ${text} to ${out} for a log line or a terminal, cut to ${size} bytes with the final NUL.
 * Printable ASCII stays. Other letters stay where the whole of ${text} is valid UTF-8 without the
 * characters that text_is_label() refuses. Any other byte becomes \xNN. A backslash is doubled, and
 * a quote becomes \x27, so the text can stand in single quotes.
 */
void text_escape(char *out, size_t size, const char *text);

/**
 * text_without_key(text):
 * Returns ${text}. If it contains something like a key, returns a fixed remark instead: people
 * sometimes type a key where a name is asked.
 */
const char *text_without_key(const char *text);

/**
 * text_fitting(text, max):
 * How many of the first ${max} bytes of ${text} form whole UTF-8 characters.
 */
size_t text_fitting(const char *text, size_t max);

/**
 * text_hex(out, bytes, len):
 * Writes ${len} bytes as hexadecimal digits and a NUL to the 2 * ${len} + 1 characters at ${out}.
 */
void text_hex(char *out, const uint8_t *bytes, size_t len);
