/* SPDX-License-Identifier: BSD-2-Clause */
/* Knows how long an answer may be. Does not know what it is. */
#include "pki/typed.h"
#include "cli/say.h"

/* The longest lines that sudo and ssh take. login and su take 4095 characters. */
#define SHORT_INPUT 511
#define LONG_INPUT  1022

void typed_warn(const char *what, size_t len, const char *remedy) {
        if (len > LONG_INPUT)
                say_line("warning: %s has %zu characters. sudo cuts what is typed at 511 "
                         "characters, ssh at 1022. There, %s.",
                         what, len, remedy);
        else if (len > SHORT_INPUT)
                say_line("warning: %s has %zu characters. sudo cuts what is typed at 511 "
                         "characters. There, %s.",
                         what, len, remedy);
}
