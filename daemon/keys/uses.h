/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses of keys on their way to the store. A verification does not write, so they are gathered in
 * memory, and the writer takes them in batches. */
#pragma once

#include "store/store.h"
#include "store/worker.h"

struct uses;

/**
 * uses_new(ret): 0; -ENOMEM.
 * uses_free(u): loses what was not written. End the worker before it.
 */
int uses_new(struct uses **ret) _must_check_;
struct uses *uses_free(struct uses *u);

/**
 * uses_note(u, id, service, rhost, now): one more use of the key ${id}. The peer claims the texts.
 * When the writer is far behind, later uses are not noted, so that no login waits.
 */
void uses_note(struct uses *u, const char *id, const char *service, const char *rhost, int64_t now);

/**
 * uses_waits(u, id): whether a use of the key ${id} is not in the store yet.
 */
bool uses_waits(const struct uses *u, const char *id);

/* What the store knows of uses. */
struct uses_known {
        /* every use up to then is in the store, or was lost */
        int64_t until;
        int64_t lost; /* the last that was not noted */
};

/**
 * uses_known(u, now): on the loop, with the time.
 */
struct uses_known uses_known(const struct uses *u, int64_t now);

/**
 * uses_flush(u, worker), uses_finish(u, worker): as those of the outbox.
 */
void uses_flush(struct uses *u, struct worker *worker);
void uses_finish(struct uses *u, struct worker *worker);
