/* SPDX-License-Identifier: BSD-2-Clause */
/* The files and the credential that hold peppers. Must not know what a pepper is for. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "secret/pepper.h"
#include "secret/secretfile.h"

_Static_assert(PEPPER_LEN == SECRETFILE_LEN, "a pepper fills a file");

int pepper_read_credential(uint8_t out[static PEPPER_LEN]) {
        const char *path = secure_getenv("CREDENTIALS_DIRECTORY");
        _cleanup_close_ int dir = -1, fd = -1;

        if (!path)
                return -ENOENT;
        dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        fd = openat(dir, PEPPER_CREDENTIAL_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        return secretfile_read_fd(fd, out);
}

int pepper_read_file(int dir, uint8_t out[static PEPPER_LEN]) {
        return secretfile_read(dir, PEPPER_FILE_NAME, out);
}

int pepper_create_file(int dir, uint8_t out[static PEPPER_LEN]) {
        _cleanup_close_ int fd = -1;
        int r = 0;

        fd = openat(dir, PEPPER_FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    0600);
        if (fd < 0)
                return -errno;
        if (getrandom(out, PEPPER_LEN, 0) != PEPPER_LEN)
                r = -EIO;
        else if (fchmod(fd, 0600) < 0 || write(fd, out, PEPPER_LEN) != PEPPER_LEN ||
                 fsync(fd) < 0 || fsync(dir) < 0)
                r = errno ? -errno : -EIO;
        if (r < 0) {
                explicit_bzero(out, PEPPER_LEN);
                (void) unlinkat(dir, PEPPER_FILE_NAME, 0);
        }
        return r;
}

const char *pepper_foreign_name(uint32_t id, char out[static PEPPER_NAME_LEN]) {
        (void) snprintf(out, PEPPER_NAME_LEN, PEPPER_FILE_NAME "-%08x", id);
        return out;
}

int pepper_read_foreign(int dir, uint32_t id, uint8_t out[static PEPPER_LEN]) {
        char name[PEPPER_NAME_LEN];

        return secretfile_read(dir, pepper_foreign_name(id, name), out);
}

int pepper_write_foreign(int dir, uint32_t id, const uint8_t in[static PEPPER_LEN]) {
        char name[PEPPER_NAME_LEN];

        return secretfile_write(dir, pepper_foreign_name(id, name), in);
}

/* Whether a file of this name holds a foreign pepper that is not in ${keep}. */
static bool is_unneeded(const char *file, const uint32_t *keep, size_t n_keep) {
        char name[PEPPER_NAME_LEN];

        if (strncmp(file, PEPPER_FILE_NAME "-", strlen(PEPPER_FILE_NAME "-")) != 0 ||
            strlen(file) != sizeof(name) - 1)
                return false;
        for (size_t i = 0; i < n_keep; i++)
                if (strcmp(file, pepper_foreign_name(keep[i], name)) == 0)
                        return false;
        return true;
}

void pepper_remove_foreign(int dir, const uint32_t *keep, size_t n_keep) {
        /* with a position of its own */
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *entry;
        DIR *list = fd < 0 ? NULL : fdopendir(fd);

        if (!list) {
                cleanup_close(&fd);
                return;
        }
        while ((entry = readdir(list)))
                if (is_unneeded(entry->d_name, keep, n_keep))
                        (void) unlinkat(dir, entry->d_name, 0);
        (void) closedir(list);
}
