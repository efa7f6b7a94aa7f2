/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a passwd file for what tells its users apart. It does not decide whether the file can be
 * believed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts_names.h"
#include "cleanup.h"
#include "rules/loglimit.h"

#define PATH_LEN 4096
/* name, password, number and group */
#define FIELDS 4

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

/* All before the field that the user can change: GECOS. */
static uint64_t add_line(uint64_t hash, char *line) {
        char *end = line;

        for (unsigned i = 0; end && i < FIELDS; i++)
                end = strchr(end + (i > 0), ':');
        if (end)
                *end = '\0';
        return loglimit_hash(loglimit_hash(hash, line), "\n");
}

uint64_t accounts_names_hash(const char *etc) {
        __attribute__((cleanup(closep))) FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        uint64_t hash = loglimit_hash(0, "");
        char path[PATH_LEN];
        size_t room = 0;

        if (snprintf(path, sizeof(path), "%s/passwd", etc) < PATH_LEN)
                f = fopen(path, "re");
        if (!f)
                return 0;
        while (getline(&line, &room, f) > 0)
                hash = add_line(hash, line);
        return ferror(f) ? 0 : hash;
}
