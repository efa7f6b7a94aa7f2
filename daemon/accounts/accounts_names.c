/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a passwd and a group file for what tells users and members apart. It does not decide
 * whether the files can be believed. */
#include <inttypes.h>
#include <stdbool.h>
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
static bool take_user(char *line, const char *unused) {
        char *end = line;

        (void) unused;
        for (unsigned i = 0; end && i < FIELDS; i++)
                end = strchr(end + (i > 0), ':');
        if (end)
                *end = '\0';
        return true;
}

/* Name, password, number and members. */
static bool take_group(char *line, const char *number) {
        char *at = strchr(line, ':');

        at = at ? strchr(at + 1, ':') : NULL;
        return at && strspn(at + 1, "0123456789") > 0 &&
               strtoumax(at + 1, NULL, 10) == strtoumax(number, NULL, 10);
}

/* Of the lines that ${take} takes, as it leaves them. */
static uint64_t hash_file(const char *etc, const char *name, const char *number,
                          bool (*take)(char *line, const char *number)) {
        __attribute__((cleanup(closep))) FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        uint64_t hash = loglimit_hash(0, number);
        char path[PATH_LEN];
        size_t room = 0;

        if (snprintf(path, sizeof(path), "%s/%s", etc, name) < PATH_LEN)
                f = fopen(path, "re");
        if (!f)
                return 0;
        while (getline(&line, &room, f) > 0)
                if (take(line, number))
                        hash = loglimit_hash(loglimit_hash(hash, line), "\n");
        return ferror(f) ? 0 : hash;
}

struct accounts_names accounts_names_read(const char *etc, gid_t group) {
        char number[16];

        (void) snprintf(number, sizeof(number), "%u", group);
        return (struct accounts_names){ .users = hash_file(etc, "passwd", "", take_user),
                                        .group = hash_file(etc, "group", number, take_group) };
}
