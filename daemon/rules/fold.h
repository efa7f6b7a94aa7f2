/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verification or a refused call leaves for the audit log, until it is written: the first
 * of its kind at once, those like it folded into one record with a count. Of fixed size, and
 * nobody fills it for the others. Pure over the time that it is given.
 *
 * Alike are two with the same asking uid, door, event, reason and service, and the same key
 * where there is such a key. Ids that nobody has do not count: there are as many as a guesser
 * likes. Beyond its share a uid has what is left folded into one record that says only how many
 * there were. */
#pragma once

#include "record.h"

#define FOLD_ENTRIES_MAX 4096
/* of these, for uid 0: it asks for sshd */
#define FOLD_ROOT_SHARE 2048
/* of these, for what is beyond a share */
#define FOLD_REST_SHARE 256
/* for any other uid, of keys that there are */
#define FOLD_KNOWN_MAX 128
/* for any uid, of no such key: guessers never take the place of a key */
#define FOLD_UNKNOWN_MAX 32
#define FOLD_UIDS_MAX    256

/* how long alike refusals are gathered; twice as long each time that there are more ... */
#define FOLD_REFUSED_S  60
#define FOLD_LONGEST_S  960 /* ... up to this */
#define FOLD_ACCEPTED_S 600
/* after so long without one like it the next one counts as the first */
#define FOLD_FORGET_S 3600

struct fold;

/**
 * fold_new(ret): 0; -ENOMEM. fold_free() loses what was not taken.
 */
int fold_new(struct fold **ret) _must_check_;
struct fold *fold_free(struct fold *f);

/**
 * fold_note(f, record, now): one more, at ${now} (UNIX seconds). Its seq, times and count are
 * not looked at. Always finds a place.
 */
void fold_note(struct fold *f, const struct audit_record *record, int64_t now);

/**
 * fold_take(f, now, all, out, most):
 * Moves what is due at ${now}, or ${all} that there is, to ${out}, at most ${most} records; what
 * is left waits for the next call. Returns how many it moved.
 */
size_t fold_take(struct fold *f, int64_t now, bool all, struct audit_record *out, size_t most);
