/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the two files by "Database File Format" of SQLite's documentation, 1.6 and 4.
 * A checkpoint that was interrupted leaves a database between two states, which SQLite cannot read
 * without its log. Hence page by page: the row is in one sector, so it is of one state. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "store/store_log.h"

#define HEADER_LEN       32
#define FRAME_HEADER_LEN 24
#define PAGE_MAX         65536
/* and 1 for checksums over big-endian words */
#define MAGIC 0x377f0682U
/* of a database */
#define DATABASE_HEADER_LEN 100
#define DATABASE_MAGIC      "SQLite format 3"
#define SCHEMA_FIRST        17 /* that has the table */

/* A table of one row is one page, which ends with that row. */
#define ID_LEN 8
struct row {
        uint8_t before[ID_LEN], id[ID_LEN];
};

struct log {
        int fd;
        off_t n; /* frames that were read */
        size_t page_size;
        bool big_endian;
        uint32_t sum[2];
        uint8_t header[HEADER_LEN];
        uint8_t frame[FRAME_HEADER_LEN + PAGE_MAX];
};

static void log_freep(struct log **log) {
        if (*log)
                cleanup_close(&(*log)->fd);
        free(*log);
}
#define _cleanup_log_ _cleanup_(log_freep)

static struct log *log_new(void) {
        struct log *log = calloc(1, sizeof(*log));

        if (log)
                log->fd = -1;
        return log;
}

/* Returns whether all bytes are there. */
static int read_at(int fd, void *out, size_t len, off_t at) {
        ssize_t n = pread(fd, out, len, at);

        return n < 0 ? -errno : (size_t) n == len;
}

static uint32_t number(const uint8_t *bytes) {
        uint32_t big;

        memcpy(&big, bytes, sizeof(big));
        return be32toh(big);
}

/* --- The log --- */

static void add_up(struct log *log, const uint8_t *bytes, size_t len) {
        for (size_t i = 0; i < len; i += 8) {
                uint32_t one = number(bytes + i), two = number(bytes + i + 4);

                log->sum[0] += (log->big_endian ? one : __builtin_bswap32(one)) + log->sum[1];
                log->sum[1] += (log->big_endian ? two : __builtin_bswap32(two)) + log->sum[0];
        }
}

static bool is_sum(const struct log *log, const uint8_t *bytes) {
        return number(bytes) == log->sum[0] && number(bytes + 4) == log->sum[1];
}

/* 1; 0: there is nothing in it that SQLite would read. */
static int open_log(const char *path, int flags, struct log *log) {
        char name[PATH_MAX];
        int r;

        (void) snprintf(name, sizeof(name), "%s-wal", path);
        log->fd = open(name, flags | O_CLOEXEC | O_NOFOLLOW);
        if (log->fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = read_at(log->fd, log->header, HEADER_LEN, 0);
        if (r <= 0)
                return r;
        log->big_endian = (number(log->header) & 1) != 0;
        log->page_size = number(log->header + 8);
        if ((number(log->header) & ~1U) != MAGIC || log->page_size < 512 ||
            log->page_size > PAGE_MAX || log->page_size % 512 != 0)
                return 0;
        add_up(log, log->header, HEADER_LEN - 8);
        return is_sum(log, log->header + HEADER_LEN - 8);
}

/* Reads the next frame. 1; 0: there are no more that count. */
static int next_frame(struct log *log) {
        size_t len = FRAME_HEADER_LEN + log->page_size;
        int r;

        r = read_at(log->fd, log->frame, len, HEADER_LEN + log->n * (off_t) len);
        if (r <= 0)
                return r;
        /* one of an earlier log, whose place this one has taken */
        if (number(log->frame) == 0 || memcmp(log->frame + 8, log->header + 16, 8) != 0)
                return 0;
        add_up(log, log->frame, 8);
        add_up(log, log->frame + FRAME_HEADER_LEN, log->page_size);
        if (!is_sum(log, log->frame + 16))
                return 0;
        log->n++;
        return 1;
}

/* --- The row --- */

static bool read_row(const uint8_t *page, size_t page_size, struct row *ret) {
        /* a leaf of a table, with one cell */
        static const uint8_t leaf[] = { 13, 0, 0, 0, 1 };
        /* 20 bytes; the number 1; NULL in its place, and two blobs of 8 bytes */
        static const uint8_t head[] = { 20, 1, 4, 0, 12 + 2 * ID_LEN, 12 + 2 * ID_LEN };
        const uint8_t *cell = page + page_size - sizeof(head) - sizeof(*ret);

        if (memcmp(page, leaf, sizeof(leaf)) != 0 || memcmp(cell, head, sizeof(head)) != 0)
                return false;
        memcpy(ret, cell + sizeof(head), sizeof(*ret));
        return true;
}

/* Whether the log has a row with this id, now or before; NULL: any row. */
static int has_row(const char *path, const uint8_t *id) {
        _cleanup_log_ struct log *log = log_new();
        struct row row;
        int r;

        if (!log)
                return -ENOMEM;
        r = open_log(path, O_RDONLY, log);
        while (r > 0 && (r = next_frame(log)) > 0)
                if (read_row(log->frame + FRAME_HEADER_LEN, log->page_size, &row) &&
                    (!id || memcmp(row.id, id, ID_LEN) == 0 || memcmp(row.before, id, ID_LEN) == 0))
                        return 1;
        return r;
}

/* Whether the schema of the database has the table. 1; 0; a negative errno. */
static int has_table(int fd, const struct log *log) {
        uint8_t header[DATABASE_HEADER_LEN];
        size_t page_size;
        int r;

        r = read_at(fd, header, sizeof(header), 0);
        if (r <= 0)
                return r;
        page_size = (size_t) header[16] << 8 | header[17];
        return memcmp(header, DATABASE_MAGIC, sizeof(DATABASE_MAGIC)) == 0 &&
               (page_size == 1 ? PAGE_MAX : page_size) == log->page_size &&
               number(header + 60) >= SCHEMA_FIRST;
}

/* None of the pages that the log has is the row in the database. It can have the row on another
 * one, and be another database. Where it has it nowhere although it should, it is damaged. */
static int look_for_row(int fd, const struct log *log, uint8_t *page) {
        struct row row;
        int r;

        r = has_table(fd, log);
        if (r <= 0)
                return r < 0 ? r : -ESTALE;
        for (off_t at = 0; (r = read_at(fd, page, log->page_size, at)) > 0;
             at += (off_t) log->page_size)
                if (read_row(page, log->page_size, &row))
                        return -ESTALE;
        return r < 0 ? r : -EUCLEAN;
}

/* The row can be on any page that the log has: VACUUM gives it another one. */
static int compare(const char *path, int fd, struct log *log, uint8_t *page) {
        struct row row, last = {};
        int r;

        while ((r = next_frame(log)) > 0) {
                r = read_at(fd, page, log->page_size,
                            (number(log->frame) - INT64_C(1)) * (off_t) log->page_size);
                if (r < 0)
                        return r;
                if (r == 0 || !read_row(page, log->page_size, &row) ||
                    memcmp(&row, &last, sizeof(row)) == 0)
                        continue;
                last = row;
                r = has_row(path, row.id);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        if (r < 0)
                return r;
        if (memcmp(&last, &(struct row){}, sizeof(last)) != 0)
                return -ESTALE;
        /* An older schema has no such row. What brought it up to date says so. */
        r = has_row(path, last.id);
        return r != 0 ? (r < 0 ? r : 0) : look_for_row(fd, log, page);
}

int store_log_check(const char *path) {
        _cleanup_log_ struct log *log = log_new();
        _cleanup_free_ uint8_t *page = malloc(PAGE_MAX);
        _cleanup_close_ int fd = -1;
        int r;

        if (!log || !page)
                return -ENOMEM;
        r = has_row(path, NULL);
        if (r > 0)
                r = open_log(path, O_RDONLY, log);
        if (r <= 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : compare(path, fd, log, page);
}

bool store_log_is_there(const char *path) {
        char name[PATH_MAX];
        struct stat st;

        (void) snprintf(name, sizeof(name), "%s-wal", path);
        return stat(name, &st) < 0 ? errno != ENOENT : st.st_size > 0;
}

static int write_at(int fd, const void *bytes, size_t len, off_t at) {
        ssize_t n = pwrite(fd, bytes, len, at);

        return n < 0 ? -errno : (size_t) n == len ? 1 : -EIO;
}

int store_log_write_again(const char *path, int64_t frames) {
        _cleanup_log_ struct log *log = log_new();
        int r;

        if (!log)
                return -ENOMEM;
        r = open_log(path, O_RDWR, log);
        if (r > 0)
                r = write_at(log->fd, log->header, HEADER_LEN, 0);
        while (r > 0 && (r = next_frame(log)) > 0) {
                size_t len = FRAME_HEADER_LEN + log->page_size;

                r = write_at(log->fd, log->frame, len, HEADER_LEN + (log->n - 1) * (off_t) len);
        }
        if (r < 0)
                return r;
        if (log->n < frames)
                return -EIO;
        return log->fd >= 0 && fdatasync(log->fd) < 0 ? -errno : 0;
}

int store_log_put_aside(const char *path, int64_t now, char *aside, size_t size) {
        char log[PATH_MAX];

        (void) snprintf(log, sizeof(log), "%s-wal", path);
        do {
                (void) snprintf(aside, size, "%s" STORE_LOG_ASIDE "%" PRId64, log, now++);
                if (link(log, aside) == 0)
                        return unlink(log) < 0 ? -errno : 0;
        } while (errno == EEXIST);
        return -errno;
}
