/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that the loop saw, on their way to the audit log: folded, then written by the outbox.
 * Knows nothing of logins. What a record says of a login is decided by verify_audit.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "keys/audit.h"
#include "keys/outbox.h"
#include "store/store_audit.h"
#include "text.h"

#define BATCH_MAX 128 /* records in one transaction */

struct audit {
        struct fold *fold;
        struct outbox *outbox;
};

static int write_record(struct store *writer, void *note) {
        return store_audit_add(writer, note);
}

static unsigned long long count(const struct audit_record *records, size_t n) {
        unsigned long long sum = 0;

        for (size_t i = 0; i < n; i++)
                sum += records[i].count;
        return sum;
}

static void tell(enum outbox_news news, const void *notes, size_t n, int r) {
        switch (news) {
        case OUTBOX_WAITS:
                log_message(MESSAGE_AUDIT_WAITS, LOG_WARNING,
                            "the audit log cannot be written, events are gathered until it can: %s",
                            store_error_text(r));
                break;
        case OUTBOX_BACK:
                log_message(MESSAGE_AUDIT_BACK, LOG_NOTICE, "the audit log is written again");
                break;
        case OUTBOX_LOST:
                log_message(MESSAGE_AUDIT_LOST, LOG_ERR, "%llu events are not in the audit log: %s",
                            count(notes, n), store_error_text(r));
                break;
        }
}

static const struct outbox_kind kind = {
        .size = sizeof(struct audit_record),
        .most = BATCH_MAX,
        .write = write_record,
        .tell = tell,
};

int audit_new(struct audit **ret) {
        struct audit *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        r = fold_new(&a->fold);
        if (r >= 0)
                r = outbox_new(&a->outbox, &kind);
        if (r < 0) {
                audit_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

struct audit *audit_free(struct audit *a) {
        if (a) {
                fold_free(a->fold);
                (void) outbox_free(a->outbox);
        }
        free(a);
        return NULL;
}

void audit_note(struct audit *a, const struct audit_record *record, int64_t now) {
        fold_note(a->fold, record, now);
}

/* Moves what is due from the fold to the outbox, as far as there is room. Returns how many
 * records. */
static size_t gather(struct audit *a, int64_t now, bool all) {
        size_t n;
        struct audit_record *records = outbox_space(a->outbox, &n);

        n = fold_take(a->fold, now, all, records, n);
        outbox_fill(a->outbox, n);
        return n;
}

/* While a batch is on its way, or cannot be written, the other events go on being folded. */
void audit_flush(struct audit *a, struct worker *worker, int64_t now) {
        if (outbox_is_empty(a->outbox))
                (void) gather(a, now, false);
        outbox_flush(a->outbox, worker);
}

size_t audit_repeats(struct audit *a, int64_t now, struct audit_record *out, size_t most) {
        return fold_repeats(a->fold, now, out, most);
}

void audit_finish(struct audit *a, struct worker *worker, int64_t now) {
        do
                outbox_finish(a->outbox, worker);
        while (gather(a, now, true) > 0);
}

int audit_own(struct store *writer, const char *event, const struct key_record *key,
              const char *detail, uint64_t count, int64_t now) {
        struct audit_record record = { .at = now,
                                       .until = now,
                                       .count = count,
                                       .uid = AUDIT_NOBODY,
                                       .owner_uid = AUDIT_NOBODY,
                                       .verdict = "done",
                                       .door = "daemon" };

        (void) text_copy(record.event, sizeof(record.event), event);
        (void) text_copy(record.detail, sizeof(record.detail), detail);
        if (key) {
                memcpy(record.key, key->id, sizeof(record.key));
                memcpy(record.user, key->owner, sizeof(key->owner));
                record.owner_uid = key->owner_uid;
        }
        return store_audit_add(writer, &record);
}
