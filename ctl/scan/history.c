/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what git says of objects and commits. It may have been made by an attacker: nothing but its
 * form is believed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "parse.h"
#include "scan/gitrun.h"
#include "scan/history.h"

#define OBJECT_LEN 64 /* SHA-256 as text; SHA-1 has 40 */
#define HEADER_LEN 128
#define TOKEN_LEN  8192 /* a name of a file, or more */
/* places that wait for their paths, which are as long as a token */
#define PLACES_MAX 8192

struct found {
        char object[OBJECT_LEN + 1], commit[OBJECT_LEN + 1];
        char *path; /* owned; NULL: not known */
        size_t key; /* in the ring */
        uint64_t line, column;
};

/* Text of git, wiped at the end. */
struct stream {
        int fd;
        size_t at, len;
        char bytes[65536];
};

struct history {
        struct scan *s;
        const char *path;
        struct found *found;
        size_t n, room;
        char object[OBJECT_LEN + 1]; /* that is being read */
        bool is_tree, is_commit;
        struct stream stream;
};

static void history_done(struct history *h) {
        for (size_t i = 0; i < h->n; i++)
                free(h->found[i].path);
        free(h->found);
        explicit_bzero(&h->stream, sizeof(h->stream));
}

/* --- What git writes --- */

/* 1; 0 at the end; a negative errno. */
static int fill(struct stream *stream) {
        ssize_t n;

        if (stream->at < stream->len)
                return 1;
        do
                n = read(stream->fd, stream->bytes, sizeof(stream->bytes));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        stream->at = 0;
        stream->len = (size_t) n;
        return n > 0;
}

/* Reads up to ${end}, which is dropped, and keeps what fits. 1; 0 at the end; a negative errno. */
static int read_token(struct stream *stream, char end, char *out, size_t size) {
        size_t len = 0;
        int r;

        while ((r = fill(stream)) > 0) {
                char c = stream->bytes[stream->at++];

                if (c == end)
                        break;
                if (len + 1 < size)
                        out[len++] = c;
        }
        out[len] = '\0';
        return r;
}

static bool is_object(const char *text, size_t len) {
        return (len == 40 || len == OBJECT_LEN) && strspn(text, "0123456789abcdef") == len;
}

static void take_object(const char *text, char out[static OBJECT_LEN + 1]) {
        size_t len = strspn(text, "0123456789abcdef");

        if (!is_object(text, len))
                len = 0;
        memcpy(out, text, len);
        out[len] = '\0';
}

/* --- Objects --- */

static int report(struct history *h, const struct found *found) {
        struct scan_place place = { .path = found->path,
                                    .repository = h->path,
                                    .commit = found->commit[0] ? found->commit : NULL,
                                    .object = found->object,
                                    .line = found->line,
                                    .column = found->column };

        return scan_report(h->s, found->key, &place);
}

static int keep(struct history *h, const struct found *found) {
        if (h->n == h->room) {
                size_t room = h->room > 0 ? 2 * h->room : 64;
                struct found *more = reallocarray(h->found, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                h->found = more;
                h->room = room;
        }
        h->found[h->n++] = *found;
        return 0;
}

/* What is too much to be kept in memory is reported at once, by its object. */
static int on_found(const char *key, uint64_t line, uint64_t column, void *userdata) {
        struct history *h = userdata;
        struct found found = { .line = h->is_tree ? 0 : line, .column = h->is_tree ? 0 : column };
        int r;

        r = scan_note(h->s, key, &found.key);
        if (r < 0)
                return r;
        memcpy(found.object, h->object, sizeof(found.object));
        if (h->is_commit)
                memcpy(found.commit, h->object, sizeof(found.commit));
        return r > 0 && h->n < PLACES_MAX ? keep(h, &found) : report(h, &found);
}

static int read_content(struct history *h, uint64_t size) {
        struct stream *stream = &h->stream;
        int r;

        scanner_begin(&h->s->scanner);
        while (size > 0) {
                size_t n;

                r = fill(stream);
                if (r <= 0)
                        return r < 0 ? r : -EBADMSG;
                n = stream->len - stream->at;
                if (n > size)
                        n = (size_t) size;
                if (n > SCANNER_PIECE)
                        n = SCANNER_PIECE;
                memcpy(scanner_room(&h->s->scanner), stream->bytes + stream->at, n);
                stream->at += n;
                size -= n;
                r = scanner_take(&h->s->scanner, n, on_found, h);
                if (r < 0)
                        return r;
        }
        r = fill(stream);
        if (r <= 0 || stream->bytes[stream->at++] != '\n')
                return r < 0 ? r : -EBADMSG;
        return 0;
}

/* "OBJECT TYPE SIZE" */
static int read_header(struct history *h, char *header, uint64_t *ret_size) {
        char *type = strchr(header, ' '), *size = type ? strchr(type + 1, ' ') : NULL;

        if (!size || !is_object(header, (size_t) (type - header)))
                return -EBADMSG;
        *size++ = '\0';
        take_object(header, h->object);
        h->is_tree = strcmp(type + 1, "tree") == 0;
        h->is_commit = strcmp(type + 1, "commit") == 0;
        return parse_u64(size, 0, UINT64_MAX, ret_size) < 0 ? -EBADMSG : 0;
}

static int read_objects(struct history *h) {
        char header[HEADER_LEN];
        uint64_t size;
        int r;

        while ((r = read_token(&h->stream, '\n', header, sizeof(header))) > 0) {
                r = read_header(h, header, &size);
                if (r >= 0)
                        r = read_content(h, size);
                if (r < 0)
                        return r;
        }
        return r;
}

static int look_at_objects(struct history *h) {
        static const char *const arguments[] = { "cat-file",    "--batch",  "--batch-all-objects",
                                                 "--unordered", "--buffer", NULL };
        _cleanup_gitrun_ struct gitrun git = GITRUN_NONE;
        char error[GITRUN_ERROR_LEN];
        int r;

        r = gitrun_start(&git, h->path, -1, arguments);
        if (r < 0) {
                scan_unread(h->s, h->path, strerror(-r));
                return 0;
        }
        h->stream.fd = git.out;
        r = read_objects(h);
        if (r == -ENOMEM)
                return r;
        if (gitrun_finish(&git, error) < 0)
                scan_unread(h->s, h->path, error);
        else if (r < 0)
                scan_unread(h->s, h->path, "git says something else than was expected");
        return 0;
}

/* --- Commits --- */

static int compare_objects(const void *a, const void *b) {
        return strcmp(((const struct found *) a)->object, ((const struct found *) b)->object);
}

/* Git names commits before their parents, so the last one has brought the object. */
static int take_change(struct history *h, const char *object, const char *commit,
                       const char *path) {
        struct found wanted = {}, *found, *end = h->found + h->n;

        memcpy(wanted.object, object, sizeof(wanted.object));
        found = bsearch(&wanted, h->found, h->n, sizeof(*found), compare_objects);
        if (!found)
                return 0;
        while (found > h->found && compare_objects(found - 1, &wanted) == 0)
                found--;
        for (; found < end && compare_objects(found, &wanted) == 0; found++) {
                char *copy = strdup(path);

                if (!copy)
                        return -ENOMEM;
                free(found->path);
                found->path = copy;
                memcpy(found->commit, commit, sizeof(found->commit));
        }
        return 0;
}

/* ":MODE MODE OBJECT OBJECT LETTER" and then a path; all else names a commit. */
static int read_changes(struct history *h) {
        char token[TOKEN_LEN], commit[OBJECT_LEN + 1] = "", object[OBJECT_LEN + 1];
        int r;

        while ((r = read_token(&h->stream, '\0', token, sizeof(token))) > 0) {
                const char *at = token;

                if (token[0] != ':') {
                        take_object(token, commit);
                        continue;
                }
                for (unsigned i = 0; at && i < 3; i++)
                        at = strchr(at + 1, ' ');
                take_object(at ? at + 1 : "", object);
                r = read_token(&h->stream, '\0', token, sizeof(token));
                if (r > 0 && object[0])
                        r = take_change(h, object, commit, token);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Looks for commits only when there is something to find one for: this walks the whole history. */
static int look_at_commits(struct history *h) {
        static const char *const list[] = { "rev-list", "--all", "--reflog", "--topo-order", NULL };
        static const char *const changes[] = {
                "diff-tree",     "--stdin", "-r",          "-m",           "--root",
                "--raw",         "-z",      "--no-abbrev", "--no-renames", "--no-ext-diff",
                "--no-textconv", NULL
        };
        _cleanup_gitrun_ struct gitrun commits = GITRUN_NONE, git = GITRUN_NONE;
        char error[GITRUN_ERROR_LEN];
        int r;

        qsort(h->found, h->n, sizeof(*h->found), compare_objects);
        r = gitrun_start(&commits, h->path, -1, list);
        if (r >= 0)
                r = gitrun_start(&git, h->path, commits.out, changes);
        if (r < 0)
                return r;
        cleanup_close(&commits.out); /* it is git's */
        commits.out = -1;
        h->stream = (struct stream){ .fd = git.out };
        r = read_changes(h);
        if (r < 0)
                return r;
        r = gitrun_finish(&git, error);
        return r < 0 ? r : gitrun_finish(&commits, error);
}

static int compare_places(const void *a, const void *b) {
        const struct found *x = a, *y = b;
        int r = strcmp(x->path ? x->path : "", y->path ? y->path : "");

        if (r == 0)
                r = strcmp(x->object, y->object);
        if (r == 0)
                r = x->line < y->line ? -1 : x->line > y->line;
        return r != 0 ? r : x->column < y->column ? -1 : x->column > y->column;
}

static int report_all(struct history *h) {
        int r = 0;

        qsort(h->found, h->n, sizeof(*h->found), compare_places);
        for (size_t i = 0; r >= 0 && i < h->n; i++)
                r = report(h, &h->found[i]);
        return r;
}

int history_path(struct scan *s, const char *path) {
        __attribute__((cleanup(history_done))) struct history h = { .s = s, .path = path };
        int r;

        r = look_at_objects(&h);
        if (r < 0 || h.n == 0)
                return r;
        r = look_at_commits(&h);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                scan_unread(s, path, "git does not say which commits have these objects");
        return report_all(&h);
}
