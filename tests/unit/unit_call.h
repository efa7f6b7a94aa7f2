/* SPDX-License-Identifier: BSD-2-Clause */
/* A call of the control socket whose client has gone, so no answer is made. For programs that are
 * linked with --wrap for both functions. */
#pragma once

#include <errno.h>
#include <systemd/sd-bus.h>

int __wrap_sd_bus_message_new_method_return(sd_bus_message *call, sd_bus_message **ret);
int __wrap_sd_bus_message_new_method_return(sd_bus_message *call, sd_bus_message **ret) {
        (void) call;
        (void) ret;
        return -ENOTCONN;
}

int __wrap_sd_bus_reply_method_errorf(sd_bus_message *call, const char *name, const char *format,
                                      ...);
int __wrap_sd_bus_reply_method_errorf(sd_bus_message *call, const char *name, const char *format,
                                      ...) {
        (void) call;
        (void) name;
        (void) format;
        return -ENOTCONN;
}
