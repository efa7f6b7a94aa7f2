/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon knows about the fleet of its host, and how it is read. */
#pragma once

#include "call/call.h"
#include "draw/fields.h"

struct fleethost {
        const char *name;
        const char *words; /* groups as the daemon sends them */
        char **groups;
        int issuing;
        uint64_t heard_s;
        /* its last report and what is wrong with them, on an issuing host */
        int64_t reported;
        const char *fault;
};

struct fleetstatus {
        const char *fleet, *host, *link, *link_text;
        int joined, issuing;
        uint64_t keys, age_s, waiting, silent_s;
        const char *silent_host;
        char **groups;
        /* the last number of each group that is in force here; NULL when the daemon sent none */
        const uint64_t *numbers;
        struct fleethost *hosts;
        size_t n_hosts;
        sd_bus_message *message; /* owns the text */
};

#define FLEETSTATUS_FIELDS 12
extern const struct field fleetstatus_fields[FLEETSTATUS_FIELDS];

#define FLEETHOST_FIELDS 6
extern const struct field fleethost_fields[FLEETHOST_FIELDS];

/**
 * fleetstatus_fetch(call, ret):
 * Asks the daemon. The caller frees ${ret} by fleetstatus_done(). Returns CTL_OK, or any other exit
 * code after a message on stderr.
 */
enum exit_code fleetstatus_fetch(const struct call *call, struct fleetstatus *ret) _must_check_;
void fleetstatus_done(struct fleetstatus *status);
#define _cleanup_fleetstatus_ __attribute__((cleanup(fleetstatus_done)))

/**
 * fleetstatus_note_none(): says on a terminal that this host is in no fleet, and how it joins one.
 */
void fleetstatus_note_none(void);
