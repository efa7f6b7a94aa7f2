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

#define SIGNAL_ROW(name, arguments) SD_BUS_SIGNAL_WITH_ARGS(name, SD_BUS_ARGS arguments, 0),

/* clang-format off */
static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        CONTROL_SIGNALS(SIGNAL_ROW)
        CONTROL_METHODS(VTABLE_ROW)
        SD_BUS_VTABLE_END,
};
/* clang-format on */

/* --- What a bus would answer. Libraries for D-Bus ask this at every address. --- */

#define CLIENT_NAME     ":1.1"
#define ALREADY_RUNNING UINT32_C(2) /* DBUS_START_REPLY_ALREADY_RUNNING */

static int on_hello(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        return sd_bus_reply_method_return(m, "s", CLIENT_NAME);
}

/* The connection has no other peers, so each signal goes to the client, whatever it matches. */
static int on_match(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        return sd_bus_reply_method_return(m, "");
}

/* Each name is its own owner: the daemon sends by the name that clients call. */
static bool has_owner(const char *name) {
        return strcmp(name, CONTROL_BUS_NAME) == 0 || strcmp(name, "org.freedesktop.DBus") == 0 ||
               strcmp(name, CLIENT_NAME) == 0;
}

static int on_get_name_owner(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        (void) userdata;
        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        if (!has_owner(name))
                return sd_bus_error_set(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                        "Only " CONTROL_BUS_NAME " is here.");
        return sd_bus_reply_method_return(m, "s", name);
}

/* GLib asks for this before it makes a proxy. */
static int on_start_service(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        (void) userdata;
        r = sd_bus_message_read(m, "su", &name, NULL);
        if (r < 0)
                return r;
        if (!has_owner(name))
                return sd_bus_error_set(error, SD_BUS_ERROR_SERVICE_UNKNOWN, "No such service.");
        return sd_bus_reply_method_return(m, "u", ALREADY_RUNNING);
}

static int on_name_has_owner(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        (void) userdata;
        (void) error;
        r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : sd_bus_reply_method_return(m, "b", has_owner(name));
}

static const sd_bus_vtable bus_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddMatch", "s", "", on_match, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveMatch", "s", "", on_match, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetNameOwner", "s", "s", on_get_name_owner, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("NameHasOwner", "s", "b", on_name_has_owner, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StartServiceByName", "su", "u", on_start_service,
                      SD_BUS_VTABLE_UNPRIVILEGED),
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
