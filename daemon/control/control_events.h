/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events of the audit log a caller sees, and how an event is shown. */
#pragma once

#include "control/control_options.h"
#include "control/control_pieces.h"
#include "store/store_audit.h"
#include "store/store_reported.h"

/* Whose events a caller sees: all, or those of the keys of this user. Name and uid must both
 * match. */
struct control_sight {
        bool all;
        uid_t uid;
        char user[WIRE_USER_MAX + 1];
};

/**
 * control_events_sight(call, writer, ret): finds out what the caller sees. Returns whether that
 * worked. If not, the call has failed.
 */
bool control_events_sight(struct control_call *call, struct store *writer,
                          struct control_sight *ret) _must_check_;

/**
 * control_events_look_up(writer, sight): the name of a caller whom the store did not know, because
 * the first key may have come since. Returns 0, or an error of the store.
 */
int control_events_look_up(struct store *writer, struct control_sight *sight) _must_check_;

/**
 * control_events_narrow(filter, sight): makes ${filter} pass only what ${sight} allows. ${filter}
 * borrows from ${sight}.
 */
void control_events_narrow(struct audit_filter *filter, const struct control_sight *sight);

/**
 * control_events_append(m, record): appends one event, as a dictionary. Returns 0, or a negative
 * errno.
 */
int control_events_append(sd_bus_message *m, const struct audit_record *record) _must_check_;

/* at most in one answer */
#define CONTROL_EVENTS_PAGE 200
/* looked at by one call */
#define CONTROL_EVENTS_SCAN 20000
/* Looked at in one piece, in some milliseconds: other calls wait for the writer thread. */
#define CONTROL_EVENTS_PIECE 1000

/* A call that lists events, of this host or of the hosts of its fleet. */
struct control_events_call {
        struct control_call call;
        /* what the caller asks for; filter borrows from it */
        char host[STORE_FLEET_HOST_MAX + 1], key[KEYTEXT_ID_LEN + 1];
        char user[2 * WIRE_USER_MAX], service[2 * WIRE_SERVICE_MAX], verdict[AUDIT_WORD_MAX + 1];
        uint64_t after;
        struct audit_filter filter;
        uint32_t limit;
        struct control_pieces pieces;
        size_t seen; /* looked at so far */
        /* the page; owned */
        struct store_reported_record *records;
        size_t n;
        int64_t next;
};

/**
 * control_events_parse(call, m), control_events_parse_of_fleet(call, m): the parse() of such a
 * call. Only the second one knows the option host.
 */
int control_events_parse(struct control_call *call, sd_bus_message *m) _must_check_;
int control_events_parse_of_fleet(struct control_call *call, sd_bus_message *m) _must_check_;

/**
 * control_events_piece(list, r): what the run() of ${list}->pieces returns, when a piece was looked
 * at and ${list}->next says where to go on. ${r} is its result.
 */
bool control_events_piece(struct control_events_call *list, int r);

/**
 * control_events_make_room(list): memory for the page, if it has none yet. Returns whether there
 * is; if not, the call has failed.
 */
bool control_events_make_room(struct control_events_call *list) _must_check_;

/**
 * control_events_run(call, writer): the run() of such a call. The pieces have done its work.
 */
void control_events_run(struct control_call *call, struct store *writer);

/**
 * control_events_reply(call, reply), control_events_release(call): the reply() and release() of
 * such a call. A record without a host is of this one.
 */
int control_events_reply(struct control_call *call, sd_bus_message *reply) _must_check_;
void control_events_release(struct control_call *call);
