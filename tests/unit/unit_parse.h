/* SPDX-License-Identifier: BSD-2-Clause */
/* What people type, and the number that it means. */
#pragma once

#include "unit.h"

#include "parse.h"

/* ${text} gives ${r}: the number ${want}, or an error, and then nothing is touched. */
static inline void unit_parse(int (*parse)(const char *, int64_t *), const char *text, int r,
                              int64_t want) {
        int64_t value;

        unit_poison(&value, sizeof(value));
        unit_int(text, parse(text, &value), r);
        if (r < 0)
                unit_poisoned(text, &value, sizeof(value));
        else
                unit_int(text, value, want);
}
