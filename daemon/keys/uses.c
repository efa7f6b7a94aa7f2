/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses of keys: gathered by key on the loop, written by the outbox. Knows ids and no keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "keys/outbox.h"
#include "keys/uses.h"
#include "rules/loglimit.h"
#include "store/store_copy.h"
#include "store/store_key.h"
#include "text.h"

#define USES_MAX   4096
#define RECENT_LEN 1024

struct uses {
        struct outbox *outbox;
        /* By hash of the id: 1 + the place that it may have among the notes that wait. A key whose
         * slot another key has taken gets a second note. */
        uint16_t recent[RECENT_LEN];
        /* every use up to then is in a batch, or in the store */
        int64_t handed;
        struct uses_known known;
};

static int write_use(struct store *writer, void *note) {
        const struct key_use *use = note;

        if (clock_is_trusted())
                store_copy_served(writer, use->at);
        return store_key_used(writer, use, use->count);
}

static void tell(enum outbox_news news, const void *notes, size_t n, int r) {
        (void) notes;
        switch (news) {
        case OUTBOX_WAITS:
                log_line(
                        LOG_WARNING,
                        "the last uses of %zu keys cannot be written, they wait until they can: %s",
                        n, store_error_text(r));
                break;
        case OUTBOX_BACK:
                log_line(LOG_NOTICE, "the last uses of keys are written again");
                break;
        case OUTBOX_LOST:
                log_line(LOG_WARNING, "the last uses of %zu keys were not written, ignoring: %s", n,
                         store_error_text(r));
                break;
        }
}

static const struct outbox_kind kind = {
        .size = sizeof(struct key_use),
        .most = USES_MAX,
        .write = write_use,
        .tell = tell,
};

int uses_new(struct uses **ret) {
        struct uses *u = calloc(1, sizeof(*u));
        int r;

        if (!u)
                return -ENOMEM;
        r = outbox_new(&u->outbox, &kind);
        if (r < 0) {
                free(u);
                return r;
        }
        *ret = u;
        return 0;
}

struct uses *uses_free(struct uses *u) {
        if (u)
                (void) outbox_free(u->outbox);
        free(u);
        return NULL;
}

/* The note of the key ${id} that waits, or a new one. NULL when there is no room. */
static struct key_use *find(struct uses *u, const char *id) {
        uint16_t *recent = &u->recent[loglimit_hash(0, id) % RECENT_LEN];
        size_t n;
        struct key_use *waiting = outbox_waiting(u->outbox, &n), *use;

        if (*recent > 0 && *recent <= n && strcmp(waiting[*recent - 1].id, id) == 0)
                return &waiting[*recent - 1];
        use = outbox_add(u->outbox);
        if (!use)
                return NULL;
        *recent = (uint16_t) (n + 1);
        *use = (struct key_use){};
        (void) text_copy(use->id, sizeof(use->id), id);
        return use;
}

void uses_note(struct uses *u, const char *id, const char *service, const char *rhost,
               int64_t now) {
        struct key_use *use = find(u, id);

        if (!use) {
                u->known.lost = now;
                return;
        }
        use->count++;
        /* A peer may claim any bytes, and people will be shown these. */
        text_escape(use->service, sizeof(use->service), text_without_key(service));
        text_escape(use->rhost, sizeof(use->rhost), text_without_key(rhost));
        use->at = now;
}

static bool is_of(const void *note, const void *id) {
        return strcmp(((const struct key_use *) note)->id, id) == 0;
}

bool uses_waits(const struct uses *u, const char *id) {
        return outbox_any(u->outbox, is_of, id);
}

struct uses_known uses_known(const struct uses *u, int64_t now) {
        struct uses_known known = u->known;

        if (outbox_is_empty(u->outbox))
                known.until = now;
        return known;
}

void uses_flush(struct uses *u, struct worker *worker) {
        size_t n;

        if (outbox_is_settled(u->outbox))
                u->known.until = u->handed;
        outbox_flush(u->outbox, worker);
        (void) outbox_waiting(u->outbox, &n);
        if (n == 0)
                u->handed = clock_now();
}

void uses_finish(struct uses *u, struct worker *worker) {
        outbox_finish(u->outbox, worker);
}
