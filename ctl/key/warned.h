/* SPDX-License-Identifier: BSD-2-Clause */
/* What users were warned of: a file that remembers for each key which of its ends, and how early.
 * Each line is on disk before what it says is done. So a warning that a crash cuts off is sent once
 * more at most. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr.h"

struct warned;

/* A warning: the key, when it ends, and how many days before that the warning belongs to. */
struct warned_end {
        const char *id;
        int64_t at;
        int64_t days;
};

enum warned_what {
        WARNED_TRY,    /* it is about to be sent */
        WARNED_SENT,   /* it was sent */
        WARNED_FAILED, /* it was not */
};

/**
 * warned_open(ret, path, now, keep):
 * Reads the file at ${path}, which need not be there, and forgets what is long over by ${now}.
 * Unless ${keep}, locks it and writes it anew. Returns 0; -EWOULDBLOCK when another process has it;
 * -EBADMSG when it is not such a file; another negative errno. The caller frees ${ret}.
 */
int warned_open(struct warned **ret, const char *path, int64_t now, bool keep) _must_check_;
struct warned *warned_free(struct warned *w);

/**
 * warned_is_due(w, end): whether nobody was warned of this end as late as that, nor has a warning
 * been tried twice.
 */
bool warned_is_due(const struct warned *w, const struct warned_end *end);

/**
 * warned_note(w, end, what), warned_sync(w): adds a line; has all lines on disk. 0, or a negative
 * errno.
 */
int warned_note(struct warned *w, const struct warned_end *end, enum warned_what what) _must_check_;
int warned_sync(struct warned *w) _must_check_;
