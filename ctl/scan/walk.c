/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads files piece by piece. Knows no form of files: archives are not unpacked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/say.h"
#include "scan/walk.h"

/* Each level has a directory open. */
#define DEPTH_MAX 200

struct here {
        struct scan *s;
        const char *path;
        bool in_name;
};

static int on_found(const char *key, uint64_t line, uint64_t column, void *userdata) {
        const struct here *here = userdata;
        struct scan_place place = { .path = here->path };
        size_t at;
        int r;

        if (!here->in_name) {
                place.line = line;
                place.column = column;
        }
        r = scan_note(here->s, key, &at);
        return r < 0 ? r : scan_report(here->s, at, &place);
}

static int walk_bytes(struct scan *s, int fd, const char *path) {
        struct here here = { .s = s, .path = path };
        ssize_t n;
        int r = 0;

        scanner_begin(&s->scanner);
        while (r >= 0 && (n = read(fd, scanner_room(&s->scanner), SCANNER_PIECE)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        scan_unread(s, path, strerror(errno));
                        return 0;
                }
                r = scanner_take(&s->scanner, (size_t) n, on_found, &here);
        }
        return r;
}

/* A name may be a key. */
static int walk_name(struct scan *s, const char *name, const char *path) {
        struct here here = { .s = s, .path = path, .in_name = true };
        size_t len = strlen(name);

        scanner_begin(&s->scanner);
        memcpy(scanner_room(&s->scanner), name, len);
        return scanner_take(&s->scanner, len, on_found, &here);
}

/* The kernel shows itself in these: there is no end to some of their files. */
static bool is_kernels(int fd) {
        static const unsigned long types[] = { PROC_SUPER_MAGIC,   SYSFS_MAGIC,
                                               DEBUGFS_MAGIC,      TRACEFS_MAGIC,
                                               CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                               SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                                               EFIVARFS_MAGIC };
        struct statfs st;

        if (fstatfs(fd, &st) < 0)
                return false;
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
                if ((unsigned long) st.f_type == types[i])
                        return true;
        return false;
}

static int walk_directory(struct scan *s, int fd, const char *path, unsigned depth);

/* What is found under a name is opened only when it is a file or a directory: to open a device may
 * do something. */
static int walk_entry(struct scan *s, int directory, const char *name, const char *path,
                      unsigned depth) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        scan_unread(s, path, strerror(errno));
                return 0;
        }
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
                return 0;
        fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                /* it may have gone, or be something else, since */
                if (errno != ENOENT && errno != ELOOP)
                        scan_unread(s, path, strerror(errno));
                return 0;
        }
        if (S_ISDIR(st.st_mode))
                return walk_directory(s, fd, path, depth);
        return S_ISREG(st.st_mode) ? walk_bytes(s, fd, path) : 0;
}

static int walk_child(struct scan *s, int fd, const char *directory, const char *name,
                      unsigned depth) {
        _cleanup_free_ char *path = NULL;
        size_t len = strlen(directory);
        int r;

        if (asprintf(&path, "%s%s%s", directory, len > 0 && directory[len - 1] == '/' ? "" : "/",
                     name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = walk_name(s, name, path);
        return r < 0 ? r : walk_entry(s, fd, name, path, depth);
}

static int is_child(const struct dirent *entry) {
        return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int walk_directory(struct scan *s, int fd, const char *path, unsigned depth) {
        struct dirent **list = NULL;
        int n, r = 0;

        if (is_kernels(fd))
                return 0;
        if (depth >= DEPTH_MAX) {
                scan_unread(s, path, "it is too deep");
                return 0;
        }
        n = scandirat(fd, ".", &list, is_child, alphasort);
        if (n < 0) {
                scan_unread(s, path, strerror(errno));
                return errno == ENOMEM ? -ENOMEM : 0;
        }
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = walk_child(s, fd, path, list[i]->d_name, depth + 1);
                free(list[i]);
        }
        free(list);
        return r;
}

int walk_path(struct scan *s, const char *path) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (strcmp(path, "-") == 0)
                return walk_bytes(s, STDIN_FILENO, path);
        fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                scan_unread(s, path, strerror(errno));
                return 0;
        }
        if (!S_ISDIR(st.st_mode))
                return walk_bytes(s, fd, path);
        if (faccessat(fd, ".git", F_OK, 0) == 0)
                say_note("%s is a repository of git: 'wfapikeyctl scan --git' looks through its "
                         "history.",
                         path);
        return walk_directory(s, fd, path, 0);
}
