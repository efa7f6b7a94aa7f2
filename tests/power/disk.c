/* SPDX-License-Identifier: BSD-2-Clause */
/* Two halves. The first takes down the calls of this process as a list of events. The second plays
 * the list: it knows for each file and each name what is on the disk for certain, and what has been
 * done since, and draws a state between the two. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

#define FILES_MAX 512
#define NAMES_MAX 128
#define FDS_MAX   1024
#define SECTOR    512

enum what { WROTE, RESIZED, SYNCED, FAILED, NAMED, MOVED, REMOVED, MARKED };

struct event {
        enum what what;
        int file;
        off_t at; /* or the size */
        size_t len;
        uint8_t *bytes;
        char path[DISK_PATH_LEN], from[DISK_PATH_LEN]; /* below the top */
        struct disk_mark mark;
};

/* What a name means. Below the top; the top itself is "". */
struct name {
        char path[DISK_PATH_LEN];
        int file;
};

struct names {
        size_t n;
        struct name of[NAMES_MAX];
};

/* What is on the disk, and the events since then. */
struct file {
        bool is_directory;
        ino_t inode; /* at first */
        /* of a directory, which keeps its name */
        char path[DISK_PATH_LEN];
        uint8_t *bytes;
        size_t size;
        size_t n_pending, *pending;
};

struct disk {
        char top[DISK_PATH_LEN];
        size_t n, room;
        struct event *events;
        int n_files; /* 0 is none */
        struct file files[FILES_MAX + 1];
        /* as the process sees them; while it plays: as they are on the disk */
        struct names names, first;
        size_t n_renamed, renamed[4096]; /* events since */
};

static struct disk *watched;
static int file_of[FDS_MAX];
static bool spares;
static bool next_fails;

static void give_up(const char *why) {
        (void) fprintf(stderr, "disk: %s\n", why);
        abort();
}

static void *more(void *old, size_t size) {
        void *p = realloc(old, size);

        if (!p)
                give_up("out of memory");
        return p;
}

bool disk_spares(void) {
        return spares;
}

/* --- Names --- */

static struct name *find(struct names *names, const char *path) {
        for (size_t i = 0; i < names->n; i++)
                if (strcmp(names->of[i].path, path) == 0)
                        return &names->of[i];
        return NULL;
}

static int get(struct names *names, const char *path) {
        struct name *name = find(names, path);

        return name ? name->file : 0;
}

static void set(struct names *names, const char *path, int file) {
        struct name *name = find(names, path);

        if (!name) {
                if (names->n == NAMES_MAX)
                        give_up("too many names");
                name = &names->of[names->n++];
                (void) snprintf(name->path, sizeof(name->path), "%s", path);
        }
        name->file = file;
}

static void unset(struct names *names, const char *path) {
        struct name *name = find(names, path);

        if (name)
                *name = names->of[--names->n];
}

static void apply_name(struct names *names, const struct event *e) {
        if (e->what != NAMED)
                unset(names, e->what == MOVED ? e->from : e->path);
        if (e->what != REMOVED)
                set(names, e->path, e->file);
}

static void directory_of(const char *path, char out[static DISK_PATH_LEN]) {
        const char *slash = strrchr(path, '/');

        (void) snprintf(out, DISK_PATH_LEN, "%.*s", slash ? (int) (slash - path) : 0, path);
}

/* --- Taking down --- */

static struct event *add(enum what what, int file) {
        struct disk *d = watched;

        if (d->n == d->room) {
                d->room = 2 * d->room + 64;
                d->events = more(d->events, d->room * sizeof(*d->events));
        }
        d->events[d->n] = (struct event){ .what = what, .file = file };
        return &d->events[d->n++];
}

/* ${path}: of a directory; NULL: it is none. */
static int new_file(struct disk *d, const char *path) {
        struct file *f = &d->files[++d->n_files];

        if (d->n_files == FILES_MAX)
                give_up("too many files");
        *f = (struct file){ .is_directory = path != NULL };
        if (path)
                (void) snprintf(f->path, sizeof(f->path), "%s", path);
        return d->n_files;
}

/* The path below the top; false: it is elsewhere. */
static bool below(int dir, const char *path, char out[static DISK_PATH_LEN]) {
        size_t len;

        if (!watched)
                return false;
        len = strlen(watched->top);
        if (path[0] == '/') {
                if (strncmp(path, watched->top, len) != 0 || (path[len] && path[len] != '/'))
                        return false;
                (void) snprintf(out, DISK_PATH_LEN, "%s", path[len] ? path + len + 1 : "");
                return true;
        }
        if (disk_of(dir) == 0)
                return false;
        for (size_t i = 0; i < watched->names.n; i++)
                if (watched->names.of[i].file == disk_of(dir)) {
                        const char *top = watched->names.of[i].path;

                        if (strcmp(path, ".") == 0)
                                (void) snprintf(out, DISK_PATH_LEN, "%s", top);
                        else if (strcmp(path, "..") == 0)
                                directory_of(top, out);
                        else if (snprintf(out, DISK_PATH_LEN, "%s%s%s", top, top[0] ? "/" : "",
                                          path) >= DISK_PATH_LEN)
                                give_up("a path is too long");
                        return true;
                }
        return false;
}

int disk_of(int fd) {
        return watched && fd >= 0 && fd < FDS_MAX ? file_of[fd] : 0;
}

void disk_closed(int fd) {
        if (fd >= 0 && fd < FDS_MAX)
                file_of[fd] = 0;
}

int disk_opened(int dir, const char *path, int flags, int fd) {
        char name[DISK_PATH_LEN];
        int file;

        disk_closed(fd);
        if (fd >= FDS_MAX || !below(dir, path, name))
                return 0;
        file = get(&watched->names, name);
        if (file == 0) {
                struct event *e;

                file = new_file(watched, NULL);
                e = add(NAMED, file);
                (void) snprintf(e->path, sizeof(e->path), "%s", name);
                apply_name(&watched->names, e);
        } else if ((flags & O_TRUNC) != 0)
                disk_resized(file, 0);
        return file_of[fd] = file;
}

void disk_wrote(int file, off_t at, const void *bytes, size_t len) {
        struct event *e = add(WROTE, file);

        e->at = at;
        e->len = len;
        e->bytes = more(NULL, len);
        memcpy(e->bytes, bytes, len);
}

void disk_resized(int file, off_t size) {
        add(RESIZED, file)->at = size;
}

void disk_synced(int file) {
        (void) add(SYNCED, file);
}

static bool is_log(int file) {
        for (size_t i = 0; i < watched->names.n; i++) {
                const struct name *name = &watched->names.of[i];
                size_t len = strlen(name->path);

                if (name->file == file && len > 4 && strcmp(name->path + len - 4, "-wal") == 0)
                        return true;
        }
        return false;
}

void disk_fail_next(void) {
        next_fails = true;
}

bool disk_fails(int file) {
        if (!next_fails || !is_log(file))
                return false;
        next_fails = false;
        (void) add(FAILED, file);
        return true;
}

void disk_linked(int from_dir, const char *from, int to_dir, const char *to, bool moved) {
        char a[DISK_PATH_LEN], b[DISK_PATH_LEN];
        struct event *e;

        if (!below(from_dir, from, a) || !below(to_dir, to, b))
                return;
        e = add(moved ? MOVED : NAMED, get(&watched->names, a));
        (void) snprintf(e->path, sizeof(e->path), "%s", b);
        (void) snprintf(e->from, sizeof(e->from), "%s", a);
        apply_name(&watched->names, e);
}

void disk_removed(int dir, const char *path) {
        char name[DISK_PATH_LEN];
        struct event *e;

        if (!below(dir, path, name))
                return;
        e = add(REMOVED, 0);
        (void) snprintf(e->path, sizeof(e->path), "%s", name);
        apply_name(&watched->names, e);
}

void disk_made_directory(int dir, const char *path) {
        char name[DISK_PATH_LEN];
        struct event *e;

        if (!below(dir, path, name))
                return;
        e = add(NAMED, new_file(watched, name));
        (void) snprintf(e->path, sizeof(e->path), "%s", name);
        apply_name(&watched->names, e);
}

void disk_mark(struct disk *d, struct disk_mark mark) {
        if (d && d == watched)
                add(MARKED, 0)->mark = mark;
}

/* --- What is there at first --- */

static int read_file(int fd, struct file *f) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        f->size = (size_t) st.st_size;
        f->bytes = more(f->bytes, f->size + 1);
        return pread(fd, f->bytes, f->size, 0) == (ssize_t) f->size ? 0 : -EIO;
}

static int scan(struct disk *d, const char *path) {
        char at[2 * DISK_PATH_LEN], name[DISK_PATH_LEN];
        const struct dirent *entry;
        int r = 0, fd, file = new_file(d, path);
        DIR *list;

        set(&d->names, path, file);
        (void) snprintf(at, sizeof(at), "%s/%s", d->top, path);
        list = opendir(at);
        if (!list)
                return -errno;
        while (r >= 0 && (entry = readdir(list))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (snprintf(name, sizeof(name), "%s%s%s", path, path[0] ? "/" : "",
                             entry->d_name) >= (int) sizeof(name))
                        give_up("a path is too long");
                if (entry->d_type == DT_DIR) {
                        r = scan(d, name);
                        continue;
                }
                fd = openat(dirfd(list), entry->d_name, O_RDONLY | O_CLOEXEC);
                file = 1;
                while (file <= d->n_files && d->files[file].inode != entry->d_ino)
                        file++;
                if (file > d->n_files)
                        file = new_file(d, NULL);
                d->files[file].inode = entry->d_ino;
                r = fd < 0 ? -errno : read_file(fd, &d->files[file]);
                set(&d->names, name, file);
                if (fd >= 0)
                        (void) close(fd);
        }
        (void) closedir(list);
        return r;
}

int disk_watch(struct disk **ret, const char *top) {
        struct disk *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        (void) snprintf(d->top, sizeof(d->top), "%s", top);
        r = scan(d, "");
        if (r < 0) {
                disk_free(d);
                return r;
        }
        d->first = d->names;
        memset(file_of, 0, sizeof(file_of));
        spares = true;
        watched = d;
        *ret = d;
        return 0;
}

void disk_unwatch(struct disk *d) {
        if (d && watched == d)
                watched = NULL;
}

struct disk *disk_free(struct disk *d) {
        if (!d)
                return NULL;
        disk_unwatch(d);
        for (size_t i = 0; i < d->n; i++)
                free(d->events[i].bytes);
        for (int i = 0; i <= d->n_files; i++) {
                free(d->files[i].bytes);
                free(d->files[i].pending);
        }
        free(d->events);
        free(d);
        return NULL;
}

/* --- Playing --- */

static void resize(struct file *f, size_t size) {
        if (size > f->size) {
                f->bytes = more(f->bytes, size + 1);
                memset(f->bytes + f->size, 0, size - f->size);
        }
        f->size = size;
}

static void apply(struct file *f, const struct event *e) {
        if (e->what == RESIZED) {
                resize(f, (size_t) e->at);
                return;
        }
        if ((size_t) e->at + e->len > f->size)
                resize(f, (size_t) e->at + e->len);
        memcpy(f->bytes + e->at, e->bytes, e->len);
}

static void take_file(struct disk *d, struct file *f) {
        for (size_t i = 0; i < f->n_pending; i++)
                apply(f, &d->events[f->pending[i]]);
        f->n_pending = 0;
}

static void take_names(struct disk *d, const char *directory) {
        char of[DISK_PATH_LEN];
        size_t kept = 0;

        for (size_t i = 0; i < d->n_renamed; i++) {
                const struct event *e = &d->events[d->renamed[i]];

                directory_of(e->path, of);
                if (strcmp(of, directory) == 0)
                        apply_name(&d->names, e);
                else
                        d->renamed[kept++] = d->renamed[i];
        }
        d->n_renamed = kept;
}

static void note(struct disk *d, size_t i) {
        struct file *f = &d->files[d->events[i].file];

        f->pending = more(f->pending, (f->n_pending + 1) * sizeof(*f->pending));
        f->pending[f->n_pending++] = i;
}

static void note_name(struct disk *d, size_t i) {
        if (d->n_renamed == sizeof(d->renamed) / sizeof(d->renamed[0]))
                give_up("too many names were changed");
        d->renamed[d->n_renamed++] = i;
}

static void sync_one(struct disk *d, enum disk_fault fault, int file) {
        struct file *f = &d->files[file];

        if (f->is_directory && fault != DISK_FORGETS_NAMES)
                take_names(d, f->path);
        else if (!f->is_directory && fault != DISK_FORGETS_FILES)
                take_file(d, f);
}

int disk_play(struct disk *d, enum disk_fault fault,
              int (*visit)(const struct disk_moment *moment, void *userdata), void *userdata) {
        struct disk_moment moment = { .disk = d };
        int r;

        d->names = d->first;
        for (size_t i = 0; i < d->n; i++) {
                const struct event *e = &d->events[i];

                switch (e->what) {
                case WROTE:
                case RESIZED:
                        note(d, i);
                        break;
                case NAMED:
                case MOVED:
                case REMOVED:
                        note_name(d, i);
                        break;
                case MARKED:
                        moment.mark = e->mark;
                        break;
                case SYNCED:
                case FAILED:
                        r = visit(&moment, userdata);
                        if (r < 0)
                                return r;
                        moment.number++;
                        /* The kernel tells once, and does not write the same again. */
                        if (e->what == FAILED)
                                d->files[e->file].n_pending = 0;
                        else
                                sync_one(d, fault, e->file);
                        break;
                }
        }
        return visit(&moment, userdata);
}

size_t disk_longest(const struct disk *d) {
        size_t bytes[FILES_MAX + 1] = {}, most = 0;

        for (size_t i = 0; i < d->n; i++) {
                const struct event *e = &d->events[i];

                if (e->what == WROTE)
                        bytes[e->file] += e->len;
                if (e->what != SYNCED)
                        continue;
                if (bytes[e->file] > most)
                        most = bytes[e->file];
                bytes[e->file] = 0;
        }
        return most;
}

/* --- One state --- */

enum mood { NOTHING, ALL, SOME, _MOODS };

/* How many of ${n} events have reached the disk. */
static size_t draw(uint64_t *seed, enum mood mood, size_t n) {
        return mood == NOTHING ? 0 : mood == ALL ? n : disk_random(seed) % (n + 1);
}

static size_t size_after(const struct disk *d, const struct file *f, size_t n) {
        size_t size = f->size;

        for (size_t i = 0; i < n; i++) {
                const struct event *e = &d->events[f->pending[i]];
                size_t end = (size_t) e->at + e->len;

                if (e->what == RESIZED || end > size)
                        size = end;
        }
        return size;
}

/* What the sector at ${at} has after the first ${n} events. */
static void sector_after(const struct disk *d, const struct file *f, size_t n, size_t at,
                         uint8_t out[static SECTOR]) {
        memset(out, 0, SECTOR);
        if (at < f->size)
                memcpy(out, f->bytes + at, f->size - at < SECTOR ? f->size - at : SECTOR);
        for (size_t i = 0; i < n; i++) {
                const struct event *e = &d->events[f->pending[i]];
                size_t from = (size_t) e->at, to = from + e->len;

                if (e->what == RESIZED) {
                        if (from < at + SECTOR)
                                memset(out + (from > at ? from - at : 0), 0,
                                       from > at ? at + SECTOR - from : SECTOR);
                        continue;
                }
                if (from < at)
                        from = at;
                if (to > at + SECTOR)
                        to = at + SECTOR;
                if (from < to)
                        memcpy(out + (from - at), e->bytes + (from - (size_t) e->at), to - from);
        }
}

static int write_all(int fd, const void *bytes, size_t len) {
        return write(fd, bytes, len) == (ssize_t) len ? 0 : -EIO;
}

static int leave_file(struct disk *d, const struct file *f, uint64_t *seed, int fd) {
        enum mood mood = (enum mood)(disk_random(seed) % _MOODS);
        size_t size = size_after(d, f, draw(seed, mood, f->n_pending));
        uint8_t *bytes;
        int r;

        if (f->n_pending == 0)
                return write_all(fd, f->bytes, f->size);
        bytes = more(NULL, size + SECTOR);
        for (size_t at = 0; at < size; at += SECTOR)
                sector_after(d, f, draw(seed, mood, f->n_pending), at, bytes + at);
        r = write_all(fd, bytes, size);
        free(bytes);
        return r;
}

static void join(char out[static 2 * DISK_PATH_LEN], const char *to, const char *name) {
        if (snprintf(out, 2 * DISK_PATH_LEN, "%s/%s", to, name) >= 2 * DISK_PATH_LEN)
                abort();
}

static int leave(struct disk *d, const struct names *names, size_t i, uint64_t *seed,
                 const char *to) {
        const struct name *name = &names->of[i];
        const struct file *f = &d->files[name->file];
        size_t len = strlen(name->path);
        char path[2 * DISK_PATH_LEN], other[2 * DISK_PATH_LEN];
        uint64_t rubbish[64];
        int fd, r;

        join(path, to, name->path);
        if (f->is_directory)
                return !name->path[0] || mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
        for (size_t k = 0; k < i; k++) /* one file with two names */
                if (names->of[k].file == name->file) {
                        join(other, to, names->of[k].path);
                        return link(other, path) == 0 || errno == ENOENT ? 0 : -errno;
                }
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno; /* without its directory */
        for (size_t k = 0; k < sizeof(rubbish) / sizeof(rubbish[0]); k++)
                rubbish[k] = disk_random(seed);
        if (len > 4 && strcmp(name->path + len - 4, "-shm") == 0)
                r = write_all(fd, rubbish, sizeof(rubbish));
        else if (len > 7 && strcmp(name->path + len - 7, "reserve") == 0)
                r = ftruncate(fd, (off_t) f->size); /* megabytes that mean nothing */
        else
                r = leave_file(d, f, seed, fd);
        (void) close(fd);
        return r;
}

int disk_leave(const struct disk_moment *moment, uint64_t seed, const char *to) {
        struct disk *d = moment->disk;
        enum mood mood = (enum mood)(disk_random(&seed) % _MOODS);
        struct names names = d->names;
        int r = 0;

        /* Names are a journal on most disks, and then the first ones are there. But not on all. */
        if (disk_random(&seed) % 2 == 0)
                for (size_t i = 0, n = draw(&seed, mood, d->n_renamed); i < n; i++)
                        apply_name(&names, &d->events[d->renamed[i]]);
        else
                for (size_t i = 0; i < d->n_renamed; i++)
                        if (mood == ALL || (mood == SOME && disk_random(&seed) % 2 == 0))
                                apply_name(&names, &d->events[d->renamed[i]]);
        for (int directories = 1; directories >= 0; directories--)
                for (size_t i = 0; r >= 0 && i < names.n; i++)
                        if (d->files[names.of[i].file].is_directory == (directories == 1))
                                r = leave(d, &names, i, &seed, to);
        return r;
}
