/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes, fills and shortens the file. Whether there is room is found out by taking it, because a
 * quota is seen in no other way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "store/store_reserve.h"

#define NAME  "reserve"
#define LEAST INT64_C(65536)

int store_reserve_init(struct store_reserve *r, const char *path) {
        const char *slash = strrchr(path, '/');

        *r = (struct store_reserve){ .fd = -1 };
        return asprintf(&r->path, "%.*s/" NAME, slash ? (int) (slash - path) : 0, path) < 0
                       ? -ENOMEM
                       : 0;
}

void store_reserve_done(struct store_reserve *r) {
        if (!r->path)
                return;
        cleanup_close(&r->fd);
        free(r->path);
        *r = (struct store_reserve){ .fd = -1 };
}

static bool is_full(int error) {
        return error == ENOSPC || error == EDQUOT;
}

/* Takes room behind the end of the reserve. On failure the file is as it was. */
static int take(struct store_reserve *r, int64_t bytes) {
        int error;

        do
                error = posix_fallocate(r->fd, r->size, bytes);
        while (error == EINTR);
        if (error != 0)
                (void) !ftruncate(r->fd, r->size);
        return error;
}

/* What an earlier daemon left counts, unless it is a copy that has holes. */
static int begin(struct store_reserve *r) {
        struct stat st;

        if (r->fd >= 0)
                return 0;
        r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (r->fd < 0 || fchmod(r->fd, 0600) < 0 || fstat(r->fd, &st) < 0)
                return errno;
        if (st.st_size <= STORE_RESERVE_BYTES && st.st_blocks * INT64_C(512) >= st.st_size)
                r->size = st.st_size;
        return 0;
}

int store_reserve_fill(struct store_reserve *r) {
        int error = begin(r);
        int64_t bytes = STORE_RESERVE_BYTES;

        while (error == 0 && r->size < STORE_RESERVE_BYTES) {
                if (bytes > STORE_RESERVE_BYTES - r->size)
                        bytes = STORE_RESERVE_BYTES - r->size;
                error = take(r, bytes);
                if (error == 0)
                        r->size += bytes;
                else if (is_full(error) && bytes > LEAST) {
                        bytes /= 2;
                        error = 0;
                }
        }
        return is_full(error) ? -error : 0;
}

bool store_reserve_spend(struct store_reserve *r) {
        int64_t left = r->size > STORE_RESERVE_PART ? r->size - STORE_RESERVE_PART : 0;

        if (r->fd < 0)
                return false;
        if (take(r, STORE_RESERVE_PART) == 0)
                return ftruncate(r->fd, r->size) == 0;
        if (left == r->size || ftruncate(r->fd, left) < 0)
                return false;
        r->size = left;
        return true;
}
