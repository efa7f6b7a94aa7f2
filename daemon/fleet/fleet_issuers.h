/* SPDX-License-Identifier: BSD-2-Clause */
/* Which issuing hosts are believed, as the fleet's changes and snapshots say. For fleet_apply.c and
 * fleet_snapshot.c alone. Runs on the writer thread, inside a transaction. */
#pragma once

#include "fleet/fleet_body.h"

/* What says it. */
struct fleet_issuers {
        bool page;
        bool past;      /* before the invitation */
        int64_t number; /* of the change or snapshot */
        bool any;       /* it has such a record */
        /* It is of the group of all hosts, and has a key that says it is of a later change. */
        bool ahead;
        /* The page knows that this issuer was dropped, and when. */
        uint8_t told[SEAL_PUBLIC_LEN];
};

/**
 * fleet_issuers_take(f, writer, from, in, len): takes the record of an issuer. A change says what
 * an administrator wants. A snapshot that was made by a host with an older store does not know what
 * was dropped since: an issuer whose end this host has seen stays dropped, unless the snapshot has
 * seen the same end. A second key of a name, or name of a key, is not believed, before the first
 * one is ended. 0; -EBADMSG; an error of the store.
 * fleet_issuers_epoch(f, from, all, key): whether this host may take the key. ${all}: the group of
 * all hosts brings it. 0; -EAGAIN: it can have come behind changes of that group that this host
 * does not have.
 * fleet_issuers_end(f, writer, from): all records of a change or page of the group of all hosts
 * were taken. When an issuer is not believed any more, nothing is believed that it has said of
 * changes or epochs to come. 0; an error of the store.
 */
int fleet_issuers_take(struct fleet *f, struct store *writer, struct fleet_issuers *from,
                       const uint8_t *in, size_t len) _must_check_;
int fleet_issuers_epoch(struct fleet *f, struct fleet_issuers *from, bool all,
                        const struct key_record *key) _must_check_;
int fleet_issuers_end(struct fleet *f, struct store *writer,
                      const struct fleet_issuers *from) _must_check_;

/**
 * fleet_issuers_put(reader, w): the records of a snapshot, for fleet_issuers_take(). 0; an error of
 * the store. fleet_issuers_count(reader, ret): how many these are at most.
 */
int fleet_issuers_put(struct store *reader, struct bytes_writer *w) _must_check_;
int fleet_issuers_count(struct store *reader, size_t *ret) _must_check_;
