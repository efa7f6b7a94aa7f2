/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for a secret where none may be. The secret itself is kept only under a mask, so that the
 * search does not plant what it finds; whoever is given it in the clear wipes it. */
#pragma once

#include "world.h"

/* How much of a secret must not be found anywhere: less of it may stand somewhere by chance. */
#define NEEDLE_PART_LEN 16

struct needle {
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t masked[KEYTEXT_SECRET_LEN];
};

/**
 * needle_hide(ret, key): keeps the well-formed ${key} under the mask.
 */
void needle_hide(struct needle *ret, const char *key);

/**
 * needle_hide_text(ret, text): the same for the beginning of any text, of at least
 * ${NEEDLE_PART_LEN} bytes, to be searched for.
 */
void needle_hide_text(struct needle *ret, const char *text);

/**
 * needle_show(needle, ret): the key in the clear.
 */
void needle_show(const struct needle *needle, char ret[static KEYTEXT_LEN + 1]);

/**
 * needle_issue(w, ret), needle_reset(w, id, ret):
 * A new key of the world's user, or a new secret for a key, that no memory of this process has
 * ever held in the clear.
 */
void needle_issue(const struct world *w, struct needle *ret);
void needle_reset(const struct world *w, const char *id, struct needle *ret);

/**
 * needle_in_bytes(needle, bytes, size): whether the first ${NEEDLE_PART_LEN} characters of the
 * secret are there.
 */
bool needle_in_bytes(const struct needle *needle, const void *bytes, size_t size);

/**
 * needle_in_process(needle, pid):
 * The same for all the memory that a process has for itself and can write. Returns 1, 0, or a
 * negative errno when it cannot be read; where it is found is said on stderr.
 */
int needle_in_process(const struct needle *needle, pid_t pid);

/**
 * needle_in_file(needle, path), needle_in_tree(needle, path): the same for a file, and for all
 * files below a directory.
 */
int needle_in_file(const struct needle *needle, const char *path);
int needle_in_tree(const struct needle *needle, const char *path);
