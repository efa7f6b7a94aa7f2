/* SPDX-License-Identifier: BSD-2-Clause */
/* The wrapped functions of libc and the small libpam. They count their calls and fail where the
 * plan of the test says so. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "faults.h"

struct faults faults;

static struct {
        const void *p;
        size_t len;
} watched[8];

static const char *const names[] = {
        [FAULT_CALLOC] = "calloc",
        [FAULT_SOCKET] = "socket",
        [FAULT_CONNECT] = "connect",
        [FAULT_GETSOCKOPT] = "getsockopt",
        [FAULT_SETSOCKOPT] = "setsockopt",
        [FAULT_FCNTL] = "fcntl",
        [FAULT_POLL] = "poll",
        [FAULT_SEND] = "send",
        [FAULT_RECV] = "recv",
        [FAULT_GET_ITEM] = "pam_get_item",
        [FAULT_SET_ITEM] = "pam_set_item",
        [FAULT_GET_USER] = "pam_get_user",
        [FAULT_GET_DATA] = "pam_get_data",
        [FAULT_SET_DATA] = "pam_set_data",
        [FAULT_PUTENV] = "pam_putenv",
};
_Static_assert(ARRAY_LEN(names) == _FAULT_MAX, "a name for each");

const char *faults_name(enum fault_function function) {
        return names[function];
}

void faults_begin(void) {
        faults.hit = faults.allowed = faults.left_unwiped = false;
        faults.allocations = 0;
        memset(faults.calls, 0, sizeof(faults.calls));
        memset(watched, 0, sizeof(watched));
}

/* What this call does: FAULT_NOT, an error, or another result. */
static int fault(enum fault_function function) {
        unsigned n;

        if (!faults.armed)
                return FAULT_NOT;
        n = ++faults.calls[function];
        if (function != faults.function || n < faults.first || n > faults.last)
                return FAULT_NOT;
        faults.hit = true;
        return faults.how;
}

static int fail_with(int error) {
        errno = error;
        return -1;
}

/* --- libc --- */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size) {
        int how = fault(FAULT_CALLOC);
        void *p;

        if (how > 0) {
                errno = how;
                return NULL;
        }
        p = __real_calloc(n, size);
        if (p && faults.armed)
                faults.allocations++;
        return p;
}

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p) {
        for (size_t i = 0; p && i < ARRAY_LEN(watched); i++)
                if (watched[i].p == p) {
                        for (size_t at = 0; at < watched[i].len; at++)
                                if (((const char *) p)[at] != 0)
                                        faults.left_unwiped = true;
                        watched[i].p = NULL;
                }
        if (p && faults.armed)
                faults.allocations--;
        __real_free(p);
}

void faults_watch(const void *p, size_t len) {
        for (size_t i = 0; i < ARRAY_LEN(watched); i++)
                if (!watched[i].p) {
                        watched[i].p = p;
                        watched[i].len = len;
                        return;
                }
        fail_msg("too many secrets");
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol) {
        int how = fault(FAULT_SOCKET);

        return how > 0 ? fail_with(how) : __real_socket(domain, type, protocol);
}

int __real_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len) {
        int how = fault(FAULT_CONNECT);

        if (faults.armed && faults.backlog_full && faults.calls[FAULT_CONNECT] == 1)
                how = EAGAIN;
        return how > 0 ? fail_with(how) : __real_connect(fd, sa, len);
}

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
        int how = fault(FAULT_GETSOCKOPT), r;

        if (how > 0)
                return fail_with(how);
        r = __real_getsockopt(fd, level, name, value, len);
        if (r == 0 && how == FAULT_SHORT)
                *len -= 1;
        if (r == 0 && how == FAULT_OTHER && *len == sizeof(struct ucred))
                ((struct ucred *) value)->uid++;
        return r;
}

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
        int how = fault(FAULT_SETSOCKOPT);

        return how > 0 ? fail_with(how) : __real_setsockopt(fd, level, name, value, len);
}

int __real_fcntl(int fd, int command, long argument);
int __wrap_fcntl(int fd, int command, long argument);
int __wrap_fcntl(int fd, int command, long argument) {
        int how = fault(FAULT_FCNTL);

        return how > 0 ? fail_with(how) : __real_fcntl(fd, command, argument);
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms) {
        int how = fault(FAULT_POLL);

        if (how > 0)
                return fail_with(how);
        if (how == FAULT_NOT)
                return __real_poll(fds, n, timeout_ms);
        fds[0].revents = how == FAULT_OTHER ? fds[0].events : 0;
        return how == FAULT_OTHER ? 1 : 0;
}

ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags) {
        int how = fault(FAULT_SEND);

        return how > 0 ? fail_with(how)
                       : __real_send(fd, bytes, how == FAULT_SHORT ? len - 1 : len, flags);
}

ssize_t __real_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags) {
        int how = fault(FAULT_RECV);
        struct wire_reply reply;
        ssize_t n;

        if (faults.armed)
                faults.allowed = false;
        if (how > 0)
                return fail_with(how);
        n = __real_recv(fd, bytes, len, flags);
        if (n > 0 && how == FAULT_SHORT)
                n--;
        if (n > 0 && how == FAULT_OTHER)
                *(uint8_t *) bytes ^= 1;
        if (faults.armed && n > 0 && wire_reply_decode(bytes, (size_t) n, &reply) == 0)
                faults.allowed = reply.verdict == VERDICT_ALLOW;
        return n;
}

unsigned faults_open_descriptors(void) {
        unsigned n = 0;

        for (int fd = 0; fd < 256; fd++)
                if (__real_fcntl(fd, F_GETFD, 0) >= 0)
                        n++;
        return n;
}

/* --- libpam --- */

int pam_get_item(const pam_handle_t *pamh, int type, const void **ret) {
        int how = fault(FAULT_GET_ITEM);

        if (how > 0)
                return how;
        *ret = type == PAM_SERVICE   ? (const void *) pamh->service
               : type == PAM_USER    ? (const void *) pamh->user
               : type == PAM_RHOST   ? (const void *) pamh->rhost
               : type == PAM_AUTHTOK ? (const void *) pamh->authtok
               : type == PAM_CONV    ? (const void *) pamh->conv
                                     : NULL;
        return PAM_SUCCESS;
}

int pam_set_item(pam_handle_t *pamh, int type, const void *item) {
        int how = fault(FAULT_SET_ITEM);

        if (how > 0)
                return how;
        if (type != PAM_AUTHTOK || strlen(item) >= sizeof(pamh->authtok_text))
                return PAM_BAD_ITEM;
        memcpy(pamh->authtok_text, item, strlen(item) + 1);
        pamh->authtok = pamh->authtok_text;
        return PAM_SUCCESS;
}

int pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt) {
        int how = fault(FAULT_GET_USER);

        (void) prompt;
        if (how > 0)
                return how;
        *user = pamh->user;
        return PAM_SUCCESS;
}

int pam_get_data(const pam_handle_t *pamh, const char *name, const void **data) {
        int how = fault(FAULT_GET_DATA);

        (void) name;
        if (how > 0)
                return how;
        if (!pamh->data)
                return PAM_NO_MODULE_DATA;
        *data = pamh->data;
        return PAM_SUCCESS;
}

/* Like libpam's pam_set_data(): replacing data of the same name needs no memory and cannot fail. */
int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
                 void (*cleanup)(pam_handle_t *pamh, void *data, int error_status)) {
        int how = fault(FAULT_SET_DATA);

        (void) name;
        if (how > 0 && !pamh->cleanup)
                return how;
        if (pamh->cleanup)
                pamh->cleanup(pamh, pamh->data, PAM_DATA_REPLACE);
        pamh->data = data;
        pamh->cleanup = cleanup;
        return PAM_SUCCESS;
}

static bool is_named(const char *entry, const char *name, size_t len) {
        return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* Removing a variable needs no memory either. */
int pam_putenv(pam_handle_t *pamh, const char *text) {
        const char *equal = strchr(text, '=');
        size_t len = equal ? (size_t) (equal - text) : strlen(text), at = ARRAY_LEN(pamh->env);
        int how = fault(FAULT_PUTENV);

        if (how > 0 && equal)
                return how;
        for (size_t i = ARRAY_LEN(pamh->env); i-- > 0;)
                if (is_named(pamh->env[i], text, len) || (equal && !pamh->env[i][0]))
                        at = i;
        for (size_t i = 0; i < ARRAY_LEN(pamh->env); i++)
                if (is_named(pamh->env[i], text, len))
                        at = i;
        if (at == ARRAY_LEN(pamh->env))
                return PAM_BAD_ITEM;
        (void) snprintf(pamh->env[at], sizeof(pamh->env[at]), "%s", equal ? text : "");
        return PAM_SUCCESS;
}

const char *faults_env(const struct pam_handle *pamh, const char *name) {
        size_t len = strlen(name);

        for (size_t i = 0; i < ARRAY_LEN(pamh->env); i++)
                if (is_named(pamh->env[i], name, len))
                        return pamh->env[i] + len + 1;
        return NULL;
}

const char *pam_getenv(pam_handle_t *pamh, const char *name) {
        return faults_env(pamh, name);
}

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...) {
        struct pam_handle *mine = (struct pam_handle *) (uintptr_t) pamh;
        size_t used = strlen(mine->log);
        va_list ap;

        (void) priority;
        va_start(ap, format);
        (void) vsnprintf(mine->log + used, sizeof(mine->log) - used, format, ap);
        va_end(ap);
        used = strlen(mine->log);
        (void) snprintf(mine->log + used, sizeof(mine->log) - used, "\n");
}

void faults_end(struct pam_handle *pamh) {
        if (pamh->cleanup)
                pamh->cleanup(pamh, pamh->data, PAM_SUCCESS);
        pamh->cleanup = NULL;
        pamh->data = NULL;
}
