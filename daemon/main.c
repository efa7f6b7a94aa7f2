/* SPDX-License-Identifier: BSD-2-Clause */
/* wfapikeyd: options, limits of the process, exit status. Everything else is in server.c, and in
 * the helpers that this same program can be. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "accounts/accounts_directory.h"
#include "base/conf.h"
#include "base/conf_ask.h"
#include "base/conf_names.h"
#include "base/helper.h"
#include "base/log.h"
#include "base/pid1.h"
#include "base/sockets.h"
#include "cert/cert_work.h"
#include "cleanup.h"
#include "control/helper_password.h"
#include "keys/seed.h"
#include "salvage.h"
#include "server.h"
#include "store/store_look.h"

/* EX_USAGE and EX_CONFIG of sysexits.h. systemd knows their names: the same start would fail
 * again. */
enum {
        EXIT_USAGE = 64,
        EXIT_CONFIG = 78,
};

static struct server_options arg_options = {
        .state_dir = "/var/lib/wfapikey",
        .verify_socket = "/run/wfapikey/verify",
        .control_socket = "/run/wfapikey/control",
        .conf = "/etc/wfapikey/wfapikeyd.conf",
};

static void help(void) {
        (void) printf("Usage: wfapikeyd [OPTION]...\n"
                      "\n"
                      "Keeps the API keys of this host's users and answers pam_wfapikey.so and "
                      "wfapikeyctl.\n"
                      "\n"
                      "  --state-dir=DIR        where keys and pepper are     (%s)\n"
                      "  --verify-socket=PATH   socket for PAM modules        (%s)\n"
                      "  --control-socket=PATH  socket for administration     (%s)\n"
                      "  --config=FILE          configuration                 (%s)\n"
                      "  --check-config         only read the configuration and say what is "
                      "wrong\n"
                      "  --issue-from-environment  a key for tests, in containers; see "
                      "wfapikey-containers(7)\n"
                      "  --salvage [--yes]      show what can be saved of a damaged key store, or "
                      "save it; see wfapikeyctl(1)\n"
                      "  --foreground           stay in the foreground (it always does)\n"
                      "  --debug                say more in the log, never a secret\n"
                      "  --help, --version\n"
                      "\n"
                      "Sockets that systemd passes are used instead of the paths.\n"
                      "Exit status: 0 ended by a signal, 1 failed, 64 wrong usage, 78 the "
                      "configuration or "
                      "the state directory\n"
                      "needs a person; the reason is on stderr. See wfapikeyd(8).\n",
                      arg_options.state_dir, arg_options.verify_socket, arg_options.control_socket,
                      arg_options.conf);
}

/* --helper=MODE is only for this program itself. See helper.h. */
static const struct helper_mode helper_modes[] = {
        { ACCOUNTS_DIRECTORY_MODE, accounts_directory_run },
        { CONF_ASK_MODE, conf_ask_run },
        { CONF_NAMES_MODE, conf_names_run },
        { CERT_WORK_MODE, cert_work_run, .caged = true },
        { HELPER_PASSWORD_MODE, helper_password_run },
        { STORE_LOOK_MODE, store_look_run },
        {},
};
static const char *arg_helper;
static bool arg_issue, arg_salvage, arg_yes, arg_check;

enum option_value {
        OPT_STATE = 1,
        OPT_VERIFY,
        OPT_CONTROL,
        OPT_CONFIG,
        OPT_CHECK,
        OPT_ISSUE,
        OPT_SALVAGE,
        OPT_YES,
        OPT_FOREGROUND,
        OPT_DEBUG,
        OPT_HELPER,
        OPT_HELP,
        OPT_VERSION,
};

static const struct option options[] = {
        { "state-dir", required_argument, NULL, OPT_STATE },
        { "verify-socket", required_argument, NULL, OPT_VERIFY },
        { "control-socket", required_argument, NULL, OPT_CONTROL },
        { "config", required_argument, NULL, OPT_CONFIG },
        { "check-config", no_argument, NULL, OPT_CHECK },
        { "issue-from-environment", no_argument, NULL, OPT_ISSUE },
        { "salvage", no_argument, NULL, OPT_SALVAGE },
        { "yes", no_argument, NULL, OPT_YES },
        { "foreground", no_argument, NULL, OPT_FOREGROUND },
        { "debug", no_argument, NULL, OPT_DEBUG },
        { "helper", required_argument, NULL, OPT_HELPER },
        { "help", no_argument, NULL, OPT_HELP },
        { "version", no_argument, NULL, OPT_VERSION },
        {},
};

/* Returns 1: done, with success. 0: go on. Negative: wrong usage. */
static int take_option(int option) {
        switch (option) {
        case OPT_STATE:
                arg_options.state_dir = optarg;
                return 0;
        case OPT_VERIFY:
                arg_options.verify_socket = optarg;
                return 0;
        case OPT_CONTROL:
                arg_options.control_socket = optarg;
                return 0;
        case OPT_CONFIG:
                arg_options.conf = optarg;
                arg_options.conf_required = true;
                return 0;
        case OPT_CHECK:
                arg_check = true;
                return 0;
        case OPT_ISSUE:
                arg_issue = true;
                return 0;
        case OPT_SALVAGE:
                arg_salvage = true;
                return 0;
        case OPT_YES:
                arg_yes = true;
                return 0;
        case OPT_FOREGROUND:
                return 0;
        case OPT_DEBUG:
                log_set_debug(true);
                return 0;
        case OPT_HELPER:
                arg_helper = optarg;
                return 0;
        case OPT_HELP:
                help();
                return 1;
        case OPT_VERSION:
                (void) printf("wfapikeyd %s\n", PACKAGE_VERSION);
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
                (void) fprintf(stderr,
                               "wfapikeyd: '%s' is no option; it takes no other arguments\n",
                               argv[optind]);
        return optind < argc ? -EINVAL : 0;
}

/* Files that we make are ours alone. Memory goes into no core and no debugger. A burst of logins
 * finds enough descriptors. */
static void harden(void) {
        struct rlimit files;

        (void) umask(0077);
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){});
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 4096) {
                files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
                (void) setrlimit(RLIMIT_NOFILE, &files);
        }
}

/* An error that stays the same needs a person. An error that may go away is worth another try. */
static int exit_status(int r) {
        switch (-r) {
        case EBUSY:
        case EADDRINUSE:
        case ENOSPC:
        case EDQUOT:
        case ENOSR:
        case EROFS:
        case ENOMEM:
        case EMFILE:
        case ENFILE:
        case EAGAIN:
        case EIO:
                return EXIT_FAILURE;
        }
        return EXIT_CONFIG;
}

static int serve(void) {
        _cleanup_(server_freep) struct server *server = NULL;
        char error[ERROR_LEN] = "out of memory";
        int r;

        r = server_new(&server, &arg_options, error);
        if (r < 0) {
                log_message(MESSAGE_NOT_STARTED, LOG_ERR, "%s", error);
                sockets_turn_away();
                return exit_status(r);
        }
        r = server_run(server);
        if (r < 0) {
                log_message(MESSAGE_LOOP_FAILED, LOG_ERR, "the event loop failed: %s",
                            strerror(-r));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}

static int check_config(void) {
        __attribute__((cleanup(conf_freep))) struct conf *conf = NULL;
        char error[ERROR_LEN] = "out of memory";
        int r = conf_load(&conf, arg_options.conf, arg_options.conf_required, error);

        if (r >= 0)
                return EXIT_SUCCESS;
        (void) fprintf(stderr, "wfapikeyd: %s\n", error);
        return exit_status(r);
}

/* The key is taken before there are two processes. Each process that has it wipes it. */
static int run(void) {
        struct seed seed = {};
        char error[ERROR_LEN];
        int r, status = EXIT_FAILURE;

        /* The reader of stderr may end. Not in harden(): what a helper starts takes it over. */
        (void) signal(SIGPIPE, SIG_IGN);
        if (arg_issue) {
                r = seed_take(&seed, error);
                if (r < 0) {
                        log_line(LOG_ERR, "%s", error);
                        return EXIT_CONFIG;
                }
                arg_options.seed = &seed;
        }
        r = pid1_watch(&seed, sizeof(seed), &status);
        if (r < 0)
                log_line(LOG_ERR, "cannot start a process: %s", strerror(-r));
        if (r == 0)
                status = serve();
        explicit_bzero(&seed, sizeof(seed));
        return status;
}

int main(int argc, char *argv[]) {
        int r;

        harden();
        r = parse_argv(argc, argv);
        if (r < 0)
                (void) fprintf(stderr, "wfapikeyd: see --help\n");
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (arg_helper)
                return helper_main(helper_modes, arg_helper);
        if (arg_check)
                return check_config();
        if (arg_salvage)
                return salvage_run(arg_options.state_dir, arg_yes);
        return run();
}
