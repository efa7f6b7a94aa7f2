/* SPDX-License-Identifier: BSD-2-Clause */
/* The records in a change that are not rows of a whole store: hosts, issuers, groups. Bytes in and
 * out. FLEET has the byte tables. */
#pragma once

#include "base/bytes.h"
#include "fleet/fleet.h"
#include "secret/frame.h"
#include "store/store_fleet.h"

/* Values are in frames: never renumber. */
enum fleet_record {
        FLEET_RECORD_HOST = 17,
        FLEET_RECORD_ISSUER = 18,
        FLEET_RECORD_GROUP = 19,
        FLEET_RECORD_PAGE = 21,
        FLEET_RECORD_CERTS = 23,
};

/* One host's part in the record of a group. */
struct fleet_share {
        char host[STORE_FLEET_HOST_MAX + 1];
        uint8_t sealed[SEAL_BOX_LEN];
};

/* What a page of a snapshot is. */
struct fleet_page {
        uint32_t index;
        bool last;
        /* of its keys, ascending, ${KEYTEXT_ID_LEN} bytes each; borrowed */
        const uint8_t *ids;
        size_t n;
};

/**
 * fleet_body_put_host(w, host), fleet_body_put_issuer(w, issuer, trusted):
 * Whole records.
 */
void fleet_body_put_host(struct bytes_writer *w, const struct store_fleet_host *host);
void fleet_body_put_issuer(struct bytes_writer *w, const struct store_fleet_issuer *issuer,
                           bool trusted);

/**
 * fleet_body_begin_group(w, name), fleet_body_put_share(w, share), fleet_body_end_group(w, begin):
 * The record of a group, share by share. The first returns ${begin}.
 */
size_t fleet_body_begin_group(struct bytes_writer *w, const char *name);
void fleet_body_put_share(struct bytes_writer *w, const struct fleet_share *share);
void fleet_body_end_group(struct bytes_writer *w, size_t begin);

/**
 * fleet_body_put_page(w, page), fleet_body_put_certs(w, thumbprints, n): whole records of a
 * snapshot.
 */
void fleet_body_put_page(struct bytes_writer *w, const struct fleet_page *page);
void fleet_body_put_certs(struct bytes_writer *w, const uint8_t *thumbprints, size_t n);

/**
 * fleet_body_get_page(in, len, ret): reads the content of such a record. That of certificates is
 * their thumbprints. 0; -EBADMSG.
 */
int fleet_body_get_page(const uint8_t *in, size_t len, struct fleet_page *ret) _must_check_;

/**
 * fleet_body_get_host(in, len, ret), fleet_body_get_issuer(in, len, ret, ret_trusted),
 * fleet_body_get_group(r, name), fleet_body_get_share(r, ret): read the content of a record. The
 * latter two read the name, and share by share until ${r} is at its end. A host has a name that the
 * commands take. 0; -EBADMSG.
 */
int fleet_body_get_host(const uint8_t *in, size_t len, struct store_fleet_host *ret) _must_check_;
int fleet_body_get_issuer(const uint8_t *in, size_t len, struct store_fleet_issuer *ret,
                          bool *ret_trusted) _must_check_;
int fleet_body_get_group(struct bytes_reader *r,
                         char name[static FRAME_GROUP_MAX + 1]) _must_check_;
int fleet_body_get_share(struct bytes_reader *r, struct fleet_share *ret) _must_check_;
