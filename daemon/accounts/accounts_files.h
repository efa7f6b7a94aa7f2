/* SPDX-License-Identifier: BSD-2-Clause */
/* The users of this host itself, from passwd, shadow and group as they are at one moment. It reads
 * files and asks nobody, so it cannot hang. It does not have users that only a directory knows. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "accounts/accounts_steady.h"
#include "base/error.h"
#include "record.h"

struct accounts_files;

/* What is remembered from one reading to the next. Zeroed at first. */
struct accounts_files_memory {
        struct accounts_steady cuts[3]; /* passwd, shadow, group */
        /* why the last reading failed; empty when it did not */
        char error[ERROR_LEN];
};

/**
 * accounts_files_recall(etc, memory): for a process that reads the files once. What is remembered
 * is that they have not changed for ${ACCOUNTS_STEADY_S}, where the clock says so.
 */
void accounts_files_recall(const char *etc, struct accounts_files_memory *memory);

/**
 * accounts_files_open(ret, etc, admin_group, memory), accounts_files_step(files, lines):
 * Opens the files in the directory ${etc}, and reads at most ${lines} lines of them at each step.
 * Members of the group with the number ${admin_group} are administrators. With (gid_t) -1 only root
 * is one. ${etc} and ${memory} must outlive the result.
 *
 * A passwd file without root is not believed, nor is a file that was written while it was read. A
 * program may be writing it, or a full disk may have cut it off, and that must not end all keys. A
 * file that ends within a line is believed only when it has not changed for
 * ${ACCOUNTS_STEADY_S} since it was first read. An editor or a printf may have left out the
 * last newline, and getpwnam(3) reads such files. A process that is not root does without shadow.
 * So does a host whose root has its password in passwd, as pwunconv(8) leaves it: there the
 * passwords of passwd count. Without shadow, and with an "x" for root, nothing is believed.
 *
 * Opening returns 0. A step returns 1 when there may be more to read; 0 when all was read and is
 * believed. Both return -EAGAIN when a file may be believed later without a change; another
 * negative errno. After an error ${memory} has a sentence that says why.
 */
int accounts_files_open(struct accounts_files **ret, const char *etc, gid_t admin_group,
                        struct accounts_files_memory *memory) _must_check_;
int accounts_files_step(struct accounts_files *files, size_t lines) _must_check_;

/* What shows that passwd, shadow and group are those of before, and have not been written to. No
 * padding: it is kept as bytes. */
struct accounts_files_identity {
        struct {
                uint64_t dev, ino, size;
                int64_t written_s, written_ns, changed_s, changed_ns;
        } of[3];
        uint64_t admin_group;
        uint64_t realms; /* accounts_realms_identify() */
};

/**
 * accounts_files_identify(etc, admin_group, ret): the files as they are now. 0; a negative errno.
 * accounts_files_identity(files, ret): the files that were read. Returns whether a later change
 * would show: a file that has just been changed may be changed again within the same tick of the
 * clock.
 */
int accounts_files_identify(const char *etc, gid_t admin_group,
                            struct accounts_files_identity *ret) _must_check_;
bool accounts_files_identity(const struct accounts_files *files,
                             struct accounts_files_identity *ret) _must_check_;

/**
 * accounts_files_read(ret, etc, admin_group, memory): both, to the end. 0; errors as above.
 */
int accounts_files_read(struct accounts_files **ret, const char *etc, gid_t admin_group,
                        struct accounts_files_memory *memory) _must_check_;
struct accounts_files *accounts_files_free(struct accounts_files *files);
void accounts_files_freep(struct accounts_files **files);

/**
 * accounts_files_has(etc, name, memory): whether the passwd file has the user ${name}. It is
 * believed as above. 1; 0; errors as above.
 */
int accounts_files_has(const char *etc, const char *name,
                       struct accounts_files_memory *memory) _must_check_;

/**
 * accounts_files_user(etc, name, memory, ret): the same, with what passwd and shadow say of the
 * user. Groups are not read.
 */
int accounts_files_user(const char *etc, const char *name, struct accounts_files_memory *memory,
                        struct account_record *ret) _must_check_;

/**
 * accounts_files_find(files, name): the user ${name}, ACCOUNT_PRESENT and local, when all was read.
 * NULL when there is none. Borrowed from ${files}.
 */
const struct account_record *accounts_files_find(const struct accounts_files *files,
                                                 const char *name);

/**
 * accounts_files_has_shadow(files, name): whether the shadow file has a line for the user ${name},
 * so that what is said of the user's password comes from there; or passwd has the password.
 */
bool accounts_files_has_shadow(const struct accounts_files *files, const char *name);
