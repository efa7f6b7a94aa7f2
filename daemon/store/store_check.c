/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for damage, and hears of the damage that SQLite meets by itself. Repairs nothing. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "store/store_check.h"
#include "store/store_stmt.h"

/* A start looks thoroughly through a small database, and quickly through a larger one. Either takes
 * a tenth of a second or so. */
#define THOROUGH_BYTES (INT64_C(8) * 1024 * 1024)
#define QUICK_BYTES    (INT64_C(32) * 1024 * 1024)

/* of a start whose files the disk does not give, a second after the other */
#define TRIES 5

static atomic_bool met;

void store_check_hear(void *userdata, int rc, const char *text) {
        (void) userdata;
        (void) text;
        if (store_stmt_error(rc) == -EUCLEAN)
                atomic_store_explicit(&met, true, memory_order_relaxed);
}

static int read_through(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        uint8_t buffer[65536];
        ssize_t n;

        if (fd < 0)
                return -errno;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                continue;
        return n < 0 ? (errno == EIO ? -EUCLEAN : -errno) : 0;
}

int store_check_read(const char *path) {
        char log[PATH_MAX];
        int r = read_through(path);

        if (r < 0 || snprintf(log, sizeof(log), "%s-wal", path) >= (int) sizeof(log))
                return r;
        r = read_through(log);
        return r == -ENOENT ? 0 : r;
}

bool store_check_may_pass(const char *path, unsigned tried) {
        if (tried == 0)
                return true;
        return tried < TRIES && store_check_read(path) < 0 && sleep(1) == 0;
}

bool store_check_was_met(void) {
        return atomic_exchange_explicit(&met, false, memory_order_relaxed);
}

int store_check_table(struct store *s, const char *table, bool thorough) {
        char sql[STORE_COLUMN_LEN + 32];
        sqlite3_stmt *stmt = NULL;
        const char *text = NULL;
        bool fine;
        int r;

        (void) snprintf(sql, sizeof(sql), "PRAGMA main.%s_check(%s)",
                        thorough ? "integrity" : "quick", table ? table : "1");
        r = store_stmt_error(sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL));
        if (r < 0)
                return r;
        r = store_stmt_step(stmt);
        if (r == 1)
                text = (const char *) sqlite3_column_text(stmt, 0);
        if (r == 1 && !text)
                r = -ENOMEM;
        fine = text && strcmp(text, "ok") == 0;
        (void) sqlite3_finalize(stmt);
        return r < 0 ? r : fine ? 0 : -EUCLEAN;
}

/* The time of a change and that of its record differ by a little. A record that is more than an
 * hour ahead of a later one was written by a clock that was wrong: see redate() in sweep.c. */
static const char stale_sql[] =
        STORE_CHECK_TOLD "SELECT n.name FROM (SELECT name, at, later, max(seq) FROM policies GROUP "
                         "BY name) n LEFT JOIN policy p ON p.name = n.name WHERE n.at <= n.later + "
                         "3600 AND (p.name IS NULL OR p.changed_at < n.at - 2) ORDER BY n.name";

int store_check_policy(struct store *s, char names[static STORE_CHECK_NAMES_LEN]) {
        sqlite3_stmt *stmt = NULL;
        size_t len = 0;
        int r, n = 0;

        names[0] = '\0';
        r = store_stmt_error(sqlite3_prepare_v2(s->db, stale_sql, -1, &stmt, NULL));
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                const char *name = (const char *) sqlite3_column_text(stmt, 0);
                int more;

                r = name ? 1 : -ENOMEM;
                if (r < 0)
                        break;
                more = snprintf(names + len, STORE_CHECK_NAMES_LEN - len, "%s%s",
                                n++ > 0 ? ", " : "", name);

                if (more < 0 || (size_t) more >= STORE_CHECK_NAMES_LEN - len)
                        names[len] = '\0';
                else
                        len += (size_t) more;
        }
        (void) sqlite3_finalize(stmt);
        return r < 0 ? r : n;
}

int store_check(struct store *writer, bool thorough) {
        char names[STORE_CHECK_NAMES_LEN];
        int64_t pages, page_size;
        int r;

        r = store_stmt_pragma(writer->db, "PRAGMA page_count", &pages);
        if (r >= 0)
                r = store_stmt_pragma(writer->db, "PRAGMA page_size", &page_size);
        if (r < 0)
                return r;
        if (!thorough && pages * page_size > QUICK_BYTES)
                return 1;
        thorough |= pages * page_size <= THOROUGH_BYTES;
        r = store_check_table(writer, NULL, thorough);
        if (r >= 0 && thorough)
                r = store_check_policy(writer, names);
        return r > 0 ? -EUCLEAN : r;
}
