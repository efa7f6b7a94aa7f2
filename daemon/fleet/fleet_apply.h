/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes that come: each is believed only when it is the next one of its group, and an issuer of
 * the fleet has signed it. Runs on the writer thread. */
#pragma once

#include "fleet/fleet.h"

/* What came of them. */
struct fleet_news {
        int64_t number;   /* the group's last change now */
        uint64_t applied; /* changes */
        /* One of them was the last page of a snapshot, for which so many keys have gone. */
        bool snapshot;
        uint64_t gone;
        /* There was more than keys, such as policies. */
        bool wide;
        /* there may be keys of users that this host does not know yet */
        bool owners;
        /* this host is in other groups, or in no fleet any more */
        bool self;
        /* the last page of a snapshot has come, and fleet_apply_more() has the rest of the work */
        bool more;
};

/**
 * fleet_apply_bytes(f, writer, group, in, len, ret):
 * Takes the next bytes of the group's log or of a snapshot, and applies the changes that are
 * complete now, in one transaction with a record for the audit log. Returns 0; -ENOLINK; -EXDEV;
 * -ESTALE; -EKEYREJECTED; -EBADMSG; -EMEDIUMTYPE; -EPROTONOSUPPORT; -EAGAIN: it has to wait for
 * changes of the group of all hosts; an error of the store or of a file. After an error nothing
 * has changed, and the bytes that are sent next begin with a whole change. So they do after a call
 * without bytes, which only says the number, and after bytes of another group: only one change is
 * kept unfinished, of at most ${FRAME_BODY_MAX} bytes.
 */
int fleet_apply_bytes(struct fleet *f, struct store *writer, const char *group, const uint8_t *in,
                      size_t len, struct fleet_news *ret) _must_check_;

/**
 * fleet_apply_more(f, writer, group, ret): the next piece of the work behind the last page of a
 * snapshot, as long as ${ret->more} says that there is one. Others may use and change the store
 * between two calls. Errors as above; -ESTALE: the snapshot has to begin anew.
 */
int fleet_apply_more(struct fleet *f, struct store *writer, const char *group,
                     struct fleet_news *ret) _must_check_;

/**
 * fleet_apply_forget(f): the bytes that are sent next begin with a whole change.
 */
void fleet_apply_forget(struct fleet *f);

/**
 * fleet_apply_one(f, writer, in, len, news): applies one change or page, inside the caller's
 * transaction. Errors as above. When the transaction has ended, call fleet_age_settle(), and
 * fleet_load() when it did not end well.
 */
int fleet_apply_one(struct fleet *f, struct store *writer, const uint8_t *in, size_t len,
                    struct fleet_news *news) _must_check_;
