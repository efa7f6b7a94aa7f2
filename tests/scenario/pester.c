/* SPDX-License-Identifier: BSD-2-Clause */
/* pester CONTROL METHOD ARGUMENT - calls IssueKey for a user, or RenameKey with an id, and always
 * has 32 calls on their way. Prints "begun" after the first answer. Ends with the first
 * LimitExceeded, and prints how many calls succeeded before. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define CALLS 32

static unsigned n_waiting, n_answers, n_done;
static bool is_over;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        n_waiting--;
        if (n_answers++ == 0 && (puts("begun") < 0 || fflush(stdout) != 0))
                exit(EXIT_FAILURE);
        if (sd_bus_message_is_method_error(m, "org.wfapikey1.Error.LimitExceeded"))
                is_over = true;
        else if (!sd_bus_message_is_method_error(m, NULL))
                n_done++;
        return 0;
}

static int call(sd_bus *bus, const char *method, const char *argument) {
        char label[32];

        (void) snprintf(label, sizeof(label), "label %u", n_answers % 2);
        n_waiting++;
        if (strcmp(method, "IssueKey") == 0)
                return sd_bus_call_method_async(bus, NULL, NULL, "/org/wfapikey1",
                                                "org.wfapikey1.Manager", method, on_answer, NULL,
                                                "sa{sv}", argument, 0);
        return sd_bus_call_method_async(bus, NULL, NULL, "/org/wfapikey1", "org.wfapikey1.Manager",
                                        method, on_answer, NULL, "ss", argument, label);
}

int main(int argc, char *argv[]) {
        char address[4096];
        sd_bus *bus = NULL;
        int r;

        if (argc != 4)
                return EXIT_FAILURE;
        (void) snprintf(address, sizeof(address), "unix:path=%s", argv[1]);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_start(bus);
        while (r >= 0 && !is_over) {
                while (r >= 0 && n_waiting < CALLS)
                        r = call(bus, argv[2], argv[3]);
                if (r >= 0)
                        r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_close_unref(bus);
        return r >= 0 && printf("%u\n", n_done) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
