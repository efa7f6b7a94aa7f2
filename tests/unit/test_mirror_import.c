/* SPDX-License-Identifier: BSD-2-Clause */
/* What the restore of a backup brings back, when the host remembers what has happened since then,
 * and when it does not any more. The time is of our own making. */
#include <stdatomic.h>

#include "unit_store.h"
#include "unit_trust.h"

#include "bootstrap.h"
#include "cert/cert.h"
#include "keys/audit.h"
#include "keys/facts.h"
#include "keys/sweep.h"
#include "mirror/mirror.h"
#include "mirror/mirror_certs.h"
#include "rules/expiry.h"
#include "store/store_mirror.h"
#include "store/store_sweep.h"
#include "text.h"

#define NOW  INT64_C(1800000000)
#define DAY  INT64_C(86400)
#define YEAR (366 * DAY)
#define ID   "aaaaaaaaaa"

struct host {
        char *dir;
        char path[UNIT_PATH_LEN];
        struct store_shared shared;
        struct bootstrap state;
        struct mirror *mirror;
        uint8_t *bytes; /* of a backup */
        size_t len;
};

static void open_host(struct host *h) {
        char error[ERROR_LEN];

        atomic_init(&h->shared.generation, 1);
        assert_int_equal(bootstrap_open(h->dir, &h->shared, &h->state, error), 0);
        assert_int_equal(mirror_new(&h->mirror, h->state.lock, h->state.keymint), 0);
}

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));
        char text[SEAL_TEXT_LEN + 1];
        void *dir = NULL;

        if (!h || unit_dir_make(&dir) < 0)
                return -1;
        h->dir = dir;
        (void) unit_join(h->path, h->dir, "keys.db");
        open_host(h);
        *state = h;
        return mirror_keygen(h->mirror, false, text);
}

static int drop(void **state) {
        struct host *h = *state;
        void *dir = h->dir;

        (void) mirror_free(h->mirror);
        store_freep(&h->state.reader);
        store_freep(&h->state.writer);
        (void) highwater_free(h->state.seen);
        (void) keymint_free(h->state.keymint);
        (void) close(h->state.lock);
        free(h->bytes);
        free(h);
        return unit_dir_remove(&dir);
}

#define test_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

static void insert(struct host *h) {
        struct key_record key = unit_key(ID, "alice");

        key.pepper_id = keymint_pepper_id(h->state.keymint);
        key.created_at = key.updated_at = NOW - DAY;
        key.expires_at = NOW + 10 * YEAR;
        assert_int_equal(store_begin(h->state.writer), 0);
        assert_int_equal(store_key_insert(h->state.writer, &key), 0);
        assert_int_equal(store_commit(h->state.writer), 0);
}

/* Of ${h}, for ${to}. */
static void back_up(struct host *h, const struct host *to) {
        char text[SEAL_TEXT_LEN + 1];
        uint64_t token, keys;
        size_t len;
        int r;

        h->len = 0;
        assert_int_equal(mirror_show_key(to->mirror, text), 0);
        assert_int_equal(
                mirror_export(h->mirror, h->state.writer, 1, text, SEAL_BACKUP, NOW, &token, &keys),
                0);
        do {
                h->bytes = realloc(h->bytes, h->len + MIRROR_EXPORT_MAX);
                assert_non_null(h->bytes);
                r = mirror_read(h->mirror, h->state.writer, token, NOW, h->bytes + h->len, &len,
                                &keys);
                assert_in_range(r, 0, 1);
                h->len += len;
        } while (r > 0);
}

static void end_key(struct host *h, const char *event, int64_t now) {
        struct store *writer = h->state.writer;
        struct key_record key;

        assert_int_equal(store_key_get(writer, ID, &key), 0);
        key.status = KEY_REVOKED;
        key.dead_at = key.updated_at = now;
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(audit_own(writer, event, &key, "", 1, now), 0);
        assert_int_equal(store_commit(writer), 0);
}

static void lose_key(struct host *h) {
        assert_int_equal(store_begin(h->state.writer), 0);
        assert_int_equal(store_key_delete(h->state.writer, ID), 0);
        assert_int_equal(store_commit(h->state.writer), 0);
}

static void purge(struct host *h, int64_t now) {
        struct sweep sweep;

        /* the last record always stays */
        assert_int_equal(store_begin(h->state.writer), 0);
        assert_int_equal(audit_own(h->state.writer, "policy", NULL, "", 1, now), 0);
        assert_int_equal(store_commit(h->state.writer), 0);
        do {
                sweep = (struct sweep){ .may_purge = true, .clock_trusted = true };
                assert_int_equal(sweep_run(h->state.writer, now, &sweep), 0);
        } while (sweep.more);
}

/* All records of the audit log were lost. */
static void begin_log(struct host *h, const char *event, int64_t now) {
        unit_sql(h->path, "DELETE FROM audit");
        assert_int_equal(store_begin(h->state.writer), 0);
        assert_int_equal(audit_own(h->state.writer, event, NULL, "", 1, now), 0);
        assert_int_equal(store_commit(h->state.writer), 0);
}

/* Restores ${from}'s backup. Returns whether the key is good then. */
static bool restore(struct host *h, const struct host *from, bool revive, int64_t now,
                    struct mirror_import_summary *ret) {
        const struct mirror_import_options options = { .kind = SEAL_BACKUP,
                                                       .foreign = true,
                                                       .revive = revive };
        const struct audit_record audit = {
                .at = now, .until = now, .event = "imported", .verdict = "done"
        };
        struct store *writer = h->state.writer;
        struct key_record key = {};
        uint64_t token, keys;
        int r;

        assert_int_equal(mirror_import(h->mirror, writer, 1, &options, now, &token), 0);
        for (size_t at = 0, n; at < from->len; at += n) {
                n = from->len - at < 1000 ? from->len - at : 1000;
                assert_int_equal(mirror_write(h->mirror, writer, token, from->bytes + at, n), 0);
        }
        while ((r = mirror_count(h->mirror, writer, token)) > 0)
                continue;
        assert_int_equal(r, 0);
        assert_int_equal(mirror_check(h->mirror, token, ret), 0);
        while ((r = mirror_commit(h->mirror, writer, token, &audit, &keys)) > 0)
                continue;
        assert_int_equal(r, 0);
        assert_int_equal(keys, unit_sql_number(h->path, "SELECT count(*) FROM key"));
        return store_key_get(writer, ID, &key) >= 0 && key.status == KEY_ACTIVE;
}

/* --- Tests --- */

static const struct {
        const char *name;
        /* NULL: the key is lost, and nobody has ended it */
        const char *event;
        int64_t purged_at;  /* 0: never */
        bool lost;          /* without the retention */
        bool good, forgets; /* after the restore */
        int64_t restored_at;
        int64_t salvaged_at; /* 0: never */
} rows[] = {
        { "revoked", "revoked", 0, false, false, false, NOW + 2 * DAY },
        { "revoked, and only the record is left", "revoked", 0, true, false, false, NOW + 2 * DAY },
        { "expired, and only the record is left", "expired", 0, true, false, false, NOW + 2 * DAY },
        { "revoked and forgotten", "revoked", NOW + YEAR, false, false, true, NOW + YEAR },
        { "revoked and forgotten, by a clock that is back", "revoked", NOW + YEAR, false, false,
          true, NOW - DAY },
        { "lost", NULL, 0, true, true, false, NOW + 2 * DAY },
        { "lost, and nobody can know it", NULL, NOW + YEAR, true, false, true, NOW + YEAR },
        { "removed, and salvaged without the log", "removed", 0, true, false, true, NOW + 2 * DAY,
          NOW + DAY },
        { "removed, and salvaged by a clock that is behind", "removed", 0, true, false, true,
          NOW + 2 * DAY, 1000 },
};

static void check_row(struct host *h, size_t i) {
        struct mirror_import_summary summary;
        bool good;

        insert(h);
        back_up(h, h);
        if (rows[i].event)
                end_key(h, rows[i].event, NOW + DAY);
        if (rows[i].lost)
                lose_key(h);
        if (rows[i].purged_at)
                purge(h, rows[i].purged_at);
        if (rows[i].salvaged_at)
                begin_log(h, "salvaged", rows[i].salvaged_at);
        good = restore(h, h, false, rows[i].restored_at, &summary);
        unit_int(rows[i].name, good, rows[i].good);
        unit_int(rows[i].name, (int64_t) summary.revived, rows[i].good);
        unit_int(rows[i].name, (int64_t) summary.kept, !rows[i].good);
        unit_int(rows[i].name, strstr(summary.changes.text, "no longer knows") != NULL,
                 rows[i].forgets);
        /* A person can want it all the same. */
        good = restore(h, h, true, rows[i].restored_at, &summary);
        unit_int(rows[i].name, good, true);
        unit_int(rows[i].name, strstr(summary.changes.text, "no longer knows") != NULL, false);
}

static void test_what_may_have_been_revoked_does_not_come_back(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                void *host = NULL;

                assert_int_equal(make(&host), 0);
                check_row(host, i);
                assert_int_equal(drop(&host), 0);
        }
}

/* A host that began after the backup was made: its store was lost, and has forgotten nothing. */
static void test_a_new_host_takes_an_old_backup(void **state) {
        struct host *new = *state, *old;
        struct mirror_import_summary summary;
        void *other = NULL;

        assert_int_equal(make(&other), 0);
        old = other;
        insert(old);
        back_up(old, new);
        assert_true(restore(new, old, false, NOW + YEAR, &summary));
        assert_int_equal(summary.revived, 1);
        assert_int_equal(drop(&other), 0);
}

/* A key that has outlived a lifetime has no status of it, only the time at which that was noted.
 * The lifetime of the backup is longer. */
static void test_what_outlived_a_lifetime_does_not_come_back(void **state) {
        struct host *h = *state;
        struct store *writer = h->state.writer;
        struct mirror_import_summary summary;
        struct policy policy;
        struct key_record key;

        insert(h);
        back_up(h, h);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_sweep_mark(writer, ID, NOW + DAY), 0);
        assert_int_equal(store_commit(writer), 0);
        (void) restore(h, h, false, NOW + 2 * DAY, &summary);
        assert_int_equal(summary.kept, 1);
        assert_int_equal(store_key_get(writer, ID, &key), 0);
        assert_int_equal(facts_policy(writer, &policy), 0);
        assert_int_equal(expiry_status(&policy, &key, NOW + 2 * DAY), KEY_EXPIRED);
}

/* What was left of the records is one that stands for several, and it began before the backup. */
static void test_a_record_is_as_old_as_its_end(void **state) {
        const struct audit_record several = { .at = NOW - 60,
                                              .until = NOW + 2 * DAY,
                                              .count = 9,
                                              .event = "login",
                                              .verdict = "denied" };
        struct mirror_import_summary summary;
        struct host *h = *state;

        insert(h);
        back_up(h, h);
        end_key(h, "removed", NOW + DAY);
        lose_key(h);
        unit_sql(h->path, "DELETE FROM audit");
        assert_int_equal(store_begin(h->state.writer), 0);
        assert_int_equal(store_audit_add(h->state.writer, &several), 0);
        assert_int_equal(store_commit(h->state.writer), 0);
        assert_false(restore(h, h, false, NOW + 3 * DAY, &summary));
        assert_non_null(strstr(summary.changes.text, "no longer knows"));
}

/* --- Certificates --- */

static struct cert_record put_cert(struct store *writer, unsigned n, enum cert_kind kind) {
        struct cert_record cert = unit_cert((uint8_t) n);
        char der[32];

        (void) snprintf(der, sizeof(der), "certificate %u", n);
        (void) snprintf(cert.name, sizeof(cert.name), "number %u", n);
        cert.kind = kind;
        keymint_sha256((const uint8_t *) der, strlen(der), cert.thumbprint);
        unit_cert_put(writer, &cert, der, strlen(der));
        return cert;
}

static void remove_cert(struct host *h, const struct cert_record *cert, bool noted) {
        char detail[2 * RECORD_THUMBPRINT_LEN + sizeof(cert->name) + 2];
        struct store *writer = h->state.writer;

        text_hex(detail, cert->thumbprint, RECORD_THUMBPRINT_LEN);
        (void) snprintf(detail + 2 * RECORD_THUMBPRINT_LEN, sizeof(cert->name) + 2, " %s",
                        cert->name);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_cert_delete(writer, cert->thumbprint), 0);
        if (noted)
                assert_int_equal(audit_own(writer, "cert-removed", NULL, detail, 1, NOW + DAY), 0);
        assert_int_equal(store_commit(writer), 0);
}

static bool is_trusted(struct host *h, const struct cert_record *cert) {
        return store_cert_get(h->state.writer, cert->thumbprint, &(struct cert_record){}, NULL) > 0;
}

static void test_a_certificate_that_was_removed_stays_removed(void **state) {
        struct cert_record client, removed, lost, other;
        struct mirror_import_summary summary;
        struct host *h = *state;

        insert(h);
        client = put_cert(h->state.writer, 1, CERT_CLIENT);
        removed = put_cert(h->state.writer, 2, CERT_CA);
        lost = put_cert(h->state.writer, 3, CERT_CA);
        other = put_cert(h->state.writer, 4, CERT_CLIENT);
        unit_crl_put(h->state.writer, removed.thumbprint, 5, &client.serial, 1);
        back_up(h, h);
        remove_cert(h, &client, true);
        remove_cert(h, &removed, true);
        remove_cert(h, &lost, false);
        (void) restore(h, h, false, NOW + 2 * DAY, &summary);
        assert_non_null(strstr(summary.changes.text, "CA 'number 2' is not trusted here"));
        assert_non_null(strstr(summary.changes.text, "certificate 'number 1' is not trusted here"));
        assert_non_null(strstr(summary.changes.text, "CA 'number 3' is trusted again"));
        assert_false(is_trusted(h, &client) || is_trusted(h, &removed));
        assert_true(is_trusted(h, &lost) && is_trusted(h, &other));
        assert_int_equal(unit_sql_number(h->path, "SELECT count(*) FROM crl_serial"), 0);
        assert_int_equal(unit_sql_number(h->path, "SELECT count(*) FROM crl"), 0);
        /* A person can want it all the same. */
        (void) restore(h, h, true, NOW + 2 * DAY, &summary);
        assert_null(strstr(summary.changes.text, "is not trusted here"));
        assert_true(is_trusted(h, &client) && is_trusted(h, &removed));
        assert_int_equal(unit_sql_number(h->path, "SELECT count(*) FROM crl_serial"), 1);
        /* Registered again, and then lost. */
        remove_cert(h, &client, true);
        client = put_cert(h->state.writer, 1, CERT_CLIENT);
        (void) restore(h, h, false, NOW + 2 * DAY, &summary);
        assert_true(is_trusted(h, &client));
}

static void test_a_certificate_may_have_been_removed(void **state) {
        struct mirror_import_summary summary;
        struct cert_record client, other;
        struct host *h = *state;

        insert(h);
        client = put_cert(h->state.writer, 1, CERT_CLIENT);
        other = put_cert(h->state.writer, 2, CERT_CLIENT);
        back_up(h, h);
        remove_cert(h, &client, true);
        purge(h, NOW + 2 * YEAR);
        (void) restore(h, h, false, NOW + 2 * YEAR, &summary);
        assert_false(is_trusted(h, &client));
        assert_true(is_trusted(h, &other));
}

/* A host in no fleet takes as many as one has that has left its fleet, and no more. */
static void test_how_many_certificates_a_file_may_have(void **state) {
        struct store *writer = ((struct host *) *state)->state.writer;

        for (unsigned i = 0; i < CERT_CAS_ALL; i++)
                (void) put_cert(writer, i, CERT_CA);
        assert_int_equal(mirror_certs_check(writer, writer), 0);
        (void) put_cert(writer, CERT_CAS_ALL, CERT_CA);
        assert_int_equal(mirror_certs_check(writer, writer), -EBADMSG);
        unit_sql(((struct host *) *state)->path, "UPDATE cert SET kind = 0");
        for (unsigned i = CERT_CAS_ALL + 1; i < STORE_CERTS_ALL; i++)
                (void) put_cert(writer, i, CERT_CLIENT);
        assert_int_equal(mirror_certs_check(writer, writer), 0);
        (void) put_cert(writer, STORE_CERTS_ALL, CERT_CLIENT);
        assert_int_equal(mirror_certs_check(writer, writer), -EBADMSG);
}

/* Half a file replaces nothing, and does not wait for its other half for ever. */
static void test_a_file_that_is_cut(void **state) {
        const struct mirror_import_options options = { .kind = SEAL_BACKUP };
        const struct audit_record audit = { .at = NOW, .event = "imported", .verdict = "done" };
        struct mirror_import_summary summary;
        struct host *h = *state;
        struct store *writer = h->state.writer;
        uint64_t token, keys;

        insert(h);
        back_up(h, h);
        assert_int_equal(mirror_import(h->mirror, writer, 1, &options, NOW, &token), 0);
        assert_int_equal(mirror_write(h->mirror, writer, token, h->bytes, h->len / 2), 0);
        assert_int_equal(mirror_check(h->mirror, token, &summary), -EBADMSG);
        assert_int_equal(mirror_check(h->mirror, token, &summary), -ENXIO);
        assert_int_equal(mirror_commit(h->mirror, writer, token, &audit, &keys), -ENXIO);
        assert_int_equal(unit_sql_number(h->path, "SELECT count(*) FROM key"), 1);
}

/* What was exported since the import began must not be numbered again. */
static void test_numbers_of_exports_go_on(void **state) {
        struct host *h = *state;
        struct mirror_import_summary summary;
        struct store_mirror before, after;

        insert(h);
        back_up(h, h);
        back_up(h, h);
        assert_int_equal(store_mirror_get(h->state.writer, &before), 0);
        assert_true(restore(h, h, false, NOW + DAY, &summary));
        assert_int_equal(store_mirror_get(h->state.writer, &after), 0);
        assert_int_equal(after.exported, before.exported);
        assert_int_equal(after.backed_up_at, before.backed_up_at);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_may_have_been_revoked_does_not_come_back),
                test_host(test_a_new_host_takes_an_old_backup),
                test_host(test_what_outlived_a_lifetime_does_not_come_back),
                test_host(test_numbers_of_exports_go_on),
                test_host(test_a_file_that_is_cut),
                test_host(test_a_record_is_as_old_as_its_end),
                test_host(test_a_certificate_that_was_removed_stays_removed),
                test_host(test_a_certificate_may_have_been_removed),
                test_host(test_how_many_certificates_a_file_may_have),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
