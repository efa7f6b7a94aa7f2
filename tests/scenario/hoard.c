/* SPDX-License-Identifier: BSD-2-Clause */
/* hoard CONTROL N - asks for the audit log N times on each of some connections, and reads no
 * answer. After each time it waits until the daemon has done what it was asked: that is when a
 * later call, on a connection that it reads, is answered. Then it prints "done", and keeps the
 * connections until it is killed. */
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define CONNECTIONS 7

/* Without a function for it, no answer would be asked for. */
static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) m;
        (void) userdata;
        (void) error;
        return 0;
}

static int ask(sd_bus *bus) {
        return sd_bus_call_method_async(bus, NULL, NULL, "/org/wfapikey1", "org.wfapikey1.Manager",
                                        "ListAudit", on_answer, NULL, "a{sv}", 1, "limit", "u",
                                        UINT32_C(200));
}

static int call(sd_bus *bus) {
        return sd_bus_call_method(bus, NULL, "/org/wfapikey1", "org.wfapikey1.Manager", "GetStatus",
                                  NULL, NULL, NULL);
}

/* Authentication is over when a first call is answered. */
static int begin(const char *path, sd_bus **ret) {
        char address[4096];
        int r;

        (void) snprintf(address, sizeof(address), "unix:path=%s", path);
        r = sd_bus_new(ret);
        if (r >= 0)
                r = sd_bus_set_address(*ret, address);
        if (r >= 0)
                r = sd_bus_start(*ret);
        return r < 0 ? r : call(*ret);
}

int main(int argc, char *argv[]) {
        sd_bus *buses[CONNECTIONS] = {}, *read = NULL;
        int r;

        if (argc != 3)
                return EXIT_FAILURE;
        r = begin(argv[1], &read);
        for (unsigned i = 0; r >= 0 && i < CONNECTIONS; i++)
                r = begin(argv[1], &buses[i]);
        for (unsigned long n = strtoul(argv[2], NULL, 10); r >= 0 && n > 0; n--) {
                for (unsigned i = 0; r >= 0 && i < CONNECTIONS; i++)
                        r = ask(buses[i]);
                if (r >= 0)
                        r = call(read);
        }
        if (r < 0 || puts("done") < 0 || fflush(stdout) != 0)
                return EXIT_FAILURE;
        (void) pause();
        return EXIT_SUCCESS;
}
