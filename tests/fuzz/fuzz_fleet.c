/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a fleet and the records in them. The head of a frame has one form.
 * A frame that is made opens to the same, and no change of it, even one that
 * the issuer signs, does. A record that is read and written again is the same.
 * The first byte of an input says which. */
#include "fuzz.h"

#include <errno.h>

#include "fleet/fleet_body.h"
#include "fleet/fleet_report_body.h"
#include "secret/frame.h"
#include "store/store_mirror.h"
#include "text.h"

#define BODY_MAX    2048
#define READERS_MAX 4

enum {
        AT_KIND = 8, /* FLEET */
        AT_ISSUER = 128,
        AT_LENGTH = 184,
};

static const uint8_t source[SEAL_SECRET_LEN] = "the secret of an issuing host..";
static const uint8_t group_key[FRAME_KEY_LEN] = "the key of a group of the fleet";
static uint8_t bytes[65536], other[65536];

/* --- Frames --- */

/* Written again, the head of a change or page is the same up to the issuer. */
static void try_head(const struct fuzz *f) {
        struct frame_head head;
        ssize_t len = frame_read(f->at, f->left, &head);

        must(len == 0 || len == -EMEDIUMTYPE || len == -EPROTONOSUPPORT || len == -EBADMSG ||
             len >= FRAME_STATE_LEN);
        must((len == 0) == (f->left < FRAME_HEAD_LEN));
        if (len <= 0)
                return;
        must(len == (ssize_t) (FRAME_HEAD_LEN + head.body_len + FRAME_SIGNATURE_LEN));
        must(head.body_len <= FRAME_BODY_MAX && head.group[0]);
        must(memchr(head.group, '\0', sizeof(head.group)));
        if ((size_t) len == f->left)
                (void) !frame_check(f->at, f->left);
        if (head.kind == FRAME_REPORT)
                head.kind = FRAME_STATE;
        must(frame_make(&head, source, group_key, bytes, 0, other) == 0);
        other[AT_KIND] = f->at[AT_KIND];
        must(memcmp(other, f->at, AT_ISSUER) == 0);
}

static struct frame_head take_head(struct fuzz *f) {
        struct frame_head head = { .clock = (uint32_t) fuzz_number(f, 4),
                                   .number = fuzz_number(f, 8) >> 1,
                                   .signed_at_ms = (int64_t) (fuzz_number(f, 8) >> 1) };

        fuzz_string(f, head.group, sizeof(head.group));
        if (!head.group[0])
                memcpy(head.group, "all", 4);
        for (size_t i = 0; i < sizeof(head.before); i++)
                head.fleet[i] = head.before[i] = fuzz_byte(f);
        return head;
}

static void check_head(const struct frame_head *head, const uint8_t *in, size_t len) {
        uint8_t issuer[SEAL_PUBLIC_LEN];
        struct frame_head back;

        must(frame_read(in, len, &back) == (ssize_t) len);
        seal_source_of(source, issuer);
        must(back.kind == head->kind && back.clock == head->clock && back.number == head->number);
        must(back.signed_at_ms == head->signed_at_ms && strcmp(back.group, head->group) == 0);
        must(memcmp(back.fleet, head->fleet, sizeof(back.fleet)) == 0);
        must(memcmp(back.before, head->before, sizeof(back.before)) == 0);
        must(memcmp(back.issuer, issuer, sizeof(issuer)) == 0);
}

/* Changes one bit, and says whether the frame still opens: unsigned, and signed
 * anew. */
static void check_changed(uint8_t *in, size_t len, size_t bit,
                          bool (*opens)(const uint8_t *in, size_t len)) {
        size_t at = bit / 8 % len;

        in[at] ^= (uint8_t) (1U << bit % 8);
        must(frame_check(in, len) == -EBADMSG);
        /* The issuer signs what it has not sealed. */
        if (at >= len - FRAME_SIGNATURE_LEN)
                return;
        memcpy(other, in, len);
        must(frame_report_renumber(other, len, bytes_get(in + 16, 8), source) == 0);
        must(!opens(other, len));
}

static bool opens_change(const uint8_t *in, size_t len) {
        static uint8_t out[65536];
        size_t n;

        return frame_open(in, len, group_key, out, &n) == 0;
}

static void try_change(struct fuzz f) {
        struct frame_head head = take_head(&f);
        size_t bit = fuzz_number(&f, 3), len, n;
        struct fuzz body = fuzz_take(&f, BODY_MAX);
        uint8_t wrong[FRAME_KEY_LEN];

        head.kind = bit % 2 ? FRAME_CHANGE : FRAME_PAGE;
        must(frame_make(&head, source, group_key, body.at, body.left, bytes) == 0);
        len = body.left + FRAME_EXTRA;
        check_head(&head, bytes, len);
        must(frame_check(bytes, len) == 0);
        must(frame_open(bytes, len, group_key, other, &n) == 0 && n == body.left);
        must(n == 0 || memcmp(other, body.at, n) == 0);
        memcpy(wrong, group_key, sizeof(wrong));
        wrong[bit % sizeof(wrong)] ^= 1;
        must(frame_open(bytes, len, wrong, other, &n) == -EBADMSG);
        check_changed(bytes, len, bit, opens_change);
}

/* --- Reports --- */

static void make_reader(uint8_t i, uint8_t secret[static SEAL_SECRET_LEN]) {
        memset(secret, i + 1, SEAL_SECRET_LEN);
}

static bool opens_for(const uint8_t *in, size_t len, uint8_t i, const struct fuzz *body) {
        uint8_t secret[SEAL_SECRET_LEN];
        size_t n;

        make_reader(i, secret);
        if (frame_report_open(in, len, secret, other, &n) < 0)
                return false;
        must(n == body->left && (n == 0 || memcmp(other, body->at, n) == 0));
        return true;
}

/* Every reader opens it, also under another number, and nobody else. */
static void try_report(struct fuzz f) {
        struct frame_head head = take_head(&f);
        uint8_t n = 1 + fuzz_byte(&f) % READERS_MAX, secret[SEAL_SECRET_LEN];
        uint8_t readers[READERS_MAX][SEAL_PUBLIC_LEN];
        struct fuzz body = fuzz_take(&f, BODY_MAX);
        size_t len = body.left + FRAME_REPORT_EXTRA(n);

        head.kind = FRAME_REPORT;
        for (uint8_t i = 0; i < n; i++) {
                make_reader(i, secret);
                seal_source_of(secret, readers[i]);
        }
        must(frame_report_make(&head, source, (const uint8_t(*)[SEAL_PUBLIC_LEN]) readers, n,
                               body.at, body.left, bytes) == 0);
        check_head(&head, bytes, len);
        head.number ^= 1;
        for (unsigned again = 0; again < 2; again++) {
                must(frame_check(bytes, len) == 0);
                for (uint8_t i = 0; i < n; i++)
                        must(opens_for(bytes, len, i, &body));
                must(!opens_for(bytes, len, n, &body));
                must(frame_report_renumber(bytes, len, head.number, source) == 0);
        }
        check_head(&head, bytes, len);
}

/* A report as it may come, signed by its host. */
static void try_report_bytes(struct fuzz f) {
        struct frame_head head = take_head(&f);
        struct fuzz body = fuzz_take(&f, BODY_MAX);
        uint8_t secret[SEAL_SECRET_LEN];
        size_t len = FRAME_HEAD_LEN + body.left + FRAME_SIGNATURE_LEN, n;

        head.kind = FRAME_STATE;
        must(frame_make(&head, source, group_key, bytes, 0, bytes) == 0);
        bytes[AT_KIND] = FRAME_REPORT;
        bytes_put(bytes + AT_LENGTH, 4, body.left);
        if (body.left > 0)
                memcpy(bytes + FRAME_HEAD_LEN, body.at, body.left);
        must(frame_report_renumber(bytes, len, head.number, source) == 0);
        make_reader(0, secret);
        if (frame_read(bytes, len, &head) != (ssize_t) len)
                return;
        must(frame_check(bytes, len) == 0);
        must(frame_report_open(bytes, len, secret, other, &n) < 0);
}

/* --- Records --- */

/* A record's content is that of the input. */
static void check_record(const struct bytes_writer *w, uint8_t type, const struct fuzz *f) {
        must(bytes_written(w) == (ssize_t) (STORE_RECORD_HEAD + f->left));
        must(bytes[0] == type && bytes_get(bytes + 1, 4) == f->left);
        must(f->left == 0 || memcmp(bytes + STORE_RECORD_HEAD, f->at, f->left) == 0);
}

static void try_host(const struct fuzz *f) {
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) }, v = w;
        struct store_fleet_issuer issuer;
        struct store_fleet_host host;
        bool trusted;

        if (fleet_body_get_host(f->at, f->left, &host) == 0) {
                must(text_is_label(host.name, STORE_FLEET_HOST_MAX));
                fleet_body_put_host(&w, &host);
                check_record(&w, FLEET_RECORD_HOST, f);
        }
        if (fleet_body_get_issuer(f->at, f->left, &issuer, &trusted) == 0) {
                must(text_is_label(issuer.host, STORE_FLEET_HOST_MAX));
                fleet_body_put_issuer(&v, &issuer, trusted);
                check_record(&v, FLEET_RECORD_ISSUER, f);
        }
}

static void try_group(const struct fuzz *f) {
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        struct bytes_reader r = { .in = f->at, .len = f->left };
        char name[FRAME_GROUP_MAX + 1];
        struct fleet_share share;
        size_t begin;

        if (fleet_body_get_group(&r, name) < 0)
                return;
        begin = fleet_body_begin_group(&w, name);
        while (!bytes_is_at_end(&r)) {
                if (fleet_body_get_share(&r, &share) < 0)
                        return;
                fleet_body_put_share(&w, &share);
        }
        fleet_body_end_group(&w, begin);
        check_record(&w, FLEET_RECORD_GROUP, f);
}

static void try_page(const struct fuzz *f) {
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        struct fleet_page page;

        if (fleet_body_get_page(f->at, f->left, &page) == 0) {
                for (size_t i = 1; i < page.n; i++)
                        must(memcmp(page.ids + (i - 1) * KEYTEXT_ID_LEN,
                                    page.ids + i * KEYTEXT_ID_LEN, KEYTEXT_ID_LEN) < 0);
                fleet_body_put_page(&w, &page);
                check_record(&w, FLEET_RECORD_PAGE, f);
        }
}

static struct bytes_reader reader_of(const struct fuzz *f) {
        return (struct bytes_reader){ .in = f->at, .len = f->left };
}

static void try_reported(const struct fuzz *f) {
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) }, v = w, u = w;
        struct bytes_reader r = reader_of(f), q = reader_of(f), p = reader_of(f);
        uint8_t seal[RECORD_DIGEST_LEN];
        struct fleet_report_log log;
        struct audit_record record;
        struct key_use use;

        if (fleet_report_body_get_log(&r, &log) == 0) {
                fleet_report_body_put_log(&w, &log);
                check_record(&w, FLEET_REPORT_LOG, f);
        }
        if (fleet_report_body_get_use(&q, &use) == 0) {
                must(keytext_is_id(use.id) && use.at >= 0);
                fleet_report_body_put_use(&v, &use);
                check_record(&v, FLEET_REPORT_USE, f);
        }
        if (fleet_report_body_get_audit(&p, &record, seal) == 0) {
                must(!record.has_login && record.seq > 0);
                must(!record.detail[0] || text_is_label(record.detail, sizeof(record.detail) - 1));
                fleet_report_body_put_audit(&u, &record, seal);
                check_record(&u, FLEET_REPORT_AUDIT, f);
        }
}

/* A body is records one behind the other, up to its end. */
static void try_records(const struct fuzz *f) {
        struct bytes_reader r = reader_of(f), content;
        size_t len = 0;
        uint8_t type;
        int n;

        while ((n = fleet_report_body_next(&r, &type, &content)) > 0) {
                must(content.in == f->at + len + STORE_RECORD_HEAD && f->at[len] == type);
                len += STORE_RECORD_HEAD + content.len;
                must(len <= f->left);
        }
        must(n == -EBADMSG || len == f->left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size };
        uint8_t which = fuzz_byte(&f);

        if (f.left > sizeof(bytes) - 512)
                return 0;
        switch (which) {
        case 'c':
                try_change(f);
                break;
        case 'r':
                try_report(f);
                break;
        case 'b':
                try_report_bytes(f);
                break;
        case 'h':
                try_head(&f);
                break;
        default:
                try_host(&f);
                try_group(&f);
                try_page(&f);
                try_reported(&f);
                try_records(&f);
        }
        return 0;
}
