/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports, in both directions. For carry*.c alone. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct carry;

/* What the daemon has refused of a host, up to this number. */
struct carry_skip {
        char host[64];
        uint64_t number;
};

/* This host's own report. */
struct carry_own_report {
        uint64_t ask_at; /* the daemon, not before */
        bool asking;
        /* with the report that is to be put into the database */
        sd_bus_message *message;
        uint64_t number;
};

/* Those of all hosts, to an issuing daemon. */
struct carry_reports {
        uint64_t at;      /* not before, unless */
        bool held;        /* some come again later */
        bool rung;        /* a bell has rung, and */
        uint64_t rung_at; /* this has passed */
        bool asking;
        /* with the number of each host's last one */
        sd_bus_message *known;
        /* while they are written to the daemon */
        PGresult *rows;
        int row;
        size_t offset;
        struct carry_skip *skips; /* owned */
        size_t n_skips;
};

/**
 * carry_report_is_whole(frame, len): whether a frame has the length that it says. Otherwise the
 * daemon would take the beginning of the next one for a part of it.
 */
bool carry_report_is_whole(const char *frame, size_t len);

/**
 * carry_report_look(c): asks the daemon for a report when one is due, and on an issuing host which
 * ones it has, when it is time to look for more.
 */
void carry_report_look(struct carry *c);

/**
 * carry_report_put(c): puts the report that waits into the database, which must be free.
 * carry_report_fetch(c): asks for those that the daemon lacks; likewise.
 */
void carry_report_put(struct carry *c);
void carry_report_fetch(struct carry *c);

/**
 * carry_report_order(c): an administrator wants a report now.
 */
void carry_report_order(struct carry *c);

/**
 * carry_report_away(c): the database is away. carry_report_drop(c): forgets all.
 */
void carry_report_away(struct carry *c);
void carry_report_drop(struct carry *c);
