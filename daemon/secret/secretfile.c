/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of 32 secret bytes. Must not know what they are for. Every copy is wiped here but the
 * caller's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "secret/secretfile.h"

int secretfile_read_fd(int fd, uint8_t out[static SECRETFILE_LEN]) {
        /* one more byte, to see that a file is too long */
        uint8_t buffer[SECRETFILE_LEN + 1];
        size_t have = 0;
        int r = 0;

        while (have < sizeof(buffer)) {
                ssize_t n = read(fd, buffer + have, sizeof(buffer) - have);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = -errno;
                if (n <= 0)
                        break;
                have += (size_t) n;
        }
        if (r == 0 && have != SECRETFILE_LEN)
                r = -EUCLEAN;
        if (r == 0)
                memcpy(out, buffer, SECRETFILE_LEN);
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

int secretfile_read(int dir, const char *name, uint8_t out[static SECRETFILE_LEN]) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
                return -EPERM;
        return secretfile_read_fd(fd, out);
}

int secretfile_write(int dir, const char *name, const uint8_t in[static SECRETFILE_LEN]) {
        _cleanup_close_ int fd = -1;
        char unborn[64];
        ssize_t n;
        int r = 0;

        if (snprintf(unborn, sizeof(unborn), "%s.new", name) >= (int) sizeof(unborn))
                return -ENAMETOOLONG;
        if (unlinkat(dir, unborn, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dir, unborn, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        n = write(fd, in, SECRETFILE_LEN);
        if (n != SECRETFILE_LEN)
                r = n < 0 ? -errno : -EIO;
        else if (fchmod(fd, 0600) < 0 || fsync(fd) < 0 || renameat(dir, unborn, dir, name) < 0 ||
                 fsync(dir) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(dir, unborn, 0);
        return r;
}
