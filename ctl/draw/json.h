/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON for programs, on stdout. Text is written as it is: it is not made harmless for terminals. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A JSON text that is written from left to right. It begins zeroed. Invariant: more says whether
 * a comma comes before the next value. */
struct json {
        FILE *file; /* NULL means stdout */
        unsigned depth;
        bool more;
        /* the outermost value is a list of one value a line */
        bool lines;
};

/**
 * json_set_lines(lines):
 * From now on a list has no brackets and commas if it is outermost: each of its values is on a line
 * of its own (JSON Lines). So a reader need not wait for the end of the list.
 */
void json_set_lines(bool lines);

/**
 * json_has_begun(): whether this process has begun a JSON text on stdout.
 */
bool json_has_begun(void);

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
 * json_digits(j, name, digits): writes a number that is there as the text of JSON.
 */
void json_digits(struct json *j, const char *name, const char *digits);

/**
 * json_one_text(name, text), json_one_number(name, number), json_empty():
 * Writes a whole object with one member, or with none.
 */
void json_one_text(const char *name, const char *text);
void json_one_number(const char *name, uint64_t number);
void json_empty(void);
