/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes messages as JSON to stderr. Words none of them. A failure is one object, because a program
 * that reads it has one thing to decide, however many sentences there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "draw/failure.h"
#include "draw/json.h"

/* Names of D-Bus have at most 255 bytes. */
static char cause[256];
static char *kept; /* lines */

static void show_one(const char *name, const char *text) {
        struct json j = { .file = stderr };

        json_open(&j, NULL, '{');
        json_text(&j, name, text);
        json_close(&j, '}');
}

void failure_hear(enum say_kind kind, const char *text) {
        char *more = NULL;

        if (kind == SAY_LINE) {
                show_one("note", text);
                return;
        }
        if (asprintf(&more, "%s%s%s", kept ? kept : "", kept ? "\n" : "", text) < 0)
                return;
        free(kept);
        kept = more;
}

void failure_cause(const char *name) {
        (void) snprintf(cause, sizeof(cause), "%s", name);
}

/* For programs, which should not have to know the numbers. */
static const char *word_of(enum exit_code code) {
        switch (code) {
        case CTL_USAGE:
                return "usage";
        case CTL_UNREACHABLE:
                return "unreachable";
        case CTL_DENIED:
                return "denied";
        case CTL_NOT_FOUND:
                return "not-found";
        case CTL_REFUSED:
                return "refused";
        case CTL_OK:
        case CTL_FAILED:
                break;
        }
        return "failed";
}

void failure_show(enum exit_code code) {
        _cleanup_free_ char *text = take_ptr(kept);
        struct json j = { .file = stderr };

        if (!text)
                return;
        if (code == CTL_OK) {
                show_one("warning", text);
                return;
        }
        json_open(&j, NULL, '{');
        json_text(&j, "error", word_of(code));
        json_number(&j, "exit", code);
        json_text(&j, "dbus", *cause ? cause : NULL);
        json_text(&j, "message", text);
        json_close(&j, '}');
}
