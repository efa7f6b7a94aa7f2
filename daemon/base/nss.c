/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks NSS for users and groups. It may block, so the loop never calls it. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nss.h"
#include "cleanup.h"

/* enough for a group with ten thousand members; the kernel gives pages when they are used */
#define NSS_BUFFER_LEN (256 * 1024)

/* getpwnam(3): these mean "no such name", from whichever source. */
static int not_found(int error) {
        switch (error) {
        case 0:
        case ENOENT:
        case ESRCH:
        case EBADF:
        case EPERM:
                return -ENOENT;
        }
        return -EIO;
}

static int take_passwd(int error, const struct passwd *pw, struct nss_entry *ret) {
        struct nss_entry account = {};
        size_t len;

        if (!pw)
                return not_found(error);
        len = strlen(pw->pw_name);
        /* A name with a colon would be that of a realm's user. */
        if (len == 0 || len > WIRE_USER_MAX || strchr(pw->pw_name, ':'))
                return -ENOENT;
        memcpy(account.name, pw->pw_name, len);
        account.uid = pw->pw_uid;
        *ret = account;
        return 0;
}

int nss_user(const char *name, struct nss_entry *ret) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        struct passwd pw, *found = NULL;
        int error;

        if (!buffer)
                return -ENOMEM;
        error = getpwnam_r(name, &pw, buffer, NSS_BUFFER_LEN, &found);
        return take_passwd(error, found, ret);
}

int nss_uid(uid_t uid, struct nss_entry *ret) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        struct passwd pw, *found = NULL;
        int error;

        if (!buffer)
                return -ENOMEM;
        error = getpwuid_r(uid, &pw, buffer, NSS_BUFFER_LEN, &found);
        return take_passwd(error, found, ret);
}

int nss_group(const char *name, gid_t *ret) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        struct group gr, *found = NULL;
        int error;

        if (!buffer)
                return -ENOMEM;
        error = getgrnam_r(name, &gr, buffer, NSS_BUFFER_LEN, &found);
        if (!found)
                return not_found(error);
        *ret = gr.gr_gid;
        return 0;
}

int nss_local_group(const char *path, const char *name, gid_t *ret) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        FILE *file = buffer ? fopen(path, "re") : NULL;
        struct group gr, *found = NULL;
        int error = 0;

        if (!file)
                return buffer ? -errno : -ENOMEM;
        while ((error = fgetgrent_r(file, &gr, buffer, NSS_BUFFER_LEN, &found)) == 0)
                if (strcmp(gr.gr_name, name) == 0)
                        break;
        (void) fclose(file);
        if (error != 0)
                return -error;
        *ret = gr.gr_gid;
        return 0;
}
