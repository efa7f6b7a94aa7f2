/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a whole file into memory and wipes it at the end. Does not know what the file holds. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"
#include "cli/infile.h"
#include "cli/say.h"

void infile_done(struct infile *f) {
        if (f->bytes)
                explicit_bzero(f->bytes, f->room);
        free(f->bytes);
        f->bytes = NULL;
}

/* Without stdio: its buffer would keep a copy of a secret. */
static int read_whole(int fd, struct infile *f) {
        while (f->len < f->room) {
                ssize_t n = read(fd, f->bytes + f->len, f->room - f->len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                f->len += (size_t) n;
        }
        return 0;
}

enum exit_code infile_read(const char *path, size_t max, struct infile *ret) {
        bool from_stdin = strcmp(path, "-") == 0;
        _cleanup_infile_ struct infile f = { .name = from_stdin ? "standard input" : path,
                                             .room = max + 1 };
        _cleanup_close_ int opened = -1;
        int r;

        f.bytes = malloc(f.room);
        if (!f.bytes)
                return say_no_memory();
        if (!from_stdin)
                opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        r = !from_stdin && opened < 0 ? -errno : read_whole(from_stdin ? STDIN_FILENO : opened, &f);
        if (r < 0) {
                say_error("cannot read %s: %s", f.name, strerror(-r));
                return CTL_FAILED;
        }
        if (f.len == 0 || f.len > max) {
                if (f.len == 0)
                        say_error("%s is empty", f.name);
                else
                        say_error("%s is too large: at most %zu bytes", f.name, max);
                return CTL_USAGE;
        }
        f.bytes[f.len] = '\0';
        *ret = f;
        f.bytes = NULL;
        return CTL_OK;
}
