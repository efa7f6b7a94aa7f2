/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for a secret in places where it must not be. The search keeps the secret only under a
 * mask, so that it does not plant what it looks for. A caller that gets the secret in the clear
 * wipes it. */
#pragma once

#include "world.h"

/* The length of the part of a secret that must not be found anywhere. A shorter part may occur by
 * chance. */
#define NEEDLE_PART_LEN 16

struct needle {
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t masked[KEYTEXT_SECRET_LEN];
};

/**
 * needle_hide(ret, key):
 * Keeps the well-formed ${key} under the mask.
 */
void needle_hide(struct needle *ret, const char *key);

/**
 * needle_hide_text(ret, text):
 * Does the same for the beginning of any text of at least ${NEEDLE_PART_LEN} bytes.
 */
void needle_hide_text(struct needle *ret, const char *text);

/**
 * needle_show(needle, ret):
 * Writes the key in the clear.
 */
void needle_show(const struct needle *needle, char ret[static KEYTEXT_LEN + 1]);

/**
 * needle_issue(w, ret), needle_reset(w, id, ret):
 * Makes a new key of the world's user, or a new secret for a key. The memory of this process never
 * held it in the clear.
 */
void needle_issue(const struct world *w, struct needle *ret);
void needle_reset(const struct world *w, const char *id, struct needle *ret);

/**
 * needle_in_bytes(needle, bytes, size):
 * Whether the bytes contain the first ${NEEDLE_PART_LEN} characters of the secret.
 */
bool needle_in_bytes(const struct needle *needle, const void *bytes, size_t size);

/**
 * needle_in_process(needle, pid):
 * Does the same for all private and writable memory of a process. Returns 1, 0, or a negative errno
 * when the memory cannot be read. A message on stderr says where the secret is.
 */
int needle_in_process(const struct needle *needle, pid_t pid);

/**
 * needle_in_file(needle, path), needle_in_tree(needle, path):
 * Does the same for a file, and for all files below a directory.
 */
int needle_in_file(const struct needle *needle, const char *path);
int needle_in_tree(const struct needle *needle, const char *path);
