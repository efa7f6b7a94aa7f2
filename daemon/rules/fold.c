/* SPDX-License-Identifier: BSD-2-Clause */
/* Records for the audit log, folded until they are taken: a table of fixed size, with a share
 * for each uid. Must not know who writes them, or when. Pure: it is told the time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rules/fold.h"
#include "rules/loglimit.h"
#include "rules/share.h"

#define BUCKETS      4096
#define OTHERS_SHARE (FOLD_ENTRIES_MAX - FOLD_ROOT_SHARE - FOLD_REST_SHARE)
#define ENTRIES      (FOLD_ENTRIES_MAX + 2 * FOLD_SOURCES_SHARE)

enum kind {
        KIND_KNOWN,
        KIND_SOURCE, /* accepted, of one source */
        KIND_UNKNOWN,
        KIND_REST, /* beyond the share of a uid */
        _KIND_MAX,
};

/* Invariants: (1) an entry is in the chain of its bucket, or free; (2) a record with a count of
 * 0 has nothing to be written; its other fields still say by what the entry is found. */
struct entry {
        struct entry *next;
        bool used;
        /* the folded ones differ in a field that the record has only once */
        bool several;
        enum kind kind;
        struct load *load;   /* NULL: it counts for no uid */
        struct owner *owner; /* of the key that exists */
        int64_t due;         /* when it may be taken */
        int64_t last;        /* seen */
        /* of the record's count, by fold_repeats() */
        uint64_t told;
        int64_t window_s;
        struct audit_record record;
};

/* The entries of one uid. */
struct load {
        uid_t uid;
        unsigned n[_KIND_MAX]; /* all 0: the place is free */
};

/* What one uid asked about the keys of one user. A service asks for everybody, so such events count
 * for the owner of the key too. */
struct owner {
        const struct load *load; /* of the asking uid */
        uid_t uid;
        unsigned n[_KIND_MAX]; /* entries; all 0: the place is free */
};

struct fold {
        uint64_t seed;
        /* ENTRIES. Only the first n_begun were ever in use. */
        struct entry *entries;
        size_t n_begun;
        struct entry *unused; /* of those */
        struct entry *buckets[BUCKETS];
        struct load loads[FOLD_UIDS_MAX];
        struct owner owners[FOLD_ROOT_SHARE + OTHERS_SHARE + 2 * FOLD_SOURCES_SHARE];
        unsigned n_root, n_others, n_rest;
        /* of KIND_SOURCE, for root and for the others */
        unsigned n_sources[2];
        /* accepted, refused: of all uids that found no place */
        struct entry last_resort[2];
        /* where fold_take() and fold_repeats() go on */
        size_t at, told_at;
};

int fold_new(struct fold **ret) {
        struct fold *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->entries = calloc(ENTRIES, sizeof(*f->entries));
        if (!f->entries || getrandom(&f->seed, sizeof(f->seed), 0) != sizeof(f->seed)) {
                int r = f->entries ? -EIO : -ENOMEM;

                fold_free(f);
                return r;
        }
        *ret = f;
        return 0;
}

struct fold *fold_free(struct fold *f) {
        if (f)
                free(f->entries);
        free(f);
        return NULL;
}

static bool is_accepted(const struct audit_record *record) {
        return strcmp(record->verdict, "accepted") == 0;
}

static enum kind kind_of(const struct audit_record *record) {
        return record->owner_uid == AUDIT_NOBODY && !record->of_realm ? KIND_UNKNOWN : KIND_KNOWN;
}

/* The upper bits of the hash depend on all of the seed, the lower bits do not. */
static size_t bucket_of(const struct fold *f, const struct audit_record *record, enum kind kind) {
        uint64_t hash = loglimit_hash(f->seed + record->uid, record->verdict);

        if (kind != KIND_REST) {
                hash = loglimit_hash(hash, record->reason);
                hash = loglimit_hash(hash, record->service);
        }
        if (kind == KIND_KNOWN || kind == KIND_SOURCE)
                hash = loglimit_hash(hash, record->key);
        if (kind == KIND_SOURCE)
                hash = loglimit_hash(hash, record->rhost);
        return (hash >> 32) % BUCKETS;
}

static bool is_alike(const struct entry *e, const struct audit_record *record, enum kind kind) {
        const struct audit_record *mine = &e->record;

        if (e->kind != kind || mine->uid != record->uid ||
            strcmp(mine->verdict, record->verdict) != 0)
                return false;
        if (kind == KIND_REST)
                return true;
        /* Two people who use sudo are apart. */
        if (mine->has_login != record->has_login || mine->login_uid != record->login_uid)
                return false;
        return strcmp(mine->door, record->door) == 0 && strcmp(mine->event, record->event) == 0 &&
               strcmp(mine->reason, record->reason) == 0 &&
               strcmp(mine->service, record->service) == 0 &&
               (kind == KIND_UNKNOWN || strcmp(mine->key, record->key) == 0) &&
               (kind != KIND_SOURCE || strcmp(mine->rhost, record->rhost) == 0);
}

static struct entry *find(struct fold *f, const struct audit_record *record, enum kind kind) {
        struct entry *e = f->buckets[bucket_of(f, record, kind)];

        while (e && !is_alike(e, record, kind))
                e = e->next;
        return e;
}

static unsigned entries_of(const struct load *load) {
        return load->n[KIND_KNOWN] + load->n[KIND_UNKNOWN];
}

/* What is in use, for one uid. */
struct usage {
        struct load *load; /* NULL: no place for one more */
        /* NULL: it counts for no owner of a key */
        struct owner *owner;
        /* of its block of uids */
        unsigned range_uids, range_entries, range_sources;
        /* uids, and places for uids, without an entry */
        unsigned without;
};

static unsigned entries_of_owner(const struct owner *owner) {
        return owner->n[KIND_KNOWN] + owner->n[KIND_SOURCE];
}

/* The owner's place among what one uid asks, or a free one. There are as many as there are entries
 * about keys. */
static struct owner *find_owner(struct fold *f, const struct load *load, uid_t uid) {
        struct owner *unused = NULL;

        for (size_t i = 0; i < ARRAY_LEN(f->owners); i++) {
                struct owner *o = &f->owners[i];

                if (entries_of_owner(o) > 0 && o->load == load && o->uid == uid)
                        return o;
                if (entries_of_owner(o) == 0 && !unused)
                        unused = o;
        }
        if (unused)
                *unused = (struct owner){ .load = load, .uid = uid };
        return unused;
}

/* The first place is kept for root. */
static struct usage look(struct fold *f, uid_t uid) {
        struct usage usage = { .load = uid == 0 ? &f->loads[0] : NULL };
        struct load *unused = NULL;

        for (size_t i = 1; uid != 0 && i < FOLD_UIDS_MAX; i++) {
                struct load *l = &f->loads[i];
                unsigned entries = entries_of(l);

                usage.without += entries == 0;
                if (entries + l->n[KIND_SOURCE] + l->n[KIND_REST] == 0) {
                        unused = unused ? unused : l;
                        continue;
                }
                if (l->uid == uid)
                        usage.load = l;
                if (share_range(l->uid) == share_range(uid)) {
                        usage.range_uids++;
                        usage.range_entries += entries;
                        usage.range_sources += l->n[KIND_SOURCE];
                }
        }
        if (!usage.load && unused && usage.range_uids < FOLD_RANGE_UIDS_MAX) {
                usage.load = unused;
                unused->uid = uid;
        }
        return usage;
}

/* Which of the total counts an entry belongs to. */
static unsigned *total_of(struct fold *f, uid_t uid, enum kind kind) {
        if (kind == KIND_REST)
                return &f->n_rest;
        if (kind == KIND_SOURCE)
                return &f->n_sources[uid == 0];
        return uid == 0 ? &f->n_root : &f->n_others;
}

static unsigned known_max(uid_t uid) {
        return uid < SHARE_BLOCK ? FOLD_KNOWN_MAX : FOLD_RANGE_KNOWN_MAX;
}

/* Invariants: (1) the shares add up to all entries, so a uid with a place finds an entry; (2)
 * of the share of the others, one is left for each uid without an entry. So the first event of a
 * uid always has one; (3) of that share, a uid gets no more than what is left then, and of what a
 * uid has, the owner of a key gets no more than what is left then. So the next uid and the next
 * owner find a place. The same holds for the shares of sources, where root counts as no uid. */
static bool has_place(const struct fold *f, const struct usage *usage, enum kind kind) {
        const struct load *load = usage->load;
        unsigned of_owner = usage->owner ? usage->owner->n[kind] : 0;

        if (!load)
                return false;
        if (kind == KIND_REST)
                return f->n_rest < FOLD_REST_SHARE;
        if (kind == KIND_SOURCE)
                return f->n_sources[load->uid == 0] + usage->range_sources + of_owner <
                       FOLD_SOURCES_SHARE;
        if (kind == KIND_UNKNOWN && load->n[kind] >= FOLD_UNKNOWN_MAX)
                return false;
        if (load->uid == 0)
                return f->n_root + of_owner < FOLD_ROOT_SHARE;
        return entries_of(load) == 0 ||
               (load->n[kind] + of_owner < known_max(load->uid) &&
                (load->uid < SHARE_BLOCK || usage->range_entries < FOLD_RANGE_MAX) &&
                f->n_others + entries_of(load) + usage->without < OTHERS_SHARE);
}

/* The record for the rest beyond a share: it says whose, and nothing else. */
static struct audit_record blank(const struct audit_record *record) {
        struct audit_record rest = { .uid = record->uid,
                                     .pid = record->pid,
                                     .owner_uid = AUDIT_NOBODY,
                                     .event = "several",
                                     .detail = "more kinds than are kept apart" };

        memcpy(rest.verdict, record->verdict, sizeof(rest.verdict));
        memcpy(rest.door, record->door, sizeof(rest.door));
        return rest;
}

static struct entry *make(struct fold *f, const struct usage *usage,
                          const struct audit_record *record, enum kind kind, int64_t now) {
        struct entry **bucket = &f->buckets[bucket_of(f, record, kind)], *e = f->unused;
        struct owner *owner = kind == KIND_KNOWN || kind == KIND_SOURCE ? usage->owner : NULL;
        struct load *load = usage->load;

        if (e)
                f->unused = e->next;
        else
                e = &f->entries[f->n_begun++];
        *e = (struct entry){ .next = *bucket,
                             .used = true,
                             .kind = kind,
                             .load = load,
                             .owner = owner,
                             .due = now };
        *bucket = e;
        e->record = kind == KIND_REST ? blank(record) : *record;
        e->record.count = 0;
        e->window_s = is_accepted(record) ? FOLD_ACCEPTED_S : FOLD_REFUSED_S;
        load->n[kind]++;
        if (owner)
                owner->n[kind]++;
        (*total_of(f, load->uid, kind))++;
        return e;
}

static void forget(struct fold *f, struct entry *e) {
        struct entry **p = &f->buckets[bucket_of(f, &e->record, e->kind)];

        while (*p != e)
                p = &(*p)->next;
        *p = e->next;
        e->load->n[e->kind]--;
        if (e->owner)
                e->owner->n[e->kind]--;
        (*total_of(f, e->load->uid, e->kind))--;
        *e = (struct entry){ .next = f->unused };
        f->unused = e;
}

/* Where a record belongs: an entry of its source, else of its kind, else the rest of its uid, else
 * the rest of all uids. */
static struct entry *place(struct fold *f, const struct audit_record *record, int64_t now) {
        enum kind kind = kind_of(record);
        bool by_source = kind == KIND_KNOWN && is_accepted(record);
        struct entry *e = find(f, record, by_source ? KIND_SOURCE : kind);
        struct usage usage;

        if (e)
                return e;
        usage = look(f, record->uid);
        if (usage.load && kind == KIND_KNOWN)
                usage.owner = find_owner(f, usage.load,
                                         record->of_realm ? loglimit_number(record->user)
                                                          : record->owner_uid);
        if (by_source && has_place(f, &usage, KIND_SOURCE))
                return make(f, &usage, record, KIND_SOURCE, now);
        if (by_source && (e = find(f, record, kind)))
                return e;
        if (has_place(f, &usage, kind))
                return make(f, &usage, record, kind, now);
        e = find(f, record, KIND_REST);
        if (e)
                return e;
        if (has_place(f, &usage, KIND_REST))
                return make(f, &usage, record, KIND_REST, now);
        e = &f->last_resort[is_accepted(record)];
        if (!e->used) {
                *e = (struct entry){
                        .used = true, .kind = KIND_REST, .due = now, .window_s = FOLD_REFUSED_S
                };
                e->record = blank(record);
                e->record.uid = AUDIT_NOBODY;
                e->record.pid = 0;
        }
        return e;
}

void fold_note(struct fold *f, const struct audit_record *record, int64_t now) {
        struct entry *e = place(f, record, now);
        struct audit_record *mine = &e->record;
        struct audit_record before = *mine;

        if (e->kind != KIND_REST) {
                *mine = *record;
                e->several =
                        before.count > 0 && (e->several || strcmp(before.key, mine->key) != 0 ||
                                             strcmp(before.user, mine->user) != 0 ||
                                             strcmp(before.rhost, mine->rhost) != 0);
        }
        mine->at = before.count > 0 && before.at < now ? before.at : now;
        mine->until = now;
        mine->count = before.count + 1;
        e->last = now;
}

/* How many kinds share the rows of a day, this one included: those of the same owner, of root, or
 * of the same block of uids. */
static unsigned sharers(const struct fold *f, const struct entry *e) {
        unsigned n = 0;

        if (!e->load)
                return 1;
        if (e->load->uid == 0 && e->owner)
                return entries_of_owner(e->owner);
        if (e->load->uid == 0)
                return e->load->n[KIND_UNKNOWN] + e->load->n[KIND_REST];
        for (size_t i = 1; i < FOLD_UIDS_MAX; i++)
                if (share_range(f->loads[i].uid) == share_range(e->load->uid))
                        n += entries_of(&f->loads[i]) + f->loads[i].n[KIND_SOURCE] +
                             f->loads[i].n[KIND_REST];
        return n;
}

static void take(const struct fold *f, struct entry *e, int64_t now, struct audit_record *ret) {
        static const char several[] = "the last of several keys, users or sources";
        int64_t spread = ((int64_t) sharers(f, e) - 1) * FOLD_SPREAD_S;

        *ret = e->record;
        if (e->several)
                memcpy(ret->detail, several, sizeof(several));
        e->several = false;
        e->record.count = 0;
        e->told = 0;
        e->due = now + (e->window_s > spread ? e->window_s : spread);
        if (e->window_s < FOLD_LONGEST_S && !is_accepted(&e->record))
                e->window_s *= 2;
}

/* When the clock was put back by an hour, entries must not wait for an hour. */
static bool is_due(const struct entry *e, int64_t at, int64_t now) {
        return now >= at || now < e->last;
}

size_t fold_take(struct fold *f, int64_t now, bool all, struct audit_record *out, size_t most) {
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_LEN(f->last_resort) && n < most; i++)
                if (f->last_resort[i].record.count > 0 &&
                    (all || is_due(&f->last_resort[i], f->last_resort[i].due, now)))
                        take(f, &f->last_resort[i], now, &out[n++]);
        /* Each call continues where the last one ended, so that no entry is always the last. */
        for (size_t i = 0; i < f->n_begun && n < most; i++) {
                struct entry *e = &f->entries[f->at];

                f->at = (f->at + 1) % f->n_begun;
                if (!e->used)
                        continue;
                if (e->record.count > 0 && (all || is_due(e, e->due, now)))
                        take(f, e, now, &out[n++]);
                else if (e->record.count == 0 && is_due(e, e->due, now) &&
                         is_due(e, e->last + FOLD_FORGET_S, now))
                        forget(f, e);
        }
        return n;
}

size_t fold_repeats(struct fold *f, int64_t now, struct audit_record *out, size_t most) {
        size_t n = 0;

        for (size_t i = 0; i < f->n_begun && n < most; i++) {
                struct entry *e = &f->entries[f->told_at];

                f->told_at = (f->told_at + 1) % f->n_begun;
                /* What is due is about to be written. */
                if (!e->used || e->record.count <= e->told || is_due(e, e->due, now))
                        continue;
                out[n] = e->record;
                out[n].at = out[n].until;
                out[n++].count = e->record.count - e->told;
                e->told = e->record.count;
        }
        return n;
}
