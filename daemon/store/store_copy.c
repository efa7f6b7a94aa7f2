/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes and removes the files. The name of a copy appears when the copy is whole and on the disk.
 * Opens no copy that is there. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cleanup.h"
#include "parse.h"
#include "store/store_copy.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"

static int name(const char *path, int64_t version, const char *suffix, char **ret) {
        return asprintf(ret, "%s.schema-%" PRId64 "%s", path, version, suffix) < 0 ? -ENOMEM : 0;
}

/* All pages as they are, also where one is damaged. */
static int copy_pages(sqlite3 *db, const char *to) {
        sqlite3 *copy = NULL;
        sqlite3_backup *backup;
        int r;

        errno = 0;
        r = store_stmt_error(sqlite3_open_v2(
                to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                NULL));
        if (r >= 0)
                r = store_stmt_exec(copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
        if (r >= 0) {
                backup = sqlite3_backup_init(copy, "main", db, "main");
                if (backup) {
                        (void) sqlite3_backup_step(backup, -1);
                        (void) sqlite3_backup_finish(backup);
                }
                r = store_stmt_result(copy, sqlite3_errcode(copy));
        }
        (void) sqlite3_close(copy);
        return r;
}

/* Takes the room first. So a disk that is full is not written to at each attempt. */
static int take_room(sqlite3 *db, int fd) {
        int64_t pages, page_size;
        int r, error;

        r = store_stmt_pragma(db, "PRAGMA page_count", &pages);
        if (r >= 0)
                r = store_stmt_pragma(db, "PRAGMA page_size", &page_size);
        if (r < 0)
                return r;
        do
                error = posix_fallocate(fd, 0, pages * page_size);
        while (error == EINTR);
        if (error == ENOSPC || error == EDQUOT)
                return -error;
        return ftruncate(fd, 0) < 0 ? -errno : 0;
}

static int sync_directory(const char *path) {
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *dir = strndup(path, slash ? (size_t) (slash - path) : 0);
        _cleanup_close_ int fd = -1;

        if (!dir)
                return -ENOMEM;
        fd = open(dir[0] ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The file is opened before SQLite does, because closing it would take SQLite's locks away. */
static int write_copy(sqlite3 *db, const char *to) {
        _cleanup_close_ int fd = -1;
        int r;

        if (unlink(to) < 0 && errno != ENOENT)
                return -errno;
        fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0)
                return -errno;
        r = take_room(db, fd);
        if (r >= 0)
                r = copy_pages(db, to);
        return r >= 0 && fsync(fd) < 0 ? -errno : r;
}

int store_copy_make(struct store *s, int64_t version) {
        _cleanup_free_ char *to = NULL, *unborn = NULL;
        int r;

        r = name(s->path, version, "", &to);
        if (r >= 0)
                r = name(s->path, version, ".new", &unborn);
        if (r < 0)
                return r;
        r = write_copy(s->db, unborn);
        if (r >= 0 && rename(unborn, to) < 0)
                r = -errno;
        if (r >= 0)
                r = sync_directory(s->path);
        if (r < 0)
                (void) unlink(unborn);
        else
                log_line(LOG_NOTICE, "'%s' is the copy of the key store from before the upgrade",
                         to);
        return r == -ENOSPC || r == -EDQUOT ? -ENOSR : r;
}

void store_copy_drop(const char *path, int64_t version) {
        _cleanup_free_ char *to = NULL;

        if (name(path, version, "", &to) >= 0)
                (void) unlink(to);
}

int64_t store_copy_made_at(const char *path) {
        int64_t at = 0;

        for (int64_t version = 1; version < store_schema_newest(); version++) {
                _cleanup_free_ char *copy = NULL;
                struct stat st;

                if (name(path, version, "", &copy) >= 0 && lstat(copy, &st) == 0 &&
                    st.st_mtime > at)
                        at = st.st_mtime;
        }
        return at;
}

int store_copy_find(const char *path, char **ret) {
        for (int64_t version = store_schema_newest(); version > 0; version--) {
                _cleanup_free_ char *copy = NULL;
                int r = name(path, version, "", &copy);

                if (r < 0)
                        return r;
                if (access(copy, F_OK) == 0) {
                        *ret = take_ptr(copy);
                        return 0;
                }
        }
        return -ENOENT;
}

void store_copy_served(struct store *writer, int64_t at) {
        if (writer->copied_at == 0 || at - writer->copied_at < STORE_COPY_DAYS * PARSE_DAY_S)
                return;
        for (int64_t version = 1; version < store_schema_newest(); version++)
                store_copy_drop(writer->path, version);
        writer->copied_at = store_copy_made_at(writer->path);
        if (writer->copied_at == 0)
                log_line(LOG_NOTICE,
                         "the copy of the key store from before the upgrade is "
                         "removed: this version has served for %d days",
                         STORE_COPY_DAYS);
}
