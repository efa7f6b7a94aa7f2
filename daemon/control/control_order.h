/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of a list of keys, and places in it. A place is a value and an id, so it stays where it
 * is when the key that was there changes or goes. Knows nothing of calls and of the store. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "rules/policy.h"

enum control_order_by {
        CONTROL_ORDER_NONE, /* as the store has them */
        CONTROL_ORDER_ID,
        CONTROL_ORDER_NAME,
        CONTROL_ORDER_OWNER,
        CONTROL_ORDER_SERVICES,
        CONTROL_ORDER_NETWORKS,
        CONTROL_ORDER_STATUS,
        CONTROL_ORDER_CREATED,
        CONTROL_ORDER_UPDATED,
        CONTROL_ORDER_EXPIRES,
        CONTROL_ORDER_LAST_USED,
        CONTROL_ORDER_USES,
        _CONTROL_ORDER_MAX,
};

struct control_order {
        enum control_order_by by;
        bool reverse;
        const struct policy *policy; /* borrowed */
        int64_t now;
};

/* Borrows from a key or from a cursor. One of text and number is "" or 0. */
struct control_place {
        const char *id, *text;
        int64_t number;
};

/* A place as a text: the id, a space, the value. */
#define CONTROL_CURSOR_LEN (KEYTEXT_ID_LEN + 1 + RECORD_LIST_LEN)

struct control_cursor {
        char id[KEYTEXT_ID_LEN + 1], text[RECORD_LIST_LEN];
        int64_t number;
};

/**
 * control_order_find(name): the order by the property ${name} of a key; CONTROL_ORDER_NONE: there
 * is no such order.
 */
enum control_order_by control_order_find(const char *name);

/**
 * control_order_place(order, key): the place of ${key}.
 */
struct control_place control_order_place(const struct control_order *order,
                                         const struct key_record *key);

/**
 * control_order_compare(order, a, b): less than 0 when ${a} comes first, more than 0 when ${b}
 * does.
 */
int control_order_compare(const struct control_order *order, const struct control_place *a,
                          const struct control_place *b);

/**
 * control_order_read(order, text, ret): a place of this order from a text of
 * control_order_write(). Returns whether it is one.
 */
bool control_order_read(const struct control_order *order, const char *text,
                        struct control_cursor *ret) _must_check_;

/**
 * control_order_write(order, place, ret): the place as a text.
 */
void control_order_write(const struct control_order *order, const struct control_place *place,
                         char ret[static CONTROL_CURSOR_LEN]);

/**
 * control_order_status(status): the word for it.
 */
const char *control_order_status(enum key_status status);
