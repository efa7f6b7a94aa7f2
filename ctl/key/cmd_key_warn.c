/* SPDX-License-Identifier: BSD-2-Clause */
/* Warns the owners of keys that end soon. Which key ends when is the daemon's word; what was warned
 * of already is remembered by warned.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/say.h"
#include "key/cmd_key_warn.h"
#include "key/keyquery.h"
#include "key/warned.h"
#include "key/warnmail.h"
#include "parse.h"

#define DAYS_MAX 16
#define COMMAND  "/usr/sbin/sendmail"
#define STATE    "/var/lib/wfapikey-warn/warned"

struct warn {
        const struct args *args;
        struct warnmail mail; /* for all owners */
        const char *command;
        bool dry_run;
        size_t n_days;
        int64_t days[DAYS_MAX], most;
        struct warned *warned;
        size_t mails, failed;
};

static void warn_done(struct warn *warn) {
        (void) warned_free(warn->warned);
}

static enum exit_code read_days(const char *text, struct warn *warn) {
        char word[8];
        uint64_t days;

        for (const char *at = text;; at++) {
                size_t len = strcspn(at, ",");

                (void) snprintf(word, sizeof(word), "%.*s", (int) (len < 7 ? len : 7), at);
                if (warn->n_days == DAYS_MAX || parse_u64(word, 1, 3650, &days) < 0) {
                        say_error("--days='%s' is not right: give numbers of days, such as 14,3,1",
                                  text);
                        return CTL_USAGE;
                }
                warn->days[warn->n_days++] = (int64_t) days;
                if (warn->most < (int64_t) days)
                        warn->most = (int64_t) days;
                at += len;
                if (!*at)
                        return CTL_OK;
        }
}

static enum exit_code read_options(const struct args *args, struct warn *warn) {
        const char *from = args_value(args, "sender"), *domain = args_value(args, "domain");

        warn->args = args;
        warn->command = args_value(args, "command") ?: COMMAND;
        warn->dry_run = args_has(args, "dry-run");
        warn->mail.from = from;
        warn->mail.domain = domain;
        warn->mail.now = time(NULL);
        if (warn->command[0] != '/') {
                say_error("--command='%s' is not the path of a program: begin it with a slash",
                          warn->command);
                return CTL_USAGE;
        }
        if ((from && !warnmail_is_address(from)) || (domain && !warnmail_is_address(domain))) {
                say_error(
                        "--sender and --domain take an address and a domain of letters, digits and "
                        "._+-@");
                return CTL_USAGE;
        }
        return read_days(args_value(args, "days") ?: "14,3,1", warn);
}

static enum exit_code open_state(struct warn *warn) {
        const char *path = args_value(warn->args, "state") ?: STATE;
        int r = warned_open(&warn->warned, path, warn->mail.now, warn->dry_run);

        if (r >= 0)
                return CTL_OK;
        say_error("cannot use '%s', which remembers who was warned: %s", path,
                  r == -EWOULDBLOCK ? "another run has it"
                  : r == -EBADMSG   ? "it is not such a file; move it away"
                                    : strerrordesc_np(-r));
        return r == -EWOULDBLOCK ? CTL_REFUSED : CTL_FAILED;
}

/* The end that comes first. INT64_MAX: none does. */
static int64_t end_of(const struct key *key) {
        return key->idle < key->expires ? key->idle : key->expires;
}

/* The least of the days within which ${at} is. 0: it is not that soon. */
static int64_t within(const struct warn *warn, int64_t at) {
        int64_t least = 0;

        for (size_t i = 0; i < warn->n_days; i++)
                if (at - warn->mail.now <= warn->days[i] * PARSE_DAY_S &&
                    (least == 0 || warn->days[i] < least))
                        least = warn->days[i];
        return least;
}

/* A key that was rotated ends because its owner wants that. It is another thing where the new one
 * was never used. The account of a refused key is gone, or may be. */
static bool is_wanted(const struct warn *warn, const struct key *key) {
        return key->owner && key->id && !key->refused &&
               (!key->successor || key->retires_on_use > 0) &&
               (!key->hosts || args_has(warn->args, "fleet"));
}

static bool take(const struct warn *warn, const struct key *key, struct warnmail_key *ret) {
        struct warnmail_key end = { .key = key, .at = end_of(key) };

        if (end.at == INT64_MAX || end.at <= warn->mail.now || !is_wanted(warn, key))
                return false;
        end.days = within(warn, end.at);
        if (end.days == 0 ||
            !warned_is_due(warn->warned, &(struct warned_end){ key->id, end.at, end.days }))
                return false;
        *ret = end;
        return true;
}

static int compare(const void *a, const void *b) {
        const struct warnmail_key *x = a, *y = b;
        int r = strcmp(x->key->owner, y->key->owner);

        return r != 0 ? r : (x->at > y->at) - (x->at < y->at);
}

static int note_all(struct warn *warn, const struct warnmail *mail, enum warned_what what) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < mail->n; i++)
                r = warned_note(warn->warned,
                                &(struct warned_end){ mail->keys[i].key->id, mail->keys[i].at,
                                                      mail->keys[i].days },
                                what);
        return r < 0 ? r : warned_sync(warn->warned);
}

static int show(const struct warnmail *mail) {
        int r = warnmail_write(mail, STDOUT_FILENO);

        return r < 0 ? r : dprintf(STDOUT_FILENO, "\n") < 0 ? -EIO : 0;
}

/* One mail. The notes come first: a warning that cannot be noted would be sent every day. */
static int warn_owner(struct warn *warn, const struct warnmail *mail) {
        enum exit_code rc;
        int r;

        if (!warnmail_is_address(mail->owner)) {
                say_error("there is no mail to the owner of key %s: the name cannot be an address",
                          mail->keys[0].key->id);
                return 0;
        }
        if (warn->dry_run)
                return show(mail);
        r = note_all(warn, mail, WARNED_TRY);
        if (r < 0)
                return r;
        rc = warnmail_send(mail, warn->command);
        warn->mails += rc == CTL_OK;
        warn->failed += rc != CTL_OK;
        return note_all(warn, mail, rc == CTL_OK ? WARNED_SENT : WARNED_FAILED);
}

static enum exit_code warn_all(struct warn *warn, const struct keys *keys) {
        _cleanup_free_ struct warnmail_key *ends = calloc(keys->n + 1, sizeof(*ends));
        size_t n = 0;
        int r = 0;

        if (!ends)
                return say_no_memory();
        for (size_t i = 0; i < keys->n; i++)
                n += take(warn, &keys->key[i], &ends[n]);
        if (n > 0)
                qsort(ends, n, sizeof(*ends), compare);
        for (size_t i = 0; r >= 0 && i < n;) {
                struct warnmail mail = warn->mail;

                mail.owner = ends[i].key->owner;
                mail.keys = &ends[i];
                while (i + mail.n < n && strcmp(ends[i + mail.n].key->owner, mail.owner) == 0)
                        mail.n++;
                r = warn_owner(warn, &mail);
                i += mail.n;
        }
        if (r < 0) {
                say_error("cannot note who was warned, and warns nobody else: %s",
                          strerrordesc_np(-r));
                return CTL_FAILED;
        }
        say_note("%zu mails", warn->mails);
        return warn->failed > 0 ? CTL_FAILED : CTL_OK;
}

enum exit_code cmd_key_warn(const struct args *args) {
        _cleanup_(keyquery_done) struct keys keys = {};
        _cleanup_(warn_done) struct warn warn = {};
        struct keyquery query;
        enum exit_code rc;

        rc = read_options(args, &warn);
        if (rc == CTL_OK)
                rc = open_state(&warn);
        if (rc == CTL_OK)
                rc = keyquery_read(args, &query);
        if (rc != CTL_OK)
                return rc;
        query.status = "active";
        query.ends_before = warn.mail.now + warn.most * PARSE_DAY_S + 1;
        rc = keyquery_fetch(&query, &keys);
        return rc != CTL_OK ? rc : warn_all(&warn, &keys);
}
