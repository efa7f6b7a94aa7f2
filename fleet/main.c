/* SPDX-License-Identifier: BSD-2-Clause */
/* wfapikey-fleetd: options, limits of the process, the loop. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-event.h>

#include "carry.h"
#include "cleanup.h"
#include "note.h"
#include "notify.h"
#include "schema.h"
#include "setup.h"
#include "watchdog.h"

/* EX_USAGE of sysexits.h */
#define EXIT_USAGE 64

static const char *arg_control = "/run/wfapikey/control";
static const char *arg_setup, *arg_host;
static bool arg_print;

static void help(void) {
        (void) printf("Usage: wfapikey-fleetd [OPTION]...\n"
                      "\n"
                      "Carries the fleet's changes between PostgreSQL and this host's wfapikeyd.\n"
                      "\n"
                      "  --control-socket=PATH  of wfapikeyd          (%s)\n"
                      "  --print-sql            what a database needs for a fleet\n"
                      "  --setup CONNINFO       run that SQL there, as its administrator\n"
                      "  --host NAME            with --setup: also make the login role of the "
                      "first issuing\n"
                      "                         host, with the password on standard input\n"
                      "  --help, --version\n"
                      "\n"
                      "Exit status: 0 done or ended by a signal, 1 failed, 64 wrong usage. See "
                      "wfapikey-fleetd(8).\n",
                      arg_control);
}

enum option_value {
        OPT_CONTROL = 1,
        OPT_PRINT,
        OPT_SETUP,
        OPT_HOST,
        OPT_HELP,
        OPT_VERSION,
};

static const struct option options[] = {
        { "control-socket", required_argument, NULL, OPT_CONTROL },
        { "print-sql", no_argument, NULL, OPT_PRINT },
        { "setup", required_argument, NULL, OPT_SETUP },
        { "host", required_argument, NULL, OPT_HOST },
        { "help", no_argument, NULL, OPT_HELP },
        { "version", no_argument, NULL, OPT_VERSION },
        {},
};

/* Returns 1: done, with success. 0: go on. Negative: wrong usage. */
static int take_option(int option) {
        switch (option) {
        case OPT_CONTROL:
                arg_control = optarg;
                return 0;
        case OPT_PRINT:
                arg_print = true;
                return 0;
        case OPT_SETUP:
                arg_setup = optarg;
                return 0;
        case OPT_HOST:
                arg_host = optarg;
                return 0;
        case OPT_HELP:
                help();
                return 1;
        case OPT_VERSION:
                (void) printf("wfapikey-fleetd %s\n", PACKAGE_VERSION);
                return 1;
        }
        return -EINVAL;
}

static int parse_argv(int argc, char *argv[]) {
        int c, r;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                r = take_option(c);
                if (r != 0)
                        return r;
        }
        if (optind < argc)
                (void) fprintf(stderr, "wfapikey-fleetd: '%s' is no option\n", argv[optind]);
        if (arg_host && !arg_setup)
                (void) fprintf(stderr, "wfapikey-fleetd: --host belongs to --setup\n");
        return optind < argc || (arg_host && !arg_setup) ? -EINVAL : 0;
}

/* It has passwords of the database in memory. A thread connects to the database: without a heap of
 * its own it costs little. */
static void harden(void) {
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){});
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_TRIM_THRESHOLD, 65536);
        (void) signal(SIGPIPE, SIG_IGN);
}

/* A change whose outcome would stay unknown is waited for. The second time it is not. */
static int on_sigterm(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        (void) si;
        if (!carry_finish(*(struct carry **) userdata))
                (void) sd_event_exit(sd_event_source_get_event(source), 0);
        return 0;
}

static int start_loop(sd_event **ret, sd_event_source **watchdog, struct carry **carry) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        /* Before the first thread starts, so that all threads inherit it. */
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        r = sd_event_new(ret);
        if (r >= 0)
                r = sd_event_add_signal(*ret, NULL, SIGTERM, on_sigterm, carry);
        if (r >= 0)
                r = sd_event_add_signal(*ret, NULL, SIGINT, on_sigterm, carry);
        return r < 0 ? r : watchdog_start(watchdog, *ret);
}

static int serve(void) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sd_event_source_disable_unrefp) sd_event_source *watchdog = NULL, *pending = NULL;
        struct carry *carry = NULL;
        int r;

        r = start_loop(&event, &watchdog, &carry);
        if (r >= 0)
                r = carry_new(&carry, event, arg_control);
        if (r >= 0) {
                notify_state(&pending, event, "READY=1\nSTATUS=Waiting for wfapikeyd");
                r = sd_event_loop(event);
                (void) notify_once("STOPPING=1");
                if (carry_is_connecting(carry))
                        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
        (void) carry_free(carry);
        if (r < 0)
                note(LOG_ERR, "the event loop failed: %s", strerrordesc_np(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        int r;

        harden();
        r = parse_argv(argc, argv);
        if (r < 0)
                (void) fprintf(stderr, "wfapikey-fleetd: see --help\n");
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (arg_print)
                return fputs(schema_sql, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_SUCCESS
                                                                             : EXIT_FAILURE;
        return arg_setup ? setup_run(arg_setup, arg_host) : serve();
}
