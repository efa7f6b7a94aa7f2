/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told of a login: its event, and the lines of the log, which this process writes to a
 * file as long as a test runs. For the tests of those who tell. */
#pragma once

#include "unit.h"

#include "login/verify_event.h"

#define NOW INT64_C(1800000000)

/* A login of alice's key to imap, asked for by uid 110, that came out so. */
static inline struct verify_event unit_event(enum reason reason) {
        return (struct verify_event){ .reason = reason,
                                      .known = reason != REASON_UNKNOWN_KEY,
                                      .kind = WIRE_VERIFY,
                                      .id = "aaaaaaaaaa",
                                      .user = "alice",
                                      .owner = "alice",
                                      .owner_uid = 1000,
                                      .service = "imap",
                                      .rhost = "192.0.2.7",
                                      .peer = { .uid = 110, .pid = 77 },
                                      .now = NOW };
}

/* A key in the place of each word that a client claims: a person may type it there. */
static inline struct verify_event unit_event_with_keys(enum reason reason) {
        static const char key[] =
                "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq1bUyxg";
        struct verify_event event = unit_event(reason);

        memcpy(event.user, key, sizeof(key));
        memcpy(event.service, key, WIRE_SERVICE_MAX);
        (void) snprintf(event.rhost, sizeof(event.rhost), "from %s", key);
        return event;
}

struct unit_capture {
        int stderr_fd; /* the real one */
        int file;
        char text[65536];
};

/* Lines are written by the caller here, to a file that takes them all. */
static inline int unit_capture_begin(struct unit_capture *c) {
        char path[UNIT_PATH_LEN];
        void *dir = NULL;

        if (unit_dir_make(&dir) < 0)
                return -1;
        (void) snprintf(path, sizeof(path), "%s/log", (const char *) dir);
        c->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        c->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        if (c->file < 0 || c->stderr_fd < 0 || dup2(c->file, STDERR_FILENO) < 0)
                return -1;
        return unit_dir_remove(&dir); /* the file stays while it is open */
}

static inline int unit_capture_end(struct unit_capture *c) {
        int r = dup2(c->stderr_fd, STDERR_FILENO);

        (void) close(c->stderr_fd);
        (void) close(c->file);
        return r < 0 ? -1 : 0;
}

/* All that was written so far. */
static inline const char *unit_capture_text(struct unit_capture *c) {
        ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

        assert_in_range(n, 0, sizeof(c->text) - 2);
        c->text[n] = '\0';
        return c->text;
}

static inline unsigned unit_capture_lines(struct unit_capture *c) {
        unsigned n = 0;

        for (const char *p = unit_capture_text(c); (p = strchr(p, '\n')); p++)
                n++;
        return n;
}
