/* SPDX-License-Identifier: BSD-2-Clause */
/* What D-Bus is told of the object, made from the table in control_methods.h. Knows the rows,
 * and nothing of what a method does. */
#include <string.h>

#include "control/control.h"
#include "control/control_state.h"

#define METHOD_ROW(name, arguments, results, method_verb, method_traits, method_handlers)          \
        { .member = (name),                                                                        \
          .verb = (method_verb),                                                                   \
          .traits = (method_traits),                                                               \
          .handlers = &(method_handlers) },

static const struct control_method methods[] = { CONTROL_METHODS(METHOD_ROW) };

/* Without UNPRIVILEGED, sd-bus refuses everybody but root. Here the role decides. */
#define VTABLE_ROW(name, arguments, results, verb, traits, handlers)                               \
        SD_BUS_METHOD_WITH_ARGS(                                                                   \
                name, SD_BUS_ARGS arguments, SD_BUS_RESULT results, control_on_method,             \
                SD_BUS_VTABLE_UNPRIVILEGED |                                                       \
                        ((CONTROL_SENSITIVE & (traits)) != 0 ? SD_BUS_VTABLE_SENSITIVE : 0)),

/* clang-format off */
static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_SIGNAL_WITH_ARGS("AuditEvent", SD_BUS_ARGS("a{sv}", event), 0),
        CONTROL_METHODS(VTABLE_ROW)
        SD_BUS_VTABLE_END,
};
/* clang-format on */

static int on_hello(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        return sd_bus_reply_method_return(m, "s", ":1.1");
}

/* busctl calls this first, at every address. */
static const sd_bus_vtable bus_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

const struct control_method *control_methods_find(const char *member) {
        for (size_t i = 0; i < ARRAY_LEN(methods); i++)
                if (strcmp(methods[i].member, member) == 0)
                        return &methods[i];
        return NULL;
}

int control_methods_attach(sd_bus *bus, struct control_caller *caller) {
        int r;

        caller->connection = ++caller->control->loop.n_connections;
        r = sd_bus_add_object_vtable(bus, NULL, CONTROL_OBJECT_PATH, CONTROL_INTERFACE,
                                     manager_vtable, caller);
        if (r < 0)
                return r;
        return sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        bus_vtable, caller);
}
