/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that retire with the first use of their successor. A verification does not write. The loop
 * notes here what the verification saw, the note counts from the very next request on, and the
 * writer thread writes it. A crash before that forgets the note. The next use of the successor
 * notes it again. */
#pragma once

#include "store/store.h"
#include "store/worker.h"

/* noted and not yet handed over; what does not fit is noted at the successor's next use */
#define RETIRE_MAX 64

struct retire;

/**
 * retire_new(ret): 0; -ENOMEM.
 * retire_free(retire): loses what was not written. End the worker before it.
 */
int retire_new(struct retire **ret) _must_check_;
struct retire *retire_free(struct retire *retire);

/**
 * retire_note(retire, worker, key, now):
 * The successor of ${key} was used at ${now}, and ${key} was to retire with that. ${worker} writes
 * it. Without one (NULL) the note waits for a flush. A key that was noted already keeps its time.
 */
void retire_note(struct retire *retire, struct worker *worker, const struct key_record *key,
                 int64_t now);

/**
 * retire_has(retire, id): whether the key ${id} was noted and the note is not in the store yet.
 */
bool retire_has(const struct retire *retire, const char *id);

/**
 * retire_use(retire, worker, reader, key, now):
 * ${key} was used. Calls retire_note() for its predecessor, if that was to retire with the first
 * use.
 */
void retire_use(struct retire *retire, struct worker *worker, struct store *reader,
                const struct key_record *key, int64_t now);

/**
 * retire_flush(retire, worker), retire_finish(retire, worker): as those of the outbox.
 */
void retire_flush(struct retire *retire, struct worker *worker);
void retire_finish(struct retire *retire, struct worker *worker);
