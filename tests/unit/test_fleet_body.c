/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of a fleet, as bytes: what is put is got, with the longest names there are, and no
 * record that is shorter, longer or has another form is read. */
#include "unit.h"

#include "fleet/fleet_body.h"
#include "store/store_mirror.h"

#define SIZE 4096

/* A record that is put, with what reads its content. */
struct record {
        uint8_t bytes[SIZE];
        struct bytes_writer w;
};

static void begin(struct record *record) {
        memset(record, 0, sizeof(*record));
        record->w = (struct bytes_writer){ .out = record->bytes, .size = SIZE };
}

static const uint8_t *content(const struct record *record) {
        return record->bytes + STORE_RECORD_HEAD;
}

static size_t length(const struct record *record) {
        assert_int_equal(bytes_get(record->bytes + 1, 4), record->w.len - STORE_RECORD_HEAD);
        return record->w.len - STORE_RECORD_HEAD;
}

static int get_host(const uint8_t *in, size_t len) {
        struct store_fleet_host host;

        return fleet_body_get_host(in, len, &host);
}

static int get_issuer(const uint8_t *in, size_t len) {
        struct store_fleet_issuer issuer;
        bool trusted;

        return fleet_body_get_issuer(in, len, &issuer, &trusted);
}

/* The bytes are copied to where nothing is behind them, so that a sanitizer sees a read beyond. */
static int get_of(int (*get)(const uint8_t *in, size_t len), const struct record *record,
                  size_t len) {
        uint8_t *in = malloc(len > 0 ? len : 1);
        int r;

        assert_non_null(in);
        memcpy(in, content(record), len);
        r = get(in, len);
        free(in);
        return r;
}

static void only_whole(const char *what, int (*get)(const uint8_t *in, size_t len),
                       const struct record *record) {
        size_t len = length(record);

        unit_int(what, get_of(get, record, len), 0);
        for (size_t shorter = 0; shorter < len; shorter++)
                unit_int(what, get_of(get, record, shorter), -EBADMSG);
        unit_int(what, get_of(get, record, len + 1), -EBADMSG);
}

static void test_hosts(void **state) {
        struct store_fleet_host host = {}, got = {};
        struct record record;

        (void) state;
        memset(host.name, 'h', STORE_FLEET_HOST_MAX);
        memset(host.issuer, 1, sizeof(host.issuer));
        memset(host.recipient, 2, sizeof(host.recipient));
        memset(host.groups, 'g', sizeof(host.groups) - 1);
        begin(&record);
        fleet_body_put_host(&record.w, &host);
        assert_int_equal(record.bytes[0], FLEET_RECORD_HOST);
        only_whole("host", get_host, &record);
        assert_int_equal(fleet_body_get_host(content(&record), length(&record), &got), 0);
        assert_memory_equal(&got, &host, sizeof(host));
        record.bytes[STORE_RECORD_HEAD + 1] = '\n';
        unit_int("a line", get_of(get_host, &record, length(&record)), -EBADMSG);
        record.bytes[STORE_RECORD_HEAD + 1] = '\0';
        unit_int("a NUL", get_of(get_host, &record, length(&record)), -EBADMSG);
        host.name[0] = '\0';
        begin(&record);
        fleet_body_put_host(&record.w, &host);
        unit_int("no name", get_of(get_host, &record, length(&record)), -EBADMSG);
}

static void test_issuers(void **state) {
        struct store_fleet_issuer issuer = {}, got = {};
        struct record record;
        bool trusted;

        (void) state;
        memset(issuer.public, 3, sizeof(issuer.public));
        memset(issuer.host, 'h', STORE_FLEET_HOST_MAX);
        for (int trust = 0; trust < 2; trust++) {
                begin(&record);
                fleet_body_put_issuer(&record.w, &issuer, trust != 0);
                assert_int_equal(record.bytes[0], FLEET_RECORD_ISSUER);
                only_whole("issuer", get_issuer, &record);
                trusted = trust == 0;
                assert_int_equal(
                        fleet_body_get_issuer(content(&record), length(&record), &got, &trusted),
                        0);
                assert_int_equal(trusted, trust);
                assert_memory_equal(&got, &issuer, sizeof(got));
        }
        record.bytes[STORE_RECORD_HEAD + length(&record) - 1] = 2;
        unit_int("no flag", get_of(get_issuer, &record, length(&record)), -EBADMSG);
        issuer.host[0] = '\n';
        begin(&record);
        fleet_body_put_issuer(&record.w, &issuer, true);
        unit_int("a line", get_of(get_issuer, &record, length(&record)), -EBADMSG);
}

static void test_groups(void **state) {
        char name[FRAME_GROUP_MAX + 2] = "g", got[FRAME_GROUP_MAX + 1];
        struct fleet_share share = {}, got_share;
        struct record record;

        (void) state;
        memset(name, 'g', FRAME_GROUP_MAX);
        memset(share.host, 'h', STORE_FLEET_HOST_MAX);
        memset(share.sealed, 4, sizeof(share.sealed));
        for (size_t len = 0; len <= FRAME_GROUP_MAX + 1; len++) {
                struct bytes_reader r = { .in = content(&record) };
                size_t at;

                memset(name, 0, sizeof(name));
                memset(name, 'g', len);
                begin(&record);
                at = fleet_body_begin_group(&record.w, name);
                fleet_body_put_share(&record.w, &share);
                fleet_body_end_group(&record.w, at);
                assert_int_equal(record.bytes[0], FLEET_RECORD_GROUP);
                r.len = length(&record);
                unit_int(name, fleet_body_get_group(&r, got),
                         len > 0 && len <= FRAME_GROUP_MAX ? 0 : -EBADMSG);
                if (len == 0 || len > FRAME_GROUP_MAX)
                        continue;
                assert_string_equal(got, name);
                assert_int_equal(fleet_body_get_share(&r, &got_share), 0);
                assert_memory_equal(&got_share, &share, sizeof(share));
                assert_true(bytes_is_at_end(&r));
                r = (struct bytes_reader){ .in = content(&record), .len = length(&record) - 1 };
                assert_int_equal(fleet_body_get_group(&r, got), 0);
                assert_int_equal(fleet_body_get_share(&r, &got_share), -EBADMSG);
        }
}

/* Keys ascend, and none is there twice: what a page lacks is removed. */
static void test_pages(void **state) {
        static const struct {
                const char *row, *ids;
                int want;
        } rows[] = {
                { "none", "", 0 },
                { "one", "aaaaaaaaaa", 0 },
                { "three", "aaaaaaaaaaaaaaaaaaabbbbbbbbbbb", 0 },
                { "twice", "aaaaaaaaaaaaaaaaaaaa", -EBADMSG },
                { "descending", "bbbbbbbbbbaaaaaaaaaa", -EBADMSG },
                { "the last two", "aaaaaaaaaaccccccccccbbbbbbbbbb", -EBADMSG },
                { "a piece", "aaaaaaaaaabbb", -EBADMSG },
        };
        struct fleet_page page, got;
        struct record record;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                size_t len = strlen(rows[i].ids);

                page = (struct fleet_page){ .index = 0x01020304,
                                            .last = i % 2 == 0,
                                            .ids = (const uint8_t *) rows[i].ids,
                                            .n = len / KEYTEXT_ID_LEN };
                begin(&record);
                fleet_body_put_page(&record.w, &page);
                assert_int_equal(record.bytes[0], FLEET_RECORD_PAGE);
                memcpy(record.bytes + record.w.len, rows[i].ids + page.n * KEYTEXT_ID_LEN,
                       len % KEYTEXT_ID_LEN);
                unit_int(rows[i].row,
                         fleet_body_get_page(content(&record),
                                             length(&record) + len % KEYTEXT_ID_LEN, &got),
                         rows[i].want);
                if (rows[i].want < 0)
                        continue;
                assert_int_equal(got.index, page.index);
                assert_int_equal(got.last, page.last);
                assert_int_equal(got.n, page.n);
                assert_memory_equal(got.ids, rows[i].ids, len);
        }
        record.bytes[STORE_RECORD_HEAD + 4] = 2;
        unit_int("no flag", fleet_body_get_page(content(&record), 5, &got), -EBADMSG);
        for (size_t len = 0; len < 5; len++)
                unit_int("short", fleet_body_get_page(content(&record), len, &got), -EBADMSG);
}

static void test_certs(void **state) {
        uint8_t thumbprints[2 * RECORD_THUMBPRINT_LEN];
        struct record record;

        (void) state;
        memset(thumbprints, 5, sizeof(thumbprints));
        begin(&record);
        fleet_body_put_certs(&record.w, thumbprints, 2);
        assert_int_equal(record.bytes[0], FLEET_RECORD_CERTS);
        assert_int_equal(length(&record), sizeof(thumbprints));
        assert_memory_equal(content(&record), thumbprints, sizeof(thumbprints));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hosts),  cmocka_unit_test(test_issuers),
                cmocka_unit_test(test_groups), cmocka_unit_test(test_pages),
                cmocka_unit_test(test_certs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
