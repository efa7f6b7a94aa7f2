/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "keys/uses.h"
#include "rules/loglimit.h"
#include "store/store_key.h"
#include "text.h"

#define USES_MAX   4096
#define RECENT_LEN 1024

/* Invariant: uses[0..n) are not yet in the store. */
struct uses {
        size_t n;
        struct key_use uses[USES_MAX];
        /* by hash of the id: 1 + where it stands in uses; what stands elsewhere stands twice */
        uint16_t recent[RECENT_LEN];
};

struct flush_job {
        struct worker_job job;
        size_t n;
        struct key_use uses[];
};

int uses_new(struct uses **ret) {
        struct uses *u = calloc(1, sizeof(*u));

        if (!u)
                return -ENOMEM;
        *ret = u;
        return 0;
}

struct uses *uses_free(struct uses *u) {
        free(u);
        return NULL;
}

void uses_note(struct uses *u, const char *id, const char *service, const char *rhost,
               int64_t now) {
        uint16_t *recent = &u->recent[loglimit_hash(0, id) % RECENT_LEN];
        struct key_use *use = *recent > 0 ? &u->uses[*recent - 1] : NULL;

        if (!use || strcmp(use->id, id) != 0) {
                if (u->n == USES_MAX)
                        return;
                use = &u->uses[u->n++];
                *recent = (uint16_t) u->n;
                (void) text_copy(use->id, sizeof(use->id), id);
                use->count = 0;
        }
        use->count++;
        /* Whoever may ask may claim any bytes; these will be shown. */
        text_escape(use->service, sizeof(use->service), text_without_key(service));
        text_escape(use->rhost, sizeof(use->rhost), text_without_key(rhost));
        use->at = now;
}

static void flush_run(struct worker_job *job, struct store *writer) {
        struct flush_job *flush = (struct flush_job *) job;
        int r;

        r = store_begin(writer);
        for (size_t i = 0; r >= 0 && i < flush->n; i++)
                r = store_key_used(writer, &flush->uses[i], flush->uses[i].count);
        if (r >= 0)
                r = store_commit_quietly(writer);
        if (r < 0) {
                store_rollback(writer);
                log_line(LOG_WARNING, "the last uses of %zu keys were not noted, ignoring: %s",
                         flush->n, store_error_text(r));
        }
}

static void flush_done(struct worker_job *job) {
        free(job);
}

void uses_flush(struct uses *u, struct worker *worker) {
        struct flush_job *flush;

        if (u->n == 0)
                return;
        flush = malloc(sizeof(*flush) + u->n * sizeof(flush->uses[0]));
        if (!flush)
                return;
        flush->job = (struct worker_job){ .run = flush_run, .done = flush_done, .urgent = true };
        flush->n = u->n;
        memcpy(flush->uses, u->uses, u->n * sizeof(flush->uses[0]));
        if (worker_submit(worker, &flush->job) < 0) {
                free(flush);
                return;
        }
        u->n = 0;
        memset(u->recent, 0, sizeof(u->recent));
}
