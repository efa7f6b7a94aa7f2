/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of carry share. Other files see carry.h. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"
#include "carry_report.h"
#include "carry_turn.h"
#include "database.h"
#include "local.h"
#include "note.h"
#include "pause.h"

/* A call to the daemon has at most 64 KiB. */
#define CARRY_CHUNK 49152
/* Fetched at a time, or one frame if that is larger. */
#define CARRY_FETCH 524288
/* A frame has a head, a body and a signature. The last four bytes of the head are the length of the
 * body, little endian. */
#define CARRY_FRAME_HEAD 188
#define CARRY_FRAME_TAIL 64

struct carry_group {
        char *name;
        uint64_t number; /* the daemon has applied */
        uint64_t there;  /* the database had at the last look */
        uint64_t oldest; /* change that the database has kept */
        /* of the snapshot that this host has made; 0: none */
        uint64_t own;
        bool lacks;                       /* what is not kept any more */
        uint64_t made_number, made_pages; /* of a snapshot that is being made */
        bool is_there;
        bool asked;      /* in the fetch that is on its way */
        uint64_t before; /* number, when that was asked */
        /* The daemon refuses a change of this group, or the database lacks some: asked again at
         * this time (CLOCK_BOOTTIME, microseconds). 0: nothing is wrong. */
        uint64_t again_at;
        struct pause pause;
        bool in_doubt; /* has it another number? */
        /* The daemon does not believe a change, which is why. A snapshot may help. */
        bool refused;
        char why[NOTE_TEXT_LEN];
};

enum carry_order {
        CARRY_ORDER_NONE = 0,
        CARRY_ORDER_WAITING, /* for the database */
        CARRY_ORDER_SENT,
        /* Another host was first. What is newer is on its way to the daemon. */
        CARRY_ORDER_BEHIND,
};

/* Invariants: (1) order_message is set unless order is CARRY_ORDER_NONE; (2) fetched is set while
 * its rows are written to the daemon; (3) all of it but the first part is empty while the daemon is
 * not attached. */
struct carry {
        sd_event *event;
        struct local *local;
        struct database *database;
        sd_event_source *tick; /* time to ask both sides */
        sd_event_source *soon; /* a fetch that waits for its turn */

        bool attached, joined, issuing;
        struct carry_group *groups;
        size_t n_groups;
        /* hosts whose snapshots the daemon believes */
        char **issuers;
        size_t n_issuers;
        bool is_up; /* the database */
        /* for the first time since the daemon attached */
        bool connecting;
        const char *silent;                            /* why no bell is heard */
        char away[NOTE_TEXT_LEN], ways[NOTE_TEXT_LEN]; /* why it is not up; what is open */
        char link[16];                                 /* what FleetLink said last */
        char link_text[NOTE_TEXT_LEN];

        /* The daemon has something else to say to FleetAttach. First the order is done. */
        bool again;
        enum carry_order order;
        bool newer, telling, finishing; /* telling: FleetDone */
        sd_bus_message *order_message;
        uint64_t token;

        bool signing;
        uint64_t heads_at, ping_at, look_at, ways_at;
        sd_bus_message *heads; /* to be put into the database */

        bool fetch_wanted, rung, by_bell; /* rung is for the next one */
        uint64_t fetch_at;                /* not before */
        PGresult *fetched;
        int row;       /* the next to be written */
        size_t offset; /* within its frame */
        struct carry_group *writing;
        struct carry_group *asking;       /* the daemon for its number */
        bool fetched_before;              /* the order was refused */
        uint64_t *seen_heads, *new_heads; /* pieces of their signatures */
        size_t n_seen_heads, n_new_heads;

        /* The group that gets a snapshot, page by page. NULL: none. */
        struct carry_group *taking;
        struct {
                uint64_t page, pages, number;
                char issuer[64];
        } take;
        bool paging; /* fetched is a page */
        struct carry_turn turn;

        /* The snapshots that this host makes, group by group. */
        struct {
                bool on, asked, rebase;
                size_t group;
                uint64_t page;
                /* with the page that is to be put into the database */
                sd_bus_message *message;
                uint64_t at; /* not by itself before */
        } making;
        struct carry_own_report report;
        struct carry_reports reports; /* of all hosts */
};

/**
 * carry_now(c): CLOCK_BOOTTIME, in microseconds.
 */
uint64_t carry_now(const struct carry *c);

/**
 * carry_go(c): does what is next, if the database is free for it.
 */
void carry_go(struct carry *c);

/**
 * carry_wait(c): there is an order, and the database is not up. Waits for the first connection.
 * Where that has failed, the daemon hears so at once.
 */
void carry_wait(struct carry *c);

/**
 * carry_link(c, state, text): tells the daemon, unless it knows that.
 * carry_link_up(c): the same, for a database that answers: "connected", unless a group is refused.
 */
void carry_link(struct carry *c, const char *state, const char *text);
void carry_link_up(struct carry *c);

/**
 * carry_find(c, name): the group, or NULL.
 */
struct carry_group *carry_find(struct carry *c, const char *name);

/**
 * carry_attach(c): asks the daemon anew what the host's part of the fleet is.
 */
void carry_attach(struct carry *c);

/* --- carry_order.c: what the daemon wants done in the database --- */

/**
 * carry_order_take(c, m): takes a signal FleetWork.
 */
void carry_order_take(struct carry *c, sd_bus_message *m);

/**
 * carry_order_send(c): begins the transaction of the order that waits.
 */
void carry_order_send(struct carry *c);

/**
 * carry_order_done(c, outcome, text): tells the daemon what became of the order.
 */
void carry_order_done(struct carry *c, const char *outcome, const char *text);

/**
 * carry_order_caught_up(c): the daemon has all that the database has. An order that came too late
 * is answered.
 */
void carry_order_caught_up(struct carry *c);

/* --- carry_fetch.c: what the database has for the daemon --- */

/**
 * carry_fetch_start(c): asks for what is newer. The database must be free, and fetched empty.
 */
void carry_fetch_start(struct carry *c);

/**
 * carry_fetch_drop(c): forgets what was fetched. Nothing may be on its way to the daemon, unless it
 * is attached anew: the number that it answers would be lost.
 */
void carry_fetch_drop(struct carry *c);

/**
 * carry_fetch_set_aside(c, g, state, why): leaves this group alone for a while. The others go on.
 * ${state} is what FleetLink says.
 */
void carry_fetch_set_aside(struct carry *c, struct carry_group *g, const char *state,
                           const char *why);

/**
 * carry_fetch_page(c, result): a page was fetched instead. It is written in the same way.
 */
void carry_fetch_page(struct carry *c, PGresult *result);

/* --- carry_snapshot.c: snapshots, in both directions --- */

/**
 * carry_snapshot_look(c): whether a group needs a snapshot, or this host has to make one. Called
 * when all that could be fetched is written.
 */
void carry_snapshot_look(struct carry *c);

/**
 * carry_snapshot_fetch(c): asks for the next page. The database must be free, and fetched empty.
 * carry_snapshot_taken(c): it was written.
 */
void carry_snapshot_fetch(struct carry *c);
void carry_snapshot_taken(struct carry *c);

/**
 * carry_snapshot_put(c): puts the page that waits into the database, which must be free.
 */
void carry_snapshot_put(struct carry *c);

/**
 * carry_snapshot_order(c, rebase): the daemon wants snapshots of all groups.
 */
void carry_snapshot_order(struct carry *c, bool rebase);

/**
 * carry_snapshot_drop(c): breaks off what is under way.
 */
void carry_snapshot_drop(struct carry *c);

/* --- carry_heads.c: signed heads, from the daemon to the database --- */

/**
 * carry_heads_ask(c): asks an issuing daemon for heads, when it is time.
 */
void carry_heads_ask(struct carry *c);

/**
 * carry_heads_put(c): puts them into the database, which must be free.
 */
void carry_heads_put(struct carry *c);

/**
 * carry_heads_arrays(m, arrays):
 * Reads an array a(stay) at the place of ${m} into three zeroed arrays, which the caller finishes
 * with array_done() in any case. 0, or a negative errno.
 */
int carry_heads_arrays(sd_bus_message *m, struct array arrays[static 3]) _must_check_;
