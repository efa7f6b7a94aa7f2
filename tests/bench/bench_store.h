/* SPDX-License-Identifier: BSD-2-Clause */
/* A writer on the store of a state directory. wfapikeyd has made the directory and does not use it
 * now. */
#pragma once

#include "base/nss.h"
#include "secret/keymint.h"
#include "store/store.h"

struct bench_store {
        struct store_shared shared;
        struct store *writer;
        struct keymint *keymint;
        /* of all keys: the user that runs this */
        struct nss_entry owner;
        /* the keys are of its fleet, and for all hosts */
        bool of_fleet;
        uint32_t pepper_id;
        /* Further keys of a fleet are of many users and times. */
        bool spread;
};

/**
 * bench_store_open(s, state_dir):
 * Opens the store. Returns 0, or a negative errno. The name must be short.
 */
int bench_store_open(struct bench_store *s, const char *state_dir) _must_check_;
void bench_store_done(struct bench_store *s);

/**
 * bench_store_insert(s, key, status):
 * Adds a row for the key, inside a transaction. Returns 0, or an error of the store.
 */
int bench_store_insert(struct bench_store *s, const struct secret *key,
                       enum key_status status) _must_check_;
