/* SPDX-License-Identifier: BSD-2-Clause */
/* Says what was found, and has it revoked after the user has confirmed how many keys that are.
 * Nothing it prints is a secret. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/say.h"
#include "key/keyend.h"
#include "scan/cmd_scan.h"
#include "scan/fate.h"
#include "scan/history.h"
#include "scan/walk.h"

/* A question needs a terminal, and standard input can be looked at only once. */
static enum exit_code check(const struct args *args) {
        if (args_has(args, "burn") && args_has(args, "offline")) {
                say_error("--burn and --offline exclude each other: only the daemon can revoke "
                          "keys");
                return CTL_USAGE;
        }
        if (!args_has(args, "burn") || args_has(args, "yes") || isatty(STDIN_FILENO))
                return CTL_OK;
        say_error("--burn revokes keys: run it on a terminal, where it asks, or give --yes");
        return CTL_USAGE;
}

static size_t count_active(const struct scan *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->ring.n; i++)
                n += s->ring.keys[i].fate == FATE_ACTIVE;
        return n;
}

static enum exit_code burn(struct scan *s, size_t active, size_t *ret_burnt) {
        enum exit_code rc;

        if (active == 0)
                return s->asked;
        if (!args_has(s->args, "yes")) {
                rc = keyend_confirm(active);
                if (rc != CTL_OK)
                        return rc;
        }
        for (size_t i = 0; i < s->ring.n; i++) {
                if (s->ring.keys[i].fate != FATE_ACTIVE)
                        continue;
                rc = fate_burn(s->args, &s->ring.keys[i]);
                *ret_burnt += rc == CTL_OK;
                /* one that has ended meanwhile is not what stops us */
                if (rc != CTL_OK && rc != CTL_REFUSED)
                        return rc;
        }
        if (*ret_burnt > 0)
                keyend_say_reach(s->args);
        return s->asked;
}

static int look(struct scan *s) {
        const struct args *args = s->args;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < args->n_words; i++)
                r = args_has(args, "git") ? history_path(s, args->words[i])
                                          : walk_path(s, args->words[i]);
        return r;
}

static void say_summary(const struct scan *s, size_t active, size_t burnt) {
        if (s->unread > 0)
                say_line("files that could not be read: %" PRIu64, s->unread);
        if (s->places == 0)
                say_note("no keys");
        else if (args_has(s->args, "burn"))
                say_line("%zu of %zu active keys revoked", burnt, active);
        else if (active > 0)
                say_note("active keys: %zu ('wfapikeyctl scan --burn' revokes them)", active);
}

enum exit_code cmd_scan(const struct args *args) {
        _cleanup_scan_ struct scan s = { .args = args };
        bool burns = args_has(args, "burn");
        size_t active, burnt = 0;
        enum exit_code rc = check(args);
        int r;

        if (rc != CTL_OK)
                return rc;
        if (args->json && burns)
                json_open(&s.j, NULL, '{');
        if (args->json)
                json_open(&s.j, burns ? "found" : NULL, '[');
        r = look(&s);
        if (args->json)
                json_close(&s.j, ']');
        (void) fflush(stdout);
        if (r < 0)
                return say_no_memory();
        active = count_active(&s);
        if (burns)
                rc = burn(&s, active, &burnt);
        if (args->json && burns) {
                json_number(&s.j, "burnt", burnt);
                json_close(&s.j, '}');
        }
        say_summary(&s, active, burnt);
        if (rc != CTL_OK)
                return rc;
        if (s.places > 0)
                return CTL_REFUSED;
        return s.unread > 0 ? CTL_FAILED : CTL_OK;
}
