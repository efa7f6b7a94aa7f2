/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that retire with the first use of their successor. A verification does not write. What it
 * saw is noted here on the loop, counts from the very next request on, and is written by the
 * writer thread. A crash before that forgets it; the next use of the successor notes it again. */
#pragma once

#include "store/store.h"
#include "store/worker.h"

/* noted and not yet handed over; what does not fit is noted at the successor's next use */
#define RETIRE_MAX 64

struct retire;

/**
 * retire_new(ret): 0; -ENOMEM. The end of the worker comes before retire_free().
 */
int retire_new(struct retire **ret) _must_check_;
struct retire *retire_free(struct retire *retire);

/**
 * retire_note(retire, worker, key, now):
 * The successor of ${key}, which was to retire then, was used at ${now}. ${worker} writes it;
 * without one (NULL) it waits for a flush. What was noted already keeps its time.
 */
void retire_note(struct retire *retire, struct worker *worker, const struct key_record *key,
                 int64_t now);

/**
 * retire_has(retire, id): whether the key ${id} was noted and that is not yet in the store.
 */
bool retire_has(const struct retire *retire, const char *id);

/**
 * retire_use(retire, worker, reader, key, now): ${key} was used: retire_note() for the key whose
 * place it took, where that was to retire then.
 */
void retire_use(struct retire *retire, struct worker *worker, struct store *reader,
                const struct key_record *key, int64_t now);

/**
 * retire_flush(retire, worker), retire_finish(retire, worker): as those of the outbox.
 */
void retire_flush(struct retire *retire, struct worker *worker);
void retire_finish(struct retire *retire, struct worker *worker);
