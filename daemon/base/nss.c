/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks NSS for users and groups. It may block, so the loop never calls it. */
#include <ctype.h>
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

#define GROUP_FILE "/etc/group"

/* getpwnam(3): these mean "no such name", from whichever source. But for 0, modules set them where
 * a server is away, too. */
static int not_found(int error) {
        switch (error) {
        case 0:
                return -ENOENT;
        case ENOENT:
        case ESRCH:
        case EBADF:
        case EPERM:
                return -ESRCH;
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

/* A file that is being written may end in the middle of a number, and fgetgrent(3) takes that. */
static bool is_number_whole(FILE *file, const struct group *gr) {
        return gr->gr_mem[0] || (fseek(file, -1, SEEK_CUR) == 0 && !isdigit(getc(file)));
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
        if (error == 0 && !is_number_whole(file, &gr))
                error = EBADMSG;
        (void) fclose(file);
        if (error != 0)
                return -error;
        *ret = gr.gr_gid;
        return 0;
}

int nss_group(const char *name, gid_t *ret) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        struct group gr, *found = NULL;
        gid_t local;
        int error;

        if (!buffer)
                return -ENOMEM;
        error = getgrnam_r(name, &gr, buffer, NSS_BUFFER_LEN, &found);
        if (!found)
                return not_found(error);
        if (nss_local_group(GROUP_FILE, name, &local) == -EBADMSG)
                return -EIO;
        *ret = gr.gr_gid;
        return 0;
}

bool nss_local_other_user(const char *path, const char *name, uid_t uid) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        FILE *file = buffer ? fopen(path, "re") : NULL;
        struct passwd pw, *found = NULL;
        bool named = false, other = false;

        while (file && !named && fgetpwent_r(file, &pw, buffer, NSS_BUFFER_LEN, &found) == 0) {
                named = pw.pw_uid == uid && strcmp(pw.pw_name, name) == 0;
                other |= pw.pw_uid == uid;
        }
        if (file)
                (void) fclose(file);
        return other && !named;
}

bool nss_local_other_group(const char *path, const char *name, gid_t gid) {
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        FILE *file = buffer ? fopen(path, "re") : NULL;
        struct group gr, *found = NULL;
        bool named = false, other = false;

        while (file && !named && fgetgrent_r(file, &gr, buffer, NSS_BUFFER_LEN, &found) == 0) {
                named = gr.gr_gid == gid && strcmp(gr.gr_name, name) == 0;
                other |= gr.gr_gid == gid;
        }
        if (file)
                (void) fclose(file);
        return other && !named;
}

/* Both files have the number in the third field. */
static bool has_number_0(const char *line) {
        const char *field = strchr(line, ':');

        field = field ? strchr(field + 1, ':') : NULL;
        return field && strncmp(field, ":0:", 3) == 0;
}

enum nss_file nss_local_file(const char *path) {
        _cleanup_free_ char *line = NULL;
        enum nss_file ret = NSS_FILE_BAD;
        FILE *file = fopen(path, "re");
        size_t size = 0;

        if (!file)
                return ret;
        while (ret == NSS_FILE_BAD && getline(&line, &size, file) > 0)
                if (has_number_0(line))
                        ret = NSS_FILE_GOOD;
        if (ret == NSS_FILE_GOOD && (fseek(file, -1, SEEK_END) < 0 || getc(file) != '\n'))
                ret = NSS_FILE_CUT;
        (void) fclose(file);
        return ret;
}
