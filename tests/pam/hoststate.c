/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads everything of this process that a module must leave alone. It changes nothing and asserts
 * nothing. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "hoststate.h"

#define DESCRIPTORS_MAX 4096

unsigned hoststate_descriptors(void) {
        unsigned n = 0;

        for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        n++;
        return n;
}

long hoststate_number(const char *name) {
        _cleanup_free_ char *status = world_read("/proc/self/status", NULL);
        const char *at = status ? strstr(status, name) : NULL;

        return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static uint64_t hash_environment(void) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (char **e = environ; *e; e++)
                for (const char *c = *e;; c++) {
                        hash = (hash ^ (uint8_t) *c) * UINT64_C(0x100000001b3);
                        if (!*c)
                                break;
                }
        return hash;
}

void hoststate_take(struct hoststate *ret) {
        *ret = (struct hoststate){};
        ret->descriptors = hoststate_descriptors();
        ret->threads = (unsigned) hoststate_number("\nThreads:");
        for (int s = 1; s <= HOSTSTATE_SIGNALS; s++)
                (void) sigaction(s, NULL, &ret->actions[s]);
        (void) sigprocmask(SIG_SETMASK, NULL, &ret->mask);
        (void) sigpending(&ret->pending);
        (void) sigdelset(&ret->pending, SIGALRM); /* may arrive at any time */
        ret->umask = umask(0);
        (void) umask(ret->umask);
        if (!getcwd(ret->cwd, sizeof(ret->cwd)))
                ret->cwd[0] = '\0';
        (void) snprintf(ret->locale, sizeof(ret->locale), "%s", setlocale(LC_ALL, NULL));
        ret->environment = hash_environment();
        for (int i = 0; i < RLIM_NLIMITS; i++)
                (void) getrlimit((__rlimit_resource_t) i, &ret->limits[i]);
        (void) getresuid(&ret->uids[0], &ret->uids[1], &ret->uids[2]);
        (void) getresgid(&ret->gids[0], &ret->gids[1], &ret->gids[2]);
        (void) getitimer(ITIMER_REAL, &ret->interval);
        ret->interval.it_value = (struct timeval){};
}

/* Compares signal by signal: a set has more bits than there are signals. */
bool hoststate_same_signals(const sigset_t *a, const sigset_t *b) {
        for (int s = 1; s <= HOSTSTATE_SIGNALS; s++)
                if (sigismember(a, s) != sigismember(b, s))
                        return false;
        return true;
}
