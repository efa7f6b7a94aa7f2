/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of a snapshot that come. Each row replaces an older state of the same row only, so a host
 * whose snapshot breaks off is nowhere behind what it was. A key that a page lacks has been
 * removed. For fleet_*.c alone. Runs on the writer thread. */
#pragma once

#include "fleet/fleet_state.h"

/**
 * fleet_page_look(member, head): before the transaction in which the frame is taken, if it is good.
 */
void fleet_page_look(struct fleet_member *member, const struct frame_head *head);

/**
 * fleet_page_check(f, member, head): whether the page is the first one of a snapshot that is newer
 * than what the host has, or follows the page before. 0; -ESTALE. fleet_page_begin(f, member,
 * writer, head): it is about to be taken, inside a transaction. 0; -ESTALE; -ENOMEM; an error of
 * the store.
 */
int fleet_page_check(struct fleet *f, const struct fleet_member *member,
                     const struct frame_head *head) _must_check_;
int fleet_page_begin(struct fleet *f, struct fleet_member *member, struct store *writer,
                     const struct frame_head *head) _must_check_;

/**
 * fleet_page_break(member):
 * A change of the group is about to be taken, inside a transaction. The pages that have come do not
 * speak of what it brings, and those that follow do not any more: the snapshot begins anew. 0;
 * -ESTALE: keys are beside the store, and fleet_page_look() has not seen the change.
 */
int fleet_page_break(struct fleet_member *member) _must_check_;

/**
 * fleet_page_host(member, writer, name): the record of that host is about to be taken. Hosts come
 * by their names, and one that the pages leave out is gone. 0; -EBADMSG; an error of the store.
 * fleet_page_take(f, member, writer, in, len): takes the record that ends a page, inside a
 * transaction. 1: it is the last page; 0; -EBADMSG; -ESTALE; an error of the store.
 */
int fleet_page_host(struct fleet_member *member, struct store *writer,
                    const char *name) _must_check_;
int fleet_page_take(struct fleet *f, struct fleet_member *member, struct store *writer,
                    const uint8_t *in, size_t len) _must_check_;

/**
 * fleet_page_end(member, in, len, last): the page has been taken. With the last one the host is
 * where the snapshot was made. Returns whether that is so; new keys that went beside the store are
 * not in it before fleet_page_next() says so.
 */
bool fleet_page_end(struct fleet_member *member, const uint8_t *in, size_t len, bool last);

/**
 * fleet_page_ready(f, member, writer):
 * Outside a transaction, after a page: where most keys of the snapshot are new, and there are many,
 * those of further pages go beside the store.
 */
void fleet_page_ready(struct fleet *f, struct fleet_member *member, struct store *writer);

/**
 * fleet_page_has_ended(member): whether the last page has come.
 * fleet_page_next(member): the next piece of the work after the last page, in a transaction of its
 * own. 1: there is more; 0: fleet_page_arrive() may follow; -ESTALE; an error of the store.
 * fleet_page_arrive(member): inside a transaction that begins then: the keys are in the store, and
 * the host is where the snapshot was made. 0; an error of the store.
 */
bool fleet_page_has_ended(const struct fleet_member *member);
int fleet_page_next(struct fleet_member *member) _must_check_;
int fleet_page_arrive(struct fleet_member *member) _must_check_;

/**
 * fleet_page_forget(member): breaks off a snapshot, outside a transaction.
 */
void fleet_page_forget(struct fleet_member *member);

/* new keys, for fleet_page_ready(): half a second of work */
#define FLEET_MANY 2000
