/* SPDX-License-Identifier: BSD-2-Clause */
/* What a search for keys knows so far, and how it tells people and programs. Prints no secret,
 * whatever the name of a file is. */
#pragma once

#include <stdbool.h>

#include "cli/args.h"
#include "draw/json.h"
#include "scan/keyring.h"
#include "scan/scanner.h"

struct scan {
        const struct args *args;
        struct keyring ring;
        struct scanner scanner;
        struct json j;
        /* CTL_OK as long as the daemon has answered */
        enum exit_code asked;
        uint64_t places; /* that were reported */
        uint64_t unread; /* files and histories */
};

/* Where a key was found. Texts are borrowed, and NULL where there is none. */
struct scan_place {
        const char *path;
        const char *repository, *commit, *object; /* of git */
        uint64_t line, column;                    /* 0: in a name */
};

#define _cleanup_scan_ __attribute__((cleanup(scan_done)))

/**
 * scan_done(s): wipes all that was read. Safe on one with args alone.
 */
void scan_done(struct scan *s);

/**
 * scan_note(s, key, ret): notes the key of KEYTEXT_LEN characters, and asks the daemon about it
 * when it is new. ${ret} is its place in the ring. Returns 1; 0 when that is its place only until
 * the next call; -ENOMEM.
 */
int scan_note(struct scan *s, const char *key, size_t *ret) _must_check_;

/**
 * scan_report(s, key, place): tells that the key with this place in the ring is at ${place}, unless
 * the caller does not want to know of it. 0; -ENOMEM.
 */
int scan_report(struct scan *s, size_t key, const struct scan_place *place) _must_check_;

/**
 * scan_unread(s, path, what): says that ${path} could not be read, and why. Counts it.
 */
void scan_unread(struct scan *s, const char *path, const char *what);
