/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of the audit log, and the seals that chain them. Does not have the key of the seal:
 * the hall gives a function that seals. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "store/store_chain.h"
#include "store/store_stmt.h"

#define HASH_LEN STORE_CHAIN_HASH_LEN
/* no record of ours has a larger one, and nothing below it overflows */
#define SEQ_MAX (INT64_C(1) << 62)

/* The columns of AUDIT_COLUMNS: numbers, texts in the order of the table below, the seal. */
enum column {
        COL_SEQ,
        COL_AT,
        COL_UNTIL,
        COL_COUNT,
        COL_UID,
        COL_PID,
        COL_OWNER_UID,
        COL_LOGIN_UID, /* -1: none */
        COL_TEXTS,
        N_NUMBERS = COL_TEXTS,
};

#define TEXT(member)                                                                               \
        { offsetof(struct audit_record, member), sizeof(((struct audit_record *) NULL)->member) }
static const struct {
        size_t offset, size;
} texts[] = {
        TEXT(event),   TEXT(verdict), TEXT(door),   TEXT(key),    TEXT(user),
        TEXT(service), TEXT(rhost),   TEXT(reason), TEXT(detail),
};
#define COL_HASH ((int) (COL_TEXTS + ARRAY_LEN(texts)))
_Static_assert(STORE_CHAIN_SEQ == (int) COL_SEQ && STORE_CHAIN_UNTIL == (int) COL_UNTIL &&
                       STORE_CHAIN_COLUMNS == COL_HASH + 1,
               "the same columns");

/* --- Seals --- */

/* What is sealed: numbers of 8 bytes, and texts behind their length, so that no two records look
 * alike. */
struct bytes {
        uint8_t data[1 + HASH_LEN + N_NUMBERS * 8 + ARRAY_LEN(texts) * 8 +
                     sizeof(struct audit_record)];
        size_t n;
};

static void put(struct bytes *b, const void *data, size_t len) {
        memcpy(b->data + b->n, data, len);
        b->n += len;
}

static void put_number(struct bytes *b, int64_t number) {
        uint64_t little = htole64((uint64_t) number);

        put(b, &little, sizeof(little));
}

static void get_numbers(const struct audit_record *record, int64_t ret[static N_NUMBERS]) {
        ret[COL_SEQ] = record->seq;
        ret[COL_AT] = record->at;
        ret[COL_UNTIL] = record->until;
        ret[COL_COUNT] = (int64_t) record->count;
        ret[COL_UID] = record->uid;
        ret[COL_PID] = record->pid;
        ret[COL_OWNER_UID] = record->owner_uid;
        ret[COL_LOGIN_UID] = record->has_login ? (int64_t) record->login_uid : -1;
}

static const char *get_text(const struct audit_record *record, size_t i) {
        return (const char *) record + texts[i].offset;
}

static void seal_record(const struct store *s, const uint8_t before[static HASH_LEN],
                        const struct audit_record *record, uint8_t out[static HASH_LEN]) {
        int64_t numbers[N_NUMBERS];
        _uncleared_ struct bytes b;

        /* Records from before schema 15 have no login uid, so the seal of one without it is as it
         * was. The first letter says which form it is. */
        b.n = 0;
        put(&b, record->has_login ? "L" : "R", 1);
        put(&b, before, HASH_LEN);
        get_numbers(record, numbers);
        for (size_t i = 0; i < N_NUMBERS; i++)
                if (i != COL_LOGIN_UID || record->has_login)
                        put_number(&b, numbers[i]);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                size_t len = strlen(get_text(record, i));

                put_number(&b, (int64_t) len);
                put(&b, get_text(record, i), len);
        }
        s->seal(b.data, b.n, out, s->seal_userdata);
}

static void seal_chain(const struct store *s, const struct store_chain *chain,
                       uint8_t out[static HASH_LEN]) {
        _uncleared_ struct bytes b;

        b.n = 0;
        put(&b, "C", 1);
        put_number(&b, chain->base_seq);
        put(&b, chain->base, HASH_LEN);
        put_number(&b, chain->head_seq);
        put(&b, chain->head, HASH_LEN);
        s->seal(b.data, b.n, out, s->seal_userdata);
}

bool store_chain_read_hash(sqlite3_stmt *stmt, int column, uint8_t out[static HASH_LEN]) {
        return store_stmt_blob(stmt, column, out, HASH_LEN) >= 0;
}

bool store_chain_is_unborn(const struct store_chain *chain) {
        static const uint8_t none[HASH_LEN];

        return chain->broken && chain->base_seq == 0 && chain->head_seq == 0 &&
               chain->last_seq == 0 && memcmp(chain->mac, none, HASH_LEN) == 0;
}

int store_chain_load(struct store *s, struct store_chain *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_CHAIN_GET);
        struct store_chain chain = { .broken = true };
        uint8_t mac[HASH_LEN];
        int r;

        if (!s->seal)
                return -ENOKEY;
        if (s->adding.open) {
                *ret = s->adding.chain;
                return 0;
        }
        r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        chain.base_seq = sqlite3_column_int64(stmt, 0);
        chain.head_seq = sqlite3_column_int64(stmt, 2);
        chain.last_seq = sqlite3_column_int64(stmt, 5);
        if (store_chain_read_hash(stmt, 1, chain.base) &&
            store_chain_read_hash(stmt, 3, chain.head) &&
            store_chain_read_hash(stmt, 4, chain.mac)) {
                seal_chain(s, &chain, mac);
                chain.broken = memcmp(mac, chain.mac, HASH_LEN) != 0;
        }
        if (chain.base_seq < 0 || chain.base_seq > chain.head_seq || chain.head_seq > SEQ_MAX)
                chain = (struct store_chain){ .last_seq = chain.last_seq, .broken = true };
        *ret = chain;
        return 0;
}

int store_chain_save(struct store *s, struct store_chain *chain) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_CHAIN_SET);

        s->adding.open = false; /* the row counts again */
        if (chain->broken)
                memset(chain->mac, 0, HASH_LEN);
        else
                seal_chain(s, chain, chain->mac);
        if (sqlite3_bind_int64(stmt, 1, chain->base_seq) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, 2, chain->base, HASH_LEN, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, chain->head_seq) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, 4, chain->head, HASH_LEN, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, 5, chain->mac, HASH_LEN, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

/* --- Records --- */

int store_chain_read(sqlite3_stmt *stmt, struct audit_record *record) {
        int64_t numbers[N_NUMBERS], seen[N_NUMBERS];
        int r = 0;

        for (int i = 0; i < N_NUMBERS; i++)
                numbers[i] = sqlite3_column_int64(stmt, i);
        record->seq = numbers[COL_SEQ];
        record->at = numbers[COL_AT];
        record->until = numbers[COL_UNTIL];
        record->count = (uint64_t) numbers[COL_COUNT];
        record->uid = (uid_t) numbers[COL_UID];
        record->pid = (pid_t) numbers[COL_PID];
        record->owner_uid = (uid_t) numbers[COL_OWNER_UID];
        record->has_login = numbers[COL_LOGIN_UID] >= 0;
        record->login_uid = record->has_login ? (uid_t) numbers[COL_LOGIN_UID] : 0;
        get_numbers(record, seen);
        if (memcmp(numbers, seen, sizeof(numbers)) != 0)
                return -EUCLEAN;
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
                r = store_stmt_text(stmt, (int) (COL_TEXTS + i), (char *) record + texts[i].offset,
                                    texts[i].size);
        return r;
}

static int insert(struct store *s, const struct audit_record *record,
                  const uint8_t hash[static HASH_LEN]) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_INSERT);
        int64_t numbers[N_NUMBERS];

        get_numbers(record, numbers);
        for (int i = 0; i < N_NUMBERS; i++)
                if (sqlite3_bind_int64(stmt, 1 + i, numbers[i]) != SQLITE_OK)
                        return -ENOMEM;
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                if (sqlite3_bind_text(stmt, (int) (1 + COL_TEXTS + i), get_text(record, i), -1,
                                      SQLITE_STATIC) != SQLITE_OK)
                        return -ENOMEM;
        if (sqlite3_bind_blob(stmt, 1 + COL_HASH, hash, HASH_LEN, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

int store_chain_append(struct store *s, struct store_chain *chain,
                       const struct audit_record *record) {
        struct audit_record numbered = *record;
        int r;

        if (chain->last_seq > SEQ_MAX)
                return -EUCLEAN;
        /* Rows that somebody has put behind the head stay there, to be found. */
        numbered.seq = 1 + (chain->last_seq > chain->head_seq ? chain->last_seq : chain->head_seq);
        seal_record(s, chain->head, &numbered, chain->head);
        r = insert(s, &numbered, chain->head);
        if (r >= 0)
                chain->head_seq = chain->last_seq = numbered.seq;
        return r;
}

int store_chain_add(struct store *s, const struct audit_record *record) {
        struct store_chain chain;
        int r;

        /* After some errors SQLite ends a transaction by itself. What a record of it says did not
         * happen. */
        if (sqlite3_get_autocommit(s->db))
                return -EIO;
        r = store_chain_load(s, &chain);
        if (r >= 0)
                r = store_chain_append(s, &chain, record);
        if (r < 0)
                return r;
        s->adding = (struct store_adding){ .open = true, .chain = chain, .last = chain.head_seq };
        return 0;
}

int store_chain_close(struct store *s) {
        if (!s->adding.open)
                return 0;
        return sqlite3_get_autocommit(s->db) ? -EIO : store_chain_save(s, &s->adding.chain);
}

void store_chain_forget(struct store *s) {
        s->adding.open = false;
        s->adding.last = 0;
}

bool store_chain_follows(const struct store *s, sqlite3_stmt *stmt, uint8_t hash[static HASH_LEN]) {
        struct audit_record record = {};
        uint8_t stored[HASH_LEN];

        if (store_chain_read(stmt, &record) < 0 || !store_chain_read_seal(stmt, stored))
                return false;
        seal_record(s, hash, &record, hash);
        return memcmp(hash, stored, HASH_LEN) == 0;
}

bool store_chain_read_seal(sqlite3_stmt *stmt, uint8_t out[static HASH_LEN]) {
        return store_chain_read_hash(stmt, COL_HASH, out);
}
