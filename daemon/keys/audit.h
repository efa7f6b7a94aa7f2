/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes to the audit log from the loop, where nothing is written: gathered and folded in
 * memory, and handed to the writer thread. A change is not for here: its record is written with
 * it, in one transaction (control_audit.c). */
#pragma once

#include "rules/fold.h"
#include "store/store.h"
#include "store/worker.h"

struct audit;

/**
 * audit_new(ret): 0; -ENOMEM. audit_free() loses what was not written; audit_finish() and the
 * end of the worker come before it.
 */
int audit_new(struct audit **ret) _must_check_;
struct audit *audit_free(struct audit *a);

/**
 * audit_note(a, record, now): something happened at ${now}; see fold_note().
 */
void audit_note(struct audit *a, const struct audit_record *record, int64_t now);

/**
 * audit_own(writer, event, key, detail, count, now):
 * On the writer thread, inside a transaction: what the daemon did by itself to ${key} (NULL: to
 * ${count} keys). 0, or an error of the store.
 */
int audit_own(struct store *writer, const char *event, const struct key_record *key,
              const char *detail, uint64_t count, int64_t now) _must_check_;

/**
 * audit_flush(a, worker, now):
 * Hands the writer what is due. What it could not write is kept and tried again, and the next
 * waits for that, folded: logins do not depend on it.
 */
void audit_flush(struct audit *a, struct worker *worker, int64_t now);

/**
 * audit_finish(a, worker, now): the same for all that there is, at the end; what cannot be
 * written then is counted in the log.
 */
void audit_finish(struct audit *a, struct worker *worker, int64_t now);
