/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends to the service manager without a wait. It knows nothing of what the texts mean. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "notify.h"

#define AGAIN_USEC UINT64_C(200000)

/* Returns the length of the address, or 0 where ${path} is none. */
static socklen_t take_address(struct sockaddr_un *address, const char *path) {
        size_t len = strlen(path);

        if ((path[0] != '/' && path[0] != '@') || len >= sizeof(address->sun_path))
                return 0;
        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        memcpy(address->sun_path, path, len);
        if (path[0] == '@')
                address->sun_path[0] = '\0';
        else
                len++;
        return (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len);
}

int notify_once(const char *text) {
        const char *path = secure_getenv("NOTIFY_SOCKET");
        _cleanup_close_ int fd = -1;
        struct sockaddr_un address;
        socklen_t len;

        if (!path)
                return 0;
        len = take_address(&address, path);
        if (len == 0)
                return -EINVAL;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                   (const struct sockaddr *) &address, len) < 0)
                return -errno;
        return 0;
}

void notify_slow(void) {
        (void) notify_once("EXTEND_TIMEOUT_USEC=1800000000");
}

/* The manager's queue is full, or the kernel or this process lacks something for a moment. */
static bool may_pass(int r) {
        static const int errors[] = { EAGAIN, ENOBUFS, ENOMEM, EMFILE, ENFILE };

        for (size_t i = 0; i < ARRAY_LEN(errors); i++)
                if (r == -errors[i])
                        return true;
        return false;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) usec;
        if (!may_pass(notify_once(userdata)))
                return 0;
        (void) sd_event_source_set_time_relative(source, AGAIN_USEC);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

void notify_state(sd_event_source **pending, sd_event *event, const char *text) {
        *pending = sd_event_source_disable_unref(*pending);
        if (may_pass(notify_once(text)))
                (void) sd_event_add_time_relative(event, pending, CLOCK_MONOTONIC, AGAIN_USEC, 0,
                                                  on_time, (void *) (uintptr_t) text);
}
