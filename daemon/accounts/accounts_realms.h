/* SPDX-License-Identifier: BSD-2-Clause */
/* The users of realms, from the lists that the configuration names. It reads files and asks nobody.
 * Runs on the writer thread. */
#pragma once

#include "accounts/accounts_steady.h"
#include "base/error.h"
#include "base/realms.h"

/* of a list: more names than the writer thread should read */
#define ACCOUNTS_REALMS_BYTES_MAX (16 * INT64_C(1048576))

struct accounts_realms;

/* What is remembered from one reading to the next, by the place of the realm. Zeroed at first. */
struct accounts_realms_memory {
        struct accounts_realms_list {
                struct accounts_steady steady;
                /* why the last reading failed; empty when it did not */
                char error[ERROR_LEN];
        } of[REALMS_MAX];
};

/**
 * accounts_realms_new(ret, realms, memory), accounts_realms_step(lists, lines, visit, userdata):
 * Reads at most ${lines} lines at each step, of one list after the other, and calls ${visit} for
 * each name as REALM:NAME. A name ends at a blank, a colon or a bar, so a passwd-file of Dovecot
 * will do. Lines that are empty, that begin with a #, or whose name no user of a realm can have say
 * nothing.
 *
 * A list must be a regular file, and no link, that belongs to root and that nobody else can write.
 * A list that was written while it was read is not believed. One that is empty or ends within a
 * line is believed only when it has not changed for ${ACCOUNTS_STEADY_S}.
 *
 * ${realms} and ${memory} must outlive the result; ${memory} NULL: none. accounts_realms_new():
 * 0; -ENOMEM. A step: 1 when there is more; 0; a negative errno of ${visit}. A list that cannot be
 * read is no error: see below.
 */
int accounts_realms_new(struct accounts_realms **ret, const struct realms *realms,
                        struct accounts_realms_memory *memory) _must_check_;
int accounts_realms_step(struct accounts_realms *lists, size_t lines,
                         int (*visit)(const char *owner, void *userdata),
                         void *userdata) _must_check_;
struct accounts_realms *accounts_realms_free(struct accounts_realms *lists);
void accounts_realms_freep(struct accounts_realms **lists);

/**
 * accounts_realms_believed(lists, realm): whether the list of ${realm}, which is one of the realms,
 * was read to its end and is believed.
 * accounts_realms_again(lists): whether one that is not may be later without a change.
 */
bool accounts_realms_believed(const struct accounts_realms *lists, const struct realm *realm);
bool accounts_realms_again(const struct accounts_realms *lists);

/**
 * accounts_realms_which(realm): a number above 0 for the list that ${realm} has, by its path, or
 * for none.
 */
int64_t accounts_realms_which(const struct realm *realm);

/**
 * accounts_realms_has(realms, realm, user, memory, error): whether the list of ${realm} has
 * ${user}. 1; 0; a negative errno with a sentence in ${error} when the list is not believed.
 */
int accounts_realms_has(const struct realms *realms, const struct realm *realm, const char *user,
                        struct accounts_realms_memory *memory,
                        char error[static ERROR_LEN]) _must_check_;

/**
 * accounts_realms_identify(realms, ret_certain): a number that is another one when a realm, or the
 * file of a list, is another, and not before. ${ret_certain}: a later change would show.
 */
uint64_t accounts_realms_identify(const struct realms *realms, bool *ret_certain);

/**
 * accounts_realms_say_unread(realms, lists): the log names realms whose lists are not believed now.
 * ${lists}: NULL, or of ${realms}.
 */
void accounts_realms_say_unread(const struct realms *realms,
                                const struct accounts_realms_memory *lists);
