/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses of keys on their way to the store: a verification does not write, so they are gathered in
 * memory, and the writer takes them in batches. */
#pragma once

#include "store/store.h"
#include "store/worker.h"

struct uses;

/**
 * uses_new(ret): 0; -ENOMEM. uses_free() loses what was not handed over.
 */
int uses_new(struct uses **ret) _must_check_;
struct uses *uses_free(struct uses *u);

/**
 * uses_note(u, id, service, rhost, now): one more use of the key ${id}. The texts are a peer's.
 * When the writer does not come along, later ones go unnoted rather than that somebody waits.
 */
void uses_note(struct uses *u, const char *id, const char *service, const char *rhost, int64_t now);

/**
 * uses_flush(u, worker): hands the writer what there is. Nothing is lost when it cannot take it
 * now.
 */
void uses_flush(struct uses *u, struct worker *worker);
