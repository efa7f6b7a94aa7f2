/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of accounts. Asks no directory, and does not decide what the end of an account does to
 * keys. */
#include <errno.h>

#include "store/store_account.h"
#include "store/store_note.h"
#include "store/store_once.h"
#include "store/store_stmt.h"

enum column {
        COL_NAME,
        COL_STATE,
        COL_UID,
        COL_LOCAL,
        COL_ADMIN,
        COL_LOCKED,
        COL_PASSWORD_ENDS,
        COL_CLOSES,
        COL_SINCE, /* gone_since: of the state */
        COL_CHECKED,
        COL_HELD,
        COL_PASSWORD_SINCE,
        COL_PASSWORD_HELD,
};

static int read_account(sqlite3_stmt *stmt, struct account_record *account) {
        int64_t state = sqlite3_column_int64(stmt, COL_STATE),
                uid = sqlite3_column_int64(stmt, COL_UID),
                since = sqlite3_column_int64(stmt, COL_SINCE);
        char realm[REALM_NAME_MAX + 1];
        int r;

        r = store_stmt_text(stmt, COL_NAME, account->name, sizeof(account->name));
        if (r < 0)
                return r;
        if ((state != ACCOUNT_PRESENT && state != ACCOUNT_GONE) || uid < 0 ||
            uid > RECORD_UNBOUND || (uid == RECORD_UNBOUND && !realm_split(account->name, realm)))
                return -EUCLEAN;
        account->state = (enum account_state) state;
        account->uid = (uid_t) uid;
        account->local = sqlite3_column_int64(stmt, COL_LOCAL) != 0;
        account->admin = sqlite3_column_int64(stmt, COL_ADMIN) != 0;
        account->locked = sqlite3_column_int64(stmt, COL_LOCKED) != 0;
        account->password_ends_at = sqlite3_column_int64(stmt, COL_PASSWORD_ENDS);
        account->closes_at = sqlite3_column_int64(stmt, COL_CLOSES);
        if (account->state == ACCOUNT_GONE)
                account->gone_since = since;
        else
                account->number_since = since;
        account->checked_at = sqlite3_column_int64(stmt, COL_CHECKED);
        account->held = sqlite3_column_int64(stmt, COL_HELD) != 0;
        account->password_since = sqlite3_column_int64(stmt, COL_PASSWORD_SINCE);
        account->password_held = sqlite3_column_int64(stmt, COL_PASSWORD_HELD) != 0;
        return 0;
}

static int get(sqlite3_stmt *stmt, struct account_record *ret) {
        struct account_record account = {};
        int r;

        r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = read_account(stmt, &account);
        if (r >= 0)
                *ret = account;
        return r;
}

int store_account_get(struct store *s, const char *name, struct account_record *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_ACCOUNT_GET);

        if (sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return get(stmt, ret);
}

int store_account_of_uid(struct store *writer, uid_t uid, struct account_record *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_OF_UID);

        if (sqlite3_bind_int64(stmt, 1, uid) != SQLITE_OK)
                return -ENOMEM;
        return get(stmt, ret);
}

int store_account_bind(struct store *writer, const struct account_record *account, int64_t max,
                       uint64_t *ret_n) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_BIND_OWNER);
        int r;

        *ret_n = 0;
        /* A user of a realm has no number, and no key of a fleet. */
        if (account->uid == RECORD_UNBOUND || account->number_since != 0)
                return 0;
        if (sqlite3_bind_text(stmt, 1, account->name, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, account->uid) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, max) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        if (r >= 0)
                *ret_n = (uint64_t) sqlite3_changes(writer->db);
        return r;
}

int store_account_put(struct store *writer, const struct account_record *account) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_PUT);
        int64_t since =
                account->state == ACCOUNT_GONE ? account->gone_since : account->number_since;
        uint64_t n = 0;
        int r = 0;

        if (account->state == ACCOUNT_PRESENT)
                r = store_account_bind(writer, account, STORE_ACCOUNT_BIND_MAX, &n);
        if (r < 0)
                return r;
        if (n == STORE_ACCOUNT_BIND_MAX)
                since = RECORD_UNCERTAIN;
        if (sqlite3_bind_text(stmt, 1, account->name, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 2, (int) account->state) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, account->uid) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 4, account->local) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 5, account->admin) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 6, account->locked) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 7, account->password_ends_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 8, account->closes_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 9, since) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 10, account->checked_at) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 11, account->held) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 12, account->password_since) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 13, account->password_held) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        return r < 0 ? r : store_delta_note_account(writer, account);
}

static int each(sqlite3_stmt *stmt,
                int (*visit)(const struct account_record *account, void *userdata),
                void *userdata) {
        int r;

        while ((r = store_stmt_step(stmt)) > 0) {
                struct account_record account = {};

                r = read_account(stmt, &account);
                if (r >= 0)
                        r = visit(&account, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

/* Those whose names follow ${after}, at most ${max}. */
static int each_after(sqlite3_stmt *stmt, const char *after, int64_t max,
                      int (*visit)(const struct account_record *account, void *userdata),
                      void *userdata) {
        if (sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, max) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, visit, userdata);
}

int store_account_each(struct store *s, const char *after, int64_t max,
                       int (*visit)(const struct account_record *account, void *userdata),
                       void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_ACCOUNT_EACH);

        return each_after(stmt, after, max, visit, userdata);
}

int store_account_each_name(struct store *writer, bool linked, const char *after, int64_t max,
                            int (*visit)(const char *name, bool known, void *userdata),
                            void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt =
                store_stmt(writer, linked ? STMT_ACCOUNT_LINKED : STMT_ACCOUNT_OWNERS);
        char name[WIRE_USER_MAX + 1];
        int r;

        if (sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, max) != SQLITE_OK)
                return -ENOMEM;
        while ((r = store_stmt_step(stmt)) > 0) {
                r = store_stmt_text(stmt, 0, name, sizeof(name));
                if (r >= 0)
                        r = visit(name, sqlite3_column_int(stmt, 1) != 0, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_account_each_gone(struct store *writer, const char *after, int64_t max,
                            int (*visit)(const struct account_record *account, void *userdata),
                            void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_GONE);

        return each_after(stmt, after, max, visit, userdata);
}

int store_account_lives(struct store *writer, const char *name) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_LIVES);
        int r;

        if (sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        return r > 0 ? sqlite3_column_int(stmt, 0) != 0 : r < 0 ? r : -EIO;
}

int store_account_has_held(struct store *writer, bool password) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(
                writer, password ? STMT_ACCOUNT_HAS_HELD_PASSWORD : STMT_ACCOUNT_HAS_HELD);
        int r = store_stmt_step(stmt);

        return r > 0 ? sqlite3_column_int(stmt, 0) != 0 : r < 0 ? r : -EIO;
}

int store_account_each_held_password(struct store *writer, const char *after, int64_t max,
                                     int (*visit)(const struct account_record *account,
                                                  void *userdata),
                                     void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_HELD_PASSWORDS);

        return each_after(stmt, after, max, visit, userdata);
}

int store_account_count_held_passwords(struct store *writer, uint64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_COUNT_HELD_PASSWORDS);
        int r = store_stmt_step(stmt);

        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (uint64_t) sqlite3_column_int64(stmt, 0);
        return 0;
}

int store_account_count_gone(struct store *writer, uint64_t *ret_gone, uint64_t *ret_held) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_VANISHED);
        int r = store_stmt_step(stmt);

        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret_gone = (uint64_t) sqlite3_column_int64(stmt, 0);
        *ret_held = (uint64_t) sqlite3_column_int64(stmt, 1);
        return 0;
}

int store_account_forget(struct store *writer, const char *after, const char *last) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_FORGET);

        if (sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 2, last, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

int store_account_files_are(struct store *writer, const void *identity, size_t len) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_FILES_ARE);
        int r;

        if (sqlite3_bind_blob(stmt, 1, identity, (int) len, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        return r > 0 ? sqlite3_column_int(stmt, 0) != 0 : r < 0 ? r : -EIO;
}

int store_account_files_set(struct store *writer, const void *identity, size_t len) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_ACCOUNT_FILES_SET);

        if (sqlite3_bind_blob(stmt, 1, identity, (int) len, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

int store_account_files_get(struct store *writer, void *identity, size_t len) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt, "SELECT identity FROM account_files");
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0 || (size_t) sqlite3_column_bytes(stmt, 0) != len)
                return r < 0 ? r : 0;
        memcpy(identity, sqlite3_column_blob(stmt, 0), len);
        return 1;
}

int store_account_has_admins(struct store *writer) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt,
                       "SELECT 1 FROM account WHERE admin <> 0 AND uid <> 0 LIMIT 1");
        return r < 0 ? r : store_stmt_step(stmt);
}
