/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the daemon's program, which alone can read a key store. Knows nothing of what it does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/cmd_salvage.h"
#include "cli/say.h"

enum exit_code cmd_salvage(const struct args *args) {
        const char *dir = args_value(args, "state-dir"), *program = args_value(args, "daemon");
        static char name[] = "wfapikeyd", salvage[] = "--salvage", yes[] = "--yes";
        char state[4096], *argv[5] = { name, salvage };
        int n = 2;

        if (args->json) {
                say_error("the daemon's program prints text: leave out --json");
                return CTL_USAGE;
        }
        if (!program)
                program = SBINDIR "/wfapikeyd";
        if (args_has(args, "yes"))
                argv[n++] = yes;
        if (dir && snprintf(state, sizeof(state), "--state-dir=%s", dir) >= (int) sizeof(state)) {
                say_error("the name of the state directory is too long");
                return CTL_USAGE;
        }
        if (dir)
                argv[n++] = state;
        (void) fflush(stdout);
        (void) execv(program, argv);
        say_error("cannot run '%s': %s", program, strerror(errno));
        return CTL_FAILED;
}
