/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and revocation lists in the store. Whether a certificate is good is not known
 * here. */
#include "store/store_cert.h"
#include "store/store_key.h"
#include "unit_trust.h"

static const char der[] = "0 some bytes \0 of a certificate";

static struct store *reader_of(struct unit_store *s) {
        bool changed;

        assert_int_equal(store_refresh(s->reader, &changed), 0);
        return s->reader;
}

static void put(struct unit_store *s, const struct cert_record *cert) {
        unit_cert_put(s->writer, cert, der, sizeof(der));
}

static struct cert_record make_ca(uint8_t n) {
        struct cert_record ca = unit_cert(n);

        ca.kind = CERT_CA;
        return ca;
}

static void test_what_is_put_is_got(void **state) {
        struct cert_record want = unit_cert(7), ca = make_ca(8), got;
        uint8_t bytes[WIRE_CERTIFICATE_MAX];
        struct unit_store *s = *state;

        ca.serial.len = RECORD_SERIAL_MAX;
        memset(ca.serial.bytes, 0xfe, RECORD_SERIAL_MAX);
        memset(ca.subject, 'x', RECORD_DN_MAX);
        memset(ca.subject_cn, 'y', RECORD_DN_PART_MAX);
        memset(ca.name, 'z', WIRE_NAME_MAX);
        put(s, &want);
        put(s, &ca);
        unit_poison(bytes, sizeof(bytes));
        assert_int_equal(store_cert_get(reader_of(s), want.thumbprint, &got, bytes), sizeof(der));
        unit_cert_equal("client", &got, &want);
        assert_memory_equal(bytes, der, sizeof(der));
        unit_poisoned("behind", bytes + sizeof(der), sizeof(bytes) - sizeof(der));
        assert_int_equal(store_cert_get(s->reader, ca.thumbprint, &got, NULL), sizeof(der));
        unit_cert_equal("CA", &got, &ca);
        want.thumbprint[0]++;
        unit_poison(&got, sizeof(got));
        unit_poison(bytes, sizeof(bytes));
        assert_int_equal(store_cert_get(s->reader, want.thumbprint, &got, bytes), -ENOENT);
        unit_poisoned("record", &got, sizeof(got));
        unit_poisoned("bytes", bytes, sizeof(bytes));
}

static void test_the_longest_certificate_fits(void **state) {
        uint8_t *bytes = calloc(1, WIRE_CERTIFICATE_MAX + 1), got_bytes[WIRE_CERTIFICATE_MAX];
        struct cert_record cert = unit_cert(1), got;
        struct unit_store *s = *state;

        assert_non_null(bytes);
        memset(bytes, 'd', WIRE_CERTIFICATE_MAX + 1);
        unit_cert_put(s->writer, &cert, bytes, WIRE_CERTIFICATE_MAX);
        assert_int_equal(store_cert_get(reader_of(s), cert.thumbprint, &got, got_bytes),
                         WIRE_CERTIFICATE_MAX);
        assert_memory_equal(got_bytes, bytes, sizeof(got_bytes));
        cert = unit_cert(2);
        assert_int_equal(store_begin(s->writer), 0);
        unit_fails("too long",
                   store_cert_insert(s->writer, &cert, bytes, WIRE_CERTIFICATE_MAX + 1));
        unit_fails("empty", store_cert_insert(s->writer, &cert, bytes, 0));
        store_rollback(s->writer);
        free(bytes);
}

static void test_thumbprints_and_names_are_taken_once(void **state) {
        struct cert_record cert = unit_cert(1), same = unit_cert(1), namesake = unit_cert(2);
        struct unit_store *s = *state;

        put(s, &cert);
        (void) snprintf(same.name, sizeof(same.name), "another");
        memcpy(namesake.name, cert.name, sizeof(namesake.name));
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_cert_insert(s->writer, &same, (const uint8_t *) der, sizeof(der)),
                         -EEXIST);
        assert_int_equal(
                store_cert_insert(s->writer, &namesake, (const uint8_t *) der, sizeof(der)),
                -EEXIST);
        store_rollback(s->writer);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM cert"), 1);
}

struct seen {
        size_t n, stop_at;
        char names[8][WIRE_NAME_MAX + 1];
};

static int on_cert(const struct cert_record *cert, const uint8_t *bytes, size_t len,
                   void *userdata) {
        struct seen *seen = userdata;

        assert_in_range(seen->n, 0, 7);
        assert_int_equal(len, sizeof(der));
        assert_memory_equal(bytes, der, len);
        memcpy(seen->names[seen->n++], cert->name, sizeof(cert->name));
        return seen->n == seen->stop_at ? 77 : 0;
}

static void check_seen(const struct seen *seen, const char *const *names, size_t n) {
        assert_int_equal(seen->n, n);
        for (size_t i = 0; i < n; i++)
                unit_str(names[i], seen->names[i], names[i]);
}

static void test_certificates_of_a_key_are_those_of_clients_the_last_to_end_first(void **state) {
        struct cert_record certs[] = { unit_cert(1), unit_cert(2), unit_cert(3), make_ca(4),
                                       unit_cert(5) };
        struct unit_store *s = *state;
        struct seen seen = {}, of_ssh = {}, stopped = { .stop_at = 2 }, none = {};

        for (size_t i = 0; i < ARRAY_LEN(certs); i++) {
                if (i < 4) {
                        memset(certs[i].spki, 'k', RECORD_HASH_LEN);
                        memset(certs[i].ssh, 's', RECORD_HASH_LEN);
                }
                certs[i].not_after = UNIT_CERT_ENDS + (i == 1 ? 9 : (int64_t) i);
                put(s, &certs[i]);
        }
        assert_int_equal(store_cert_each_of_key(reader_of(s), certs[0].spki, false, on_cert, &seen),
                         0);
        check_seen(&seen, (const char *const[]){ "cert2", "cert3", "cert1" }, 3);
        assert_int_equal(store_cert_each_of_key(s->reader, certs[0].ssh, true, on_cert, &of_ssh),
                         0);
        check_seen(&of_ssh, (const char *const[]){ "cert2", "cert3", "cert1" }, 3);
        assert_int_equal(store_cert_each_of_key(s->reader, certs[0].spki, false, on_cert, &stopped),
                         77);
        assert_int_equal(stopped.n, 2);
        /* A hash of one kind is not taken for one of the other. */
        assert_int_equal(store_cert_each_of_key(s->reader, certs[0].spki, true, on_cert, &none), 0);
        assert_int_equal(store_cert_each_of_key(s->reader, certs[0].ssh, false, on_cert, &none), 0);
        assert_int_equal(none.n, 0);
}

static void test_cas_are_listed_alone_and_all_by_kind_and_name(void **state) {
        struct cert_record certs[] = { make_ca(4), unit_cert(3), make_ca(1), unit_cert(2) };
        struct seen cas = {}, all = {};
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(certs); i++)
                put(s, &certs[i]);
        assert_int_equal(store_cert_each_ca(reader_of(s), on_cert, &cas), 0);
        assert_int_equal(cas.n, 2);
        assert_int_equal(store_cert_each(s->writer, on_cert, &all), 0);
        check_seen(&all, (const char *const[]){ "cert2", "cert3", "cert1", "cert4" }, 4);
}

static void delete (struct unit_store *s, const uint8_t *thumbprint, int r) {
        assert_int_equal(store_begin(s->writer), 0);
        unit_int("delete", store_cert_delete(s->writer, thumbprint), r);
        assert_int_equal(store_commit(s->writer), 0);
}

static void test_a_ca_takes_its_list_along(void **state) {
        struct cert_record ca = make_ca(1), other = make_ca(2);
        struct cert_serial serial = unit_cert(9).serial;
        struct unit_store *s = *state;
        struct crl_record crl;

        put(s, &ca);
        put(s, &other);
        unit_crl_put(s->writer, ca.thumbprint, UNIT_CERT_ENDS, &serial, 1);
        unit_crl_put(s->writer, other.thumbprint, UNIT_CERT_ENDS, &serial, 1);
        delete (s, ca.thumbprint, 0);
        delete (s, ca.thumbprint, -ENOENT);
        assert_int_equal(store_crl_get(s->writer, ca.thumbprint, &crl), -ENOENT);
        assert_int_equal(store_crl_get(s->writer, other.thumbprint, &crl), 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM crl"), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM crl_serial"), 1);
}

/* --- Keys that are bound --- */

static struct key_record bound_key(const char *id, const struct cert_record *cert) {
        struct key_record key = unit_key(id, "alice");

        key.certificate_need = CERTIFICATE_PROOF;
        key.bound = true;
        memcpy(key.certificate, cert->thumbprint, sizeof(key.certificate));
        return key;
}

static void insert(struct unit_store *s, const struct key_record *key) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void test_a_binding_goes_there_and_back(void **state) {
        struct cert_record cert = unit_cert(1);
        struct key_record key = bound_key("aaaaaaaaaa", &cert),
                          free_key = unit_key("bbbbbbbbbb", "bob"), got;
        struct unit_store *s = *state;

        memset(free_key.certificate, 0x77,
               sizeof(free_key.certificate)); /* not bound: none of these is kept */
        insert(s, &key);
        insert(s, &free_key);
        assert_int_equal(store_key_get(reader_of(s), "aaaaaaaaaa", &got), 0);
        assert_int_equal(got.certificate_need, CERTIFICATE_PROOF);
        assert_int_equal(got.bound, true);
        assert_memory_equal(got.certificate, cert.thumbprint, sizeof(got.certificate));
        assert_int_equal(store_key_get(s->reader, "bbbbbbbbbb", &got), 0);
        assert_int_equal(got.certificate_need, CERTIFICATE_NO);
        assert_int_equal(got.bound, false);
        key.certificate_need = CERTIFICATE_YES;
        key.bound = false;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_update(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_key_get(reader_of(s), "aaaaaaaaaa", &got), 0);
        assert_int_equal(got.certificate_need, CERTIFICATE_YES);
        assert_int_equal(got.bound, false);
}

static void test_bound_keys_are_counted_and_outlive_the_certificate(void **state) {
        struct cert_record cert = unit_cert(1), other = unit_cert(2);
        struct key_record key = bound_key("aaaaaaaaaa", &cert),
                          dead = bound_key("bbbbbbbbbb", &cert),
                          of_other = bound_key("cccccccccc", &other);
        struct unit_store *s = *state;
        uint64_t n = 77;

        put(s, &cert);
        dead.status = KEY_REVOKED;
        insert(s, &key);
        insert(s, &dead);
        insert(s, &of_other);
        assert_int_equal(store_cert_keys(s->writer, cert.thumbprint, &n), 0);
        assert_int_equal(n, 2);
        delete (s, cert.thumbprint, 0);
        assert_int_equal(store_cert_keys(s->writer, cert.thumbprint, &n), 0);
        assert_int_equal(n, 2); /* and are refused, not opened */
        cert.thumbprint[3]++;
        assert_int_equal(store_cert_keys(s->writer, cert.thumbprint, &n), 0);
        assert_int_equal(n, 0);
        /* Keys that were removed all at once do not count. */
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, "epoch", 1, 1), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_cert_keys(s->writer, other.thumbprint, &n), 0);
        assert_int_equal(n, 0);
}

/* --- Lists --- */

static int revoked(struct unit_store *s, const struct cert_serial *serial, int64_t *until) {
        return store_cert_revoked(reader_of(s), serial, until);
}

static void test_lists_say_what_is_revoked_and_until_when_they_are_good(void **state) {
        struct cert_serial serials[] = { unit_cert(1).serial, unit_cert(2).serial,
                                         unit_cert(3).serial };
        struct cert_serial shorter = serials[0], elsewhere = serials[0];
        struct cert_record ca = make_ca(1);
        struct unit_store *s = *state;
        int64_t until = 7;

        put(s, &ca);
        assert_int_equal(revoked(s, &serials[0], &until), 0);
        assert_true(until == INT64_MAX); /* no list says nothing */
        unit_crl_put(s->writer, ca.thumbprint, UNIT_CERT_ENDS, serials, 2);
        assert_int_equal(revoked(s, &serials[0], &until), 1);
        assert_int_equal(revoked(s, &serials[1], &until), 1);
        assert_int_equal(revoked(s, &serials[2], &until), 0);
        assert_int_equal(until, UNIT_CERT_ENDS);
        shorter.len = 2;
        assert_int_equal(revoked(s, &shorter, &until), 0);
        elsewhere.issuer[31]++;
        assert_int_equal(revoked(s, &elsewhere, &until), 0);
        assert_true(until == INT64_MAX);
}

static void test_a_new_list_replaces_the_old_one(void **state) {
        struct cert_serial serials[] = { unit_cert(1).serial, unit_cert(2).serial };
        struct cert_record ca = make_ca(1);
        struct unit_store *s = *state;
        struct crl_record crl;
        int64_t until;

        put(s, &ca);
        unit_crl_put(s->writer, ca.thumbprint, 100, &serials[0], 1);
        unit_crl_put(s->writer, ca.thumbprint, INT64_MAX, &serials[1], 1);
        assert_int_equal(revoked(s, &serials[0], &until), 0);
        assert_true(until == INT64_MAX);
        assert_int_equal(revoked(s, &serials[1], &until), 1);
        assert_int_equal(store_crl_get(s->writer, ca.thumbprint, &crl), 0);
        assert_int_equal(crl.this_update, UNIT_CERT_BEGINS);
        assert_true(crl.next_update == INT64_MAX);
        assert_int_equal(crl.revoked, 1);
        assert_memory_equal(crl.ca, ca.thumbprint, sizeof(crl.ca));
        assert_int_equal(crl.issuer[0], 0xcc);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM crl_serial"), 1);
}

/* A CA whose certificate is renewed with the same key: both lists count, and the newer one says
 * until when. */
static void test_of_two_lists_of_one_key_both_count(void **state) {
        struct cert_serial serials[] = { unit_cert(1).serial, unit_cert(2).serial };
        struct cert_record ca = make_ca(1), renewed = make_ca(2);
        struct unit_store *s = *state;
        int64_t until;

        memcpy(renewed.ssh, ca.ssh, sizeof(renewed.ssh));
        put(s, &ca);
        put(s, &renewed);
        unit_crl_put(s->writer, ca.thumbprint, 100, &serials[0], 1);
        unit_crl_put(s->writer, renewed.thumbprint, 200, &serials[1], 1);
        for (int known = 0; known < 2; known++) {
                for (size_t i = 0; i < ARRAY_LEN(serials); i++) {
                        if (known)
                                memcpy(serials[i].key, ca.ssh, sizeof(serials[i].key));
                        assert_int_equal(revoked(s, &serials[i], &until), 1);
                        assert_int_equal(until, 200);
                }
        }
        delete (s, renewed.thumbprint, 0);
        assert_int_equal(revoked(s, &serials[1], &until), 0);
        assert_int_equal(until, 100);
}

/* Two CAs of one name with different keys: the list of one says nothing about the other. Where the
 * key is not known, both count, and the list that ends first says until when. */
static void test_lists_of_one_name_belong_to_their_keys(void **state) {
        struct cert_serial serials[] = { unit_cert(1).serial, unit_cert(2).serial };
        struct cert_record a = make_ca(1), b = make_ca(2);
        struct unit_store *s = *state;
        int64_t until;

        /* SSH has no keys of this kind. */
        memset(b.ssh, 0, sizeof(b.ssh));
        put(s, &a);
        put(s, &b);
        unit_crl_put(s->writer, a.thumbprint, 100, &serials[0], 1);
        unit_crl_put(s->writer, b.thumbprint, 200, &serials[1], 1);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(revoked(s, &serials[i], &until), 1);
                assert_int_equal(until, 100);
                memcpy(serials[i].key, a.ssh, sizeof(serials[i].key));
                assert_int_equal(revoked(s, &serials[i], &until), i == 0);
                assert_int_equal(until, 100);
                memcpy(serials[i].key, b.spki, sizeof(serials[i].key));
                assert_int_equal(revoked(s, &serials[i], &until), i == 1);
                assert_int_equal(until, 200);
        }
        serials[0].key[9]++;
        assert_int_equal(revoked(s, &serials[0], &until), 0);
        assert_true(until == INT64_MAX);
}

/* A list for one distribution point revokes what is on it, and is good for the certificates that
 * name the point. For others it is as good as out of date. */
static void test_a_list_for_one_point(void **state) {
        struct cert_serial serials[] = { unit_cert(1).serial, unit_cert(2).serial };
        struct crl_record crl = { .this_update = UNIT_CERT_BEGINS, .next_update = 100 };
        struct cert_record ca = make_ca(1);
        struct unit_store *s = *state;
        struct crl_record got;
        int64_t until;

        put(s, &ca);
        memcpy(crl.ca, ca.thumbprint, sizeof(crl.ca));
        memset(crl.issuer, 0xcc, sizeof(crl.issuer));
        memset(crl.point, 7, sizeof(crl.point));
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_crl_replace(s->writer, &crl), 0);
        assert_int_equal(store_crl_add(s->writer, crl.ca, &serials[0]), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_crl_get(s->writer, crl.ca, &got), 0);
        assert_memory_equal(got.point, crl.point, sizeof(got.point));
        for (unsigned known = 0; known < 2; known++)
                for (uint8_t point = 0; point < 8; point = (uint8_t) (point + 7))
                        for (size_t i = 0; i < 2; i++) {
                                memset(serials[i].point, point, sizeof(serials[i].point));
                                memcpy(serials[i].key, known ? ca.ssh : serials[i].key,
                                       sizeof(serials[i].key));
                                unit_int("revoked", revoked(s, &serials[i], &until), i == 0);
                                unit_int("until", until, point == 7 ? 100 : -1);
                        }
}

/* One key under two names: what one list revokes is revoked under both, and a fresh list in one
 * name does not stand for a stale one in the other. */
static void test_a_fresh_list_counts_in_its_own_name_alone(void **state) {
        struct cert_serial serial = unit_cert(1).serial;
        struct cert_record old = make_ca(1), renamed = make_ca(2);
        struct unit_store *s = *state;
        int64_t until;

        memcpy(renamed.ssh, old.ssh, sizeof(renamed.ssh));
        memcpy(serial.key, old.ssh, sizeof(serial.key));
        put(s, &old);
        put(s, &renamed);
        unit_crl_put(s->writer, old.thumbprint, 100, NULL, 0);
        unit_crl_put(s->writer, renamed.thumbprint, 200, &serial, 1);
        unit_sql(s->path, "UPDATE crl SET issuer_id = randomblob(32) WHERE next_update = 200");
        assert_int_equal(revoked(s, &serial, &until), 1);
        assert_int_equal(until, 100);
}

/* The migration to version 8 could not hash names again. What it left without a name counts for
 * every name, whether the key is known or not, and closes the door as before. */
static void test_a_list_without_a_name_counts_for_all(void **state) {
        struct cert_serial revoked_one = unit_cert(1).serial, other = unit_cert(2).serial;
        struct cert_record ca = make_ca(1);
        struct unit_store *s = *state;
        int64_t until;

        put(s, &ca);
        unit_crl_put(s->writer, ca.thumbprint, 100, &revoked_one, 1);
        unit_sql(s->path, "UPDATE crl SET issuer_id = zeroblob(32)");
        for (size_t known = 0; known < 2; known++) {
                memcpy(revoked_one.key, ca.ssh, known ? sizeof(ca.ssh) : 0);
                memcpy(other.key, ca.ssh, known ? sizeof(ca.ssh) : 0);
                assert_int_equal(revoked(s, &revoked_one, &until), 1);
                assert_int_equal(until, 100);
                assert_int_equal(revoked(s, &other, &until), 0);
                assert_int_equal(until, 100);
        }
}

static void test_a_serial_that_stands_twice_is_one(void **state) {
        struct cert_serial serials[] = { unit_cert(1).serial, unit_cert(1).serial };
        struct cert_record ca = make_ca(1);
        struct unit_store *s = *state;

        put(s, &ca);
        unit_crl_put(s->writer, ca.thumbprint, 100, serials, 2);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM crl_serial"), 1);
}

static void test_a_list_is_of_a_registered_ca(void **state) {
        struct crl_record crl = { .ca = { 9 }, .next_update = 5 };
        struct unit_store *s = *state;

        assert_int_equal(store_begin(s->writer), 0);
        unit_fails("no such CA", store_crl_replace(s->writer, &crl));
        store_rollback(s->writer);
}

/* --- Damage --- */

static void test_damaged_rows_are_said_to_be_damaged(void **state) {
        static const char *const rows[] = {
                "UPDATE cert SET kind = 2",
                "UPDATE cert SET kind = -1",
                "UPDATE cert SET der = x''",
                "UPDATE cert SET der = zeroblob(8193)",
                "UPDATE cert SET spki = zeroblob(31)",
                "UPDATE cert SET ssh = x''",
                "UPDATE cert SET subject_id = zeroblob(33)",
                "UPDATE cert SET issuer_id = zeroblob(64)",
                "UPDATE cert SET serial = x''",
                "UPDATE cert SET serial = zeroblob(21)",
                "UPDATE cert SET name = hex(zeroblob(33))",
                "UPDATE cert SET subject = hex(zeroblob(128))",
                "UPDATE cert SET subject_cn = hex(zeroblob(96))",
                "UPDATE cert SET issuer_ou = hex(zeroblob(96))",
                "UPDATE cert SET key_type = hex(zeroblob(16))",
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct cert_record cert = unit_cert(1), got;
                uint8_t bytes[WIRE_CERTIFICATE_MAX];
                struct unit_store *s;

                assert_int_equal(unit_store_remove(state), 0);
                assert_int_equal(unit_store_make(state), 0);
                s = *state;
                put(s, &cert);
                unit_sql(s->path, rows[i]);
                unit_poison(&got, sizeof(got));
                unit_poison(bytes, sizeof(bytes));
                unit_int(rows[i], (int) store_cert_get(reader_of(s), cert.thumbprint, &got, bytes),
                         -EUCLEAN);
                unit_poisoned(rows[i], &got, sizeof(got));
                unit_poisoned(rows[i], bytes, sizeof(bytes));
        }
}

static void test_damaged_bindings_are_said_to_be_damaged(void **state) {
        static const char *const rows[] = { "UPDATE key SET need = 3", "UPDATE key SET need = -1",
                                            "UPDATE key SET certificate = x'01'",
                                            "UPDATE key SET certificate = zeroblob(33)" };
        struct cert_record cert = unit_cert(1);

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct key_record key = bound_key("aaaaaaaaaa", &cert), got;
                struct unit_store *s;

                assert_int_equal(unit_store_remove(state), 0);
                assert_int_equal(unit_store_make(state), 0);
                s = *state;
                insert(s, &key);
                unit_sql(s->path, rows[i]);
                unit_int(rows[i], store_key_get(reader_of(s), "aaaaaaaaaa", &got), -EUCLEAN);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_what_is_put_is_got),
                unit_test_with_store(test_the_longest_certificate_fits),
                unit_test_with_store(test_thumbprints_and_names_are_taken_once),
                unit_test_with_store(
                        test_certificates_of_a_key_are_those_of_clients_the_last_to_end_first),
                unit_test_with_store(test_cas_are_listed_alone_and_all_by_kind_and_name),
                unit_test_with_store(test_a_ca_takes_its_list_along),
                unit_test_with_store(test_a_binding_goes_there_and_back),
                unit_test_with_store(test_bound_keys_are_counted_and_outlive_the_certificate),
                unit_test_with_store(test_lists_say_what_is_revoked_and_until_when_they_are_good),
                unit_test_with_store(test_a_new_list_replaces_the_old_one),
                unit_test_with_store(test_of_two_lists_of_one_key_both_count),
                unit_test_with_store(test_lists_of_one_name_belong_to_their_keys),
                unit_test_with_store(test_a_list_for_one_point),
                unit_test_with_store(test_a_fresh_list_counts_in_its_own_name_alone),
                unit_test_with_store(test_a_list_without_a_name_counts_for_all),
                unit_test_with_store(test_a_serial_that_stands_twice_is_one),
                unit_test_with_store(test_a_list_is_of_a_registered_ca),
                unit_test_with_store(test_damaged_rows_are_said_to_be_damaged),
                unit_test_with_store(test_damaged_bindings_are_said_to_be_damaged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
