/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that write, for the whole process: the loader binds those of libsqlite3 to these, too.
 * Each does what its namesake does, and tells disk.c. Syncs are only told. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

/* The C library calls these so. A prototype of its headers would be in the way. */
#define CALLED(name) __asm__(name) __attribute__((visibility("default"), used))

static mode_t mode_of(int flags, va_list ap) {
        return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
}

static int open_at(int dir, const char *path, int flags, mode_t mode) {
        int fd = (int) syscall(SYS_openat, dir, path, flags, mode), error = errno;

        if (fd >= 0)
                (void) disk_opened(dir, path, flags, fd);
        errno = error;
        return fd;
}

#define DEFINE_OPEN(function, name)                                                                \
        int function(const char *path, int flags, ...) CALLED(name);                               \
        int function(const char *path, int flags, ...) {                                           \
                va_list ap;                                                                        \
                mode_t mode;                                                                       \
                                                                                                   \
                va_start(ap, flags);                                                               \
                mode = mode_of(flags, ap);                                                         \
                va_end(ap);                                                                        \
                return open_at(AT_FDCWD, path, flags, mode);                                       \
        }
#define DEFINE_OPENAT(function, name)                                                              \
        int function(int dir, const char *path, int flags, ...) CALLED(name);                      \
        int function(int dir, const char *path, int flags, ...) {                                  \
                va_list ap;                                                                        \
                mode_t mode;                                                                       \
                                                                                                   \
                va_start(ap, flags);                                                               \
                mode = mode_of(flags, ap);                                                         \
                va_end(ap);                                                                        \
                return open_at(dir, path, flags, mode);                                            \
        }

DEFINE_OPEN(call_open, "open")
DEFINE_OPEN(call_open64, "open64")
DEFINE_OPEN(call_open_2, "__open_2")
DEFINE_OPEN(call_open64_2, "__open64_2")
DEFINE_OPENAT(call_openat, "openat")
DEFINE_OPENAT(call_openat64, "openat64")
DEFINE_OPENAT(call_openat_2, "__openat_2")
DEFINE_OPENAT(call_openat64_2, "__openat64_2")

int call_close(int fd) CALLED("close");
int call_close(int fd) {
        disk_closed(fd);
        return (int) syscall(SYS_close, fd);
}

static ssize_t written(int fd, off_t at, const void *bytes, ssize_t n) {
        int file = disk_of(fd), error = errno;

        if (file > 0 && n > 0)
                disk_wrote(file, at, bytes, (size_t) n);
        errno = error;
        return n;
}

ssize_t call_write(int fd, const void *bytes, size_t len) CALLED("write");
ssize_t call_write(int fd, const void *bytes, size_t len) {
        off_t at = disk_of(fd) > 0 ? lseek(fd, 0, SEEK_CUR) : 0;

        return written(fd, at, bytes, syscall(SYS_write, fd, bytes, len));
}

ssize_t call_pwrite(int fd, const void *bytes, size_t len, off_t at) CALLED("pwrite");
ssize_t call_pwrite(int fd, const void *bytes, size_t len, off_t at) {
        return written(fd, at, bytes, syscall(SYS_pwrite64, fd, bytes, len, at));
}

ssize_t call_pwrite64(int fd, const void *bytes, size_t len, off_t at) CALLED("pwrite64");
ssize_t call_pwrite64(int fd, const void *bytes, size_t len, off_t at) {
        return written(fd, at, bytes, syscall(SYS_pwrite64, fd, bytes, len, at));
}

static int resize(int fd, off_t size) {
        int r = (int) syscall(SYS_ftruncate, fd, size), error = errno;

        if (r == 0 && disk_of(fd) > 0)
                disk_resized(disk_of(fd), size);
        errno = error;
        return r;
}

int call_ftruncate(int fd, off_t size) CALLED("ftruncate");
int call_ftruncate(int fd, off_t size) {
        return resize(fd, size);
}

int call_ftruncate64(int fd, off_t size) CALLED("ftruncate64");
int call_ftruncate64(int fd, off_t size) {
        return resize(fd, size);
}

static int allocate(int fd, off_t at, off_t len) {
        off_t size = lseek(fd, 0, SEEK_END);

        if (disk_spares() ? size < at + len && syscall(SYS_ftruncate, fd, at + len) < 0
                          : syscall(SYS_fallocate, fd, 0, at, len) < 0)
                return errno;
        if (disk_of(fd) > 0 && size < at + len)
                disk_resized(disk_of(fd), at + len);
        return 0;
}

int call_posix_fallocate(int fd, off_t at, off_t len) CALLED("posix_fallocate");
int call_posix_fallocate(int fd, off_t at, off_t len) {
        return allocate(fd, at, len);
}

int call_posix_fallocate64(int fd, off_t at, off_t len) CALLED("posix_fallocate64");
int call_posix_fallocate64(int fd, off_t at, off_t len) {
        return allocate(fd, at, len);
}

static int sync_file(long number, int fd) {
        if (disk_of(fd) > 0 && disk_fails(disk_of(fd))) {
                errno = EIO;
                return -1;
        }
        if (disk_of(fd) > 0)
                disk_synced(disk_of(fd));
        return disk_spares() ? 0 : (int) syscall(number, fd);
}

int call_fsync(int fd) CALLED("fsync");
int call_fsync(int fd) {
        return sync_file(SYS_fsync, fd);
}

int call_fdatasync(int fd) CALLED("fdatasync");
int call_fdatasync(int fd) {
        return sync_file(SYS_fdatasync, fd);
}

static int move(int from_dir, const char *from, int to_dir, const char *to) {
        int r = (int) syscall(SYS_renameat2, from_dir, from, to_dir, to, 0), error = errno;

        if (r == 0)
                disk_linked(from_dir, from, to_dir, to, true);
        errno = error;
        return r;
}

int call_rename(const char *from, const char *to) CALLED("rename");
int call_rename(const char *from, const char *to) {
        return move(AT_FDCWD, from, AT_FDCWD, to);
}

int call_renameat(int from_dir, const char *from, int to_dir, const char *to) CALLED("renameat");
int call_renameat(int from_dir, const char *from, int to_dir, const char *to) {
        return move(from_dir, from, to_dir, to);
}

int call_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
        CALLED("linkat");
int call_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
        int r = (int) syscall(SYS_linkat, from_dir, from, to_dir, to, flags), error = errno;

        if (r == 0)
                disk_linked(from_dir, from, to_dir, to, false);
        errno = error;
        return r;
}

static int remove_at(int dir, const char *path, int flags) {
        int r = (int) syscall(SYS_unlinkat, dir, path, flags), error = errno;

        if (r == 0)
                disk_removed(dir, path);
        errno = error;
        return r;
}

int call_unlinkat(int dir, const char *path, int flags) CALLED("unlinkat");
int call_unlinkat(int dir, const char *path, int flags) {
        return remove_at(dir, path, flags);
}

int call_unlink(const char *path) CALLED("unlink");
int call_unlink(const char *path) {
        return remove_at(AT_FDCWD, path, 0);
}

int call_mkdir(const char *path, mode_t mode) CALLED("mkdir");
int call_mkdir(const char *path, mode_t mode) {
        int r = (int) syscall(SYS_mkdirat, AT_FDCWD, path, mode), error = errno;

        if (r == 0)
                disk_made_directory(AT_FDCWD, path);
        errno = error;
        return r;
}
