/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares files by device and inode, and the database also by its time. It opens none of
 * them: closing a file takes away the locks that SQLite has on it in this process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "store/store_files.h"

/* A file system may round the time, or set it a little later. */
#define LEEWAY_S 2

static int name(struct store_files *f, const char *path, bool log) {
        const char *slash = strrchr(path, '/');

        if (!slash)
                return -EINVAL;
        f->of[STORE_FILES_DIR].path = strndup(path, slash > path ? (size_t) (slash - path) : 1);
        f->of[STORE_FILES_DATABASE].path = strdup(path);
        if (!f->of[STORE_FILES_DIR].path || !f->of[STORE_FILES_DATABASE].path)
                return -ENOMEM;
        return log && asprintf(&f->of[STORE_FILES_LOG].path, "%s-wal", path) < 0 ? -ENOMEM : 0;
}

int store_files_note(struct store_files *ret, const char *path, bool log) {
        struct store_files f = {};
        struct stat st;
        int r;

        r = name(&f, path, log);
        for (size_t i = 0; r >= 0 && i < _STORE_FILES_MAX && f.of[i].path; i++) {
                if (stat(f.of[i].path, &st) < 0) {
                        r = -errno;
                        break;
                }
                f.of[i].dev = st.st_dev;
                f.of[i].ino = st.st_ino;
        }
        if (r < 0) {
                store_files_done(&f);
                return r;
        }
        store_files_written(&f);
        *ret = f;
        return 0;
}

void store_files_done(struct store_files *f) {
        for (size_t i = 0; i < _STORE_FILES_MAX; i++)
                free(f->of[i].path);
        *f = (struct store_files){};
}

void store_files_written(struct store_files *f) {
        const char *path = f->of[STORE_FILES_DATABASE].path;
        struct stat st;

        /* Another file stays wrong. */
        if (!path || stat(path, &st) < 0 || st.st_ino != f->of[STORE_FILES_DATABASE].ino)
                return;
        f->written_at = st.st_mtime;
}

enum store_files_which store_files_wrong(const struct store_files *f) {
        struct stat st;

        for (size_t i = 0; i < _STORE_FILES_MAX && f->of[i].path; i++) {
                if (stat(f->of[i].path, &st) < 0 || st.st_dev != f->of[i].dev ||
                    st.st_ino != f->of[i].ino)
                        return (enum store_files_which) i;
                if (i == STORE_FILES_DATABASE && st.st_mtime < f->written_at - LEEWAY_S)
                        return STORE_FILES_DATABASE;
        }
        return _STORE_FILES_MAX;
}

bool store_files_has_log(const struct store_files *f) {
        const char *path = f->of[STORE_FILES_LOG].path;
        struct stat st;

        return path && stat(path, &st) == 0 && st.st_dev == f->of[STORE_FILES_LOG].dev &&
               st.st_ino == f->of[STORE_FILES_LOG].ino;
}
