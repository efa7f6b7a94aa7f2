/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what the user types to confirm. Does not know what is confirmed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/confirm.h"

bool confirm_number(uint64_t n) {
        char line[64] = "", want[24];

        (void) snprintf(want, sizeof(want), "%" PRIu64, n);
        if (!fgets(line, sizeof(line), stdin))
                (void) fputc('\n', stderr);
        line[strcspn(line, "\n")] = '\0';
        return strcmp(line, want) == 0;
}
