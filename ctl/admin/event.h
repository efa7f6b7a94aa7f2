/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of the audit log, as the daemon tells them, and which of them a person wants to see. */
#pragma once

#include <stdbool.h>

#include "call/call.h"
#include "cli/args.h"
#include "draw/fields.h"

/* Texts belong to the message that the event was read from. */
struct event {
        const char *host, *event, *verdict, *door, *key, *user, *service, *rhost, *reason, *detail;
        uint64_t seq, count;
        uint32_t uid, login_uid, pid;
        int64_t at, until;
};

/* In the order of the JSON members. Only events of a fleet have the first. */
extern const struct field event_fields[];
extern const size_t event_n_fields;

/* The daemon applies it to events that are in the log, and event_matches() to those that come. */
struct event_filter {
        const char *host, *key, *user, *service, *verdict;
        int64_t since, until; /* 0 when not given */
};

/**
 * event_read_filter(args, ret): what the options say. CTL_OK, or CTL_USAGE after a message.
 */
enum exit_code event_read_filter(const struct args *args, struct event_filter *ret) _must_check_;

/**
 * event_matches(filter, event): whether ${event} is one that the user wants to see.
 */
bool event_matches(const struct event_filter *filter, const struct event *event);

/**
 * event_read(m, ret): the next event of ${m}: 1; 0 when there is none; a negative errno.
 */
int event_read(sd_bus_message *m, struct event *ret) _must_check_;

/**
 * event_append_filter(m, filter, after, reverse, limit): the options of a call that lists events.
 * ${after} and ${limit} of 0 are left out. 0 or more, or a negative errno.
 */
int event_append_filter(sd_bus_message *m, const struct event_filter *filter, uint64_t after,
                        bool reverse, uint32_t limit) _must_check_;
