/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of warnings: a line for each step, appended. The last line of a key counts. Knows no key
 * and sends nothing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "key/warned.h"
#include "keytext.h"
#include "parse.h"

#define TRIES_MAX 2
#define KEPT_S    (30 * PARSE_DAY_S)

struct entry {
        char id[KEYTEXT_ID_LEN + 1];
        int64_t at, days;
        unsigned tries;
        bool sent;
};

/* Invariant: entries are sorted by id, and no id comes twice. */
struct warned {
        int fd; /* -1: nothing is written */
        size_t n;
        struct entry *entries;
};

static const char *const words[] = {
        [WARNED_TRY] = "try",
        [WARNED_SENT] = "sent",
        [WARNED_FAILED] = "failed",
};

struct warned *warned_free(struct warned *w) {
        if (w && w->fd >= 0)
                (void) close(w->fd);
        if (w)
                free(w->entries);
        free(w);
        return NULL;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct entry *) a)->id, ((const struct entry *) b)->id);
}

/* The word before the next blank. */
static bool take_word(const char **line, char out[static 24]) {
        size_t len = strcspn(*line, " ");

        if (len == 0 || len >= 24)
                return false;
        memcpy(out, *line, len);
        out[len] = '\0';
        *line += len;
        *line += **line == ' ';
        return true;
}

/* One line without its end: ID AT DAYS WORD. */
static int parse_line(const char *line, struct entry *ret, enum warned_what *ret_what) {
        char word[4][24];
        uint64_t at, days;

        *ret = (struct entry){};
        for (size_t i = 0; i < ARRAY_LEN(word); i++)
                if (!take_word(&line, word[i]))
                        return -EBADMSG;
        if (*line || !keytext_is_id(word[0]) || parse_u64(word[1], 1, INT64_MAX, &at) < 0 ||
            parse_u64(word[2], 1, INT32_MAX, &days) < 0)
                return -EBADMSG;
        memcpy(ret->id, word[0], sizeof(ret->id));
        ret->at = (int64_t) at;
        ret->days = (int64_t) days;
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (strcmp(words[i], word[3]) == 0) {
                        *ret_what = (enum warned_what) i;
                        return 0;
                }
        return -EBADMSG;
}

/* What the next step makes of ${entry}. Another end, or another day, is another warning. */
static void step(struct entry *entry, const struct entry *line, enum warned_what what) {
        if (entry->at != line->at || entry->days != line->days)
                *entry = *line;
        entry->tries += what == WARNED_TRY;
        entry->tries -= what == WARNED_FAILED && entry->tries > 0;
        entry->sent |= what == WARNED_SENT;
}

struct lines {
        struct line {
                size_t number;
                struct entry entry;
                enum warned_what what;
        } * line;
        size_t n, room;
};

static void lines_done(struct lines *lines) {
        free(lines->line);
}

static int add_line(struct lines *lines, const char *text) {
        struct line *line;
        int r;

        if (lines->n == lines->room) {
                size_t room = lines->room > 0 ? 2 * lines->room : 64;

                line = reallocarray(lines->line, room, sizeof(*line));
                if (!line)
                        return -ENOMEM;
                lines->line = line;
                lines->room = room;
        }
        line = &lines->line[lines->n];
        line->number = lines->n;
        r = parse_line(text, &line->entry, &line->what);
        if (r >= 0)
                lines->n++;
        return r;
}

/* A line that a crash has cut off has no end, and was not on disk as a whole: nothing that it says
 * was done. */
static int read_lines(FILE *file, struct lines *lines) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        ssize_t len;
        int r;

        while ((len = getline(&text, &size, file)) > 0) {
                if (text[len - 1] != '\n')
                        break;
                text[len - 1] = '\0';
                r = add_line(lines, text);
                if (r < 0)
                        return r;
        }
        return ferror(file) ? -EIO : 0;
}

static int compare_lines(const void *a, const void *b) {
        const struct line *x = a, *y = b;
        int r = strcmp(x->entry.id, y->entry.id);

        return r != 0 ? r : (x->number > y->number) - (x->number < y->number);
}

static int fold(struct warned *w, struct lines *lines, int64_t now) {
        w->entries = calloc(lines->n + 1, sizeof(*w->entries));
        if (!w->entries)
                return -ENOMEM;
        if (lines->n > 0)
                qsort(lines->line, lines->n, sizeof(*lines->line), compare_lines);
        for (size_t i = 0; i < lines->n; i++) {
                struct line *line = &lines->line[i];
                struct entry *last = w->n > 0 ? &w->entries[w->n - 1] : NULL;

                if (line->entry.at < now - KEPT_S)
                        continue;
                if (!last || strcmp(last->id, line->entry.id) != 0) {
                        last = &w->entries[w->n++];
                        *last = line->entry;
                }
                step(last, &line->entry, line->what);
        }
        return 0;
}

static int load(struct warned *w, const char *path, int64_t now) {
        _cleanup_(lines_done) struct lines lines = {};
        FILE *file = fopen(path, "re");
        int r;

        if (!file && errno != ENOENT)
                return -errno;
        r = file ? read_lines(file, &lines) : 0;
        if (file)
                (void) fclose(file);
        return r < 0 ? r : fold(w, &lines, now);
}

static int put(int fd, const struct entry *entry, const char *word) {
        return dprintf(fd, "%s %" PRId64 " %" PRId64 " %s\n", entry->id, entry->at, entry->days,
                       word) < 0
                       ? -EIO
                       : 0;
}

/* All entries, in a file that takes the place of the old one. */
static int rewrite(struct warned *w, const char *path) {
        _cleanup_free_ char *unborn = NULL;
        int r = 0;

        if (asprintf(&unborn, "%s.new", path) < 0) {
                unborn = NULL;
                return -ENOMEM;
        }
        w->fd = open(unborn, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                     0600);
        if (w->fd < 0)
                return -errno;
        for (size_t i = 0; r >= 0 && i < w->n; i++) {
                for (unsigned n = 0; r >= 0 && n < w->entries[i].tries; n++)
                        r = put(w->fd, &w->entries[i], words[WARNED_TRY]);
                if (r >= 0 && w->entries[i].sent)
                        r = put(w->fd, &w->entries[i], words[WARNED_SENT]);
        }
        if (r >= 0 && fsync(w->fd) < 0)
                r = -errno;
        return r < 0 || rename(unborn, path) >= 0 ? r : -errno;
}

/* The lock is that of a file of its own, because the other one is replaced. It is held until the
 * process ends. */
static int lock(const char *path) {
        _cleanup_free_ char *name = NULL;
        int fd;

        if (asprintf(&name, "%s.lock", path) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) >= 0)
                return 0;
        (void) close(fd);
        return -EWOULDBLOCK;
}

int warned_open(struct warned **ret, const char *path, int64_t now, bool keep) {
        struct warned *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->fd = -1;
        r = keep ? 0 : lock(path);
        if (r >= 0)
                r = load(w, path, now);
        if (r >= 0 && !keep)
                r = rewrite(w, path);
        if (r < 0) {
                warned_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

bool warned_is_due(const struct warned *w, const struct warned_end *end) {
        struct entry wanted = {};
        const struct entry *entry;

        memcpy(wanted.id, end->id, KEYTEXT_ID_LEN);
        entry = bsearch(&wanted, w->entries, w->n, sizeof(*w->entries), compare);
        if (!entry || entry->at != end->at || entry->days > end->days)
                return true;
        return !entry->sent && entry->tries < TRIES_MAX;
}

int warned_note(struct warned *w, const struct warned_end *end, enum warned_what what) {
        struct entry entry = { .at = end->at, .days = end->days };

        memcpy(entry.id, end->id, KEYTEXT_ID_LEN);
        return w->fd < 0 ? 0 : put(w->fd, &entry, words[what]);
}

int warned_sync(struct warned *w) {
        return w->fd < 0 || fdatasync(w->fd) >= 0 ? 0 : -errno;
}
