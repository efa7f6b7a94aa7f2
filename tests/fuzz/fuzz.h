/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fuzz targets share: the entry points that the engine calls, properties, and an input
 * that is taken piece by piece. A target keeps nothing from one input to the next that changes what
 * it finds: what the engine found must fail again when it is replayed alone. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Optional; see the manual of libFuzzer. replay_main.c has an LLVMFuzzerMutate() that does nothing.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* A property. One that does not hold is a fault, as a crash is. */
#define must(holds) ((holds) ? (void) 0 : fuzz_fail(__FILE__, __LINE__, #holds))

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *what) {
        (void) fprintf(stderr, "%s:%d: this must hold: %s\n", file, line, what);
        abort();
}

/* Bytes that were not taken yet. At the end there are zeroes. */
struct fuzz {
        const uint8_t *at;
        size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz *f) {
        if (f->left == 0)
                return 0;
        f->left--;
        return *f->at++;
}

static inline uint64_t fuzz_number(struct fuzz *f, size_t bytes) {
        uint64_t v = 0;

        while (bytes-- > 0)
                v = v << 8 | fuzz_byte(f);
        return v;
}

/* The next ${n} bytes, or as many as there are. */
static inline struct fuzz fuzz_take(struct fuzz *f, size_t n) {
        struct fuzz part = { f->at, n < f->left ? n : f->left };

        f->at += part.left;
        f->left -= part.left;
        return part;
}

/* The bytes up to ${separator}, which is dropped, or all. */
static inline struct fuzz fuzz_until(struct fuzz *f, const char *separator) {
        size_t n = strlen(separator);
        const uint8_t *end = f->left > 0 ? memmem(f->at, f->left, separator, n) : NULL;
        struct fuzz part = fuzz_take(f, end ? (size_t) (end - f->at) : f->left);

        (void) fuzz_take(f, n);
        return part;
}

/* On the heap, exactly as long as it is, so that a sanitizer sees what is read behind it. With a
 * NUL behind it, and the caller frees it. */
static inline char *fuzz_text(const struct fuzz *f) {
        char *text = malloc(f->left + 1);

        if (!text)
                abort();
        if (f->left > 0)
                memcpy(text, f->at, f->left);
        text[f->left] = '\0';
        return text;
}

/* Fills an array of char, and ends it with a NUL. Bytes behind the first NUL are zeroes. */
static inline void fuzz_string(struct fuzz *f, char *out, size_t size) {
        struct fuzz part = fuzz_take(f, fuzz_byte(f) % size);

        memset(out, 0, size);
        if (part.left > 0)
                memcpy(out, part.at, strnlen((const char *) part.at, part.left));
}

/* --- A directory for the process --- */

static char fuzz_dir[256];

static inline void fuzz_dir_remove(void) {
        DIR *d = opendir(fuzz_dir);
        struct dirent *entry;

        while (d && (entry = readdir(d)))
                (void) unlinkat(dirfd(d), entry->d_name,
                                strcmp(entry->d_name, "conf.d") == 0 ? AT_REMOVEDIR : 0);
        if (d)
                (void) closedir(d);
        (void) rmdir(fuzz_dir);
}

/* The path of a directory that goes when the process ends. */
static inline const char *fuzz_dir_get(void) {
        const char *tmp = getenv("TMPDIR");

        if (fuzz_dir[0])
                return fuzz_dir;
        (void) snprintf(fuzz_dir, sizeof(fuzz_dir), "%s/wfapikey-fuzz-XXXXXX", tmp ?: "/tmp");
        if (!mkdtemp(fuzz_dir) || atexit(fuzz_dir_remove) != 0)
                abort();
        return fuzz_dir;
}

/* Writes the file ${name} there, mode 0600. */
static inline void fuzz_write(const char *name, const void *bytes, size_t len) {
        int dir = open(fuzz_dir_get(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        must(dir >= 0 && fd >= 0);
        must(len == 0 || write(fd, bytes, len) == (ssize_t) len);
        (void) close(fd);
        (void) close(dir);
}
