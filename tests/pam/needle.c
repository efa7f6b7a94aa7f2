/* SPDX-License-Identifier: BSD-2-Clause */
/* Searches memory, files and directories for a masked secret. No buffer here may hold the secret in
 * the clear after the search. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "needle.h"

#define MASK  0xa5U
#define CHUNK ((size_t) 1 << 20)

static void close_file(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

static void close_dir(DIR **dir) {
        if (*dir)
                (void) closedir(*dir);
}

/* An area of this size is no data of a program but the shadow memory of a sanitizer. */
static size_t huge_area(void) {
        return (size_t) 1 << (world_is_instrumented() ? 24 : 30);
}

void needle_hide(struct needle *ret, const char *key) {
        memcpy(ret->id, keytext_id(key), KEYTEXT_ID_LEN);
        ret->id[KEYTEXT_ID_LEN] = '\0';
        for (size_t i = 0; i < KEYTEXT_SECRET_LEN; i++)
                ret->masked[i] = (uint8_t) ((uint8_t) keytext_secret(key)[i] ^ MASK);
}

void needle_hide_text(struct needle *ret, const char *text) {
        *ret = (struct needle){};
        for (size_t i = 0; i < NEEDLE_PART_LEN; i++)
                ret->masked[i] = (uint8_t) ((uint8_t) text[i] ^ MASK);
}

void needle_show(const struct needle *needle, char ret[static KEYTEXT_LEN + 1]) {
        char secret[KEYTEXT_SECRET_LEN];

        for (size_t i = 0; i < sizeof(secret); i++)
                secret[i] = (char) (needle->masked[i] ^ MASK);
        keytext_format(ret, needle->id, secret);
        explicit_bzero(secret, sizeof(secret));
}

/* Runs in a child: only the child sees the key in the clear. */
static void get_key(const struct world *w, const char *id, struct needle *ret) {
        struct world_key key = {};
        int fds[2];
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                fail_msg("pipe2: %s", strerror(errno));
        pid = fork();
        if (pid < 0)
                fail_msg("fork: %s", strerror(errno));
        if (pid == 0) {
                if (!id)
                        world_issue(w, &key, NULL);
                else if (world_ctl(w, key.text, sizeof(key.text), "key", "reset", id, NULL) != 0)
                        _exit(2);
                needle_hide(ret, key.text);
                _exit(write(fds[1], ret, sizeof(*ret)) != sizeof(*ret));
        }
        (void) close(fds[1]);
        if (read(fds[0], ret, sizeof(*ret)) != sizeof(*ret) || world_wait(pid) != 0)
                fail_msg("no key was made");
        (void) close(fds[0]);
}

void needle_issue(const struct world *w, struct needle *ret) {
        get_key(w, NULL, ret);
}

void needle_reset(const struct world *w, const char *id, struct needle *ret) {
        get_key(w, id, ret);
}

/* Compares byte by byte under the mask. Nothing here may hold the secret in the clear, not even a
 * register that the compiler spills. */
bool needle_in_bytes(const struct needle *needle, const void *bytes, size_t size) {
        const uint8_t *p = bytes;

        for (size_t at = 0; at + NEEDLE_PART_LEN <= size; at++) {
                size_t n = 0;

                while (n < NEEDLE_PART_LEN && (uint8_t) (p[at + n] ^ MASK) == needle->masked[n])
                        n++;
                if (n == NEEDLE_PART_LEN)
                        return true;
        }
        return false;
}

/* Searches one area of memory, in chunks that overlap. It skips pages that cannot be read (a guard,
 * a device). */
static bool in_area(const struct needle *needle, int mem, size_t from, size_t to, char *buffer) {
        for (size_t at = from; at < to;) {
                size_t len = to - at < CHUNK ? to - at : CHUNK;
                ssize_t n = pread(mem, buffer, len, (off_t) at);
                bool found = n > 0 && needle_in_bytes(needle, buffer, (size_t) n);

                explicit_bzero(buffer, len);
                if (found)
                        return true;
                if (n <= 0)
                        at += 4096;
                else
                        at += (size_t) n > NEEDLE_PART_LEN ? (size_t) n - NEEDLE_PART_LEN + 1
                                                           : (size_t) n;
        }
        return false;
}

int needle_in_process(const struct needle *needle, pid_t pid) {
        __attribute__((cleanup(close_file))) FILE *maps = NULL;
        _cleanup_free_ char *buffer = malloc(CHUNK);
        _cleanup_close_ int mem = -1;
        char path[64], line[4096];
        int found = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/maps", pid);
        maps = fopen(path, "re");
        (void) snprintf(path, sizeof(path), "/proc/%d/mem", pid);
        mem = open(path, O_RDONLY | O_CLOEXEC);
        if (!maps || mem < 0 || !buffer)
                return -errno;
        while (fgets(line, sizeof(line), maps)) {
                char *end, *rest;
                size_t from = strtoul(line, &end, 16),
                       to = *end == '-' ? strtoul(end + 1, &rest, 16) : 0;

                /* Private and writable: "rw-p". Shared memory belongs to the tests. */
                if (to <= from || to - from > huge_area() || strncmp(rest, " rw", 3) != 0 ||
                    rest[4] != 'p')
                        continue;
                if (in_area(needle, mem, from, to, buffer)) {
                        print_error("a secret is in %s", line);
                        found = 1;
                }
        }
        return found;
}

int needle_in_file(const struct needle *needle, const char *path) {
        size_t size = 0;
        _cleanup_free_ char *bytes = world_read(path, &size);
        bool found;

        if (!bytes)
                return -errno;
        found = needle_in_bytes(needle, bytes, size);
        explicit_bzero(bytes, size);
        if (!found)
                return 0;
        print_error("a secret is in %s\n", path);
        return 1;
}

int needle_in_tree(const struct needle *needle, const char *path) {
        __attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
        const struct dirent *entry;
        int found = 0;

        if (!dir)
                return -errno;
        while ((entry = readdir(dir))) {
                char below[512];
                struct stat st;
                int r = 0;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                (void) snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
                if (lstat(below, &st) < 0)
                        return -errno;
                if (S_ISDIR(st.st_mode))
                        r = needle_in_tree(needle, below);
                else if (S_ISREG(st.st_mode))
                        r = needle_in_file(needle, below);
                if (r < 0)
                        return r;
                found |= r;
        }
        return found;
}
