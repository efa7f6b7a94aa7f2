/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that loses power. It takes down what this process writes below one directory, whatever
 * code writes it, and makes the states that a disk could be in after a power loss: what was not
 * synced is there, or not, or in part, and in any order. A file and its name are synced apart.
 *
 * What a disk keeps of a write are whole sectors of 512 bytes, or those bytes of a sector that the
 * write has: SQLite assumes that too (powersafe overwrite). For one sector later writes do not
 * reach the disk before earlier ones, because they are in one page of the kernel's cache.
 *
 * One thread only. A shared memory file (-shm) is rubbish after a power loss. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DISK_PATH_LEN 512

struct disk;

/* How far the code has come that writes, when something happens to the disk. */
struct disk_mark {
        size_t begun; /* the last step that was begun */
        size_t acked; /* the last acknowledged one */
};

/**
 * disk_watch(ret, top): from now on takes down what is written below the directory ${top}, which
 * is an absolute path without links. What is there now is on the disk. 0, or a negative errno.
 * disk_unwatch(d): no more.
 * disk_free(d): NULL does no harm.
 */
int disk_watch(struct disk **ret, const char *top);
void disk_unwatch(struct disk *d);
struct disk *disk_free(struct disk *d);

/**
 * disk_mark(d, mark): the code has come to ${mark}.
 */
void disk_mark(struct disk *d, struct disk_mark mark);

/**
 * disk_fail_next(): the next sync of a log (-wal) fails, and nothing reaches the disk of what was
 * written to that since the last one, unless it is written once more.
 */
void disk_fail_next(void);

/* What does not reach the disk although it was synced: faults that tests must notice. */
enum disk_fault {
        DISK_HONEST = 0,
        DISK_FORGETS_FILES, /* a sync of a file does nothing */
        DISK_FORGETS_NAMES, /* likewise of a directory */
};

/* A moment at which the power fails. */
struct disk_moment {
        struct disk *disk;
        /* of the sync before whose end it is */
        size_t number;
        struct disk_mark mark;
};

/**
 * disk_play(d, fault, visit, userdata): calls ${visit} with each moment: before the end of each
 * sync, and after the last write. Stops when ${visit} returns negative, and returns that.
 */
int disk_play(struct disk *d, enum disk_fault fault,
              int (*visit)(const struct disk_moment *moment, void *userdata), void *userdata);

/**
 * disk_longest(d): the most bytes that one sync had to take to the disk.
 */
size_t disk_longest(const struct disk *d);

/**
 * disk_leave(moment, seed, to): writes one of the states that the disk can be in then into the
 * directory ${to}, which is empty. The ${seed} says which one. 0, or a negative errno.
 */
int disk_leave(const struct disk_moment *moment, uint64_t seed, const char *to);

/**
 * disk_random(state): the next number of a generator. A number that depends on ${state} alone.
 */
static inline uint64_t disk_random(uint64_t *state) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* --- For disk_calls.c: the calls of this process --- */

/* Which file a call is about: 0 is none. */
int disk_opened(int dir, const char *path, int flags, int fd);
int disk_of(int fd);
void disk_closed(int fd);
void disk_wrote(int file, off_t at, const void *bytes, size_t len);
void disk_resized(int file, off_t size);
void disk_synced(int file);
bool disk_fails(int file);
void disk_linked(int from_dir, const char *from, int to_dir, const char *to, bool moved);
void disk_removed(int dir, const char *path);
void disk_made_directory(int dir, const char *path);
/* Whether syncs only have to be taken down: nothing of a test needs the real disk. */
bool disk_spares(void);
