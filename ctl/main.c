/* SPDX-License-Identifier: BSD-2-Clause */
/* wfapikeyctl: what a process has to do before and after a command. Knows no command. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/say.h"
#include "commands.h"
#include "draw/failure.h"
#include "draw/json.h"
#include "draw/screen.h"

/* With --json every command that succeeds prints a value, also one that has nothing to say. */
static enum exit_code run_command(const struct args *args) {
        enum exit_code rc;

        json_set_lines(args->lines);
        rc = args->command->run(args);
        if (rc == CTL_OK && args->json && !json_has_begun())
                json_empty();
        return rc;
}

static enum exit_code run(int argc, char *argv[]) {
        _cleanup_args_ struct args args = {};
        size_t n;
        const struct args_command *commands = commands_all(&n);
        enum exit_code rc;

        say_to(args_wants_json(argc, argv) ? failure_hear : NULL);
        rc = args_parse(argc, argv, commands, n, &args);
        if (rc == CTL_OK && !args.json)
                say_to(NULL);
        if (rc != CTL_OK)
                return rc;
        if (args.help)
                help_print(&args, commands, n);
        else if (args.version)
                printf("wfapikeyctl %s\n", PACKAGE_VERSION);
        else
                rc = run_command(&args);
        return rc;
}

/* When the parent closed descriptor 0, 1 or 2, the next socket would get that number, and a key
 * might be printed to it. /dev/null in the wrong mode takes the place: every use of it fails. */
static int guard_descriptors(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 &&
                    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                        return -EBADF;
        return 0;
}

/* Reports output that was not written: half an answer must not look like a whole one. A reader
 * that closed the pipe (EPIPE) knows. */
static enum exit_code finish_output(void) {
        bool failed = ferror(stdout);
        int error;

        /* stands for the reason of an earlier write that failed */
        errno = EIO;
        failed |= fclose(stdout) != 0;
        /* A person who leaves a pager has seen enough. */
        error = errno;
        if (screen_close() && error == EPIPE)
                failed = false;
        if (failed && error != EPIPE)
                say_error("cannot write to standard output: %s", strerror(error));
        return failed ? CTL_FAILED : CTL_OK;
}

int main(int argc, char *argv[]) {
        static const struct rlimit no_core = {};
        /* The buffer of stdout. Keys pass through it, so we wipe it. */
        char buffer[BUFSIZ];
        enum exit_code rc, written;

        if (guard_descriptors() < 0)
                return CTL_FAILED;
        /* Keys and passwords go into no core. The second keeps them from a program that gets cores
         * whatever the limit says, and from the debuggers of other processes of the user. */
        (void) setrlimit(RLIMIT_CORE, &no_core);
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        /* When nobody reads a key, say so instead of dying silently. */
        (void) signal(SIGPIPE, SIG_IGN);
        /* The daemon speaks UTF-8, whatever locale the user has. */
        (void) setlocale(LC_CTYPE, "C.UTF-8");
        (void) setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));

        rc = run(argc, argv);
        written = finish_output();
        explicit_bzero(buffer, sizeof(buffer));
        if (rc == CTL_OK)
                rc = written;
        failure_show(rc);
        return (int) rc;
}
