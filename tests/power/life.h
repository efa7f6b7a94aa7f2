/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a key store in steps, on a disk that takes down what is written; and what must be
 * true of it after a power loss. No function here is one of cmocka's: a test may want to see that
 * something is wrong. */
#pragma once

#include "disk.h"

#include "bootstrap.h"
#include "mirror/mirror.h"

#define LIFE_STEPS_MAX  512
#define LIFE_KEYS_MAX   512
#define LIFE_TABLES_MAX 64

/* What a store has, in tables. */
struct life_content {
        uint64_t tables[LIFE_TABLES_MAX]; /* a hash of all rows */
};

/* A key, and from which step to which it is not good. */
struct life_key {
        char id[KEYTEXT_ID_LEN + 1];
        size_t from, to; /* 0: never */
};

struct life {
        char top[DISK_PATH_LEN]; /* only the disk's names are in it */
        char dir[DISK_PATH_LEN]; /* of the state, in it */
        uint64_t seed, dice;     /* steps are drawn with the dice */
        struct disk *disk;
        struct store_shared shared;
        struct bootstrap state;
        struct mirror *mirror; /* where there is an import */
        struct disk_mark mark;
        /* a step that changes something counts as done before it is */
        bool hasty;
        bool apart;   /* nobody watches its disk */
        bool damaged; /* the first start meets damage */
        bool salvage; /* a person has it salvaged before */
        /* A mirror must be able to read its certificates. */
        bool exports;
        size_t n_keys;
        struct life_key keys[LIFE_KEYS_MAX];
        /* after each step; where begun says so the first is that of no store yet */
        struct life_content contents[LIFE_STEPS_MAX];
        bool begins;
        size_t looks, nested; /* states that were looked at */
};

/**
 * life_begin(l, begins): opens a store in ${l}->dir, on a disk that is watched from now on. If
 * ${begins}, there is none yet. Otherwise what is there comes first. 0, or a negative errno.
 * life_reopen(l): closes the store and opens it again.
 * life_end(l): closes the store.
 * life_done(l): frees what ${l} has.
 */
int life_begin(struct life *l, bool begins);
int life_reopen(struct life *l);
void life_end(struct life *l);
void life_done(struct life *l);

/**
 * life_step(l, step, what): one step, by ${step}. What it has changed is acknowledged then, unless
 * it returns LIFE_LAZY. Returns what ${step} returns, or a negative errno.
 */
#define LIFE_LAZY 1000
int life_step(struct life *l, int (*step)(struct life *l, void *what), void *what);

/**
 * life_look(l, fault, most): looks at ${most} states of the disk for each moment. Returns how many
 * are wrong. Says on stdout what is wrong with the first few, and how to see them again.
 */
size_t life_look(struct life *l, enum disk_fault fault, size_t most);
