/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports that come to an issuing host. A host speaks for itself alone: its report counts when it
 * has signed it, and is the next one when it names the one before. What does not go together with
 * what the host has said before is a fault, which stays until an administrator has seen to it. Runs
 * on the writer thread. */
#pragma once

#include "fleet/fleet.h"
#include "store/store_reported.h"

/* What came of it. */
struct fleet_reported_news {
        int64_t number; /* of the host's last report now */
        /* There are records that wait: call again, without bytes. */
        bool more;
        /* a fault that was not known */
        enum store_reported_fault fault;
        int64_t fault_seq, fault_number;
};

/**
 * fleet_reported_take(f, writer, host, in, len, ret): takes the next bytes of a report of ${host}.
 * When it is complete, it is judged, and its records are kept, some with each call. Returns 0;
 * -ENOLINK; -EOPNOTSUPP when this host does not issue; -ENOENT for a host that is not in the fleet;
 * -EKEYREJECTED; -ESTALE; -EBADMSG; -EMEDIUMTYPE; -EPROTONOSUPPORT; -EXDEV; an error of the store
 * or of a file. After an error the bytes that are sent next begin with a whole report. So they do
 * when another host is named, and after a call without bytes where nothing waits.
 */
int fleet_reported_take(struct fleet *f, struct store *writer, const char *host, const uint8_t *in,
                        size_t len, struct fleet_reported_news *ret) _must_check_;

/**
 * fleet_reported_forget(f): the bytes that are sent next begin with a whole report.
 */
void fleet_reported_forget(struct fleet *f);

/**
 * fleet_reported_word(fault), fleet_reported_text(fault): the fault as one word, "" for none; and
 * as the end of a sentence about a host. Static storage.
 */
const char *fleet_reported_word(enum store_reported_fault fault);
const char *fleet_reported_text(enum store_reported_fault fault);
