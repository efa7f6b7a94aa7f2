/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares what a file was with what it is. It does not know what is in the file. */
#include "accounts/accounts_steady.h"
#include "base/clock.h"

bool accounts_steady_is_cut(FILE *f) {
        return fseek(f, -1, SEEK_END) == 0 && fgetc(f) != '\n';
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

bool accounts_steady_check(struct accounts_steady *steady, const struct stat *before, FILE *f) {
        uint64_t now = clock_ticks();
        struct stat after;

        if (fstat(fileno(f), &after) < 0 || !is_same_file(before, &after)) {
                *steady = (struct accounts_steady){};
                return false;
        }
        if (steady->since == 0 || !is_same_file(&steady->st, before))
                *steady = (struct accounts_steady){ .since = now, .st = *before };
        return now - steady->since >= ACCOUNTS_STEADY_S * UINT64_C(1000000000);
}

bool accounts_steady_was_written(const struct stat *before, FILE *f) {
        struct stat after;

        return S_ISREG(before->st_mode) &&
               (fstat(fileno(f), &after) < 0 || before->st_size != after.st_size ||
                !is_same_time(&before->st_mtim, &after.st_mtim));
}
