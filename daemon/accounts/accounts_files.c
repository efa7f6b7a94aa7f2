/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads passwd, shadow and group. It asks no directory, knows no store, and believes no file that
 * may still be written. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts_files.h"
#include "accounts/pwage.h"
#include "base/clock.h"
#include "cleanup.h"

#define LINE_LEN (1024 * 1024) /* of a group with many members */

/* The first of two lines with one name counts, as for getpwnam(3) and getspnam(3). */
struct user {
        struct account_record account;
        size_t line;
        bool aged;
};

/* Invariant: after reading, users is sorted by name and has each name once. */
struct accounts_files {
        struct user *users;
        size_t n, room;
        gid_t admin_group;
        bool has_root;
        char line[LINE_LEN];
};

struct accounts_files *accounts_files_free(struct accounts_files *files) {
        if (files)
                free(files->users);
        free(files);
        return NULL;
}

void accounts_files_freep(struct accounts_files **files) {
        *files = accounts_files_free(*files);
}

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

static int add_user(struct accounts_files *files, const struct passwd *pw) {
        struct user *user;
        size_t len = strlen(pw->pw_name);

        if (len == 0 || len > WIRE_USER_MAX || pw->pw_name[0] == '+' || pw->pw_name[0] == '-' ||
            pw->pw_uid == (uid_t) -1)
                return 0;
        if (files->n == files->room) {
                size_t room = files->room > 0 ? 2 * files->room : 64;

                user = reallocarray(files->users, room, sizeof(*user));
                if (!user)
                        return -ENOMEM;
                files->users = user;
                files->room = room;
        }
        user = &files->users[files->n];
        *user = (struct user){
                .account = { .state = ACCOUNT_PRESENT, .local = true, .uid = pw->pw_uid },
                .line = files->n++
        };
        memcpy(user->account.name, pw->pw_name, len);
        user->account.admin = pw->pw_uid == 0 || (files->admin_group != (gid_t) -1 &&
                                                  pw->pw_gid == files->admin_group);
        files->has_root |= pw->pw_uid == 0;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct user *) a)->account.name,
                      ((const struct user *) b)->account.name);
}

static int compare_lines(const void *a, const void *b) {
        const struct user *user = a, *other = b;
        int order = compare(a, b);

        return order != 0 ? order : user->line < other->line ? -1 : user->line > other->line;
}

static void sort_users(struct accounts_files *files) {
        size_t n = 0;

        if (files->n == 0)
                return;
        qsort(files->users, files->n, sizeof(*files->users), compare_lines);
        for (size_t i = 1; i < files->n; i++)
                if (compare(&files->users[n], &files->users[i]) != 0)
                        files->users[++n] = files->users[i];
        files->n = n + 1;
}

static struct user *find(const struct accounts_files *files, const char *name) {
        struct user key = {};
        size_t len = strlen(name);

        if (len > WIRE_USER_MAX || files->n == 0)
                return NULL;
        memcpy(key.account.name, name, len);
        return bsearch(&key, files->users, files->n, sizeof(key), compare);
}

const struct account_record *accounts_files_find(const struct accounts_files *files,
                                                 const char *name) {
        const struct user *user = find(files, name);

        return user ? &user->account : NULL;
}

static int read_users(struct accounts_files *files, FILE *f) {
        struct passwd pw, *found;
        int error, r;

        while ((error = fgetpwent_r(f, &pw, files->line, sizeof(files->line), &found)) == 0) {
                r = add_user(files, &pw);
                if (r < 0)
                        return r;
        }
        sort_users(files);
        return error == ENOENT ? 0 : -error;
}

static int read_ageing(struct accounts_files *files, FILE *f) {
        struct user *user;
        struct spwd sp, *found;
        int error;

        while ((error = fgetspent_r(f, &sp, files->line, sizeof(files->line), &found)) == 0) {
                user = find(files, sp.sp_namp);
                if (!user || user->aged)
                        continue;
                pwage_apply(&sp, &user->account);
                user->aged = true;
        }
        explicit_bzero(files->line, sizeof(files->line));
        return error == ENOENT ? 0 : -error;
}

static int read_admins(struct accounts_files *files, FILE *f) {
        struct user *user;
        struct group gr, *found;
        int error;

        while ((error = fgetgrent_r(f, &gr, files->line, sizeof(files->line), &found)) == 0)
                for (char **member = gr.gr_mem; gr.gr_gid == files->admin_group && *member;
                     member++) {
                        user = find(files, *member);
                        if (user)
                                user->account.admin = true;
                }
        return error == ENOENT ? 0 : -error;
}

/* A file without its end: a program writes into it, or the disk is full. */
static bool is_cut(FILE *f) {
        return fseek(f, -1, SEEK_END) == 0 && fgetc(f) != '\n';
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

/* Whether the file of ${before} has been left alone for long enough. The times of the file are only
 * compared with each other: the wall clock may have been set meanwhile. */
static bool is_steady(struct accounts_files_cut *cut, const struct stat *before, FILE *f) {
        uint64_t now = clock_ticks();
        struct stat after;

        if (fstat(fileno(f), &after) < 0 || !is_same_file(before, &after)) {
                *cut = (struct accounts_files_cut){};
                return false;
        }
        if (cut->since == 0 || !is_same_file(&cut->st, before))
                *cut = (struct accounts_files_cut){ .since = now, .st = *before };
        return now - cut->since >= ACCOUNTS_FILES_STEADY_S * UINT64_C(1000000000);
}

static int read_file(struct accounts_files *files, const char *etc, const char *name,
                     int (*read)(struct accounts_files *files, FILE *f),
                     struct accounts_files_cut *cut, char *error) {
        __attribute__((cleanup(closep))) FILE *f = NULL;
        struct stat before = {};
        char path[512];
        int r;

        (void) snprintf(path, sizeof(path), "%s/%s", etc, name);
        f = fopen(path, "re");
        r = f && fstat(fileno(f), &before) >= 0 ? read(files, f) : -errno;
        if (r == -EACCES && geteuid() != 0)
                return 0;
        if (r < 0)
                (void) snprintf(error, ERROR_LEN, "cannot read '%.300s': %s", path,
                                strerrordesc_np(-r));
        else if (!is_cut(f))
                *cut = (struct accounts_files_cut){};
        else if (!is_steady(cut, &before, f)) {
                (void) snprintf(error, ERROR_LEN,
                                "'%.300s' ends within a line, so it is not believed before it "
                                "has not changed for %d s",
                                path, ACCOUNTS_FILES_STEADY_S);
                return -EAGAIN;
        }
        return r;
}

static int read_all(struct accounts_files *files, const char *etc,
                    struct accounts_files_memory *memory) {
        int r;

        r = read_file(files, etc, "passwd", read_users, &memory->cuts[0], memory->error);
        if (r >= 0 && !files->has_root) {
                (void) snprintf(memory->error, sizeof(memory->error),
                                "'%.300s/passwd' has no root, so it is not believed", etc);
                return -EUCLEAN;
        }
        if (r >= 0)
                r = read_file(files, etc, "shadow", read_ageing, &memory->cuts[1], memory->error);
        if (r >= 0 && files->admin_group != (gid_t) -1)
                r = read_file(files, etc, "group", read_admins, &memory->cuts[2], memory->error);
        return r;
}

int accounts_files_read(struct accounts_files **ret, const char *etc, gid_t admin_group,
                        struct accounts_files_memory *memory) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = calloc(1, sizeof(*files));
        int r;

        memory->error[0] = '\0';
        if (!files) {
                (void) snprintf(memory->error, sizeof(memory->error), "out of memory");
                return -ENOMEM;
        }
        files->admin_group = admin_group;
        r = read_all(files, etc, memory);
        if (r < 0)
                return r;
        *ret = take_ptr(files);
        return 0;
}
