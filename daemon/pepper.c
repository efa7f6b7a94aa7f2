#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "pepper.h"

static int read_exactly(int fd, uint8_t out[static PEPPER_LEN]) {
        uint8_t buffer[PEPPER_LEN + 1]; /* one more, so that too long a file is seen as such */
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
        if (r == 0 && have != PEPPER_LEN)
                r = -EUCLEAN;
        if (r == 0)
                memcpy(out, buffer, PEPPER_LEN);
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

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
        return read_exactly(fd, out);
}

int pepper_read_file(int dir, uint8_t out[static PEPPER_LEN]) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = openat(dir, PEPPER_FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
                return -EPERM;
        return read_exactly(fd, out);
}

int pepper_create_file(int dir, uint8_t out[static PEPPER_LEN]) {
        _cleanup_close_ int fd = -1;
        int r = 0;

        fd = openat(dir, PEPPER_FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        if (getrandom(out, PEPPER_LEN, 0) != PEPPER_LEN)
                r = -EIO;
        else if (fchmod(fd, 0600) < 0 || write(fd, out, PEPPER_LEN) != PEPPER_LEN || fsync(fd) < 0 ||
                 fsync(dir) < 0)
                r = errno ? -errno : -EIO;
        if (r < 0) {
                explicit_bzero(out, PEPPER_LEN);
                (void) unlinkat(dir, PEPPER_FILE_NAME, 0);
        }
        return r;
}
