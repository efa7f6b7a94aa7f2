/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the lists of realms. It knows no store and no directory, and believes no file that may
 * still be written. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/accounts_realms.h"
#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "text.h"

/* A change so long after the last one gets another time. */
#define CHANGED_BEFORE_S 2

struct accounts_realms {
        const struct realms *realms;
        struct accounts_realms_memory *memory, *own;
        size_t at; /* the realm whose list is read */
        FILE *file;
        struct stat before;
        char *line;
        size_t room;
        bool believed[REALMS_MAX], again;
};

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
        *f = NULL;
}

struct accounts_realms *accounts_realms_free(struct accounts_realms *lists) {
        if (!lists)
                return NULL;
        closep(&lists->file);
        if (lists->line)
                explicit_bzero(lists->line, lists->room); /* it may have hashes of passwords */
        free(lists->line);
        free(lists->own);
        free(lists);
        return NULL;
}

void accounts_realms_freep(struct accounts_realms **lists) {
        *lists = accounts_realms_free(*lists);
}

int accounts_realms_new(struct accounts_realms **ret, const struct realms *realms,
                        struct accounts_realms_memory *memory) {
        __attribute__((cleanup(accounts_realms_freep))) struct accounts_realms *lists =
                calloc(1, sizeof(*lists));

        if (!lists)
                return -ENOMEM;
        lists->realms = realms;
        lists->memory = memory;
        if (!memory)
                lists->memory = lists->own = calloc(1, sizeof(*lists->own));
        if (!lists->memory)
                return -ENOMEM;
        *ret = take_ptr(lists);
        return 0;
}

/* --- One list --- */

static struct accounts_realms_list *list_of(const struct accounts_realms *lists) {
        return &lists->memory->of[lists->at];
}

static const char *path_of(const struct accounts_realms *lists) {
        return lists->realms->of[lists->at].list;
}

/* What is known of the realm's users stays as it was. */
static void give_up(struct accounts_realms *lists, const char *why) {
        (void) snprintf(list_of(lists)->error, ERROR_LEN, "the list '%s' %.200s", path_of(lists),
                        why);
        closep(&lists->file);
}

static const char *why_unfit(const struct stat *st) {
        if (!S_ISREG(st->st_mode))
                return "is no regular file";
        if ((st->st_uid != 0 && st->st_uid != geteuid()) || (st->st_mode & 022) != 0)
                return "must belong to root, and nobody else may be able to write it";
        return st->st_size > ACCOUNTS_REALMS_BYTES_MAX ? "has more than 16 MiB" : NULL;
}

static void open_list(struct accounts_realms *lists) {
        _cleanup_close_ int fd = -1;
        char why[128];
        const char *unfit;

        list_of(lists)->error[0] = '\0';
        fd = open(path_of(lists), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &lists->before) < 0) {
                (void) snprintf(why, sizeof(why), "cannot be read: %s", strerrordesc_np(errno));
                give_up(lists, why);
                return;
        }
        unfit = why_unfit(&lists->before);
        if (unfit) {
                give_up(lists, unfit);
                return;
        }
        lists->file = fdopen(fd, "r");
        if (lists->file)
                (void) take_fd(&fd);
        else
                give_up(lists, "cannot be read: out of memory");
}

/* The end of the file was read. */
static void end_list(struct accounts_realms *lists) {
        struct accounts_steady *steady = &list_of(lists)->steady;

        if (ferror(lists->file)) {
                give_up(lists, "cannot be read to its end");
                return;
        }
        if (accounts_steady_was_written(&lists->before, lists->file)) {
                lists->again = true;
                give_up(lists, "was written while it was read");
                return;
        }
        if (lists->before.st_size > 0 && !accounts_steady_is_cut(lists->file))
                *steady = (struct accounts_steady){};
        else if (!accounts_steady_check(steady, &lists->before, lists->file)) {
                lists->again = true;
                give_up(lists,
                        "is empty or ends within a line, so it is not believed before it has "
                        "not changed for 5 s");
                return;
        }
        lists->believed[lists->at] = true;
        closep(&lists->file);
}

/* The name in a line, as REALM:NAME. False: there is none. */
static bool take_name(const struct accounts_realms *lists, char *line, size_t len,
                      char out[static WIRE_USER_MAX + 1]) {
        char realm[REALM_NAME_MAX + 1];
        int n;

        if (memchr(line, '\0', len) || line[0] == '#')
                return false;
        line[strcspn(line, " \t\r\n:|")] = '\0';
        n = snprintf(out, WIRE_USER_MAX + 1, "%s:%s", lists->realms->of[lists->at].name, line);
        return n > 0 && n <= WIRE_USER_MAX && realm_split(out, realm);
}

/* 1: there may be more; 0; a negative errno of ${visit}. */
static int read_some(struct accounts_realms *lists, size_t *lines,
                     int (*visit)(const char *owner, void *userdata), void *userdata) {
        char owner[WIRE_USER_MAX + 1];
        int r = 0;

        for (; r >= 0 && *lines > 0; (*lines)--) {
                ssize_t len = getline(&lists->line, &lists->room, lists->file);

                if (len < 0)
                        return 0;
                if (take_name(lists, lists->line, (size_t) len, owner))
                        r = visit(owner, userdata);
        }
        return r < 0 ? r : 1;
}

int accounts_realms_step(struct accounts_realms *lists, size_t lines,
                         int (*visit)(const char *owner, void *userdata), void *userdata) {
        int r;

        for (; lists->realms && lists->at < lists->realms->n; lists->at++) {
                if (!lists->file && path_of(lists)[0])
                        open_list(lists);
                if (!lists->file)
                        continue;
                r = read_some(lists, &lines, visit, userdata);
                if (r != 0)
                        return r;
                end_list(lists);
        }
        return 0;
}

bool accounts_realms_believed(const struct accounts_realms *lists, const struct realm *realm) {
        return lists->believed[realm - lists->realms->of];
}

bool accounts_realms_again(const struct accounts_realms *lists) {
        return lists->again;
}

/* --- One user --- */

struct wanted {
        const char *owner;
        bool found;
};

static int on_name(const char *owner, void *userdata) {
        struct wanted *wanted = userdata;

        wanted->found |= strcmp(owner, wanted->owner) == 0;
        return 0;
}

int accounts_realms_has(const struct realms *realms, const struct realm *realm, const char *user,
                        struct accounts_realms_memory *memory, char error[static ERROR_LEN]) {
        _cleanup_free_ struct realms *one = NULL;
        __attribute__((cleanup(accounts_realms_freep))) struct accounts_realms *lists = NULL;
        _cleanup_free_ struct accounts_realms_memory *of_one = calloc(1, sizeof(*of_one));
        size_t at = (size_t) (realm - realms->of);
        char owner[WIRE_USER_MAX + 1];
        struct wanted wanted = { .owner = owner };
        int r;

        (void) snprintf(error, ERROR_LEN, "out of memory");
        if (!of_one || snprintf(owner, sizeof(owner), "%s:%s", realm->name, user) > WIRE_USER_MAX)
                return -ENOMEM;
        r = realms_new(&one, realm, 1);
        if (r < 0)
                return r;
        if (memory)
                of_one->of[0] = memory->of[at];
        r = accounts_realms_new(&lists, one, of_one);
        if (r >= 0)
                r = accounts_realms_step(lists, SIZE_MAX, on_name, &wanted);
        if (r < 0)
                return r;
        if (memory)
                memory->of[at] = of_one->of[0];
        if (lists->believed[0])
                return wanted.found;
        (void) text_copy(error, ERROR_LEN, of_one->of[0].error);
        return lists->again ? -EAGAIN : -EIO;
}

/* --- All of them --- */

/* FNV-1a. Root alone chooses what goes in. */
static uint64_t add(uint64_t hash, const void *bytes, size_t len) {
        const unsigned char *p = bytes;

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
        return hash;
}

static uint64_t add_file(uint64_t hash, const char *path, bool *certain) {
        struct stat st;

        if (lstat(path, &st) < 0) {
                *certain = false;
                return hash;
        }
        *certain &= clock_now() - st.st_ctim.tv_sec >= CHANGED_BEFORE_S;
        hash = add(hash, &st.st_dev, sizeof(st.st_dev));
        hash = add(hash, &st.st_ino, sizeof(st.st_ino));
        hash = add(hash, &st.st_size, sizeof(st.st_size));
        hash = add(hash, &st.st_mtim, sizeof(st.st_mtim));
        return add(hash, &st.st_ctim, sizeof(st.st_ctim));
}

int64_t accounts_realms_which(const struct realm *realm) {
        uint64_t hash = add(UINT64_C(0xcbf29ce484222325), realm->list, strlen(realm->list));

        return (int64_t) (hash >> 2) + 1;
}

uint64_t accounts_realms_identify(const struct realms *realms, bool *ret_certain) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        *ret_certain = true;
        for (size_t i = 0; realms && i < realms->n; i++) {
                const struct realm *realm = &realms->of[i];

                hash = add(hash, realm->name, sizeof(realm->name));
                hash = add(hash, realm->suffixes, sizeof(realm->suffixes));
                hash = add(hash, realm->list, sizeof(realm->list));
                if (realm->list[0])
                        hash = add_file(hash, realm->list, ret_certain);
        }
        return hash;
}

/* What a list that is not believed says counts for nothing. What is known of its users stays. */
void accounts_realms_say_unread(const struct realms *realms,
                                const struct accounts_realms_memory *lists) {
        for (size_t i = 0; lists && realms && i < realms->n; i++)
                if (realms->of[i].list[0] && lists->of[i].error[0])
                        log_message(MESSAGE_ACCOUNTS_UNREAD, LOG_WARNING,
                                    "what is known of the realm '%s' stays as it was, and who was "
                                    "not in a list of this path before is not let in: %s",
                                    realms->of[i].name, lists->of[i].error);
}
