/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/control_options.h"
#include "text.h"

/* One a{sv} that is being read. Bit i of seen: the option of the row i was there. */
struct reading {
        struct control_call *call;
        sd_bus_message *m;
        const struct control_option *options;
        size_t n;
        uint64_t seen;
};

void control_options_take(struct control_call *call, const struct control_option *option,
                          const char *value, void *out) {
        if (!text_copy(out, option->size, value))
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That %s is too long: at most %zu bytes.", option->name,
                             option->size - 1);
}

void control_options_take_id(struct control_call *call, const struct control_option *option,
                             const char *value, void *out) {
        assert(option->size > KEYTEXT_ID_LEN);
        if (control_check_id(call, value))
                memcpy(out, value, KEYTEXT_ID_LEN + 1);
}

void control_options_take_label(struct control_call *call, const struct control_option *option,
                                const char *value, void *out) {
        (void) control_take_label(call, option->name, value, out, option->size);
}

void control_options_take_user(struct control_call *call, const struct control_option *option,
                               const char *value, void *out) {
        if (!value[0] || !text_copy(out, option->size, value))
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That is no user name: 1 to %zu bytes.", option->size - 1);
}

static void fail_unknown(const struct reading *reading, const char *name) {
        char shown[80], known[256] = "";
        size_t used = 0;

        for (size_t i = 0; i < reading->n && used < sizeof(known); i++)
                used += (size_t) snprintf(known + used, sizeof(known) - used, "%s%s",
                                          i == 0 ? "" : ", ", reading->options[i].name);
        text_escape(shown, sizeof(shown), name);
        control_fail(reading->call, CONTROL_INVALID_ARGUMENT, "Unknown option '%s': known are %s.",
                     shown, known);
}

/* The row of the option ${name} that comes with a value of the type ${type}. NULL: it is not to be
 * read, and the call has failed. */
static const struct control_option *find(struct reading *reading, const char *name,
                                         const char *type) {
        char shown[80];
        size_t i = 0;

        while (i < reading->n && strcmp(reading->options[i].name, name) != 0)
                i++;
        if (i == reading->n) {
                fail_unknown(reading, name);
                return NULL;
        }
        if ((reading->seen & UINT64_C(1) << i) != 0) {
                control_fail(reading->call, CONTROL_INVALID_ARGUMENT, "The option '%s' came twice.",
                             name);
                return NULL;
        }
        reading->seen |= UINT64_C(1) << i;
        if (strcmp(reading->options[i].type, type) == 0)
                return &reading->options[i];
        text_escape(shown, sizeof(shown), type);
        control_fail(reading->call, CONTROL_INVALID_ARGUMENT,
                     "The option '%s' has the type %s, and not %s.", name, reading->options[i].type,
                     shown);
        return NULL;
}

static int read_text(const struct reading *reading, const struct control_option *option,
                     void *out) {
        const char *value;
        int r;

        r = sd_bus_message_read_basic(reading->m, 's', &value);
        if (r < 0)
                return r;
        (option->take ?: control_options_take)(reading->call, option, value, out);
        return 0;
}

static int read_texts(const struct reading *reading, const struct control_option *option,
                      void *out) {
        const char *value;
        int64_t n = 0;
        int r;

        r = sd_bus_message_enter_container(reading->m, 'a', "s");
        if (r < 0)
                return r;
        while (reading->call->error == CONTROL_OK &&
               (r = sd_bus_message_read_basic(reading->m, 's', &value)) > 0)
                if (n++ < option->max)
                        option->take(reading->call, option, value, out);
                else
                        control_fail(reading->call, CONTROL_INVALID_ARGUMENT,
                                     "Too many %s: at most %lld.", option->name,
                                     (long long) option->max);
        return r < 0 || reading->call->error != CONTROL_OK
                       ? r
                       : sd_bus_message_exit_container(reading->m);
}

static int read_bool(const struct reading *reading, bool *out) {
        int value, r;

        r = sd_bus_message_read_basic(reading->m, 'b', &value);
        if (r >= 0)
                *out = value;
        return r;
}

static void check_range(const struct reading *reading, const struct control_option *option,
                        int64_t value) {
        if (option->max != 0 && (value < option->min || value > option->max))
                control_fail(reading->call, CONTROL_INVALID_ARGUMENT,
                             "The option '%s' is a number from %lld to %lld.", option->name,
                             (long long) option->min, (long long) option->max);
}

static int read_number(const struct reading *reading, const struct control_option *option,
                       void *out) {
        int r;

        r = sd_bus_message_read_basic(reading->m, option->type[0], out);
        if (r >= 0 && option->type[0] == 'u')
                check_range(reading, option, *(const uint32_t *) out);
        else if (r >= 0 && option->type[0] == 'x')
                check_range(reading, option, *(const int64_t *) out);
        return r;
}

static int read_value(const struct reading *reading, const struct control_option *option) {
        void *out = (uint8_t *) reading->call + option->offset;

        switch (option->type[0]) {
        case 's':
                return read_text(reading, option, out);
        case 'a':
                return read_texts(reading, option, out);
        case 'b':
                assert(option->size == sizeof(bool));
                return read_bool(reading, out);
        case 'u':
                assert(option->size == sizeof(uint32_t));
                return read_number(reading, option, out);
        case 't':
        case 'x':
                assert(option->size == sizeof(int64_t));
                return read_number(reading, option, out);
        }
        return -EINVAL;
}

/* Inside an entry of the a{sv}. */
static int read_option(struct reading *reading) {
        const struct control_option *option;
        const char *name, *type;
        int r;

        r = sd_bus_message_read_basic(reading->m, 's', &name);
        if (r < 0)
                return r;
        r = sd_bus_message_peek_type(reading->m, NULL, &type);
        if (r < 0)
                return r;
        option = find(reading, name, type);
        if (!option)
                return 0;
        r = sd_bus_message_enter_container(reading->m, 'v', option->type);
        if (r >= 0)
                r = read_value(reading, option);
        return r < 0 || reading->call->error != CONTROL_OK
                       ? r
                       : sd_bus_message_exit_container(reading->m);
}

int control_options_read(struct control_call *call, sd_bus_message *m,
                         const struct control_option *options, size_t n) {
        struct reading reading = { .call = call, .m = m, .options = options, .n = n };
        int r;

        assert(n <= CONTROL_OPTIONS_MAX);
        if (call->error != CONTROL_OK)
                return 0;
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while (call->error == CONTROL_OK &&
               (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_option(&reading);
                if (r >= 0 && call->error == CONTROL_OK)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r >= 0 && call->error == CONTROL_OK)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 0;
}
