/* SPDX-License-Identifier: BSD-2-Clause */
/* A host with very many accounts: a store, and the files passwd, shadow and group beside it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "secret/keymint.h"
#include "store/store.h"

struct bench_crowd {
        struct store_shared shared;
        struct store *writer;
        struct keymint *keymint;
        size_t keys, accounts, records;
        char etc[64];
};

/**
 * bench_crowd_make(crowd, name): makes the directory ${name} with a store of so many keys of so
 * many accounts, and so many audit records. Returns 0; a negative errno. bench_crowd_open(crowd,
 * name): opens what it made.
 */
int bench_crowd_make(struct bench_crowd *crowd, const char *name) _must_check_;
int bench_crowd_open(struct bench_crowd *crowd, const char *name) _must_check_;
void bench_crowd_done(struct bench_crowd *crowd);

/* The number of ${user} in the passwd file. */
uid_t bench_crowd_uid(size_t user);

/**
 * bench_crowd_passwd(crowd, users): writes a passwd file with the first ${users}.
 * bench_crowd_shadow(crowd, odd, day): writes a shadow file, where the password of the user ${odd},
 * or of all for SIZE_MAX, was changed on ${day} and is good for 30 days. Those of others do not
 * end. Both replace the file as passwd(1) does. 0; a negative errno.
 */
int bench_crowd_passwd(const struct bench_crowd *crowd, size_t users) _must_check_;
int bench_crowd_shadow(const struct bench_crowd *crowd, size_t odd, int64_t day) _must_check_;

/**
 * bench_crowd_id(i, out): the id of the ${i}th key.
 */
void bench_crowd_id(size_t i, char out[static KEYTEXT_ID_LEN + 1]);
