/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a file beside its place and renames it when it is complete. Does not know what is in
 * it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/outfile.h"

int outfile_open(struct outfile *ret, const char *path) {
        struct outfile o = { .path = path, .fd = STDOUT_FILENO };

        if (strcmp(path, "-") != 0) {
                if (asprintf(&o.unborn, "%s.XXXXXX", path) < 0)
                        return -ENOMEM;
                o.fd = mkostemp(o.unborn, O_CLOEXEC); /* 0600, whatever the umask is */
                if (o.fd < 0) {
                        int r = -errno;

                        free(o.unborn);
                        return r;
                }
        }
        *ret = o;
        return 0;
}

int outfile_write(struct outfile *o, const void *bytes, size_t len) {
        const char *at = bytes;

        while (len > 0) {
                ssize_t n = write(o->fd, at, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                len -= (size_t) n;
        }
        return 0;
}

/* A new name is safe on disk only after its directory was synced. */
static int sync_dir(const char *path) {
        _cleanup_free_ char *dir = strdup(path);
        _cleanup_close_ int fd = -1;
        char *slash;

        if (!dir)
                return -ENOMEM;
        slash = strrchr(dir, '/');
        if (slash)
                slash[1] = '\0';
        fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int outfile_share(struct outfile *o) {
        return o->unborn && fchmod(o->fd, 0644) < 0 ? -errno : 0;
}

int outfile_finish(struct outfile *o) {
        if (!o->unborn)
                return 0;
        if (fsync(o->fd) < 0 || rename(o->unborn, o->path) < 0)
                return -errno;
        free(o->unborn);
        o->unborn = NULL;
        (void) close(o->fd);
        return sync_dir(o->path);
}

void outfile_drop(struct outfile *o) {
        if (!o->unborn)
                return;
        (void) close(o->fd);
        (void) unlink(o->unborn);
        free(o->unborn);
        o->unborn = NULL;
}
