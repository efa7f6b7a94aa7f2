/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks NSS for names of users, and remembers them. */
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/names.h"

/* a list has few users, and a flood has many: those are not remembered */
#define KNOWN_MAX 64
#define SLOW_S    1

static struct known {
        uid_t uid;
        char name[NAMES_LEN];
} known[KNOWN_MAX];
static size_t n_known;
static bool slow;

static time_t now_s(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec;
}

static void ask(uid_t uid, char out[static NAMES_LEN]) {
        _cleanup_free_ char *buffer = NULL;
        time_t began = now_s();
        const struct passwd *user = slow ? NULL : getpwuid(uid);

        slow |= now_s() - began > SLOW_S;
        if (user)
                (void) snprintf(out, NAMES_LEN, "%s", harmless(user->pw_name, &buffer));
        else
                (void) snprintf(out, NAMES_LEN, "%u", uid);
}

void names_user(uid_t uid, char out[static NAMES_LEN]) {
        struct known *new = &known[n_known];

        for (size_t i = 0; i < n_known; i++)
                if (known[i].uid == uid) {
                        (void) snprintf(out, NAMES_LEN, "%s", known[i].name);
                        return;
                }
        ask(uid, out);
        if (n_known == KNOWN_MAX)
                return;
        new->uid = uid;
        (void) snprintf(new->name, NAMES_LEN, "%s", out);
        n_known++;
}
