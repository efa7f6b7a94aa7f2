/* SPDX-License-Identifier: BSD-2-Clause */
/* Owner, mode and type, and the lock that keeps a second daemon away. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "statedir.h"

/* room for the longest name of a file in it */
#define NAME_ROOM 32

static int fail(char error[static ERROR_LEN], int r, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int fail(char error[static ERROR_LEN], int r, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(error, ERROR_LEN, format, ap);
        va_end(ap);
        return r;
}

static int make_and_open(const char *dir, char error[static ERROR_LEN]) {
        int fd;

        if (dir[0] != '/')
                return fail(error, -EINVAL, "the state directory '%s' must be an absolute path",
                            dir);
        if (strlen(dir) + NAME_ROOM > STATEDIR_PATH_LEN)
                return fail(error, -ENAMETOOLONG, "the name of the state directory is too long");
        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
                return fail(error, -errno, "cannot make the state directory '%s': %s", dir,
                            strerror(errno));
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd >= 0 ? fd
                       : fail(error, -errno, "cannot open the state directory '%s': %s", dir,
                              strerror(errno));
}

int statedir_open(const char *dir, char real[static STATEDIR_PATH_LEN], int *ret_fd,
                  char error[static ERROR_LEN]) {
        _cleanup_close_ int fd = make_and_open(dir, error);
        const char *path;
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return fail(error, -errno, "cannot look at the state directory '%s': %s", dir,
                            strerror(errno));
        if (st.st_uid != geteuid())
                return fail(error, -EPERM,
                            "the state directory '%s' belongs to uid %u and not to uid %u, which "
                            "runs wfapikeyd",
                            dir, st.st_uid, geteuid());
        if ((st.st_mode & 077) != 0)
                return fail(error, -EPERM,
                            "the state directory '%s' is open to others (mode %04o); see who has "
                            "read it, then: chmod 0700 '%s'",
                            dir, st.st_mode & 07777, dir);
        path = realpath(dir, real);
        /* A second daemon would still accept what the first one revokes: the counter of changes
         * is in memory. */
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return fail(error, -EBUSY, "another wfapikeyd uses the state directory '%s'",
                            path ? path : dir);
        *ret_fd = take_fd(&fd);
        return path != NULL;
}

int statedir_look(int fd, const char *dir, const char *name, char error[static ERROR_LEN]) {
        struct stat st;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0
                                       : fail(error, -errno, "cannot look at '%s/%s': %s", dir,
                                              name, strerror(errno));
        if (!S_ISREG(st.st_mode))
                return fail(error, -EPERM, "'%s/%s' is not a regular file", dir, name);
        if (st.st_uid != geteuid())
                return fail(error, -EPERM,
                            "'%s/%s' belongs to uid %u and not to uid %u, which runs wfapikeyd",
                            dir, name, st.st_uid, geteuid());
        if ((st.st_mode & 077) != 0)
                return fail(error, -EPERM,
                            "'%s/%s' is open to others (mode %04o); see who has read it, then: "
                            "chmod 0600 '%s/%s'",
                            dir, name, st.st_mode & 07777, dir, name);
        return 1;
}
