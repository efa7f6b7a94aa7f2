/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes and sends the mail. Decides nothing: which keys are in it, and whether it is sent again,
 * is said elsewhere. No name that a user chose comes into the header. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "draw/when.h"
#include "key/warnmail.h"
#include "parse.h"

#define ADDRESS_LEN 320

bool warnmail_is_address(const char *text) {
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

        return text[0] && strlen(text) < ADDRESS_LEN / 2 &&
               (strchr(letters, text[0]) || text[0] == '_') &&
               strspn(text,
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-@") ==
                       strlen(text);
}

static void put_address(const struct warnmail *mail, char out[static ADDRESS_LEN]) {
        bool whole = !mail->domain || strchr(mail->owner, '@');

        (void) snprintf(out, ADDRESS_LEN, "%s%s%s", mail->owner, whole ? "" : "@",
                        whole ? "" : mail->domain);
}

static const char *plural(int64_t n) {
        return n == 1 ? "" : "s";
}

static void write_header(FILE *file, const struct warnmail *mail) {
        char address[ADDRESS_LEN];
        int64_t days = 0;

        for (size_t i = 0; i < mail->n; i++)
                days = mail->keys[i].days > days ? mail->keys[i].days : days;
        put_address(mail, address);
        if (mail->from)
                (void) fprintf(file, "From: %s\n", mail->from);
        (void) fprintf(file, "To: %s\n", address);
        if (mail->n == 1)
                (void) fprintf(file, "Subject: your API key %s ends", mail->keys[0].key->id);
        else
                (void) fprintf(file, "Subject: %zu of your API keys end", mail->n);
        (void) fprintf(file, " within %" PRId64 " day%s\n", days, plural(days));
        (void) fputs("Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                     "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n",
                     file);
}

static void write_key(FILE *file, const struct warnmail_key *end, int64_t now) {
        _cleanup_free_ char *name = NULL, *service = NULL;
        const struct key *key = end->key;
        char at[PARSE_TIME_LEN], distance[WHEN_TEXT_LEN], used[PARSE_TIME_LEN];
        bool idle = key->expires == INT64_MAX || end->at < key->expires;

        parse_time_format(end->at, at);
        when_distance(end->at, now, distance);
        (void) fprintf(file, "  %s  %s\n", key->id, harmless(key->name ?: "", &name));
        (void) fprintf(file, "      ends %s (%s)%s\n", at, distance,
                       idle ? " unless it is used before" : "");
        if (key->last_used == INT64_MAX)
                (void) fputs("      was never used\n", file);
        else {
                parse_time_format(key->last_used, used);
                (void) fprintf(file, "      was last used %s, for %s\n", used,
                               harmless(key->last_service ?: "-", &service));
        }
        if (!idle)
                (void) fprintf(file, "      wfapikeyctl key rotate %s\n", key->id);
        (void) fputc('\n', file);
}

static void write_text(FILE *file, const struct warnmail *mail) {
        char host[256] = "this host";

        (void) gethostname(host, sizeof(host) - 1);
        (void) fprintf(file, "These API keys of %s on %s end soon:\n\n", mail->owner, host);
        for (size_t i = 0; i < mail->n; i++)
                write_key(file, &mail->keys[i], mail->now);
        (void) fprintf(file,
                       "Programs that use a key fail when it has ended. To go on, type the command "
                       "below a\nkey on %s. It prints a new key, and the old one works for one "
                       "more day. A key that\nnobody needs any more can be left to end.\n",
                       host);
}

int warnmail_write(const struct warnmail *mail, int fd) {
        FILE *file;
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        if (copy < 0)
                return -errno;
        file = fdopen(copy, "w");
        if (!file) {
                (void) close(copy);
                return -ENOMEM;
        }
        write_header(file, mail);
        write_text(file, mail);
        return fclose(file) < 0 ? -EIO : 0;
}

/* The whole mail is there before the command starts, so no pipe can break or fill. */
static int make_file(const struct warnmail *mail) {
        int fd = memfd_create("mail", MFD_CLOEXEC), r;

        if (fd < 0)
                return -errno;
        r = warnmail_write(mail, fd);
        if (r >= 0 && lseek(fd, 0, SEEK_SET) < 0)
                r = -errno;
        if (r < 0)
                (void) close(fd);
        return r < 0 ? r : fd;
}

static _Noreturn void run_in_child(const char *command, char *address, int fd) {
        char i[] = "-i", end[] = "--";
        char *const argv[] = { (char *) (uintptr_t) command, i, end, address, NULL };

        if (dup2(fd, STDIN_FILENO) >= 0)
                (void) execv(command, argv);
        say_error("cannot run '%s': %s", command, strerrordesc_np(errno));
        _exit(127);
}

static int run(const char *command, char *address, int fd, int *ret_status) {
        pid_t pid = fork();

        if (pid == 0)
                run_in_child(command, address, fd);
        if (pid < 0)
                return -errno;
        while (waitpid(pid, ret_status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return 0;
}

enum exit_code warnmail_send(const struct warnmail *mail, const char *command) {
        char address[ADDRESS_LEN];
        _cleanup_close_ int fd = make_file(mail);
        int status = 0, r = fd;

        put_address(mail, address);
        if (r >= 0)
                r = run(command, address, fd, &status);
        if (r >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return CTL_OK;
        if (r < 0)
                say_error("cannot run '%s' for a mail to %s: %s", command, address,
                          strerrordesc_np(-r));
        else
                say_error("'%s' did not take a mail to %s: it ended with %s %d", command, address,
                          WIFEXITED(status) ? "status" : "signal",
                          WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return CTL_FAILED;
}
