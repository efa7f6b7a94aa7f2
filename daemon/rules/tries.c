/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a password may still be tried, and beside how many others. Must not see a password.
 * Pure: it is told the time. */
#include <stddef.h>
#include <string.h>

#include "attr.h"
#include "rules/loglimit.h"
#include "rules/share.h"
#include "rules/tries.h"

static uint64_t hash_of_name(const struct tries *tries, const char *user) {
        uint64_t hash = loglimit_hash(tries->seed, "");

        for (; *user; user++) {
                char folded[2] = { *user >= 'A' && *user <= 'Z' ? (char) (*user - 'A' + 'a')
                                                                : *user };

                hash = loglimit_hash(hash, folded);
        }
        return hash;
}

/* An entry that counts nothing yet. */
static struct tries_entry entry_of(const struct tries *tries, const struct tries_asker *asker,
                                   const char *user) {
        return (struct tries_entry){ .uid = asker->uid,
                                     .source = asker->uid == 0
                                                       ? loglimit_hash(tries->seed, asker->source)
                                                       : 0,
                                     .name = hash_of_name(tries, user) };
}

static bool is_live(const struct tries_entry *e, int64_t now) {
        return e->failed > 0 && now < e->since + TRIES_WINDOW_S;
}

static bool is_same_asker(const struct tries_entry *a, const struct tries_entry *b) {
        return a->uid == b->uid && a->source == b->source;
}

/* What a bound counts, and when the first of it will be forgotten. */
struct sum {
        unsigned failed;
        int64_t end;
};

static void add(struct sum *sum, const struct tries_entry *e) {
        int64_t end = e->since + TRIES_WINDOW_S;

        if (sum->failed == 0 || end < sum->end)
                sum->end = end;
        sum->failed += e->failed;
}

static int64_t wait_for(const struct sum *sum, unsigned most, int64_t now) {
        return sum->failed >= most ? sum->end - now : 0;
}

int64_t tries_may(const struct tries *tries, const struct tries_asker *asker, const char *user,
                  int64_t now) {
        const struct tries_entry mine = entry_of(tries, asker, user);
        struct sum name = {}, all = {}, range = {};
        int64_t waits[3], longest = 0;

        for (size_t i = 0; i < TRIES_MAX; i++) {
                const struct tries_entry *e = &tries->entries[i];

                if (!is_live(e, now))
                        continue;
                if (e->uid != 0 && share_range(e->uid) == share_range(mine.uid))
                        add(&range, e);
                if (!is_same_asker(e, &mine))
                        continue;
                add(&all, e);
                if (e->name == mine.name)
                        add(&name, e);
        }
        waits[0] = wait_for(&name, TRIES_PER_NAME, now);
        waits[1] = wait_for(&all, TRIES_PER_ASKER, now);
        waits[2] = wait_for(&range, TRIES_PER_RANGE, now);
        for (size_t i = 0; i < ARRAY_LEN(waits); i++)
                longest = waits[i] > longest ? waits[i] : longest;
        return longest;
}

static struct tries_entry *find(struct tries *tries, const struct tries_entry *mine) {
        for (size_t i = 0; i < TRIES_MAX; i++) {
                struct tries_entry *e = &tries->entries[i];

                if (e->failed > 0 && is_same_asker(e, mine) && e->name == mine->name)
                        return e;
        }
        return NULL;
}

/* A place that counts nothing any more, else that of the oldest entry. */
static struct tries_entry *find_place(struct tries *tries, int64_t now) {
        struct tries_entry *oldest = &tries->entries[0];

        for (size_t i = 0; i < TRIES_MAX; i++) {
                struct tries_entry *e = &tries->entries[i];

                if (!is_live(e, now))
                        return e;
                if (e->since < oldest->since)
                        oldest = e;
        }
        return oldest;
}

void tries_failed(struct tries *tries, const struct tries_asker *asker, const char *user,
                  int64_t now) {
        struct tries_entry mine = entry_of(tries, asker, user), *e = find(tries, &mine);

        if (!e || !is_live(e, now)) {
                e = e ? e : find_place(tries, now);
                *e = mine;
                e->since = now;
        }
        e->failed++;
}

void tries_succeeded(struct tries *tries, const struct tries_asker *asker, const char *user) {
        struct tries_entry mine = entry_of(tries, asker, user), *e = find(tries, &mine);

        if (e)
                *e = (struct tries_entry){};
}

void tries_add_beside(struct tries_beside *beside, const struct tries_asker *mine,
                      const struct tries_asker *other, bool checked) {
        *(other->uid == 0 ? &beside->root : &beside->others) += checked;
        beside->same_range += share_range(other->uid) == share_range(mine->uid);
        if (other->uid == mine->uid && strcmp(other->source, mine->source) == 0)
                beside->same_asker = true;
}

bool tries_has_place(const struct tries_beside *beside, const struct tries_asker *mine) {
        if (beside->same_asker)
                return false;
        if (mine->uid == 0)
                return beside->root < TRIES_AT_ONCE_ROOT;
        return beside->others < TRIES_AT_ONCE_OTHERS &&
               beside->same_range < TRIES_AT_ONCE_PER_RANGE;
}
