/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends the process when a page of a mapped file cannot be read. SQLite cannot go on then: a thread
 * is in the middle of it, and what it was going to read is not there. The handler calls only what
 * signal-safety(7) allows, and waits for nobody. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "badpage.h"
#include "bootstrap.h"

static int state_dir;
static char text[256];

static void on_bus(int signal) {
        struct pollfd log = { .fd = STDERR_FILENO, .events = POLLOUT };

        (void) signal;
        bootstrap_note_damage(state_dir);
        if (poll(&log, 1, 0) > 0 && (log.revents & POLLOUT))
                (void) !write(STDERR_FILENO, text, strlen(text));
        _exit(EXIT_FAILURE);
}

void badpage_watch(int dir) {
        const struct sigaction action = { .sa_handler = on_bus };

        state_dir = dir;
        /* systemd takes the number in front for the priority. */
        (void) snprintf(
                text, sizeof(text),
                "%swfapikeyd: a page of the key store cannot be read: a file was cut short, "
                "or the disk has an error. wfapikeyd ends, and the next start looks for "
                "damage\n",
                secure_getenv("JOURNAL_STREAM") ? "<1>" : "");
        (void) sigaction(SIGBUS, &action, NULL);
}
