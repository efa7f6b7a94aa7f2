/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of a list of keys. Decides nothing about which keys are in it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/control_order.h"
#include "parse.h"
#include "rules/expiry.h"
#include "text.h"

static const char *const names[_CONTROL_ORDER_MAX] = {
        [CONTROL_ORDER_ID] = "id",
        [CONTROL_ORDER_NAME] = "name",
        [CONTROL_ORDER_OWNER] = "owner",
        [CONTROL_ORDER_SERVICES] = "services",
        [CONTROL_ORDER_NETWORKS] = "networks",
        [CONTROL_ORDER_STATUS] = "status",
        [CONTROL_ORDER_CREATED] = "created",
        [CONTROL_ORDER_UPDATED] = "updated",
        [CONTROL_ORDER_EXPIRES] = "expires",
        [CONTROL_ORDER_LAST_USED] = "last-used",
        [CONTROL_ORDER_USES] = "uses",
};

enum control_order_by control_order_find(const char *name) {
        for (enum control_order_by by = CONTROL_ORDER_ID; by < _CONTROL_ORDER_MAX; by++)
                if (strcmp(names[by], name) == 0)
                        return by;
        return CONTROL_ORDER_NONE;
}

const char *control_order_status(enum key_status status) {
        static const char *const words[_KEY_STATUS_MAX] = {
                [KEY_ACTIVE] = "active",
                [KEY_REVOKED] = "revoked",
                [KEY_EXPIRED] = "expired",
                [KEY_IDLE] = "idle",
        };

        return words[status];
}

/* Never is later than all times. */
static int64_t expires(const struct control_order *order, const struct key_record *key) {
        int64_t at = expiry_of(order->policy, key);

        return at == 0 || at >= EXPIRY_NEVER ? INT64_MAX : at;
}

struct control_place control_order_place(const struct control_order *order,
                                         const struct key_record *key) {
        struct control_place place = { .id = key->id, .text = "" };

        switch (order->by) {
        case CONTROL_ORDER_NAME:
                place.text = key->name;
                break;
        case CONTROL_ORDER_OWNER:
                place.text = key->owner;
                break;
        case CONTROL_ORDER_SERVICES:
                place.text = key->services;
                break;
        case CONTROL_ORDER_NETWORKS:
                place.text = key->networks;
                break;
        case CONTROL_ORDER_STATUS:
                place.text = control_order_status(expiry_status(order->policy, key, order->now));
                break;
        case CONTROL_ORDER_CREATED:
                place.number = key->created_at;
                break;
        case CONTROL_ORDER_UPDATED:
                place.number = key->updated_at;
                break;
        case CONTROL_ORDER_EXPIRES:
                place.number = expires(order, key);
                break;
        case CONTROL_ORDER_LAST_USED:
                place.number = key->last_used_at;
                break;
        case CONTROL_ORDER_USES:
                place.number = (int64_t) key->uses;
                break;
        case CONTROL_ORDER_NONE:
        case CONTROL_ORDER_ID:
        case _CONTROL_ORDER_MAX:
                break;
        }
        return place;
}

int control_order_compare(const struct control_order *order, const struct control_place *a,
                          const struct control_place *b) {
        int r = strcasecmp(a->text, b->text);

        if (r == 0)
                r = strcmp(a->text, b->text);
        if (r == 0)
                r = (a->number > b->number) - (a->number < b->number);
        if (r == 0)
                r = strcmp(a->id, b->id);
        return order->reverse ? -r : r;
}

static bool is_text(enum control_order_by by) {
        return by >= CONTROL_ORDER_ID && by <= CONTROL_ORDER_STATUS;
}

bool control_order_read(const struct control_order *order, const char *text,
                        struct control_cursor *ret) {
        struct control_cursor cursor = {};
        uint64_t number = 0;

        if (strlen(text) <= KEYTEXT_ID_LEN || text[KEYTEXT_ID_LEN] != ' ')
                return false;
        memcpy(cursor.id, text, KEYTEXT_ID_LEN);
        text += KEYTEXT_ID_LEN + 1;
        if (!keytext_is_id(cursor.id))
                return false;
        if (is_text(order->by) ? !text_copy(cursor.text, sizeof(cursor.text), text)
                               : parse_u64(text, 0, INT64_MAX, &number) < 0)
                return false;
        cursor.number = (int64_t) number;
        *ret = cursor;
        return true;
}

void control_order_write(const struct control_order *order, const struct control_place *place,
                         char ret[static CONTROL_CURSOR_LEN]) {
        if (is_text(order->by))
                (void) snprintf(ret, CONTROL_CURSOR_LEN, "%s %s", place->id, place->text);
        else
                (void) snprintf(ret, CONTROL_CURSOR_LEN, "%s %" PRId64, place->id, place->number);
}
