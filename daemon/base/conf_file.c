/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of a configuration by inih, which is known only here, and finds the place of an
 * error. It does not know what the sections and keys mean. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/conf_file.h"
#include "cleanup.h"

#define BLANKS       " \t\v\f\r" /* as inih has them */
#define LINE_MAX_LEN 4096
/* PATH_MAX; <limits.h> would be ours here */
#define PATH_LEN 4096

struct conf_file {
        const struct conf_file_reader *reader;
        const char *path;
        FILE *stream;
        off_t read;              /* bytes */
        int line;                /* the last line that was read */
        char text[LINE_MAX_LEN]; /* of that line */
        /* this line continues the last one */
        bool is_value_only;
        int wrong_line; /* 0: no error so far */
        size_t wrong_column;
        char wrong[ERROR_LEN];
};

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

/* --- Where something stands --- */

/* Characters, from 1, as an editor counts them. */
static size_t column_of(const char *text, size_t offset) {
        size_t column = 1;

        for (size_t i = 0; i < offset && text[i]; i++)
                column += ((unsigned char) text[i + 1] & 0xc0) != 0x80;
        return column;
}

static size_t place_of(const struct conf_file *file, enum conf_file_place place) {
        const char *text = file->text;
        size_t at = strspn(text, BLANKS);

        switch (place) {
        case CONF_FILE_SECTION:
                return at + 1;
        case CONF_FILE_NAME:
                return at;
        case CONF_FILE_VALUE:
                if (file->is_value_only)
                        return at;
                at += strcspn(text + at, "=:");
                at += text[at] != '\0';
                return at + strspn(text + at, BLANKS);
        }
        return at;
}

bool conf_file_wrong(struct conf_file *file, enum conf_file_place place, size_t offset,
                     const char *format, ...) {
        va_list ap;

        if (file->wrong_line != 0)
                return false;
        file->wrong_line = file->line;
        file->wrong_column = column_of(file->text, place_of(file, place) + offset);
        va_start(ap, format);
        (void) vsnprintf(file->wrong, sizeof(file->wrong), format, ap);
        va_end(ap);
        return false;
}

/* --- One file --- */

static int on_value(void *userdata, const char *section, const char *name, const char *value) {
        struct conf_file *file = userdata;
        const char *text = file->text + strspn(file->text, BLANKS);

        if (file->wrong_line != 0)
                return 0;
        file->is_value_only = text != file->text && strncmp(text, value, strlen(value)) == 0;
        (void) section; /* a long name is cut */
        return file->reader->value(file, name, value, file->reader->userdata);
}

/* inih does not report a section without values, and cuts a long section name. */
static bool take_section(struct conf_file *file) {
        const char *p = file->text + strspn(file->text, BLANKS);
        char section[128];
        size_t len;

        if (*p != '[')
                return true;
        len = strcspn(p + 1, "]\n");
        if (p[1 + len] != ']')
                return true; /* lines that inih sees */
        (void) snprintf(section, sizeof(section), "%.*s", (int) len, p + 1);
        return file->reader->section(file, section, file->reader->userdata);
}

static void keep_text(struct conf_file *file, const char *line) {
        if (file->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
                line += 3;
        (void) snprintf(file->text, sizeof(file->text), "%s", line);
}

/* Reads a line for inih. inih would take the end of a line that is too long for the next line. NULL
 * ends the reading. */
static char *read_line(char *out, int size, void *userdata) {
        struct conf_file *file = userdata;
        size_t len;

        if (file->wrong_line != 0 || !fgets(out, size, file->stream))
                return NULL;
        file->line++;
        keep_text(file, out);
        len = strlen(out);
        file->read += (off_t) len;
        /* A file system can leave zeros of a file that was written before a power loss. */
        if (ftello(file->stream) != file->read) {
                (void) conf_file_wrong(file, CONF_FILE_NAME,
                                       strlen(file->text) - strspn(file->text, BLANKS),
                                       "a byte that is 0");
                return NULL;
        }
        if (len + 1 == (size_t) size && out[len - 1] != '\n') {
                (void) conf_file_wrong(
                        file, CONF_FILE_NAME, 0,
                        "this line is too long: services may be spread over several lines of "
                        "the same name");
                return NULL;
        }
        return take_section(file) ? out : NULL;
}

/* inih reports its own errors only at the end. */
static void find_wrong(struct conf_file *file, int line) {
        if (line <= 0 || (file->wrong_line != 0 && file->wrong_line <= line))
                return;
        rewind(file->stream);
        file->wrong_line = 0;
        for (file->line = 0;
             file->line < line && fgets(file->text, sizeof(file->text), file->stream);)
                file->line++;
        (void) conf_file_wrong(file, CONF_FILE_NAME, 0,
                               "neither a [section], nor a 'name = value', nor a comment");
}

/* 0 with a descriptor, or without one where no file has to be there. */
static int open_safely(const char *path, mode_t type, bool required, int *ret,
                       char error[static ERROR_LEN]) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT && !required)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0) {
                int r = -errno;

                (void) snprintf(error, ERROR_LEN, "cannot read the configuration '%s': %s", path,
                                strerror(-r));
                return r;
        }
        if ((st.st_mode & S_IFMT) != type || (st.st_uid != 0 && st.st_uid != geteuid()) ||
            (st.st_mode & 022) != 0) {
                (void) snprintf(error, ERROR_LEN,
                                "the configuration '%s' must be a %s that belongs to root and that "
                                "nobody else can "
                                "write",
                                path, type == S_IFDIR ? "directory" : "regular file");
                return -EPERM;
        }
        *ret = take_fd(&fd);
        return 0;
}

static int read_one(const char *path, bool required, const struct conf_file_reader *reader,
                    bool *ret_found, char error[static ERROR_LEN]) {
        __attribute__((cleanup(closep))) FILE *stream = NULL;
        _cleanup_free_ struct conf_file *file = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        r = open_safely(path, S_IFREG, required, &fd, error);
        if (r < 0)
                return r;
        *ret_found = fd >= 0;
        if (fd < 0)
                return 0;
        file = calloc(1, sizeof(*file));
        stream = fdopen(fd, "r");
        if (!file || !stream)
                return -ENOMEM;
        (void) take_fd(&fd);
        *file = (struct conf_file){ .reader = reader, .path = path, .stream = stream };
        reader->begin(reader->userdata);
        r = ini_parse_stream(read_line, file, on_value, file);
        if (r < 0)
                return -ENOMEM;
        if (ferror(stream)) {
                (void) snprintf(error, ERROR_LEN, "cannot read the configuration '%s' to its end",
                                path);
                return -EIO;
        }
        /* An editor, or who manages the host, is writing it. Its rules must not be dropped. */
        if (file->line == 0) {
                (void) snprintf(error, ERROR_LEN,
                                "the configuration '%s' is empty: where it is to configure "
                                "nothing, write a comment into it",
                                path);
                return -ENODATA;
        }
        find_wrong(file, r);
        if (file->wrong_line != 0)
                (void) snprintf(error, ERROR_LEN, "%s:%d:%zu: %.400s", path, file->wrong_line,
                                file->wrong_column, file->wrong);
        return file->wrong_line != 0 ? -EINVAL : 0;
}

/* --- All of them --- */

struct names {
        size_t n;
        struct dirent **entries;
};

static void names_free(struct names *names) {
        for (size_t i = 0; i < names->n; i++)
                free(names->entries[i]);
        free(names->entries);
}

static int is_dropin(const struct dirent *entry) {
        size_t len = strlen(entry->d_name), end = strlen(".conf");

        return entry->d_name[0] != '.' && len > end &&
               strcmp(entry->d_name + len - end, ".conf") == 0;
}

/* The order is the same in every language. */
static int compare(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dropins(const char *dir, const struct conf_file_reader *reader,
                        char error[static ERROR_LEN]) {
        __attribute__((cleanup(names_free))) struct names names = {};
        _cleanup_close_ int fd = -1;
        char path[PATH_LEN];
        bool found;
        int r;

        r = open_safely(dir, S_IFDIR, false, &fd, error);
        if (r < 0 || fd < 0)
                return r;
        r = scandirat(fd, ".", &names.entries, is_dropin, compare);
        if (r < 0) {
                r = -errno;
                (void) snprintf(error, ERROR_LEN, "cannot read the configuration '%.300s': %s", dir,
                                strerror(-r));
                return r;
        }
        names.n = (size_t) r;
        for (size_t i = 0; i < names.n; i++) {
                if (snprintf(path, sizeof(path), "%s/%s", dir, names.entries[i]->d_name) >=
                    PATH_LEN)
                        return -ENAMETOOLONG;
                r = read_one(path, true, reader, &found, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int conf_file_read(const char *path, bool required, const struct conf_file_reader *reader,
                   bool *ret_found, char error[static ERROR_LEN]) {
        char dir[PATH_LEN];
        bool found;
        int r;

        (void) snprintf(error, ERROR_LEN, "the configuration '%.300s' cannot be read", path);
        if (snprintf(dir, sizeof(dir), "%s.d", path) >= PATH_LEN)
                return -ENAMETOOLONG;
        r = read_one(path, required, reader, &found, error);
        if (r >= 0)
                r = read_dropins(dir, reader, error);
        if (r < 0)
                return r;
        error[0] = '\0';
        *ret_found = found;
        return 0;
}
