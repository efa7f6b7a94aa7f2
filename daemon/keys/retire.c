/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that retire with the first use of their successor: noted on the loop, written by the outbox.
 * A note counts from the very next request on. Does not decide whether the successor is good. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "keys/audit.h"
#include "keys/outbox.h"
#include "keys/retire.h"
#include "store/store_key.h"

/* How often a row is read that seems damaged. */
#define TRIES_MAX 30

struct note {
        char id[KEYTEXT_ID_LEN + 1];
        char successor[KEYTEXT_ID_LEN + 1];
        int64_t at;
        struct retire *retire;
        unsigned tries; /* at a row that seems damaged */
        /* the writer's, until it is written */
        bool retired, damaged;
};

struct retire {
        struct outbox *outbox;
};

/* The key may have changed since it was noted. It retires only if it still waits for the use of
 * this successor. A row that is damaged must not hold up the others. */
static int write_note(struct store *writer, void *data) {
        struct note *note = data;
        struct key_record key;
        int r;

        note->retired = false;
        r = store_key_get(writer, note->id, &key);
        note->damaged = r == -EUCLEAN;
        if (r < 0)
                return r == -ENOENT || r == -EUCLEAN ? 0 : r;
        if (key.retires_at != RECORD_RETIRES_ON_USE || strcmp(key.successor, note->successor) != 0)
                return 0;
        key.retires_at = RECORD_RETIRED;
        key.updated_at = note->at;
        if (key.dead_at == 0)
                key.dead_at = note->at;
        r = store_key_update(writer, &key);
        if (r >= 0)
                r = audit_own(writer, "retired", &key, "first use of its successor", 1, note->at);
        note->retired = r >= 0;
        return r;
}

/* The disk may give a good row the next time. Until then the note counts, so the key is refused.
 * One that stays damaged is refused by that, and loses its note: there is room for few. */
static void try_again(const struct note *note) {
        struct note *again = note->tries < TRIES_MAX ? outbox_add(note->retire->outbox) : NULL;

        if (!again)
                return;
        *again = *note;
        again->tries++;
}

static void written(const void *data) {
        const struct note *note = data;

        if (note->damaged)
                try_again(note);
        if (note->retired)
                log_line(LOG_NOTICE, "key %s retired with the first use of key %s", note->id,
                         note->successor);
}

static void tell(enum outbox_news news, const void *notes, size_t n, int r) {
        const struct note *first = notes;

        if (news != OUTBOX_BACK)
                log_line(
                        LOG_WARNING,
                        "key %s retires with the first use of key %s, and that of %zu keys was not "
                        "written, %s: %s",
                        first->id, first->successor, n,
                        news == OUTBOX_WAITS ? "trying again" : "to be noted at their next use",
                        store_error_text(r));
}

static const struct outbox_kind kind = {
        .size = sizeof(struct note),
        .most = RETIRE_MAX,
        .verified = true,
        .write = write_note,
        .written = written,
        .tell = tell,
};

int retire_new(struct retire **ret) {
        struct retire *retire = calloc(1, sizeof(*retire));
        int r;

        if (!retire)
                return -ENOMEM;
        r = outbox_new(&retire->outbox, &kind);
        if (r < 0) {
                free(retire);
                return r;
        }
        *ret = retire;
        return 0;
}

struct retire *retire_free(struct retire *retire) {
        if (retire)
                (void) outbox_free(retire->outbox);
        free(retire);
        return NULL;
}

static bool has_id(const void *note, const void *id) {
        return strcmp(((const struct note *) note)->id, id) == 0;
}

bool retire_has(const struct retire *retire, const char *id) {
        return outbox_any(retire->outbox, has_id, id);
}

void retire_note(struct retire *retire, struct worker *worker, const struct key_record *key,
                 int64_t now) {
        struct note *note = retire_has(retire, key->id) ? NULL : outbox_add(retire->outbox);

        if (note) {
                *note = (struct note){ .at = now, .retire = retire };
                memcpy(note->id, key->id, sizeof(note->id));
                memcpy(note->successor, key->successor, sizeof(note->successor));
        }
        if (worker)
                retire_flush(retire, worker);
}

void retire_use(struct retire *retire, struct worker *worker, struct store *reader,
                const struct key_record *key, int64_t now) {
        struct key_record old = {};
        int r;

        if (!key->predecessor[0])
                return;
        r = store_key_get(reader, key->predecessor, &old);
        if (r == -ENOENT)
                return;
        /* It may wait for this use. The writer looks again. */
        if (r < 0) {
                memcpy(old.id, key->predecessor, sizeof(old.id));
                memcpy(old.successor, key->id, sizeof(old.successor));
        } else if (old.retires_at != RECORD_RETIRES_ON_USE || strcmp(old.successor, key->id) != 0)
                return;
        retire_note(retire, worker, &old, now);
}

void retire_flush(struct retire *retire, struct worker *worker) {
        outbox_flush(retire->outbox, worker);
}

void retire_finish(struct retire *retire, struct worker *worker) {
        outbox_finish(retire->outbox, worker);
}
