/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds whole keys in bytes that come in pieces. Pure: does not read, ask or print. Bytes with the
 * value 0 do not count, so keys in UTF-16 are found, too. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "keytext.h"

#define SCANNER_PIECE 65536
#define SCANNER_KEPT  (KEYTEXT_LEN - 1) /* a key may begin here */

/* The bytes may hold secrets, so the caller wipes it. Invariant: a key that begins before bytes was
 * found, and one that begins in the first ${kept} bytes was not yet. line and column are those of
 * the first byte, from 1; a column is a byte. */
struct scanner {
        uint64_t line, column;
        size_t kept;
        char bytes[SCANNER_KEPT + SCANNER_PIECE];
};

/* A key of KEYTEXT_LEN characters, in the scanner. A negative errno ends the search. */
typedef int (*scanner_found)(const char *key, uint64_t line, uint64_t column, void *userdata);

/**
 * scanner_begin(s): before the first byte of a text. Keeps nothing of the one before.
 */
void scanner_begin(struct scanner *s);

/**
 * scanner_room(s): where the next bytes go, SCANNER_PIECE at most.
 */
char *scanner_room(struct scanner *s);

/**
 * scanner_take(s, n, found, userdata):
 * Looks at ${n} bytes that the caller has put into scanner_room(). Calls ${found} once for each
 * key, in order. Returns 0, or what ${found} has returned.
 */
int scanner_take(struct scanner *s, size_t n, scanner_found found, void *userdata) _must_check_;

/**
 * scanner_wipe(s): wipes the bytes.
 */
void scanner_wipe(struct scanner *s);
#define _cleanup_scanner_ __attribute__((cleanup(scanner_wipe)))
