#include <endian.h>
#include <errno.h>
#include <string.h>

#include "store_stmt.h"

#define HASH_LEN RECORD_DIGEST_LEN
#define SEQ_MAX  (INT64_C(1) << 62) /* beyond it nothing is of ours, and nothing overflows below it */

/* The columns of AUDIT_COLUMNS: numbers, texts in the order of the table below, the seal. */
enum column {
        COL_SEQ,
        COL_AT,
        COL_UNTIL,
        COL_COUNT,
        COL_UID,
        COL_PID,
        COL_OWNER_UID,
        COL_TEXTS,
        N_NUMBERS = COL_TEXTS,
};

#define TEXT(member)                                                                                         \
        { offsetof(struct audit_record, member), sizeof(((struct audit_record *) NULL)->member) }
static const struct {
        size_t offset, size;
} texts[] = {
        TEXT(event),   TEXT(verdict), TEXT(door),   TEXT(key),    TEXT(user),
        TEXT(service), TEXT(rhost),   TEXT(reason), TEXT(detail),
};
#define COL_HASH ((int) (COL_TEXTS + ARRAY_LEN(texts)))

/* Both ends of the log: the seal of the last record that was purged, and that of the last one there is. */
struct chain {
        int64_t base_seq, head_seq;
        uint8_t base[HASH_LEN], head[HASH_LEN], mac[HASH_LEN];
        int64_t last_seq; /* that is in the table */
        bool broken;      /* the seal is not ours; and it will not be mended by adding to it */
};

/* --- Seals --------------------------------------------------------------------------------------------------------- */

/* What is sealed: numbers of 8 bytes, texts behind their length, so that no two records look alike. */
struct bytes {
        uint8_t data[1 + HASH_LEN + N_NUMBERS * 8 + ARRAY_LEN(texts) * 8 + sizeof(struct audit_record)];
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
}

static const char *get_text(const struct audit_record *record, size_t i) {
        return (const char *) record + texts[i].offset;
}

static void seal_record(const struct store *s, const uint8_t before[static HASH_LEN],
                        const struct audit_record *record, uint8_t out[static HASH_LEN]) {
        int64_t numbers[N_NUMBERS];
        struct bytes b = {};

        put(&b, "R", 1);
        put(&b, before, HASH_LEN);
        get_numbers(record, numbers);
        for (size_t i = 0; i < N_NUMBERS; i++)
                put_number(&b, numbers[i]);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                size_t len = strlen(get_text(record, i));

                put_number(&b, (int64_t) len);
                put(&b, get_text(record, i), len);
        }
        s->seal(b.data, b.n, out, s->seal_userdata);
}

static void seal_chain(const struct store *s, const struct chain *chain, uint8_t out[static HASH_LEN]) {
        struct bytes b = {};

        put(&b, "C", 1);
        put_number(&b, chain->base_seq);
        put(&b, chain->base, HASH_LEN);
        put_number(&b, chain->head_seq);
        put(&b, chain->head, HASH_LEN);
        s->seal(b.data, b.n, out, s->seal_userdata);
}

static bool read_hash(sqlite3_stmt *stmt, int column, uint8_t out[static HASH_LEN]) {
        if (sqlite3_column_bytes(stmt, column) != HASH_LEN)
                return false;
        memcpy(out, sqlite3_column_blob(stmt, column), HASH_LEN);
        return true;
}

/* A chain that somebody has touched is no reason not to revoke a key: it is read as it is, and remembered as broken. */
static int load_chain(struct store *s, struct chain *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_CHAIN_GET);
        static const uint8_t none[HASH_LEN];
        struct chain chain = { .broken = true };
        uint8_t mac[HASH_LEN];
        int r;

        if (!s->seal)
                return -ENOKEY;
        r = store_stmt_step(stmt);
        if (r < 0)
                return r;
        if (r > 0) {
                chain.base_seq = sqlite3_column_int64(stmt, 0);
                chain.head_seq = sqlite3_column_int64(stmt, 2);
                chain.last_seq = sqlite3_column_int64(stmt, 5);
                if (read_hash(stmt, 1, chain.base) && read_hash(stmt, 3, chain.head) &&
                    read_hash(stmt, 4, chain.mac)) {
                        seal_chain(s, &chain, mac);
                        /* A log that was never begun has no seal: the schema, which made it, has no key. */
                        chain.broken = memcmp(mac, chain.mac, HASH_LEN) != 0 &&
                                       (chain.head_seq != 0 || chain.base_seq != 0 || chain.last_seq != 0 ||
                                        memcmp(chain.mac, none, HASH_LEN) != 0);
                }
                if (chain.base_seq < 0 || chain.base_seq > chain.head_seq || chain.head_seq > SEQ_MAX)
                        chain = (struct chain){ .last_seq = chain.last_seq, .broken = true };
        }
        *ret = chain;
        return 0;
}

static int save_chain(struct store *s, struct chain *chain) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_CHAIN_SET);

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

/* --- Records ------------------------------------------------------------------------------------------------------- */

static int read_record(sqlite3_stmt *stmt, struct audit_record *record) {
        int64_t numbers[N_NUMBERS], seen[N_NUMBERS];

        for (int i = 0; i < N_NUMBERS; i++)
                numbers[i] = sqlite3_column_int64(stmt, i);
        record->seq = numbers[COL_SEQ];
        record->at = numbers[COL_AT];
        record->until = numbers[COL_UNTIL];
        record->count = (uint64_t) numbers[COL_COUNT];
        record->uid = (uid_t) numbers[COL_UID];
        record->pid = (pid_t) numbers[COL_PID];
        record->owner_uid = (uid_t) numbers[COL_OWNER_UID];
        get_numbers(record, seen);
        if (memcmp(numbers, seen, sizeof(numbers)) != 0)
                return -EUCLEAN;
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                if (store_stmt_text(stmt, (int) (COL_TEXTS + i), (char *) record + texts[i].offset,
                                    texts[i].size) < 0)
                        return -EUCLEAN;
        return 0;
}

static int insert(struct store *s, const struct audit_record *record, const uint8_t hash[static HASH_LEN]) {
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

static int append(struct store *s, struct chain *chain, const struct audit_record *record) {
        struct audit_record numbered = *record;
        int r;

        if (chain->last_seq > SEQ_MAX)
                return -EUCLEAN;
        /* What somebody has put behind the head stays there, to be found. */
        numbered.seq = 1 + (chain->last_seq > chain->head_seq ? chain->last_seq : chain->head_seq);
        seal_record(s, chain->head, &numbered, chain->head);
        r = insert(s, &numbered, chain->head);
        if (r >= 0)
                chain->head_seq = numbered.seq;
        return r;
}

int store_audit_add(struct store *writer, const struct audit_record *record) {
        struct audit_record begin = { .at = record->at,
                                      .until = record->at,
                                      .count = 1,
                                      .uid = AUDIT_NOBODY,
                                      .owner_uid = AUDIT_NOBODY,
                                      .event = "begun",
                                      .verdict = "done",
                                      .door = "daemon" };
        struct chain chain;
        int r;

        r = load_chain(writer, &chain);
        if (r >= 0 && chain.head_seq == 0 && !chain.broken)
                r = append(writer, &chain, &begin);
        if (r >= 0)
                r = append(writer, &chain, record);
        if (r >= 0)
                r = save_chain(writer, &chain);
        if (r >= 0)
                writer->audit_seq = chain.head_seq;
        return r;
}

int store_audit_head(struct store *writer, int64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CHAIN_GET);
        int r = store_stmt_step(stmt);

        if (r < 0)
                return r;
        *ret = r > 0 ? sqlite3_column_int64(stmt, 5) : 0;
        return 0;
}

static bool is_text(const char *want, const char *got) {
        return !want || strcmp(want, got) == 0;
}

static bool matches(const struct audit_filter *f, const struct audit_record *record) {
        return record->until >= f->since && (f->until == 0 || record->at <= f->until) &&
               (!f->own || record->owner_uid == f->owner_uid) && is_text(f->key, record->key) &&
               is_text(f->user, record->user) && is_text(f->service, record->service) &&
               is_text(f->verdict, record->verdict);
}

/* The statement that finds what the filter lets pass, begun behind ${after}. */
static int start(struct store *s, const struct audit_filter *f, sqlite3_stmt **ret) {
        const char *of = f->key ? f->key : f->user;
        sqlite3_stmt *stmt = store_stmt(s, f->key    ? STMT_AUDIT_EACH_OF_KEY
                                           : f->user ? STMT_AUDIT_EACH_OF_USER
                                                     : STMT_AUDIT_EACH);

        if (sqlite3_bind_int64(stmt, 1, f->after) != SQLITE_OK ||
            (of && sqlite3_bind_text(stmt, 2, of, -1, SQLITE_STATIC) != SQLITE_OK)) {
                store_stmt_done(&stmt);
                return -ENOMEM;
        }
        *ret = stmt;
        return 0;
}

static void done(sqlite3_stmt **stmt) {
        if (*stmt)
                store_stmt_done(stmt);
}

int store_audit_each(struct store *writer, const struct audit_filter *filter, size_t most,
                     int (*visit)(const struct audit_record *record, void *userdata), void *userdata,
                     int64_t *ret_next) {
        __attribute__((cleanup(done))) sqlite3_stmt *stmt = NULL;
        int64_t last = filter->after;
        int r;

        r = start(writer, filter, &stmt);
        if (r < 0)
                return r;
        for (size_t n = 0; (r = store_stmt_step(stmt)) > 0; n++) {
                struct audit_record record = {};

                if (n == most)
                        break;
                /* What cannot be read is for store_audit_verify() to complain of; it must not hide the rest. */
                last = sqlite3_column_int64(stmt, COL_SEQ);
                if (read_record(stmt, &record) < 0 || !matches(filter, &record))
                        continue;
                r = visit(&record, userdata);
                if (r != 0)
                        break;
        }
        if (r < 0)
                return r;
        *ret_next = r > 0 ? last : 0;
        return 0;
}

/* --- Purge and verification ---------------------------------------------------------------------------------------- */

static int delete_up_to(struct store *s, int64_t seq) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_DELETE);

        if (sqlite3_bind_int64(stmt, 1, seq) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

/* Moves the base behind the last record that may go. Returns how many that are. */
static int find_old(struct store *s, int64_t before, int most, struct chain *chain) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_EACH);
        int r, n = 0;

        if (sqlite3_bind_int64(stmt, 1, 0) != SQLITE_OK)
                return -ENOMEM;
        while (n < most && (r = store_stmt_step(stmt)) != 0) {
                if (r < 0)
                        return r;
                if (sqlite3_column_int64(stmt, COL_UNTIL) >= before)
                        break;
                if (!read_hash(stmt, COL_HASH, chain->base))
                        chain->broken = true;
                chain->base_seq = sqlite3_column_int64(stmt, COL_SEQ);
                n++;
        }
        return n;
}

int store_audit_purge(struct store *writer, int64_t before, int most) {
        struct chain chain;
        int r, n = 0;

        r = load_chain(writer, &chain);
        if (r >= 0)
                r = n = find_old(writer, before, most, &chain);
        if (r <= 0)
                return r;
        r = delete_up_to(writer, chain.base_seq);
        if (r >= 0)
                r = save_chain(writer, &chain);
        return r < 0 ? r : n;
}

/* The seal that the record behind ${*after} builds on. */
static int find_start(struct store *s, const struct chain *chain, int64_t *after,
                      uint8_t ret[static HASH_LEN]) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_HASH);
        int r;

        if (*after <= chain->base_seq) {
                *after = chain->base_seq;
                memcpy(ret, chain->base, HASH_LEN);
                return 0;
        }
        if (sqlite3_bind_int64(stmt, 1, *after) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        if (r < 0)
                return r;
        return r > 0 && read_hash(stmt, 0, ret) ? 0 : -ENOENT;
}

static bool is_as_written(const struct store *s, sqlite3_stmt *stmt, uint8_t hash[static HASH_LEN]) {
        struct audit_record record = {};
        uint8_t stored[HASH_LEN];

        if (read_record(stmt, &record) < 0 || !read_hash(stmt, COL_HASH, stored))
                return false;
        seal_record(s, hash, &record, hash);
        return memcmp(hash, stored, HASH_LEN) == 0;
}

static int found(struct audit_check *check, enum audit_fault fault, int64_t bad) {
        check->fault = fault;
        check->bad = bad;
        return 0;
}

/* ${hash} is the seal of the record ${seq}. */
static int walk(struct store *s, const struct chain *chain, int64_t seq, uint8_t hash[static HASH_LEN],
                size_t most, struct audit_check *check) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_EACH);
        int r;

        /* In whole: a record before the base is one too many. */
        if (sqlite3_bind_int64(stmt, 1, seq == chain->base_seq ? INT64_MIN : seq) != SQLITE_OK)
                return -ENOMEM;
        while ((r = store_stmt_step(stmt)) > 0) {
                if (check->n == most) {
                        check->next = seq;
                        return 0;
                }
                check->n++;
                if (sqlite3_column_int64(stmt, COL_SEQ) != seq + 1)
                        return found(check, AUDIT_MISSING, seq + 1);
                seq++;
                if (!is_as_written(s, stmt, hash))
                        return found(check, AUDIT_ALTERED, seq);
        }
        if (r < 0)
                return r;
        if (seq < chain->head_seq)
                return found(check, AUDIT_MISSING, seq + 1);
        if (chain->broken || memcmp(hash, chain->head, HASH_LEN) != 0)
                return found(check, AUDIT_UNSEALED, seq);
        return 0;
}

int store_audit_verify(struct store *writer, int64_t after, size_t most, struct audit_check *ret) {
        struct audit_check check = {};
        uint8_t hash[HASH_LEN];
        struct chain chain;
        int r;

        r = load_chain(writer, &chain);
        if (r < 0)
                return r;
        r = find_start(writer, &chain, &after, hash);
        if (r == -ENOENT)
                r = found(&check, AUDIT_MISSING, after);
        else if (r >= 0)
                r = walk(writer, &chain, after, hash, most, &check);
        if (r >= 0)
                *ret = check;
        return r;
}
