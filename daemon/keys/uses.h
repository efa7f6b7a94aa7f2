/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses of keys on their way to the store: a verification does not write, so they are gathered in
 * memory, and the writer takes them in batches. */
#pragma once

#include "store/store.h"
#include "store/worker.h"

struct uses;

/**
 * uses_new(ret): 0; -ENOMEM.
 * uses_free(u): the end of the worker comes before it. Loses what was not written.
 */
int uses_new(struct uses **ret) _must_check_;
struct uses *uses_free(struct uses *u);

/**
 * uses_note(u, id, service, rhost, now): one more use of the key ${id}. The texts are a peer's.
 * When the writer is far behind, later uses go unnoted: no login waits for it.
 */
void uses_note(struct uses *u, const char *id, const char *service, const char *rhost, int64_t now);

/**
 * uses_flush(u, worker), uses_finish(u, worker): as those of the outbox.
 */
void uses_flush(struct uses *u, struct worker *worker);
void uses_finish(struct uses *u, struct worker *worker);
