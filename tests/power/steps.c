/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon does to a store, with the functions of its rooms: for the scenes of
 * test_power.c. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "steps.h"

#include "attr.h"
#include "keys/audit.h"
#include "keys/issue.h"
#include "keys/sweep.h"
#include "store/store_account.h"
#include "store/store_cert.h"
#include "store/store_key.h"
#include "store/store_stmt.h"

static int say(struct life *l, const char *event, const struct key_record *key,
               const char *detail) {
        return audit_own(l->state.writer, event, key, detail, 1, STEPS_NOW);
}

static int end_with(struct life *l, int r, bool visible) {
        struct store *writer = l->state.writer;

        if (r >= 0)
                r = visible ? store_commit(writer) : store_commit_quietly(writer);
        store_rollback(writer);
        return r < 0 ? r : 0;
}

static int set_policy(struct life *l, const char *name, int64_t value) {
        char text[64];
        int r = store_begin(l->state.writer);

        (void) snprintf(text, sizeof(text), "%s=%lld", name, (long long) value);
        if (r >= 0)
                r = store_policy_set(l->state.writer, name, value, STEPS_NOW);
        if (r >= 0)
                r = say(l, "policy", NULL, text);
        return end_with(l, r, true);
}

int steps_enable(struct life *l, void *what) {
        (void) what;
        return set_policy(l, "enabled", 1);
}

static int set_lifetime(struct life *l, void *what) {
        (void) what;
        return set_policy(l, "max-keys-per-user", (int64_t) (100 + disk_random(&l->dice) % 100));
}

static void ask_for(struct life *l, struct issue_request *request) {
        *request = (struct issue_request){ .keymint = l->state.keymint };
        request->owner = (struct account_record){ .state = ACCOUNT_PRESENT, .uid = 1000 };
        (void) snprintf(request->owner.name, sizeof(request->owner.name), "user%d",
                        (int) (disk_random(&l->dice) % 4));
        (void) snprintf(request->audit.event, sizeof(request->audit.event), "issued");
        (void) snprintf(request->audit.verdict, sizeof(request->audit.verdict), "done");
        (void) snprintf(request->expires, sizeof(request->expires), "%dh",
                        (int) (1 + disk_random(&l->dice) % 40));
        request->audit.count = 1;
}

static void note_key(struct life *l, const struct issue_result *result) {
        struct life_key *key = &l->keys[l->n_keys++];

        assert(l->n_keys < LIFE_KEYS_MAX);
        memcpy(key->id, result->key.id, sizeof(key->id));
}

int steps_issue(struct life *l, void *what) {
        struct issue_request request;
        struct issue_result result = {};

        (void) what;
        ask_for(l, &request);
        if (!issue_make(&request, l->state.writer, &result)) {
                printf("# %s\n", result.error_text);
                return -EIO;
        }
        note_key(l, &result);
        secret_wipe(&result.secret);
        return 0;
}

/* One of the keys, in a transaction that has begun. -ENOENT: it is gone. */
static int pick(struct life *l, struct key_record *ret) {
        if (l->n_keys == 0)
                return -ENOENT;
        return store_key_get(l->state.writer, l->keys[disk_random(&l->dice) % l->n_keys].id, ret);
}

static int change(struct life *l, int (*how)(struct life *l, struct key_record *key)) {
        struct key_record key;
        int r = store_begin_end(l->state.writer);

        if (r >= 0)
                r = pick(l, &key);
        if (r == -ENOENT) {
                store_rollback(l->state.writer);
                return 0;
        }
        if (r >= 0)
                r = how(l, &key);
        return end_with(l, r, true);
}

static int revoke_it(struct life *l, struct key_record *key) {
        int r;

        key->status = KEY_REVOKED;
        key->dead_at = key->updated_at = STEPS_NOW;
        r = store_key_update(l->state.writer, key);
        return r < 0 ? r : say(l, "revoked", key, "");
}

int steps_revoke(struct life *l, void *what) {
        (void) what;
        return change(l, revoke_it);
}

static int reset_it(struct life *l, struct key_record *key) {
        struct secret secret = {};
        int r;

        keymint_make_secret(key->id, &secret);
        keymint_digest(l->state.keymint, key->pepper_id, secret.text, key->digest);
        secret_wipe(&secret);
        r = store_key_update(l->state.writer, key);
        return r < 0 ? r : say(l, "reset", key, "");
}

static int reset(struct life *l, void *what) {
        (void) what;
        return change(l, reset_it);
}

static int remove_it(struct life *l, struct key_record *key) {
        int r = store_key_delete(l->state.writer, key->id);

        return r < 0 ? r : say(l, "removed", key, "");
}

static int remove_key(struct life *l, void *what) {
        (void) what;
        return change(l, remove_it);
}

static int rotate_it(struct life *l, struct key_record *key) {
        struct issue_request request;
        struct issue_result result = {};
        int r;

        if (key->status != KEY_ACTIVE || key->successor[0])
                return 0;
        ask_for(l, &request);
        request.predecessor = key;
        if (!issue_add(&request, l->state.writer, &result))
                return -EIO;
        note_key(l, &result);
        secret_wipe(&result.secret);
        key->retires_at = STEPS_NOW + 60;
        memcpy(key->successor, result.key.id, sizeof(key->successor));
        r = store_key_update(l->state.writer, key);
        return r < 0 ? r : say(l, "rotated", key, result.key.id);
}

static int rotate(struct life *l, void *what) {
        (void) what;
        return change(l, rotate_it);
}

static int use(struct life *l, void *what) {
        struct key_use one = { .count = 1 + disk_random(&l->dice) % 9, .at = STEPS_NOW };
        struct store *writer = l->state.writer;
        int r;

        (void) what;
        r = store_begin(writer);
        for (size_t i = 0; r >= 0 && i < l->n_keys; i += 2) {
                memcpy(one.id, l->keys[i].id, sizeof(one.id));
                r = store_key_used(writer, &one, one.count);
        }
        return end_with(l, r, false);
}

static int remove_all(struct life *l, void *what) {
        int64_t epoch = (int64_t) l->mark.begun;
        int r = store_begin_end(l->state.writer);

        (void) what;
        if (r >= 0)
                r = store_policy_set(l->state.writer, "epoch", epoch, STEPS_NOW);
        if (r >= 0)
                r = say(l, "removed-all", NULL, "");
        return end_with(l, r, true);
}

static int sweep(struct life *l, void *what) {
        struct sweep s = { .may_purge = true, .clock_trusted = true };

        (void) what;
        return sweep_run(l->state.writer,
                         STEPS_NOW + (int64_t) (disk_random(&l->dice) % (30 * 3600)), &s);
}

static int meet_account(struct life *l, void *what) {
        struct account_record account = { .state = ACCOUNT_PRESENT,
                                          .uid = (uid_t) (1000 + disk_random(&l->dice) % 9) };
        int r = store_begin(l->state.writer);

        (void) what;
        (void) snprintf(account.name, sizeof(account.name), "other%d",
                        (int) (disk_random(&l->dice) % 9));
        if (r >= 0)
                r = store_account_put(l->state.writer, &account);
        return end_with(l, r, true);
}

/* A commit that nobody is told of. */
static int refuse_lazily(struct life *l, void *what) {
        int r = store_begin_lazily(l->state.writer);

        (void) what;
        if (r >= 0)
                r = say(l, "refused", NULL, "with a detail that makes the record somewhat longer");
        r = end_with(l, r, false);
        return r < 0 ? r : LIFE_LAZY;
}

/* One of a few CAs. What its bytes are does not matter here. */
static void pick_ca(struct life *l, struct cert_record *ret) {
        uint8_t n = (uint8_t) (1 + disk_random(&l->dice) % 4);

        *ret = (struct cert_record){ .kind = CERT_CA,
                                     .key_type = "Ed25519",
                                     .serial = { .len = 1, .bytes = { n } },
                                     .not_after = STEPS_NOW + 1000000,
                                     .added_at = STEPS_NOW };
        memset(ret->thumbprint, n, sizeof(ret->thumbprint));
        memset(ret->subject_id, n, sizeof(ret->subject_id));
        (void) snprintf(ret->name, sizeof(ret->name), "CA %d", n);
}

static int add_ca(struct life *l, void *what) {
        struct cert_record ca;
        uint8_t der[900];
        int r;

        (void) what;
        if (l->exports)
                return 0;
        pick_ca(l, &ca);
        memset(der, ca.thumbprint[0], sizeof(der));
        r = store_begin(l->state.writer);
        if (r >= 0)
                r = store_cert_insert(l->state.writer, &ca, der, sizeof(der));
        if (r >= 0)
                r = say(l, "certificate", NULL, ca.name);
        r = end_with(l, r, true);
        return r == -EEXIST ? 0 : r;
}

static int remove_ca(struct life *l, void *what) {
        struct cert_record ca;
        int r = store_begin(l->state.writer);

        (void) what;
        pick_ca(l, &ca);
        if (r >= 0)
                r = store_cert_delete(l->state.writer, ca.thumbprint);
        if (r >= 0)
                r = say(l, "certificate", NULL, ca.name);
        r = end_with(l, r, true);
        return r == -ENOENT ? 0 : r;
}

/* A list of several pages, in the place of another one. Half of it would let revoked clients in. */
static int load_list(struct life *l, void *what) {
        struct crl_record crl = { .this_update = STEPS_NOW, .next_update = STEPS_NOW + 1000 };
        struct cert_record ca;
        int r = store_begin(l->state.writer);

        (void) what;
        pick_ca(l, &ca);
        memcpy(crl.ca, ca.thumbprint, sizeof(crl.ca));
        memcpy(crl.issuer, ca.subject_id, sizeof(crl.issuer));
        crl.revoked = 1 + disk_random(&l->dice) % 300;
        if (r >= 0)
                r = store_cert_get(l->state.writer, ca.thumbprint, &ca, NULL) < 0 ? -ENOENT : 0;
        if (r >= 0)
                r = store_crl_replace(l->state.writer, &crl);
        for (uint64_t i = 0; r >= 0 && i < crl.revoked; i++) {
                struct cert_serial serial = { .len = 3,
                                              .bytes = { 1, (uint8_t) (i >> 8), (uint8_t) i } };

                r = store_crl_add(l->state.writer, crl.ca, &serial);
        }
        if (r >= 0)
                r = say(l, "crl", NULL, ca.name);
        r = end_with(l, r, true);
        return r == -ENOENT ? 0 : r;
}

static int settle(struct life *l, void *what) {
        (void) what;
        store_settle(l->state.writer);
        return 0;
}

static int checkpoint(struct life *l, void *what) {
        (void) what;
        l->state.writer->wal_pages += 5000;
        store_checkpoint(l->state.writer, true);
        return 0;
}

static int reopen(struct life *l, void *what) {
        (void) what;
        return life_reopen(l);
}

static const struct {
        int (*step)(struct life *l, void *what);
        unsigned weight;
} steps[] = {
        { steps_issue, 10 }, { steps_revoke, 6 }, { reset, 3 },         { rotate, 3 },
        { remove_key, 1 },   { use, 4 },          { set_lifetime, 2 },  { remove_all, 1 },
        { sweep, 3 },        { meet_account, 2 }, { refuse_lazily, 3 }, { settle, 4 },
        { checkpoint, 3 },   { reopen, 2 },       { add_ca, 3 },        { load_list, 3 },
        { remove_ca, 1 },
};

int steps_one(struct life *l) {
        unsigned all = 0, n;
        size_t i = 0;

        for (size_t k = 0; k < ARRAY_LEN(steps); k++)
                all += steps[k].weight;
        for (n = (unsigned) (disk_random(&l->dice) % all); n >= steps[i].weight; i++)
                n -= steps[i].weight;
        return life_step(l, steps[i].step, NULL);
}
