/* SPDX-License-Identifier: BSD-2-Clause */
/* A small table of spellings of names, and the questions about them that are on their way. It
 * decides no login: rule.c compares the account with the key's owner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "login/spellings.h"
#include "text.h"

#define AGAIN_TICKS (UINT64_C(600) * 1000000000)

/* Free while name is "". Nothing is known while the account is ACCOUNT_UNKNOWN. */
struct spelling {
        struct spellings *table;
        char name[WIRE_USER_MAX + 1], owner[WIRE_USER_MAX + 1];
        bool asking;
        uint64_t at;      /* clock_ticks() of the answer */
        uint64_t changes; /* of passwd, up to the answer */
        struct account_record account;
};

struct spellings {
        struct accounts *accounts;
        void (*known)(void *userdata);
        void *userdata;
        struct spelling rows[SPELLINGS_MAX];
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

static void on_answer(int r, const struct account_record *accounts, void *userdata) {
        struct spelling *row = userdata;

        row->asking = false;
        /* What was known before stays in force. */
        if (r < 0 || accounts[0].state == ACCOUNT_UNKNOWN)
                return;
        row->account = accounts[0];
        row->at = clock_ticks();
        row->changes = accounts_passwd_changes(row->table->accounts);
        row->table->known(row->table->userdata);
}

static void ask(struct spellings *s, struct spelling *row, const char *name, const char *owner) {
        const char *names[] = { name };

        if (!row)
                row = find_room(s, owner);
        if (!row || !may_ask(s, owner))
                return;
        if (strcmp(row->name, name) != 0)
                *row = (struct spelling){ .table = s };
        (void) text_copy(row->name, sizeof(row->name), name);
        (void) text_copy(row->owner, sizeof(row->owner), owner);
        row->asking = accounts_ask(s->accounts, names, 1, on_answer, row) >= 0;
}

static bool is_known(const struct spellings *s, const struct spelling *row) {
        return row && row->account.state != ACCOUNT_UNKNOWN &&
               row->changes == accounts_passwd_changes(s->accounts);
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
