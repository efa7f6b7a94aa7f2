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
/* A change so long after the last one gets another time. */
#define CHANGED_BEFORE_S 2

enum which {
        FILE_PASSWD,
        FILE_SHADOW,
        FILE_GROUP,
        _WHICH_MAX,
};

static const char *const names[] = {
        [FILE_PASSWD] = "passwd",
        [FILE_SHADOW] = "shadow",
        [FILE_GROUP] = "group",
};
_Static_assert(ARRAY_LEN(names) == _WHICH_MAX, "a name for each");

struct user {
        struct account_record account;
        bool aged;
        bool unshadowed; /* its password is in passwd */
        bool locked;     /* then */
};

/* Invariants: (1) slots is twice as large as there is room for users. A slot has the number of a
 * user, counted from 1, or 0. (2) A user is in the first slot from that of its name on that was
 * free. */
struct accounts_files {
        const char *etc;
        /* the user that is looked for; NULL: everybody */
        const char *only;
        struct accounts_files_memory *memory;
        gid_t admin_group;
        FILE *files[_WHICH_MAX]; /* NULL: done, or not needed */
        struct stat before[_WHICH_MAX];
        bool has_root, root_unshadowed, no_shadow;
        size_t n, room; /* a power of two */
        struct user *users;
        uint32_t *slots;
        char line[LINE_LEN];
};

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
        *f = NULL;
}

struct accounts_files *accounts_files_free(struct accounts_files *files) {
        if (!files)
                return NULL;
        for (size_t i = 0; i < _WHICH_MAX; i++)
                closep(&files->files[i]);
        free(files->users);
        free(files->slots);
        free(files);
        return NULL;
}

void accounts_files_freep(struct accounts_files **files) {
        *files = accounts_files_free(*files);
}

/* FNV-1a. Root alone chooses the names. */
static size_t hash(const char *name) {
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        for (; *name; name++)
                h = (h ^ (unsigned char) *name) * UINT64_C(0x100000001b3);
        return (size_t) (h ^ h >> 32);
}

/* The slot of the user, or the one that it would get. */
static uint32_t *slot_of(const struct accounts_files *files, const char *name) {
        size_t mask = 2 * files->room - 1, at = hash(name) & mask;

        while (files->slots[at] > 0 &&
               strcmp(files->users[files->slots[at] - 1].account.name, name) != 0)
                at = (at + 1) & mask;
        return &files->slots[at];
}

static int grow(struct accounts_files *files) {
        size_t room = files->room > 0 ? 2 * files->room : 64;
        struct user *users = reallocarray(files->users, room, sizeof(*users));
        uint32_t *slots;

        if (!users)
                return -ENOMEM;
        files->users = users;
        slots = calloc(2 * room, sizeof(*slots));
        if (!slots || room > UINT32_MAX / 2) {
                free(slots);
                return -ENOMEM;
        }
        free(files->slots);
        files->slots = slots;
        files->room = room;
        for (size_t i = 0; i < files->n; i++)
                *slot_of(files, users[i].account.name) = (uint32_t) i + 1;
        return 0;
}

/* Programs look into shadow for an "x", or a "##" of NIS. */
static bool is_unshadowed(const char *field) {
        return strcmp(field, "x") != 0 && strncmp(field, "##", 2) != 0;
}

/* What passwd says of a password that is there. Nothing there ages. */
static void note_password(struct user *user, char *field) {
        struct spwd sp = { .sp_pwdp = field,
                           .sp_lstchg = -1,
                           .sp_min = -1,
                           .sp_max = -1,
                           .sp_warn = -1,
                           .sp_inact = -1,
                           .sp_expire = -1 };
        struct account_record account = {};

        pwage_apply(&sp, &account);
        user->unshadowed = is_unshadowed(field);
        user->locked = account.locked;
}

/* The first of two lines with one name counts, as for getpwnam(3) and getspnam(3). */
static int add_user(struct accounts_files *files, const struct passwd *pw) {
        size_t len = strlen(pw->pw_name);
        struct user *user;
        uint32_t *slot;
        int r = 0;

        if (len == 0 || len > WIRE_USER_MAX || pw->pw_name[0] == '+' || pw->pw_name[0] == '-' ||
            pw->pw_uid == (uid_t) -1)
                return 0;
        if (pw->pw_uid == 0 && !files->has_root)
                files->root_unshadowed = is_unshadowed(pw->pw_passwd);
        files->has_root |= pw->pw_uid == 0;
        if (files->only && strcmp(pw->pw_name, files->only) != 0)
                return 0;
        if (files->n == files->room)
                r = grow(files);
        if (r < 0)
                return r;
        slot = slot_of(files, pw->pw_name);
        if (*slot > 0)
                return 0;
        user = &files->users[files->n];
        *user = (struct user){
                .account = { .state = ACCOUNT_PRESENT, .local = true, .uid = pw->pw_uid }
        };
        memcpy(user->account.name, pw->pw_name, len);
        note_password(user, pw->pw_passwd);
        user->account.admin = pw->pw_uid == 0 || (files->admin_group != (gid_t) -1 &&
                                                  pw->pw_gid == files->admin_group);
        *slot = (uint32_t) ++files->n;
        return 0;
}

static struct user *find(const struct accounts_files *files, const char *name) {
        uint32_t slot = files->n > 0 ? *slot_of(files, name) : 0;

        return slot > 0 ? &files->users[slot - 1] : NULL;
}

const struct account_record *accounts_files_find(const struct accounts_files *files,
                                                 const char *name) {
        const struct user *user = find(files, name);

        return user ? &user->account : NULL;
}

bool accounts_files_has_shadow(const struct accounts_files *files, const char *name) {
        const struct user *user = find(files, name);

        return user && user->aged;
}

/* Each reads at most ${lines} lines. 1: there may be more; 0; a negative errno. */
static int read_users(struct accounts_files *files, FILE *f, size_t lines) {
        struct passwd pw, *found;
        int error = 0, r;

        for (; lines > 0; lines--) {
                error = fgetpwent_r(f, &pw, files->line, sizeof(files->line), &found);
                r = error == 0 ? add_user(files, &pw) : error == ENOENT ? 0 : -error;
                if (error != 0 || r < 0)
                        return r;
        }
        return 1;
}

static int read_ageing(struct accounts_files *files, FILE *f, size_t lines) {
        struct user *user;
        struct spwd sp, *found;
        int error = 0;

        for (; error == 0 && lines > 0; lines--) {
                error = fgetspent_r(f, &sp, files->line, sizeof(files->line), &found);
                user = error == 0 ? find(files, sp.sp_namp) : NULL;
                if (!user || user->aged)
                        continue;
                pwage_apply(&sp, &user->account);
                user->aged = true;
        }
        explicit_bzero(files->line, sizeof(files->line));
        return error == 0 ? 1 : error == ENOENT ? 0 : -error;
}

static int read_admins(struct accounts_files *files, FILE *f, size_t lines) {
        struct user *user;
        struct group gr, *found;
        int error = 0;

        for (; error == 0 && lines > 0; lines--) {
                error = fgetgrent_r(f, &gr, files->line, sizeof(files->line), &found);
                for (char **member = gr.gr_mem;
                     error == 0 && gr.gr_gid == files->admin_group && *member; member++) {
                        user = find(files, *member);
                        if (user)
                                user->account.admin = true;
                }
        }
        return error == 0 ? 1 : error == ENOENT ? 0 : -error;
}

static int open_file(struct accounts_files *files, enum which which) {
        char path[512];
        FILE *f;
        int r;

        (void) snprintf(path, sizeof(path), "%s/%s", files->etc, names[which]);
        f = fopen(path, "re");
        r = f && fstat(fileno(f), &files->before[which]) >= 0 ? 0 : -errno;
        files->files[which] = f;
        if (r == -EACCES && geteuid() != 0)
                return 0;
        files->no_shadow |= which == FILE_SHADOW && r == -ENOENT;
        if (files->no_shadow && which == FILE_SHADOW)
                return 0;
        if (r < 0)
                (void) snprintf(files->memory->error, ERROR_LEN, "cannot read '%.300s': %s", path,
                                strerrordesc_np(-r));
        return r;
}

/* There is no shadow file. pwunconv(8) moves all passwords into passwd, root's among them, and then
 * they count there. A shadow file that is gone for a moment leaves root's "x" behind. */
static int do_without_shadow(struct accounts_files *files) {
        if (!files->root_unshadowed) {
                (void) snprintf(files->memory->error, ERROR_LEN, "cannot read '%.300s/shadow': %s",
                                files->etc, strerrordesc_np(ENOENT));
                return -ENOENT;
        }
        for (size_t i = 0; i < files->n; i++) {
                struct user *user = &files->users[i];

                user->aged = user->unshadowed;
                user->account.locked = user->unshadowed && user->locked;
        }
        return 0;
}

/* The end of the file was read. */
static int end_file(struct accounts_files *files, enum which which) {
        struct accounts_steady *cut = &files->memory->cuts[which];
        const char *etc = files->etc, *name = names[which];
        char *error = files->memory->error;
        FILE *f = files->files[which];

        if (accounts_steady_was_written(&files->before[which], f)) {
                (void) snprintf(error, ERROR_LEN, "'%.300s/%s' was written while it was read", etc,
                                name);
                return -EAGAIN;
        }
        if (!accounts_steady_is_cut(f))
                *cut = (struct accounts_steady){};
        else if (!accounts_steady_check(cut, &files->before[which], f)) {
                (void) snprintf(error, ERROR_LEN,
                                "'%.300s/%s' ends within a line, so it is not believed before it "
                                "has not changed for %d s",
                                etc, name, ACCOUNTS_STEADY_S);
                return -EAGAIN;
        }
        if (which == FILE_PASSWD && !files->has_root) {
                (void) snprintf(error, ERROR_LEN, "'%.300s/%s' has no root, so it is not believed",
                                etc, name);
                return -EUCLEAN;
        }
        closep(&files->files[which]);
        return which == FILE_PASSWD && files->no_shadow ? do_without_shadow(files) : 0;
}

int accounts_files_step(struct accounts_files *files, size_t lines) {
        static int (*const readers[])(struct accounts_files * files, FILE * f, size_t lines) = {
                [FILE_PASSWD] = read_users,
                [FILE_SHADOW] = read_ageing,
                [FILE_GROUP] = read_admins,
        };
        enum which which = FILE_PASSWD;
        int r;

        while (which < _WHICH_MAX && !files->files[which])
                which++;
        if (which == _WHICH_MAX)
                return 0;
        r = readers[which](files, files->files[which], lines);
        if (r < 0)
                (void) snprintf(files->memory->error, ERROR_LEN, "cannot read '%.300s/%s': %s",
                                files->etc, names[which], strerrordesc_np(-r));
        if (r == 0)
                r = end_file(files, which);
        return r < 0 ? r : 1;
}

void accounts_files_recall(const char *etc, struct accounts_files_memory *memory) {
        int64_t now = clock_now();
        char path[512];
        struct stat st;

        for (enum which which = FILE_PASSWD; which < _WHICH_MAX; which++) {
                (void) snprintf(path, sizeof(path), "%s/%s", etc, names[which]);
                if (stat(path, &st) >= 0 && now - st.st_ctim.tv_sec > ACCOUNTS_STEADY_S)
                        memory->cuts[which] = (struct accounts_steady){ .since = 1, .st = st };
        }
}

static bool is_needed(enum which which, gid_t admin_group) {
        return which != FILE_GROUP || admin_group != (gid_t) -1;
}

/* ${only}: the user that is looked for, in the first ${n} files; NULL: everybody. */
static int open_some(struct accounts_files **ret, const char *etc, const char *only, size_t n,
                     gid_t admin_group, struct accounts_files_memory *memory) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = calloc(1, sizeof(*files));
        int r = 0;

        memory->error[0] = '\0';
        if (!files) {
                (void) snprintf(memory->error, sizeof(memory->error), "out of memory");
                return -ENOMEM;
        }
        files->etc = etc;
        files->only = only;
        files->memory = memory;
        files->admin_group = admin_group;
        for (enum which which = FILE_PASSWD; r >= 0 && which < n; which++)
                if (is_needed(which, admin_group))
                        r = open_file(files, which);
        if (r < 0)
                return r;
        *ret = take_ptr(files);
        return 0;
}

int accounts_files_open(struct accounts_files **ret, const char *etc, gid_t admin_group,
                        struct accounts_files_memory *memory) {
        return open_some(ret, etc, NULL, _WHICH_MAX, admin_group, memory);
}

static int read_whole(struct accounts_files *files) {
        int r;

        while ((r = accounts_files_step(files, SIZE_MAX)) > 0)
                continue;
        return r;
}

int accounts_files_read(struct accounts_files **ret, const char *etc, gid_t admin_group,
                        struct accounts_files_memory *memory) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        int r;

        r = accounts_files_open(&files, etc, admin_group, memory);
        if (r >= 0)
                r = read_whole(files);
        if (r < 0)
                return r;
        *ret = take_ptr(files);
        return 0;
}

static void identify(struct accounts_files_identity *identity, enum which which,
                     const struct stat *st) {
        identity->of[which].dev = st->st_dev;
        identity->of[which].ino = st->st_ino;
        identity->of[which].size = (uint64_t) st->st_size;
        identity->of[which].written_s = st->st_mtim.tv_sec;
        identity->of[which].written_ns = st->st_mtim.tv_nsec;
        identity->of[which].changed_s = st->st_ctim.tv_sec;
        identity->of[which].changed_ns = st->st_ctim.tv_nsec;
}

int accounts_files_identify(const char *etc, gid_t admin_group,
                            struct accounts_files_identity *ret) {
        struct accounts_files_identity identity = { .admin_group = admin_group };
        char path[512];
        struct stat st;

        for (enum which which = FILE_PASSWD; which < _WHICH_MAX; which++) {
                if (!is_needed(which, admin_group))
                        continue;
                (void) snprintf(path, sizeof(path), "%s/%s", etc, names[which]);
                if (stat(path, &st) < 0)
                        return -errno;
                identify(&identity, which, &st);
        }
        *ret = identity;
        return 0;
}

bool accounts_files_identity(const struct accounts_files *files,
                             struct accounts_files_identity *ret) {
        int64_t now = clock_now();
        bool certain = true;

        *ret = (struct accounts_files_identity){ .admin_group = files->admin_group };
        for (enum which which = FILE_PASSWD; which < _WHICH_MAX; which++)
                if (is_needed(which, files->admin_group)) {
                        identify(ret, which, &files->before[which]);
                        certain &= now - ret->of[which].changed_s >= CHANGED_BEFORE_S;
                }
        return certain;
}

static int find_one(const char *etc, const char *name, size_t n_files,
                    struct accounts_files_memory *memory, struct account_record *ret) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        const struct account_record *found;
        int r;

        r = open_some(&files, etc, name, n_files, (gid_t) -1, memory);
        if (r >= 0)
                r = read_whole(files);
        if (r < 0)
                return r;
        found = accounts_files_find(files, name);
        if (found)
                *ret = *found;
        return found != NULL;
}

int accounts_files_has(const char *etc, const char *name, struct accounts_files_memory *memory) {
        struct account_record account;

        return find_one(etc, name, FILE_SHADOW, memory, &account);
}

int accounts_files_user(const char *etc, const char *name, struct accounts_files_memory *memory,
                        struct account_record *ret) {
        return find_one(etc, name, FILE_GROUP, memory, ret);
}
