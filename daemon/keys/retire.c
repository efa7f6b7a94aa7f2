/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "keys/audit.h"
#include "keys/retire.h"
#include "store/store_key.h"

/* Invariants: (1) entries[0..n) have ids that differ; (2) one that is queued has a job at the
 * worker, no other has. */
struct retire {
        size_t n;
        struct entry {
                char id[KEYTEXT_ID_LEN + 1];
                bool queued;
        } entries[RETIRE_MAX];
};

struct retire_job {
        struct worker_job job;
        struct retire *retire;
        char id[KEYTEXT_ID_LEN + 1];
        char successor[KEYTEXT_ID_LEN + 1];
        int64_t at;
        int r;
};

int retire_new(struct retire **ret) {
        struct retire *retire = calloc(1, sizeof(*retire));

        if (!retire)
                return -ENOMEM;
        *ret = retire;
        return 0;
}

struct retire *retire_free(struct retire *retire) {
        free(retire);
        return NULL;
}

static size_t find(const struct retire *retire, const char *id) {
        size_t i = 0;

        while (i < retire->n && strcmp(retire->entries[i].id, id) != 0)
                i++;
        return i;
}

bool retire_has(const struct retire *retire, const char *id) {
        return find(retire, id) < retire->n;
}

/* The key may have changed since: only what is still to retire with the use of this successor
 * does. */
static int retire_key(const struct retire_job *ours, struct store *writer) {
        struct key_record key;
        int r;

        r = store_key_get(writer, ours->id, &key);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (key.retires_at != RECORD_RETIRES_ON_USE || strcmp(key.successor, ours->successor) != 0)
                return 0;
        key.retires_at = key.updated_at = ours->at;
        if (key.dead_at == 0)
                key.dead_at = ours->at;
        r = store_key_update(writer, &key);
        if (r >= 0)
                r = audit_own(writer, "retired", &key, "first use of its successor", 1, ours->at);
        if (r >= 0)
                r = store_commit(writer);
        if (r >= 0)
                log_line(LOG_NOTICE, "key %s retired with the first use of key %s", ours->id,
                         ours->successor);
        return r;
}

static void job_run(struct worker_job *job, struct store *writer) {
        struct retire_job *ours = (struct retire_job *) job;

        ours->r = store_begin(writer);
        if (ours->r >= 0)
                ours->r = retire_key(ours, writer);
        store_rollback(writer);
        if (ours->r < 0)
                log_line(LOG_WARNING,
                         "key %s retires with the first use of key %s and that was not written, "
                         "trying again "
                         "with the next use: %s",
                         ours->id, ours->successor, store_error_text(ours->r));
}

static void job_done(struct worker_job *job) {
        struct retire_job *ours = (struct retire_job *) job;
        struct retire *retire = ours->retire;
        struct entry *entry = &retire->entries[find(retire, ours->id)];

        if (ours->r < 0)
                entry->queued = false;
        else
                *entry = retire->entries[--retire->n];
        free(ours);
}

static bool submit(struct retire *retire, struct worker *worker, const struct key_record *key,
                   int64_t now) {
        struct retire_job *ours = worker ? calloc(1, sizeof(*ours)) : NULL;

        if (!ours)
                return false;
        ours->job = (struct worker_job){ .run = job_run, .done = job_done, .urgent = true };
        ours->retire = retire;
        ours->at = now;
        memcpy(ours->id, key->id, sizeof(ours->id));
        memcpy(ours->successor, key->successor, sizeof(ours->successor));
        if (worker_submit(worker, &ours->job) >= 0)
                return true;
        free(ours);
        return false;
}

void retire_note(struct retire *retire, struct worker *worker, const struct key_record *key,
                 int64_t now) {
        size_t at = find(retire, key->id);
        struct entry *entry = &retire->entries[at];

        if (at == RETIRE_MAX)
                return;
        if (at == retire->n) {
                *entry = (struct entry){};
                memcpy(entry->id, key->id, sizeof(entry->id));
                retire->n++;
        }
        if (!entry->queued)
                entry->queued = submit(retire, worker, key, now);
}

void retire_use(struct retire *retire, struct worker *worker, struct store *reader,
                const struct key_record *key, int64_t now) {
        struct key_record old;

        if (key->predecessor[0] && store_key_get(reader, key->predecessor, &old) >= 0 &&
            old.retires_at == RECORD_RETIRES_ON_USE && strcmp(old.successor, key->id) == 0)
                retire_note(retire, worker, &old, now);
}
