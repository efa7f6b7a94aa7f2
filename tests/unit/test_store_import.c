/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole stores: a dump can be loaded again, in pieces of any size. A dump that no live store could
 * have made is refused. Encryption and signatures are not known here. */
#include "unit_trust.h"

#include "base/bytes.h"
#include "store/store_audit.h"
#include "store/store_cert.h"
#include "store/store_key.h"
#include "store/store_mirror.h"
#include "store/store_stmt.h"

#define KEYS 20

struct fixture {
        struct unit_store *from, *to;
        uint8_t *bytes; /* what was dumped */
        size_t len;
        uint64_t rows;
};

static struct cert_record ca(void) {
        struct cert_record cert = unit_cert(2);

        cert.kind = CERT_CA;
        return cert;
}

static void fill_certs(struct unit_store *s) {
        struct cert_record client = unit_cert(1), issuer = ca();
        struct cert_serial serials[] = { client.serial, issuer.serial };

        unit_cert_put(s->writer, &client, "a certificate", 13);
        unit_cert_put(s->writer, &issuer, "a CA", 4);
        unit_crl_put(s->writer, issuer.thumbprint, UNIT_CERT_ENDS, serials, 2);
}

static void fill(struct unit_store *s) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < KEYS; i++) {
                struct key_record key;
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%c%09u", 'a' + (char) i, i);
                key = unit_key(id, i % 2 ? "alice" : "bob");
                key.status = i == 3 ? KEY_REVOKED : KEY_ACTIVE;
                key.dead_at = i == 3 ? 1800000001 : 0;
                key.certificate_need = (enum certificate_need)(i % 3);
                key.bound = i % 5 == 0;
                memset(key.certificate, 1, key.bound ? sizeof(key.certificate) : 0);
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_key_used(s->writer,
                                        &(struct key_use){ .id = "a000000000", .at = 1800000005 },
                                        7),
                         0);
        assert_int_equal(store_policy_set(s->writer, "enabled", 1, 1800000000), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void dump(struct fixture *f, size_t piece) {
        struct store_export *d;
        size_t len;
        int r = 1;

        f->len = 0;
        assert_int_equal(store_export_open(&d, f->from->writer), 0);
        assert_int_equal(store_export_keys(d), KEYS);
        while (r > 0) {
                f->bytes = realloc(f->bytes, f->len + piece);
                assert_non_null(f->bytes);
                r = store_export_next(d, f->bytes + f->len, piece, &len);
                unit_succeeds("next", r);
                f->len += len;
        }
        assert_int_equal(store_export_done(d), KEYS);
        f->rows = store_export_rows(d);
        store_export_free(d);
}

/* The content of a host that will be overwritten. */
static void fill_other_certs(struct unit_store *s) {
        struct cert_record cert = unit_cert(7), issuer = unit_cert(8);

        issuer.kind = CERT_CA;
        unit_cert_put(s->writer, &cert, "another", 7);
        unit_cert_put(s->writer, &issuer, "another CA", 10);
        unit_crl_put(s->writer, issuer.thumbprint, 5, &cert.serial, 1);
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || unit_store_make((void **) &f->from) < 0 || unit_store_make((void **) &f->to) < 0)
                return -1;
        fill(f->from);
        fill_certs(f->from);
        unit_key_insert(f->to->writer, "zzzzzzzzzz", "carol");
        fill_other_certs(f->to);
        dump(f, 32768);
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r = unit_store_remove((void **) &f->from) | unit_store_remove((void **) &f->to);

        free(f->bytes);
        free(f);
        return r;
}

/* Loads the records of the dump. Returns the first error. */
static int load(const struct fixture *f, struct store_import *l) {
        struct key_record key;
        int r = 0;

        for (size_t at = 0, len; r >= 0 && at < f->len; at += STORE_RECORD_HEAD + len) {
                len = bytes_get(f->bytes + at + 1, 4);
                r = store_import_record(l, f->bytes[at], f->bytes + at + STORE_RECORD_HEAD, len,
                                        &key);
        }
        return r;
}

/* Replaces the store, all of it. */
static int apply(const struct fixture *f, struct store_import *l, const struct store_mirror *mirror,
                 const struct store_keep *keep) {
        const struct audit_record audit = { .event = "imported",
                                            .verdict = "done",
                                            .door = "control" };
        int r;

        do
                r = store_import_apply(l, f->to->writer, UNIT_PEPPER_ID, mirror, keep, &audit);
        while (r > 0);
        return r;
}

static int load_keeping(const struct fixture *f, const struct store_keep *keep) {
        struct store_mirror mirror = { .has_source = true, .source = "source", .imported = 5 };
        struct store_import *l;
        int r;

        assert_int_equal(store_import_open(&l, f->to->writer), 0);
        r = load(f, l);
        if (r >= 0) {
                assert_int_equal(store_import_keys(l), KEYS);
                assert_int_equal(store_import_rows(l), f->rows);
                r = store_import_finish(l);
        }
        if (r >= 0)
                r = apply(f, l, &mirror, keep);
        store_import_free(l);
        return r;
}

static int load_all(const struct fixture *f) {
        return load_keeping(f, &(struct store_keep){});
}

/* The old certificates are gone. Otherwise this host would trust them as if they had come with the
 * dump. */
static void check_same_certs(const struct fixture *f) {
        struct cert_record want[] = { unit_cert(1), ca() }, got;
        struct unit_store *to = f->to;
        struct crl_record crl;
        int64_t until;

        assert_int_equal(unit_sql_number(to->path, "SELECT count(*) FROM cert"), 2);
        assert_int_equal(unit_sql_number(to->path, "SELECT count(*) FROM crl"), 1);
        assert_int_equal(unit_sql_number(to->path, "SELECT count(*) FROM crl_serial"), 2);
        for (size_t i = 0; i < ARRAY_LEN(want); i++) {
                uint8_t der[WIRE_CERTIFICATE_MAX];

                unit_int(want[i].name,
                         (int) store_cert_get(to->reader, want[i].thumbprint, &got, der),
                         i == 0 ? 13 : 4);
                unit_cert_equal(want[i].name, &got, &want[i]);
                unit_mem(want[i].name, der, i == 0 ? "a certificate" : "a CA", i == 0 ? 13 : 4);
                unit_int(want[i].name, store_cert_revoked(to->reader, &want[i].serial, &until), 1);
                unit_int(want[i].name, until, UNIT_CERT_ENDS);
        }
        assert_int_equal(store_crl_get(to->writer, want[1].thumbprint, &crl), 0);
        assert_int_equal(crl.revoked, 2);
}

static void check_same(const struct fixture *f) {
        struct key_record want, got;
        bool changed;

        assert_int_equal(store_refresh(f->to->reader, &changed), 0);
        assert_int_equal(changed, true);
        assert_int_equal(unit_sql_number(f->to->path, "SELECT count(*) FROM key"), KEYS);
        for (unsigned i = 0; i < KEYS; i++) {
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%c%09u", 'a' + (char) i, i);
                assert_int_equal(store_key_get_used(f->from->writer, id, &want), 0);
                assert_int_equal(store_key_get_used(f->to->writer, id, &got), 0);
                unit_key_equal(id, &got, &want);
                unit_int(id, got.certificate_need, want.certificate_need);
                unit_int(id, got.bound, want.bound);
                unit_mem(id, got.certificate, want.certificate, sizeof(got.certificate));
        }
        check_same_certs(f);
        assert_int_equal(store_key_get(f->to->reader, "zzzzzzzzzz", &got), -ENOENT);
        assert_int_equal(
                unit_sql_number(f->to->path, "SELECT value FROM policy WHERE name = 'enabled'"), 1);
        assert_int_equal(
                unit_sql_number(f->to->path, "SELECT uses FROM key_use WHERE id = 'a000000000'"),
                7);
}

static void test_what_is_dumped_is_loaded(void **state) {
        static const size_t pieces[] = { 600, 777, 4096, 32768 };
        struct fixture *f = *state;
        struct store_mirror mirror;

        for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
                dump(f, pieces[i]);
                unit_int("load", load_all(f), 0);
                check_same(f);
        }
        assert_int_equal(store_mirror_get(f->to->writer, &mirror), 0);
        assert_int_equal(mirror.has_source, true);
        assert_int_equal(mirror.imported, 5);
        assert_int_equal(access(f->to->path, F_OK), 0);
        /* References are checked again. */
        assert_int_equal(store_key_delete(f->to->writer, "a000000000"), 0);
        assert_int_equal(unit_sql_number(f->to->path, "SELECT count(*) FROM key_use"), 0);
}

static void key_is(const struct fixture *f, const char *id, enum key_status status,
                   const char *reason, uint8_t digest, const char *name) {
        struct key_record key;

        unit_int(id, store_key_get_used(f->to->writer, id, &key), 0);
        unit_int(id, key.status, status);
        unit_str(id, key.reason, reason);
        unit_int(id, key.digest[0], digest);
        unit_str(id, key.name, name);
}

static void change(const struct fixture *f, const char *sql, const char *id) {
        struct audit_record removed = { .at = 1800000000, .event = "removed", .verdict = "done" };

        assert_int_equal(store_begin(f->to->writer), 0);
        if (sql)
                assert_int_equal(store_stmt_exec(f->to->writer->db, sql), 0);
        else {
                assert_int_equal(store_key_delete(f->to->writer, id), 0);
                memcpy(removed.key, id, sizeof(removed.key));
                assert_int_equal(store_audit_add(f->to->writer, &removed), 0);
        }
        assert_int_equal(store_commit(f->to->writer), 0);
}

/* The store has what the dump has, and then things happen. */
static void test_what_happened_here_since_stays_on_request(void **state) {
        const struct store_policy policy = { "enabled", 0, 1900000000 };
        const struct store_keep keep = { .keys = true, .n_policies = 1, .policies = &policy };
        struct fixture *f = *state;
        struct key_record key;

        assert_int_equal(load_all(f), 0);
        change(f,
               "UPDATE key SET status = 1, reason = 'leaked', dead_at = 9 WHERE id = 'a000000000'",
               NULL);
        change(f, "UPDATE key SET digest = zeroblob(32) WHERE id = 'b000000001'", NULL);
        change(f, NULL, "c000000002");
        /* not by anybody: the key was lost */
        change(f, "DELETE FROM key WHERE id = 'e000000004'", NULL);
        assert_int_equal(load_keeping(f, &keep), 0);
        key_is(f, "a000000000", KEY_REVOKED, "leaked", 'a', "backup job");
        key_is(f, "b000000001", KEY_ACTIVE, "", 0, "backup job");
        assert_int_equal(store_key_get(f->to->writer, "c000000002", &key), -ENOENT);
        key_is(f, "e000000004", KEY_ACTIVE, "", 'e', "backup job");
        assert_int_equal(unit_sql_number(f->to->path, "SELECT value FROM policy WHERE name = "
                                                      "'enabled' AND changed_at = 1900000000"),
                         0);
        assert_int_equal(unit_sql_number(f->to->path, "SELECT count(*) FROM key"), KEYS - 1);
        assert_int_equal(load_all(f), 0);
        key_is(f, "a000000000", KEY_ACTIVE, "", 'a', "backup job");
        check_same(f);
}

/* A certificate that the newer list revokes would be good again. */
static void test_an_older_list_replaces_no_newer_one(void **state) {
        static const struct {
                const char *row, *sql;
                int64_t this_update, serials;
        } rows[] = {
                { "as old", "SELECT 1", 1, 2 },
                { "newer here",
                  "UPDATE crl SET this_update = 2, next_update = 77, revoked = 3;"
                  "INSERT INTO crl_serial SELECT ca, x'4711' FROM crl",
                  2, 3 },
                { "older here", "UPDATE crl SET this_update = 0; DELETE FROM crl_serial", 1, 2 },
                { "none here", "DELETE FROM crl", 1, 2 },
        };
        struct fixture *f = *state;

        unit_sql(f->from->path, "UPDATE crl SET this_update = 1");
        dump(f, 32768);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                assert_int_equal(load_all(f), 0);
                change(f, rows[i].sql, NULL);
                unit_int(rows[i].row, load_all(f), 0);
                unit_int(rows[i].row,
                         unit_sql_number(f->to->path, "SELECT max(this_update) FROM crl"),
                         rows[i].this_update);
                unit_int(rows[i].row,
                         unit_sql_number(f->to->path, "SELECT count(*) FROM crl_serial"),
                         rows[i].serials);
                change(f, "DELETE FROM crl", NULL);
        }
        assert_int_equal(load_all(f), 0);
        unit_sql(f->from->path, "DELETE FROM crl_serial; DELETE FROM crl");
        dump(f, 32768);
        assert_int_equal(load_all(f), 0);
        assert_int_equal(unit_sql_number(f->to->path, "SELECT count(*) FROM crl_serial"), 2);
}

/* A dump shows one moment. */
static void test_a_dump_does_not_see_what_comes_after(void **state) {
        struct fixture *f = *state;
        uint8_t bytes[600];
        struct store_export *d;
        uint64_t n;
        size_t len;

        assert_int_equal(store_export_open(&d, f->from->writer), 0);
        assert_int_equal(store_export_next(d, bytes, sizeof(bytes), &len), 1);
        unit_key_insert(f->from->writer, "zzzzzzzzzz", "alice");
        while (store_export_next(d, bytes, sizeof(bytes), &len) > 0)
                ;
        n = store_export_done(d);
        store_export_free(d);
        assert_int_equal(n, KEYS);
}

static void test_a_row_that_fits_nowhere_is_an_error(void **state) {
        struct fixture *f = *state;
        uint8_t bytes[300];
        struct store_export *d;
        size_t len;
        int r;

        assert_int_equal(store_export_open(&d, f->from->writer), 0);
        do
                r = store_export_next(d, bytes, 100, &len);
        while (r > 0 && len > 0);
        assert_int_not_equal(r, 0);
        store_export_free(d);
}

/* A wrong byte is refused, or makes another valid store. It never makes half a store, and nothing
 * is left behind. */
static void test_every_wrong_byte_is_survived(void **state) {
        struct fixture *f = *state;
        char path[UNIT_PATH_LEN];
        struct store_import *l;

        /* Every 13th byte: rows are alike, so each place in a row is met in some of them. */
        for (size_t at = 0; at < f->len; at += 13) {
                uint8_t was = f->bytes[at];
                int r;

                f->bytes[at] ^= 0x81;
                /* The frame checks the length, and is not tested here. */
                if (bytes_get(f->bytes + 1, 4) < f->len && f->len - at > 600) {
                        assert_int_equal(store_import_open(&l, f->to->writer), 0);
                        r = 0;
                        for (size_t i = 0, len; r >= 0 && i + STORE_RECORD_HEAD <= f->len;
                             i += STORE_RECORD_HEAD + len) {
                                struct key_record key;

                                len = bytes_get(f->bytes + i + 1, 4);
                                if (len > f->len - i - STORE_RECORD_HEAD)
                                        break;
                                r = store_import_record(l, f->bytes[i],
                                                        f->bytes + i + STORE_RECORD_HEAD, len,
                                                        &key);
                        }
                        if (r < 0)
                                assert_int_equal(r == -EBADMSG || r == -EPROTONOSUPPORT, true);
                        store_import_free(l);
                }
                f->bytes[at] = was;
        }
        assert_int_equal(access(unit_join(path, f->to->dir, STORE_STAGING_NAME), F_OK), -1);
        assert_int_equal(unit_sql_number(f->to->path, "SELECT count(*) FROM key"), 1);
        assert_int_equal(load_all(f), 0);
}

static void test_what_no_store_could_have_is_refused(void **state) {
        static const struct {
                const char *name, *sql;
                int r;
        } rows[] = {
                { "status", "UPDATE key SET status = 2 WHERE id = 'b000000001'", -EBADMSG },
                { "id", "UPDATE key SET id = 'b00000000/' WHERE id = 'b000000001'", -EBADMSG },
                { "digest", "UPDATE key SET digest = x'00' WHERE id = 'b000000001'", -EBADMSG },
                { "name", "UPDATE key SET name = hex(zeroblob(100)) WHERE id = 'b000000001'",
                  -EBADMSG },
                { "uid", "UPDATE key SET owner_uid = -1 WHERE id = 'b000000001'", -EBADMSG },
                { "pepper",
                  "PRAGMA foreign_keys = OFF; UPDATE key SET pepper = 7 WHERE id = 'b000000001'",
                  -EBADMSG },
                { "use of no key",
                  "PRAGMA foreign_keys = OFF; INSERT INTO key_use VALUES ('nobody0000', 1, '', '', "
                  "1)",
                  -EBADMSG },
                { "certificate's kind", "UPDATE cert SET kind = 2", -EBADMSG },
                { "certificate's hash", "UPDATE cert SET spki = x'00'", -EBADMSG },
                { "certificate's bytes", "UPDATE cert SET der = x''", -EBADMSG },
                { "certificate that is too long", "UPDATE cert SET der = zeroblob(8193)",
                  -EBADMSG },
                { "certificate's name", "UPDATE cert SET name = hex(zeroblob(33)) WHERE kind = 0",
                  -EBADMSG },
                { "certificate's subject",
                  "UPDATE cert SET subject = hex(zeroblob(128)) WHERE kind = 0", -EBADMSG },
                { "serial number", "UPDATE cert SET serial = zeroblob(21)", -EBADMSG },
                { "list of no CA",
                  "PRAGMA foreign_keys = OFF; INSERT INTO crl VALUES (zeroblob(32), zeroblob(32), "
                  "1, 2, 0, zeroblob(32))",
                  -EBADMSG },
                { "list's issuer", "UPDATE crl SET issuer_id = x'00'", -EBADMSG },
                { "revoked serial number",
                  "UPDATE crl_serial SET serial = x'' WHERE serial = (SELECT min(serial) FROM "
                  "crl_serial)",
                  -EBADMSG },
                { "revoked by no list",
                  "PRAGMA foreign_keys = OFF; INSERT INTO crl_serial VALUES (zeroblob(32), "
                  "x'01')",
                  -EBADMSG },
                { "need of a certificate", "UPDATE key SET need = 3 WHERE id = 'b000000001'",
                  -EBADMSG },
                { "binding", "UPDATE key SET certificate = x'01' WHERE id = 'b000000001'",
                  -EBADMSG },
                { "newer column", "ALTER TABLE key ADD COLUMN newer INTEGER", -EPROTONOSUPPORT },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct fixture *f;

                drop(state);
                assert_int_equal(make(state), 0);
                f = *state;
                unit_sql(f->from->path, rows[i].sql);
                dump(f, 32768);
                unit_int(rows[i].name, load_all(f), rows[i].r);
                unit_int(rows[i].name, unit_sql_number(f->to->path, "SELECT count(*) FROM key"), 1);
                unit_int(rows[i].name, unit_sql_number(f->to->path, "SELECT count(*) FROM cert"),
                         2);
                unit_int(rows[i].name,
                         unit_sql_number(f->to->path, "SELECT max(next_update) FROM crl"), 5);
        }
}

/* Schema 7 had hashes of names that nobody can compare any more. It is not a newer version. */
static void test_an_old_column_is_told_from_a_newer_one(void **state) {
        static const struct {
                const char *bytes;
                int r;
        } rows[] = {
                { "\3crl\2\2ca\6issuer", -ENOTSUP },
                { "\3crl\2\2ca\5other", -EPROTONOSUPPORT },
        };
        struct fixture *f = *state;
        struct store_import *l;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                assert_int_equal(store_import_open(&l, f->to->writer), 0);
                unit_int(rows[i].bytes,
                         store_import_record(l, STORE_RECORD_TABLE, (const uint8_t *) rows[i].bytes,
                                             strlen(rows[i].bytes), &(struct key_record){}),
                         rows[i].r);
                store_import_free(l);
        }
}

#define test_whole(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_whole(test_what_is_dumped_is_loaded),
                test_whole(test_what_happened_here_since_stays_on_request),
                test_whole(test_an_older_list_replaces_no_newer_one),
                test_whole(test_a_dump_does_not_see_what_comes_after),
                test_whole(test_a_row_that_fits_nowhere_is_an_error),
                test_whole(test_every_wrong_byte_is_survived),
                test_whole(test_what_no_store_could_have_is_refused),
                test_whole(test_an_old_column_is_told_from_a_newer_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
