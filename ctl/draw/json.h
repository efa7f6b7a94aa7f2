/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON on stdout, for programs. Text is written as it is: it is not made harmless for terminals. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A JSON text that is written from left to right. It begins zeroed. Invariant: more says whether
 * a comma comes before the next value. */
struct json {
        unsigned depth;
        bool more;
};

/**
 * json_open(j, name, bracket), json_close(j, bracket):
 * Begins and ends an object or array. ${bracket} is one of '{' '}' '[' ']'. ${name} is NULL
 * outside of objects, also for the functions below. A newline follows the outermost one.
 */
void json_open(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);

/**
 * json_text(j, name, text), json_number(j, name, number), json_bool(j, name, value):
 * Writes one value. ${text} is UTF-8; NULL writes null.
 */
void json_text(struct json *j, const char *name, const char *text);
void json_number(struct json *j, const char *name, uint64_t number);
void json_bool(struct json *j, const char *name, bool value);

/**
 * json_one_text(name, text), json_one_number(name, number), json_empty():
 * Writes a whole object with one member, or with none.
 */
void json_one_text(const char *name, const char *text);
void json_one_number(const char *name, uint64_t number);
void json_empty(void);
