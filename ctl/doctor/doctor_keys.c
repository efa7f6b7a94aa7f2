/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for one key. Does not look at what is in it. */
#include "doctor/doctor_keys.h"
#include "call/call.h"

bool doctor_keys_unlimited(const char *control) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_once(control, "ListKeys", &reply, "a{sv}", 3, "services", "as", 1, "any",
                         "status", "s", "active", "limit", "u", 1) == CTL_OK &&
               sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}") > 0 &&
               sd_bus_message_at_end(reply, 0) == 0;
}
