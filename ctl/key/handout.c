/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints a new key on stdout and makes sure that it was written. Keeps no copy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"
#include "draw/json.h"
#include "key/handout.h"
#include "key/keyfields.h"
#include "keytext.h"
#include "secret.h"

/* For a key that was there already: nobody can show it again. */
static enum exit_code name_key(const struct args *args, const char *id) {
        struct json j = {};

        if (args->json) {
                json_open(&j, NULL, '{');
                json_text(&j, "id", id);
                json_text(&j, "key", NULL);
                json_close(&j, '}');
        }
        say_note("The user has the key %s with this name. Nothing was made.", id);
        return CTL_OK;
}

/* What the daemon has understood. A user who forgot a limit sees it. */
static void say_limits(const struct args *args, const char *id) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(keyfields_done) struct key key = {};
        char services[FIELDS_TEXT_LEN], networks[FIELDS_TEXT_LEN], expires[FIELDS_TEXT_LEN];

        if (!isatty(STDERR_FILENO) ||
            call_once(args->control, "GetKey", &reply, "s", id) != CTL_OK ||
            keyfields_read(&key, reply) <= 0)
                return;
        say_note("Good for %s, %s%s, %s%s.",
                 key.services ? fields_text(&keyfields[KEYFIELD_SERVICES], &key, services)
                 : key.realm  ? "all services of the realm"
                              : "ALL services",
                 key.networks ? "from " : "",
                 key.networks ? fields_text(&keyfields[KEYFIELD_NETWORKS], &key, networks)
                              : "from everywhere",
                 key.expires == INT64_MAX ? "" : "until ",
                 key.expires == INT64_MAX
                         ? "without an end"
                         : fields_text(&keyfields[KEYFIELD_EXPIRES], &key, expires));
}

/* stdout may be a pipe that nobody reads, or a full disk. Then nobody has the new key, so say
 * which one it is. */
static enum exit_code hand_out(const struct args *args, const char *id, const struct secret *key) {
        struct json j = {};

        if (args->json) {
                json_open(&j, NULL, '{');
                json_text(&j, "id", id);
                json_text(&j, "key", key->text);
                json_close(&j, '}');
        } else
                puts(key->text);
        if (fflush(stdout) != 0 || ferror(stdout)) {
                say_error("the key could not be written (%s) and cannot be shown again: use "
                          "'wfapikeyctl key reset %s' or 'wfapikeyctl key remove %s'",
                          strerror(errno), id, id);
                return CTL_FAILED;
        }
        say_note("The id of this key is %s. It is shown only once: keep it now.", id);
        say_limits(args, id);
        return CTL_OK;
}

/* The daemon has made the key all the same. */
static enum exit_code lost(int r, const char *id) {
        const char *why = r == -ENOMEM ? "out of memory" : "cannot read the daemon's answer";

        if (id)
                say_error("%s: a key was made and cannot be shown again: use "
                          "'wfapikeyctl key reset %s' or 'wfapikeyctl key remove %s'",
                          why, id, id);
        else
                say_error("%s: a key was made and cannot be shown again: see "
                          "'wfapikeyctl key list', and reset or remove it",
                          why);
        return CTL_FAILED;
}

enum exit_code handout_key(const struct args *args, sd_bus_message *reply, const char *id) {
        _cleanup_secret_ struct secret key = {};
        const char *text;
        int r;

        r = sd_bus_message_sensitive(reply); /* sd-bus wipes it when it is freed */
        if (r >= 0 && !id)
                r = sd_bus_message_read(reply, "s", &id);
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &text);
        if (r >= 0 && !*text && keytext_is_id(id))
                return name_key(args, id);
        if (r >= 0 && (!keytext_is_key(text, strlen(text)) || !keytext_is_id(id)))
                r = -EBADMSG;
        if (r < 0)
                return lost(r, id && keytext_is_id(id) ? id : NULL);
        memcpy(key.text, text, sizeof(key.text));
        return hand_out(args, id, &key);
}
