/* SPDX-License-Identifier: BSD-2-Clause */
/* A small table of spellings of names, and the questions about them that are on their way. It
 * decides no login: rule.c compares the account with the key's owner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "login/spellings.h"
#include "text.h"

#define SECOND      UINT64_C(1000000000)
#define AGAIN_TICKS (600 * SECOND)

/* Free while name is "". Nothing is known while the account is ACCOUNT_UNKNOWN. */
struct spelling {
        struct spellings *table;
        char name[WIRE_USER_MAX + 1], owner[WIRE_USER_MAX + 1];
        bool asking;
        uint64_t at;      /* clock_ticks() of the answer */
        uint64_t changes; /* of names, up to the answer */
        struct account_record account;
};

/* How much an owner of keys has asked for. */
struct pace {
        char owner[WIRE_USER_MAX + 1];
        /* clock_ticks() when nothing is left to wait for */
        uint64_t paid_at;
};

struct spellings {
        struct accounts *accounts;
        void (*known)(void *userdata);
        void *userdata;
        struct spelling rows[SPELLINGS_MAX];
        struct pace paces[SPELLINGS_MAX];
};

int spellings_new(struct spellings **ret, struct accounts *accounts, void (*known)(void *userdata),
                  void *userdata) {
        struct spellings *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *s = (struct spellings){ .accounts = accounts, .known = known, .userdata = userdata };
        *ret = s;
        return 0;
}

struct spellings *spellings_free(struct spellings *s) {
        free(s);
        return NULL;
}

static struct spelling *find(struct spellings *s, const char *name) {
        for (size_t i = 0; i < SPELLINGS_MAX; i++)
                if (strcmp(s->rows[i].name, name) == 0)
                        return &s->rows[i];
        return NULL;
}

/* A free row, or the oldest one: of this owner if it has its share, else of all. NULL when all of
 * them are being asked for. */
static struct spelling *find_room(struct spellings *s, const char *owner) {
        struct spelling *oldest = NULL, *own = NULL;
        size_t n = 0;

        for (size_t i = 0; i < SPELLINGS_MAX; i++) {
                struct spelling *row = &s->rows[i];
                bool is_own = strcmp(row->owner, owner) == 0;

                n += is_own;
                if (row->asking)
                        continue;
                if (is_own && (!own || row->at < own->at))
                        own = row;
                if (!oldest || row->at < oldest->at)
                        oldest = row;
        }
        return n >= SPELLINGS_PER_OWNER ? own : oldest;
}

static bool may_ask(const struct spellings *s, const char *owner) {
        size_t n = 0;

        for (size_t i = 0; i < SPELLINGS_MAX; i++) {
                if (!s->rows[i].asking)
                        continue;
                if (strcmp(s->rows[i].owner, owner) == 0)
                        return false;
                n++;
        }
        return n < SPELLINGS_ASKS_MAX;
}

/* That of this owner, or in place of the one who has least to wait for. */
static struct pace *find_pace(struct spellings *s, const char *owner) {
        struct pace *least = &s->paces[0];

        for (size_t i = 0; i < SPELLINGS_MAX; i++) {
                if (strcmp(s->paces[i].owner, owner) == 0)
                        return &s->paces[i];
                if (s->paces[i].paid_at < least->paid_at)
                        least = &s->paces[i];
        }
        *least = (struct pace){};
        (void) text_copy(least->owner, sizeof(least->owner), owner);
        return least;
}

/* Each question costs a second, and a few are lent. */
static bool is_slow_enough(struct spellings *s, const char *owner) {
        struct pace *pace = find_pace(s, owner);
        uint64_t now = clock_ticks();

        if (pace->paid_at < now)
                pace->paid_at = now;
        if (pace->paid_at - now > (SPELLINGS_AT_ONCE - 1) * SECOND)
                return false;
        pace->paid_at += SECOND;
        return true;
}

static void on_answer(int r, const struct account_record *accounts, void *userdata) {
        struct spelling *row = userdata;

        row->asking = false;
        /* What was known before stays in force. */
        if (r < 0 || accounts[0].state == ACCOUNT_UNKNOWN)
                return;
        row->account = accounts[0];
        row->at = clock_ticks();
        row->changes = accounts_names_changes(row->table->accounts);
        row->table->known(row->table->userdata);
}

static void ask(struct spellings *s, struct spelling *row, const char *name, const char *owner) {
        const char *names[] = { name };

        if (!row)
                row = find_room(s, owner);
        if (!row || !may_ask(s, owner) || !is_slow_enough(s, owner))
                return;
        if (strcmp(row->name, name) != 0)
                *row = (struct spelling){ .table = s };
        (void) text_copy(row->name, sizeof(row->name), name);
        (void) text_copy(row->owner, sizeof(row->owner), owner);
        row->asking = accounts_ask(s->accounts, names, 1, on_answer, row) >= 0;
}

static bool is_known(const struct spellings *s, const struct spelling *row) {
        return row && row->account.state != ACCOUNT_UNKNOWN &&
               row->changes == accounts_names_changes(s->accounts);
}

const struct account_record *spellings_find(struct spellings *s, const char *name,
                                            const char *owner) {
        struct spelling *row = s ? find(s, name) : NULL;

        if (!s)
                return NULL;
        if (!is_known(s, row) || clock_ticks() - row->at >= AGAIN_TICKS)
                if (!row || !row->asking)
                        ask(s, row, name, owner);
        return is_known(s, row) ? &row->account : NULL;
}
