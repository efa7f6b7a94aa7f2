/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints messages on stderr, unless a program reads them. Knows nothing of JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/say.h"

static void (*hearer)(enum say_kind kind, const char *text);

void say_to(void (*hear)(enum say_kind kind, const char *text)) {
        hearer = hear;
}

static void write_line(const char *head, const char *format, va_list ap)
        __attribute__((format(printf, 2, 0)));

static void write_line(const char *head, const char *format, va_list ap) {
        fputs(head, stderr);
        vfprintf(stderr, format, ap);
        fputc('\n', stderr);
}

static void say(enum say_kind kind, const char *format, va_list ap)
        __attribute__((format(printf, 2, 0)));

static void say(enum say_kind kind, const char *format, va_list ap) {
        _cleanup_free_ char *text = NULL;

        if (!hearer)
                write_line(kind == SAY_ERROR ? "wfapikeyctl: " : "", format, ap);
        else
                hearer(kind, vasprintf(&text, format, ap) < 0 ? strerror(ENOMEM) : text);
}

/* Whether a person reads along. */
static bool has_person(void) {
        return !hearer && isatty(STDERR_FILENO);
}

void say_error(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        say(SAY_ERROR, format, ap);
        va_end(ap);
}

enum exit_code say_no_memory(void) {
        say_error("%s", strerror(ENOMEM));
        return CTL_FAILED;
}

void say_line(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        say(SAY_LINE, format, ap);
        va_end(ap);
}

void say_note(const char *format, ...) {
        va_list ap;

        if (!has_person())
                return;
        va_start(ap, format);
        write_line("", format, ap);
        va_end(ap);
}

void say_progress(const char *format, ...) {
        va_list ap;

        if (!has_person())
                return;
        fputs("\r\033[K", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
}

void say_progress_end(void) {
        if (has_person())
                fputs("\r\033[K", stderr);
}
