/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a sealed file as it comes, and puts its store together beside the live one. All parsing of
 * a mirror that is not the store's is here. It believes no byte before its chunk is authenticated,
 * and changes nothing before the commit. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "keys/facts.h"
#include "keys/registered.h"
#include "mirror/mirror_certs.h"
#include "mirror/mirror_export.h"
#include "mirror/mirror_import.h"
#include "mirror/mirror_key.h"
#include "rules/expiry.h"
#include "store/store_audit.h"
#include "store/store_cert.h"
#include "store/store_key.h"
#include "store/store_mirror.h"
#include "text.h"

_Static_assert(SEAL_PUBLIC_LEN == STORE_SOURCE_LEN, "the store remembers a source");

/* Invariants: (1) summary.head is that of the file once seal is there. (2) load is finished once
 * whole is set. It then holds what the live store could have had, from a source that may send
 * it. */
struct mirror_import {
        int dir;
        struct keymint *keymint;
        int64_t now;
        struct mirror_import_options options;
        struct seal *seal;
        struct store_import *load;
        /* that of this host, that of the file, and what will be; the last two are there once
         * policy_known is set */
        struct policy live, staged, after;
        bool policy_known;
        /* This store no longer knows what has ended here since the file was made. */
        bool forgets;
        uint64_t found; /* keys of the file that are here */
        struct store_key_count here;
        bool counted;
        struct mirror_import_summary summary;
        /* what the store remembers after this file */
        struct store_mirror mirror;
        bool ended, whole;
        /* the commit has begun; has replaced all */
        bool committing, committed;
        size_t n_peppers;
        struct {
                uint32_t id;
                uint8_t bytes[PEPPER_LEN];
        } peppers[MIRROR_EXPORT_PEPPERS_MAX];
        /* bytes of raw: the head, or a frame and its chunk */
        size_t have;
        uint8_t raw[MIRROR_EXPORT_FRAME_LEN + SEAL_SEALED_MAX];
        uint8_t content[SEAL_CHUNK_MAX];
};

struct mirror_import *mirror_import_free(struct mirror_import *i) {
        if (!i)
                return NULL;
        seal_free(i->seal);
        store_import_free(i->load);
        explicit_bzero(i, sizeof(*i));
        free(i);
        return NULL;
}

int mirror_import_open(struct mirror_import **ret, struct store *writer, int dir,
                       struct keymint *keymint, const struct mirror_import_options *options,
                       int64_t now) {
        char text[SEAL_TEXT_LEN + 1];
        struct mirror_import *i;
        int r;

        r = mirror_key_show(dir, text); /* before the client sends the file */
        if (r < 0)
                return r;
        i = calloc(1, sizeof(*i));
        if (!i)
                return -ENOMEM;
        i->dir = dir;
        i->keymint = keymint;
        i->options = *options;
        i->options.revive |= options->kind == SEAL_MIRROR;
        i->now = now;
        r = facts_policy(writer, &i->live);
        if (r >= 0)
                r = store_mirror_get(writer, &i->mirror);
        if (r >= 0)
                r = store_import_open(&i->load, writer);
        if (r < 0) {
                mirror_import_free(i);
                return r;
        }
        *ret = i;
        return 0;
}

/* Whether this host takes such a file from such a source. */
static int check_source(struct mirror_import *i) {
        const struct seal_head *head = &i->summary.head;
        uint8_t secret[SEAL_SECRET_LEN], own[SEAL_PUBLIC_LEN];
        bool is_own, is_last;
        int r;

        r = mirror_key_source(i->dir, secret);
        seal_source_of(secret, own);
        explicit_bzero(secret, sizeof(secret));
        if (r < 0)
                return r;
        is_own = memcmp(head->source, own, sizeof(own)) == 0;
        if (head->kind != i->options.kind)
                return -EPROTOTYPE;
        if (i->options.kind == SEAL_BACKUP) {
                /* A store that was lost has exported numbers up to this one. The next mirror has to
                 * be newer. */
                if (is_own && head->sequence > i->mirror.exported)
                        i->mirror.exported = head->sequence;
                return is_own || i->options.foreign ? 0 : -EXDEV;
        }
        if (is_own)
                return -ELOOP;
        is_last = i->mirror.has_source && memcmp(head->source, i->mirror.source, sizeof(own)) == 0;
        if (i->mirror.has_source && !is_last && !i->options.foreign)
                return -EXDEV;
        if (is_last && head->sequence <= i->mirror.imported)
                return -ESTALE;
        i->mirror.has_source = true;
        memcpy(i->mirror.source, head->source, sizeof(own));
        i->mirror.imported = head->sequence;
        i->mirror.imported_at = i->now;
        return 0;
}

static int take_head(struct mirror_import *i) {
        uint8_t secret[SEAL_SECRET_LEN];
        int r;

        r = seal_read_head(i->raw, &i->summary.head);
        if (r < 0)
                return r;
        r = mirror_key_read(i->dir, secret);
        if (r >= 0)
                r = seal_open(&i->seal, i->raw, secret);
        explicit_bzero(secret, sizeof(secret));
        return r < 0 ? r : check_source(i);
}

static int take_pepper(struct mirror_import *i, const uint8_t *in, size_t len) {
        if (len != MIRROR_EXPORT_PEPPER_LEN || i->n_peppers == MIRROR_EXPORT_PEPPERS_MAX)
                return -EBADMSG;
        i->peppers[i->n_peppers].id = (uint32_t) bytes_get(in, 4);
        memcpy(i->peppers[i->n_peppers++].bytes, in + 4, PEPPER_LEN);
        return 0;
}

/* --- What of this host stays --- */

/* policies, and the epoch */
#define LOCKS_MAX (POLICY_SERVICES_MAX + 16)

struct locks {
        const struct mirror_import *import;
        struct policy *after;
        size_t n;
        struct store_policy rows[LOCKS_MAX];
        char names[LOCKS_MAX][POLICY_NAME_LEN];
};

/* Keys that were removed here stay removed, and what this host forbids stays forbidden. */
static bool stays(const struct mirror_import *i, const char *name, int64_t value) {
        if (strcmp(name, POLICY_EPOCH) == 0)
                return !i->options.revive && value > i->staged.epoch;
        return !i->options.unlock && policy_is_stricter(&i->staged, name, value);
}

static int add_lock(struct locks *l, const char *name, int64_t value, int64_t changed_at) {
        struct store_policy *row = &l->rows[l->n];

        if (l->n == LOCKS_MAX || !text_copy(l->names[l->n], sizeof(l->names[0]), name) ||
            policy_apply(l->after, name, value, changed_at) < 0)
                return -E2BIG;
        *row = (struct store_policy){ .name = l->names[l->n],
                                      .value = value,
                                      .changed_at = changed_at };
        l->n++;
        return 0;
}

static int take_lock(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        struct locks *l = userdata;

        return stays(l->import, name, value) ? add_lock(l, name, value, changed_at) : 0;
}

/* What stays of the policy that there is now, and the policy that comes of it. The file does not
 * know the uses since it was made. */
static int find_locks(struct mirror_import *i, struct store *writer, struct locks *l) {
        int r;

        i->after = i->staged;
        *l = (struct locks){ .import = i, .after = &i->after };
        r = store_policy_each(writer, take_lock, l);
        return r < 0 ? r : add_lock(l, POLICY_IDLE_FROM, 0, i->now);
}

/* --- What this host remembers --- */

static int take_first(const struct audit_record *record, void *userdata) {
        *(struct audit_record *) userdata = *record;
        return 1;
}

/* A key that has ended is deleted after the retention, and the records about it later. A key of the
 * file that is not here may be one of these. The host knows better while its audit log has all
 * records from when the file was made, or from its own beginning: then the store that has made the
 * file was lost. A log that begins with a salvage does not have those before, whatever its number
 * and time are. That record is not older than the last backup, and what follows it goes with it. A
 * record that stands for several is as old as the last of them. */
static int learn_memory(struct mirror_import *i, struct store *writer) {
        const struct audit_filter all = {};
        struct audit_record first = {};
        int64_t next, made = i->summary.head.created_at;
        int r;

        if (i->options.revive)
                return 0;
        r = store_audit_each(writer, &all, 1, take_first, &first, &next);
        i->forgets = r < 0 || strcmp(first.event, "salvaged") == 0 ||
                     (first.seq != 1 && (first.until > made || made > i->now));
        return r;
}

/* The policies come before the keys. */
static int learn_policy(struct mirror_import *i, struct store *writer) {
        struct locks locks;
        int r;

        if (i->policy_known)
                return 0;
        r = learn_memory(i, writer);
        if (r < 0)
                return r;
        r = facts_policy(store_import_staging(i->load), &i->staged);
        if (r >= 0)
                r = find_locks(i, writer, &locks);
        i->policy_known = r >= 0;
        return r;
}

/* --- Keys --- */

/* people are shown so many */
#define KEYS_SHOWN 20

/* The same events as in store_swap.c. */
static int on_end(const struct audit_record *record, void *userdata) {
        static const char *const events[] = { "removed", "revoked", "expired", "retired", "idle" };
        bool *ended = userdata;

        for (size_t i = 0; i < ARRAY_LEN(events); i++)
                *ended |= strcmp(record->event, events[i]) == 0;
        return *ended;
}

/* Whether the key has ended here, or may have. There is nothing else of it here. */
static int has_ended(const struct mirror_import *i, struct store *writer, const char *id,
                     bool *ret) {
        struct audit_filter filter = { .key = id, .verdict = "done" };
        int64_t next;

        *ret = i->forgets;
        return i->forgets ? 0 : store_audit_each(writer, &filter, SIZE_MAX, on_end, ret, &next);
}

static bool is_good(const struct policy *policy, const struct key_record *key, int64_t now) {
        return key->epoch >= policy->epoch && expiry_status(policy, key, now) == KEY_ACTIVE;
}

static void say_revived(struct mirror_import *i, const struct key_record *key,
                        const struct key_record *live, bool good) {
        char owner[2 * WIRE_USER_MAX];
        const char *what = !live  ? "is not here, and becomes good"
                           : good ? "was changed here, and becomes what it was"
                           : live->status == KEY_REVOKED ? "is revoked, and becomes good"
                                                         : "has ended, and becomes good";

        text_escape(owner, sizeof(owner), key->owner);
        mirror_changes_add(&i->summary.changes, "key %s of user '%s' %s", key->id, owner, what);
}

/* Whether the same secret and the same certificate log in. */
static bool is_alike(const struct key_record *a, const struct key_record *b) {
        return keymint_equal(a->digest, b->digest) && a->bound == b->bound &&
               a->certificate_need == b->certificate_need &&
               memcmp(a->certificate, b->certificate, sizeof(a->certificate)) == 0;
}

/* ${key} is good in the file. Counts it when it is not good here, or is not alike. ${live} is what
 * there is here; NULL: nothing. */
static int count_revived(struct mirror_import *i, struct store *writer,
                         const struct key_record *key, const struct key_record *live) {
        bool good = live && is_good(&i->live, live, i->now), stays = false;
        int r = 0;

        if (good && is_alike(live, key))
                return 0;
        if (live && !i->options.revive)
                stays = good || !is_good(&i->after, live, i->now);
        else if (!i->options.revive) {
                r = has_ended(i, writer, key->id, &stays);
                stays |= key->epoch < i->after.epoch;
        }
        if (r < 0)
                return r;
        if (stays)
                i->summary.kept++;
        else if (i->summary.revived++ < KEYS_SHOWN)
                say_revived(i, key, live, good);
        return 0;
}

static int judge_key(struct mirror_import *i, struct store *writer, const struct key_record *key) {
        struct key_record live;
        int r, found;

        r = learn_policy(i, writer);
        if (r < 0)
                return r;
        /* The key would outlive the next removal of all keys, or be the fleet's without its log. */
        if (key->epoch > i->staged.epoch || key->hosts[0])
                return -EBADMSG;
        found = store_key_get(writer, key->id, &live);
        if (found < 0 && found != -ENOENT)
                return found;
        i->found += found >= 0 && live.epoch >= i->live.epoch;
        if (!is_good(&i->staged, key, i->now))
                return 0;
        return count_revived(i, writer, key, found >= 0 ? &live : NULL);
}

static int take_record(struct mirror_import *i, struct store *writer, uint8_t type,
                       const uint8_t *in, size_t len) {
        struct key_record key;
        int r;

        if (i->ended)
                return -EBADMSG;
        if (type == STORE_RECORD_PEPPER)
                return take_pepper(i, in, len);
        if (type == STORE_RECORD_END) {
                i->ended = true;
                i->summary.keys = store_import_keys(i->load);
                return len == MIRROR_EXPORT_END_LEN &&
                                       bytes_get(in, 8) == store_import_rows(i->load) &&
                                       bytes_get(in + 8, 8) == i->summary.keys
                               ? 0
                               : -EBADMSG;
        }
        r = store_import_record(i->load, type, in, len, &key);
        return r > 0 ? judge_key(i, writer, &key) : r;
}

static int take_content(struct mirror_import *i, struct store *writer, size_t len) {
        const uint8_t *at = i->content, *end = at + len;
        int r = 0;

        while (r >= 0 && at < end) {
                size_t left = (size_t) (end - at), length;

                if (left < STORE_RECORD_HEAD)
                        return -EBADMSG;
                length = bytes_get(at + 1, 4);
                if (length > left - STORE_RECORD_HEAD)
                        return -EBADMSG;
                r = take_record(i, writer, at[0], at + STORE_RECORD_HEAD, length);
                at += STORE_RECORD_HEAD + length;
        }
        return r;
}

static int need_pepper(uint32_t id, void *userdata) {
        return keymint_knows(userdata, id) ? 0 : -EBADMSG;
}

static void say_memory(struct mirror_import *i) {
        if (i->forgets)
                mirror_changes_add(&i->summary.changes,
                                   "this host no longer knows what was revoked when the backup was "
                                   "made, so no key comes back that is not here, and no "
                                   "certificate");
}

/* The keys were compared as they came. */
static int find_changes(struct mirror_import *i, struct store *writer) {
        const struct store_keep keep = { .keys = !i->options.revive, .forgets = i->forgets };

        say_memory(i);
        mirror_changes_policy(&i->summary.changes, &i->live, &i->staged, &i->after);
        return mirror_changes_certs(&i->summary.changes, writer, store_import_staging(i->load),
                                    &keep);
}

/* All of the file is there. Checks what can only be checked of the whole. */
static int take_end(struct mirror_import *i, struct store *writer) {
        int r = 0;

        if (!i->ended)
                return -EBADMSG;
        /* Peppers do no harm where no key needs them. They must be there before a key needs
         * them. */
        for (size_t n = 0; r >= 0 && n < i->n_peppers; n++)
                r = keymint_add(i->keymint, i->peppers[n].bytes, i->peppers[n].id);
        if (r < 0)
                return r == -EKEYREJECTED ? -EBADMSG : r == -ENOSPC ? -ENOLINK : r;
        r = store_pepper_each(store_import_staging(i->load), need_pepper, i->keymint);
        if (r >= 0)
                r = learn_policy(i, writer);
        if (r >= 0)
                r = mirror_certs_check(store_import_staging(i->load), writer);
        if (r >= 0)
                r = find_changes(i, writer);
        /* The daemon remembers no verdict for these certificates. */
        if (r >= 0)
                r = registered_touch(store_import_staging(i->load), i->now);
        if (r >= 0)
                r = store_import_finish(i->load);
        i->whole = r >= 0;
        return r;
}

/* How many bytes the head, the frame or the chunk has that comes now. 0 when it is invalid. */
static size_t needed(const struct mirror_import *i) {
        size_t len;

        if (!i->seal)
                return SEAL_HEAD_LEN;
        if (i->have < MIRROR_EXPORT_FRAME_LEN)
                return MIRROR_EXPORT_FRAME_LEN;
        len = bytes_get(i->raw, MIRROR_EXPORT_FRAME_LEN);
        return len > SEAL_SEALED_MAX || len < SEAL_CHUNK_EXTRA ? 0 : MIRROR_EXPORT_FRAME_LEN + len;
}

static int take_chunk(struct mirror_import *i, struct store *writer) {
        size_t len = i->have - MIRROR_EXPORT_FRAME_LEN;
        bool last;
        int r;

        r = seal_pull(i->seal, i->raw + MIRROR_EXPORT_FRAME_LEN, len, i->content, &last);
        if (r >= 0)
                r = take_content(i, writer, len - SEAL_CHUNK_EXTRA);
        explicit_bzero(i->content, len - SEAL_CHUNK_EXTRA);
        if (r >= 0 && last)
                r = take_end(i, writer);
        return r;
}

int mirror_import_write(struct mirror_import *i, struct store *writer, const uint8_t *in,
                        size_t len) {
        int r = 0;

        while (r >= 0 && len > 0) {
                size_t need = needed(i), n;

                if (i->whole || need == 0)
                        return -EBADMSG;
                n = need - i->have < len ? need - i->have : len;
                memcpy(i->raw + i->have, in, n);
                i->have += n;
                in += n;
                len -= n;
                /* A complete frame needs its chunk. */
                if (i->have < needed(i) || needed(i) == 0)
                        continue;
                r = i->seal ? take_chunk(i, writer) : take_head(i);
                i->have = 0;
        }
        return r;
}

int mirror_import_count(struct mirror_import *i, struct store *writer) {
        int r = 0;

        if (!i->counted)
                r = store_key_count_some(writer, &i->here);
        i->counted = r == 0;
        if (i->counted)
                i->summary.missing = i->here.own > i->found ? i->here.own - i->found : 0;
        return r;
}

int mirror_import_check(const struct mirror_import *i, struct mirror_import_summary *ret) {
        if (!i->whole)
                return -EBADMSG;
        *ret = i->summary;
        return 0;
}

/* The pepper files that are kept. */
struct keeping {
        size_t n;
        uint32_t ids[MIRROR_EXPORT_PEPPERS_MAX];
};

static int note_needed(uint32_t id, void *userdata) {
        struct keeping *k = userdata;

        if (k->n == ARRAY_LEN(k->ids))
                return -EUCLEAN;
        k->ids[k->n++] = id;
        return 0;
}

/* The files come before the rows that need them, and go after those rows. */
static int begin_commit(struct mirror_import *i) {
        int r = 0;

        for (size_t n = 0; r >= 0 && n < i->n_peppers; n++)
                if (i->peppers[n].id != keymint_pepper_id(i->keymint))
                        r = pepper_write_foreign(i->dir, i->peppers[n].id, i->peppers[n].bytes);
        i->committing = r >= 0;
        i->counted = false;
        i->here = (struct store_key_count){};
        return r;
}

static int apply(struct mirror_import *i, struct store *writer, const struct audit_record *audit) {
        struct store_keep keep = { .keys = !i->options.revive };
        struct store_mirror mirror;
        struct locks locks;
        int r;

        /* as they are now, and not as they were when the file was read */
        r = find_locks(i, writer, &locks);
        if (r >= 0)
                r = store_mirror_get(writer, &mirror);
        if (r >= 0)
                r = learn_memory(i, writer);
        if (r < 0)
                return r;
        if (mirror.exported > i->mirror.exported)
                i->mirror.exported = mirror.exported;
        i->mirror.backed_up_at = mirror.backed_up_at;
        keep.forgets = i->forgets;
        keep.n_policies = locks.n;
        keep.policies = locks.rows;
        return store_import_apply(i->load, writer, keymint_pepper_id(i->keymint), &i->mirror, &keep,
                                  audit);
}

static void drop_peppers(struct mirror_import *i, struct store *writer) {
        struct keeping keeping = {};

        if (store_pepper_each(writer, note_needed, &keeping) >= 0)
                pepper_remove_foreign(i->dir, keeping.ids, keeping.n);
}

int mirror_import_commit(struct mirror_import *i, struct store *writer,
                         const struct audit_record *audit, uint64_t *ret_keys) {
        int r = i->whole ? 0 : -EBADMSG;

        if (r >= 0 && !i->committing)
                r = begin_commit(i);
        if (r < 0)
                return r;
        if (!i->committed) {
                r = apply(i, writer, audit);
                i->committed = r == 0;
                if (r <= 0)
                        drop_peppers(i, writer);
                return r < 0 ? r : 1;
        }
        r = mirror_import_count(i, writer);
        if (r > 0)
                return r;
        /* What was done is done, and counts. */
        *ret_keys = r < 0 ? i->summary.keys : i->here.keys;
        return 0;
}
