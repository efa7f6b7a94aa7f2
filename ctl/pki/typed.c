/* SPDX-License-Identifier: BSD-2-Clause */
/* Knows how long an answer may be. Does not know what it is. */
#include "pki/typed.h"
#include "cli/say.h"

/* The longest lines that sudo and ssh take. login and su take 4095 characters. */
#define SHORT_INPUT 511
#define LONG_INPUT  1022

void typed_warn(const char *what, size_t len, const char *remedy) {
        if (len > SHORT_INPUT)
                say_line("warning: %s has %zu characters. sudo cuts what is typed at %d%s: there, "
                         "%s.",
                         what, len, SHORT_INPUT, len > LONG_INPUT ? ", ssh takes 1022" : "",
                         remedy);
}
