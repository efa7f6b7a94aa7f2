/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts keys that end soon on the writer thread, because a user may have very many, and a login is
 * decided on the loop. Writes nothing, and decides no login. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/peer.h"
#include "keys/facts.h"
#include "login/endsoon.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_key.h"

struct endsoon {
        struct worker_job job;
        unsigned *n;
        int fd;
        struct wire_request req;
        struct policy policy;
        uid_t uid;
        int64_t now;
        unsigned found;
        int64_t first_at;
        char first[KEYTEXT_ID_LEN + 1];
};

static struct endsoon *endsoon_free(struct endsoon *e) {
        if (!e)
                return NULL;
        closer_close(&e->fd);
        free(e);
        return NULL;
}

/* A key of another number was made for another person with the same name. A key that was rotated
 * ends because its owner wants that. */
static int on_key(const struct key_record *key, void *userdata) {
        struct endsoon *e = userdata;
        int64_t at = expiry_of(&e->policy, key), idle = expiry_idle(&e->policy, key);

        if (idle != 0 && (at == 0 || idle < at))
                at = idle;
        if (key->owner_uid != e->uid || key->retires_at > 0 || at == 0 || at > e->now + ENDSOON_S ||
            expiry_status(&e->policy, key, e->now) != KEY_ACTIVE)
                return 0;
        if (e->found++ == 0 || at < e->first_at) {
                e->first_at = at;
                memcpy(e->first, key->id, sizeof(e->first));
        }
        return 0;
}

static void on_run(struct worker_job *job, struct store *writer) {
        struct endsoon *e = (struct endsoon *) job;
        struct account_record account;

        e->now = clock_now();
        if (peer_is_gone(e->fd) || facts_policy(writer, &e->policy) < 0 ||
            store_account_get(writer, e->req.user, &account) < 0 ||
            account.state != ACCOUNT_PRESENT)
                return;
        e->uid = account.uid;
        if (store_key_each(writer, e->req.user, "", on_key, e) < 0)
                e->found = 0;
}

static void on_done(struct worker_job *job) {
        struct endsoon *e = (struct endsoon *) job;
        struct wire_reply reply = { .seq = e->req.seq, .verdict = VERDICT_DENY };
        uint8_t out[WIRE_REPLY_LEN];

        if (e->found > 0) {
                reply.verdict = VERDICT_ALLOW;
                memcpy(reply.id, e->first, sizeof(reply.id));
                (void) snprintf(reply.name, sizeof(reply.name), "%u", e->found);
        }
        wire_reply_encode(out, &reply);
        (void) send(e->fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
        --*e->n;
        (void) endsoon_free(e);
}

void endsoon_serve(struct worker *worker, unsigned *n, const struct wire_request *req,
                   const struct peer_cred *peer, int fd) {
        struct endsoon *e;

        if ((peer->uid != 0 && peer->uid != geteuid()) || *n >= ENDSOON_MAX)
                return;
        e = calloc(1, sizeof(*e));
        if (!e)
                return;
        e->job = (struct worker_job){ .run = on_run, .done = on_done };
        e->n = n;
        e->req = *req;
        e->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (e->fd < 0) {
                free(e);
                return;
        }
        ++*n;
        if (worker_submit(worker, &e->job) >= 0)
                return;
        --*n;
        (void) endsoon_free(e);
}
