/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints messages on stderr. The only file that does. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"

static void write_line(const char *head, const char *format, va_list ap)
        __attribute__((format(printf, 2, 0)));

static void write_line(const char *head, const char *format, va_list ap) {
        fputs(head, stderr);
        vfprintf(stderr, format, ap);
        fputc('\n', stderr);
}

void say_error(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        write_line("wfapikeyctl: ", format, ap);
        va_end(ap);
}

enum exit_code say_no_memory(void) {
        say_error("%s", strerror(ENOMEM));
        return CTL_FAILED;
}

void say_line(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        write_line("", format, ap);
        va_end(ap);
}

void say_note(const char *format, ...) {
        va_list ap;

        if (!isatty(STDERR_FILENO))
                return;
        va_start(ap, format);
        write_line("", format, ap);
        va_end(ap);
}

void say_progress(const char *format, ...) {
        va_list ap;

        if (!isatty(STDERR_FILENO))
                return;
        fputs("\r\033[K", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
}

void say_progress_end(void) {
        if (isatty(STDERR_FILENO))
                fputs("\r\033[K", stderr);
}
