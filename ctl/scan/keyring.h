/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that were found, each once. Their secrets are in pages of their own: these are in no
 * core, are not swapped where that can be had, and are wiped at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "secret.h"
#include "wire.h"

/* What the daemon says of a key. Those up to FATE_UNKNOWN are strangers: anybody can make such
 * texts without end. */
enum fate {
        FATE_NOT_ASKED,
        FATE_UNKNOWN, /* this host has no such key */
        FATE_ACTIVE,
        FATE_EXPIRED,
        FATE_REVOKED,
        /* the key has got another secret since */
        FATE_REPLACED,
};

/* so many strangers are remembered */
#define KEYRING_STRANGERS_MAX 16384

struct keyring_key {
        struct secret secret;
        enum fate fate;
        /* empty where the caller may not know */
        char owner[WIRE_USER_MAX + 1], name[WIRE_NAME_MAX + 1];
};

struct keyring {
        struct keyring_key *keys; /* in the order in which they came */
        /* their places, sorted by their text */
        uint32_t *sorted;
        size_t n, room, strangers;
};

/**
 * keyring_put(ring, key, ret):
 * Finds the key of KEYTEXT_LEN characters in the ring, or adds it. ${ret} is its place among the
 * keys. Returns 1 when it is new, 0 when not; -ENOMEM.
 */
int keyring_put(struct keyring *ring, const char *key, size_t *ret) _must_check_;

/**
 * keyring_settle(ring): the new key has its fate now. A stranger too many is forgotten again. It
 * stays in its place only until the next keyring_put(). Returns whether the ring keeps the key.
 */
bool keyring_settle(struct keyring *ring);

/**
 * keyring_id(key, out): the public part of a key.
 */
void keyring_id(const struct keyring_key *key, char out[static KEYTEXT_ID_LEN + 1]);

/**
 * keyring_done(ring): wipes and frees what ${ring} owns. Safe on a zeroed one.
 */
void keyring_done(struct keyring *ring);
#define _cleanup_keyring_ __attribute__((cleanup(keyring_done)))
