/* SPDX-License-Identifier: BSD-2-Clause */
/* Records as bytes. Does not decide whether they are believed. */
#include <errno.h>
#include <string.h>

#include "fleet/fleet.h"
#include "fleet/fleet_body.h"
#include "fleet/fleet_join.h"
#include "store/store_mirror.h"

static size_t begin(struct bytes_writer *w, uint8_t type) {
        size_t at = w->len;

        bytes_write(w, 1, type);
        bytes_write(w, 4, 0);
        return at;
}

static void end(struct bytes_writer *w, size_t at) {
        if (!w->full)
                bytes_put(w->out + at + 1, 4, w->len - at - STORE_RECORD_HEAD);
}

static void put_text(struct bytes_writer *w, size_t width, const char *text) {
        bytes_write(w, width, strlen(text));
        bytes_write_raw(w, text, strlen(text));
}

static int get_text(struct bytes_reader *r, size_t width, char *out, size_t size) {
        size_t len = bytes_read(r, width);

        if (r->bad || len >= size)
                return -EBADMSG;
        bytes_read_raw(r, out, len);
        out[len] = '\0';
        return r->bad || strlen(out) != len ? -EBADMSG : 0;
}

void fleet_body_put_host(struct bytes_writer *w, const struct store_fleet_host *host) {
        size_t at = begin(w, FLEET_RECORD_HOST);

        put_text(w, 1, host->name);
        bytes_write_raw(w, host->issuer, sizeof(host->issuer));
        bytes_write_raw(w, host->recipient, sizeof(host->recipient));
        put_text(w, 2, host->groups);
        end(w, at);
}

int fleet_body_get_host(const uint8_t *in, size_t len, struct store_fleet_host *ret) {
        struct bytes_reader r = { .in = in, .len = len };
        struct store_fleet_host host = {};

        if (get_text(&r, 1, host.name, sizeof(host.name)) < 0 || !fleet_join_is_host(host.name))
                return -EBADMSG;
        bytes_read_raw(&r, host.issuer, sizeof(host.issuer));
        bytes_read_raw(&r, host.recipient, sizeof(host.recipient));
        if (get_text(&r, 2, host.groups, sizeof(host.groups)) < 0 || !bytes_is_at_end(&r))
                return -EBADMSG;
        *ret = host;
        return 0;
}

void fleet_body_put_issuer(struct bytes_writer *w, const struct store_fleet_issuer *issuer,
                           bool trusted) {
        size_t at = begin(w, FLEET_RECORD_ISSUER);

        bytes_write_raw(w, issuer->public, sizeof(issuer->public));
        put_text(w, 1, issuer->host);
        bytes_write(w, 1, trusted);
        end(w, at);
}

int fleet_body_get_issuer(const uint8_t *in, size_t len, struct store_fleet_issuer *ret,
                          bool *ret_trusted) {
        struct bytes_reader r = { .in = in, .len = len };
        struct store_fleet_issuer issuer = {};
        bool trusted;

        bytes_read_raw(&r, issuer.public, sizeof(issuer.public));
        if (get_text(&r, 1, issuer.host, sizeof(issuer.host)) < 0)
                return -EBADMSG;
        trusted = bytes_read_flag(&r);
        if (!bytes_is_at_end(&r) || !fleet_join_is_host(issuer.host))
                return -EBADMSG;
        *ret = issuer;
        *ret_trusted = trusted;
        return 0;
}

size_t fleet_body_begin_group(struct bytes_writer *w, const char *name) {
        size_t at = begin(w, FLEET_RECORD_GROUP);

        put_text(w, 1, name);
        return at;
}

void fleet_body_put_share(struct bytes_writer *w, const struct fleet_share *share) {
        put_text(w, 1, share->host);
        bytes_write_raw(w, share->sealed, sizeof(share->sealed));
}

void fleet_body_end_group(struct bytes_writer *w, size_t at) {
        end(w, at);
}

int fleet_body_get_group(struct bytes_reader *r, char name[static FRAME_GROUP_MAX + 1]) {
        return get_text(r, 1, name, FRAME_GROUP_MAX + 1) < 0 || !fleet_is_name(name) ? -EBADMSG : 0;
}

int fleet_body_get_share(struct bytes_reader *r, struct fleet_share *ret) {
        struct fleet_share share = {};

        if (get_text(r, 1, share.host, sizeof(share.host)) < 0)
                return -EBADMSG;
        bytes_read_raw(r, share.sealed, sizeof(share.sealed));
        if (r->bad)
                return -EBADMSG;
        *ret = share;
        return 0;
}

/* --- Snapshots --- */

void fleet_body_put_page(struct bytes_writer *w, const struct fleet_page *page) {
        size_t at = begin(w, FLEET_RECORD_PAGE);

        bytes_write(w, 4, page->index);
        bytes_write(w, 1, page->last);
        bytes_write_raw(w, page->ids, page->n * KEYTEXT_ID_LEN);
        end(w, at);
}

int fleet_body_get_page(const uint8_t *in, size_t len, struct fleet_page *ret) {
        struct bytes_reader r = { .in = in, .len = len };
        struct fleet_page page = { .index = (uint32_t) bytes_read(&r, 4),
                                   .last = bytes_read_flag(&r) };

        if (r.bad || (len - r.at) % KEYTEXT_ID_LEN != 0)
                return -EBADMSG;
        page.ids = in + r.at;
        page.n = (len - r.at) / KEYTEXT_ID_LEN;
        for (size_t i = 1; i < page.n; i++)
                if (memcmp(page.ids + KEYTEXT_ID_LEN * (i - 1), page.ids + KEYTEXT_ID_LEN * i,
                           KEYTEXT_ID_LEN) >= 0)
                        return -EBADMSG;
        *ret = page;
        return 0;
}

void fleet_body_put_certs(struct bytes_writer *w, const uint8_t *thumbprints, size_t n) {
        size_t at = begin(w, FLEET_RECORD_CERTS);

        bytes_write_raw(w, thumbprints, n * RECORD_THUMBPRINT_LEN);
        end(w, at);
}
