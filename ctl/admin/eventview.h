/* SPDX-License-Identifier: BSD-2-Clause */
/* Events on stdout: a table for people, which grows, or JSON for programs. */
#pragma once

#include "admin/event.h"
#include "draw/table.h"

#define EVENTVIEW_COLUMNS 16
/* so many wait for each other, to be shown in the order of time */
#define EVENTVIEW_WINDOW 10000

struct eventview {
        bool json, fleet, reverse;
        struct json list;
        /* for a terminal: times without the year and the zone */
        bool brief;
        const struct eventcolumn *columns[EVENTVIEW_COLUMNS];
        size_t n_columns;
        size_t widths[EVENTVIEW_COLUMNS]; /* so far */
        bool begun, full;
        /* The events come in reverse, and JSON is to have them in order. */
        bool hold;
        /* Events that wait, and the messages that they borrow from; owned. */
        struct event *events;
        size_t n, size;
        sd_bus_message **messages;
        size_t n_messages;
};

#define _cleanup_eventview_ _cleanup_(eventview_done)

/**
 * eventview_read(args, fleet, ret): what the options say. CTL_OK, or CTL_USAGE after a message.
 */
enum exit_code eventview_read(const struct args *args, bool fleet,
                              struct eventview *ret) _must_check_;
void eventview_done(struct eventview *view);

/**
 * eventview_add(view, m, event): an event that was read from ${m}, which is kept for as long as it
 * is needed. Shown at once as JSON, and else with the next eventview_flush(), or when there are too
 * many. 0; -ENOMEM.
 */
int eventview_add(struct eventview *view, sd_bus_message *m,
                  const struct event *event) _must_check_;

/**
 * eventview_flush(view): shows what waits, in the order of time. CTL_OK, or CTL_FAILED after a
 * message.
 */
enum exit_code eventview_flush(struct eventview *view) _must_check_;

/**
 * eventview_end(view): ends the array of JSON, when no event follows.
 */
void eventview_end(struct eventview *view);
