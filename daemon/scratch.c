/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies files to where they can be changed. Does not know what is in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "scratch.h"

/* as a page of a database, so that no other page is lost with one that cannot be read */
#define BLOCK 4096

int scratch_make(struct scratch *s) {
        const char *base = secure_getenv("TMPDIR");
        char name[PATH_MAX];

        if (snprintf(name, sizeof(name), "%s/wfapikey-XXXXXX",
                     base && base[0] ? base : "/var/tmp") >= (int) sizeof(name))
                return -ENAMETOOLONG;
        memcpy(s->path, name, sizeof(s->path));
        if (!mkdtemp(name))
                return -errno;
        /* SQLite follows no link in any part of a path. */
        if (!realpath(name, s->path))
                return -errno;
        s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return s->fd < 0 ? -errno : 0;
}

static void remove_all(int fd) {
        DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0));
        const struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                (void) unlinkat(fd, entry->d_name, 0); /* not "." and ".." */
        if (dir)
                (void) closedir(dir);
}

void scratch_done(struct scratch *s) {
        if (s->fd < 0)
                return;
        remove_all(s->fd);
        (void) rmdir(s->path);
        cleanup_close(&s->fd);
}

static int write_all(int fd, const uint8_t *bytes, size_t len) {
        while (len > 0) {
                ssize_t n = write(fd, bytes, len);

                if (n < 0)
                        return -errno;
                bytes += n;
                len -= (size_t) n;
        }
        return 0;
}

int scratch_copy(struct scratch *s, int from, const char *name) {
        _cleanup_close_ int in = -1, out = -1;
        struct stat st;
        int r = 0;

        in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (in < 0 || fstat(in, &st) < 0)
                return -errno;
        out = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (out < 0)
                return -errno;
        for (off_t at = 0; r >= 0 && at < st.st_size; at += BLOCK) {
                size_t len = st.st_size - at < BLOCK ? (size_t) (st.st_size - at) : BLOCK;
                uint8_t block[BLOCK] = {};
                ssize_t n = pread(in, block, len, at);

                if (n < 0 && errno != EIO)
                        return -errno;
                r = write_all(out, block, len);
        }
        return r;
}
