/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects to a socket of this host. Sends nothing. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "cleanup.h"
#include "cli/unixsocket.h"

int unixsocket_connect(const char *path, int type, unsigned timeout_s) {
        _cleanup_close_ int fd = -1;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        struct timeval patience = { .tv_sec = timeout_s };
        size_t len = strlen(path);

        if (len >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, path, len + 1);
        fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        /* connect(2) blocks while the server's backlog is full. The timeout bounds that. */
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        while (connect(fd, (const struct sockaddr *) &sa, sizeof(sa)) < 0)
                if (errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
        return take_fd(&fd);
}
