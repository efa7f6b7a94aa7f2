/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loop puts into the audit log. The loop writes nothing: events are gathered and folded in
 * memory, and handed to the writer thread. The record of a change does not come here. It is written
 * with the change, in one transaction (control_audit.c). */
#pragma once

#include "rules/fold.h"
#include "store/store.h"
#include "store/worker.h"

struct audit;

/**
 * audit_new(ret): 0; -ENOMEM.
 * audit_free(a): loses what was not written. Call audit_finish() and end the worker before it.
 */
int audit_new(struct audit **ret) _must_check_;
struct audit *audit_free(struct audit *a);

/**
 * audit_note(a, record, now): something happened at ${now}. See fold_note().
 */
void audit_note(struct audit *a, const struct audit_record *record, int64_t now);

/**
 * audit_own(writer, event, key, detail, count, now):
 * On the writer thread, inside a transaction: what the daemon did by itself to ${key}, or to
 * ${count} keys where it is NULL. 0, or an error of the store.
 */
int audit_own(struct store *writer, const char *event, const struct key_record *key,
              const char *detail, uint64_t count, int64_t now) _must_check_;

/**
 * audit_flush(a, worker, now):
 * Hands the writer what is due. What the writer could not write is kept and tried again. Until then
 * later events wait, folded. No login depends on it.
 */
void audit_flush(struct audit *a, struct worker *worker, int64_t now);

/**
 * audit_finish(a, worker, now): the same for all that there is, at the end. The log says how many
 * events could not be written then.
 */
void audit_finish(struct audit *a, struct worker *worker, int64_t now);

/**
 * audit_repeats(a, now, out, most): what is being gathered and not yet due. See fold_repeats().
 */
size_t audit_repeats(struct audit *a, int64_t now, struct audit_record *out, size_t most);
