/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints a new key on stdout and makes sure that it was written. Keeps no copy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "draw/json.h"
#include "key/handout.h"
#include "keytext.h"
#include "secret.h"

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
        return CTL_OK;
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
        if (r >= 0 && (!keytext_is_key(text, strlen(text)) || !keytext_is_id(id)))
                r = -EBADMSG;
        if (r < 0)
                return call_misread(r);
        memcpy(key.text, text, sizeof(key.text));
        return hand_out(args, id, &key);
}
