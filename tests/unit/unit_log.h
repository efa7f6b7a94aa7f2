/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of the log, which this process writes to a file while a test runs. */
#pragma once

#include "unit.h"

struct unit_capture {
        int stderr_fd; /* the real one */
        int file;
        char *text;
};

/* Lines are written to a file that takes them all: by the caller, or by the thread of the log. */
static inline int unit_capture_begin(struct unit_capture *c) {
        char path[UNIT_PATH_LEN];
        void *dir = NULL;

        if (unit_dir_make(&dir) < 0)
                return -1;
        c->text = NULL;
        c->file = open(unit_join(path, dir, "log"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        c->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        if (c->file < 0 || c->stderr_fd < 0 || dup2(c->file, STDERR_FILENO) < 0)
                return -1;
        return unit_dir_remove(&dir); /* the file stays while it is open */
}

static inline int unit_capture_end(struct unit_capture *c) {
        int r = dup2(c->stderr_fd, STDERR_FILENO);

        (void) close(c->stderr_fd);
        (void) close(c->file);
        free(c->text);
        return r < 0 ? -1 : 0;
}

/* All that was written so far. Belongs to ${c}, until the next call or the end. */
static inline const char *unit_capture_text(struct unit_capture *c) {
        struct stat st;
        size_t len;

        assert_int_equal(fstat(c->file, &st), 0);
        len = (size_t) st.st_size;
        free(c->text);
        c->text = calloc(1, len + 1);
        assert_non_null(c->text);
        assert_int_equal(pread(c->file, c->text, len, 0), len);
        return c->text;
}

static inline unsigned unit_capture_lines(struct unit_capture *c) {
        unsigned n = 0;

        for (const char *p = unit_capture_text(c); (p = strchr(p, '\n')); p++)
                n++;
        return n;
}
