/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes, changes and removes keys by the daemon. Decides nothing: the daemon knows who may do what.
 */
#include <stdio.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"
#include "cli/options.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key.h"
#include "key/handout.h"
#include "key/keyend.h"
#include "key/keyid.h"

static const char *requirement(const struct args *args) {
        if (args_has(args, "require-proof"))
                return "proof";
        return args_has(args, "require-certificate") ? "yes" : NULL;
}

/* What the user asks for, and how the daemon takes it. */
struct wish {
        const char *user;
        const char *password; /* NULL: none is needed */
        const char *expires;  /* NULL: the user said nothing */
};

static int append_issue(sd_bus_message *m, const struct args *args, const struct wish *wish) {
        static const char *const names[] = { "name", "certificate" };
        int r;

        r = sd_bus_message_append(m, "s", wish->user);
        if (r >= 0 && wish->password) {
                r = sd_bus_message_sensitive(m); /* sd-bus wipes it when it is freed */
                if (r >= 0)
                        r = sd_bus_message_append(m, "s", wish->password);
        }
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = dict_append_options(m, args, names, ARRAY_LEN(names));
        if (r >= 0)
                r = dict_append_text(m, "expires", wish->expires);
        if (r >= 0)
                r = dict_append_text(m, "linked", args_value(args, "link"));
        if (r >= 0)
                r = dict_append_text(m, "require-certificate", requirement(args));
        if (r >= 0)
                r = dict_append_each(m, "services", args, "service");
        if (r >= 0)
                r = dict_append_each(m, "networks", args, "from");
        if (r >= 0)
                r = dict_append_each(m, "hosts", args, "hosts");
        if (r >= 0 && (args_has(args, "unless-exists") || args_has(args, "unique")))
                r = dict_append_text(m, "same-name",
                                     args_has(args, "unless-exists") ? "keep" : "refuse");
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static const char *user_of(const struct args *args) {
        const char *user = args_value(args, "user");

        if (args->n_words + (user ? 1 : 0) == 1)
                return user ? user : args->words[0];
        say_error("key issue needs one user: wfapikeyctl key issue USER, or --user=USER");
        return NULL;
}

static enum exit_code issue(const struct args *args, const struct wish *wish) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        enum exit_code rc;

        rc = call_begin(&call, args->control, wish->password ? "IssueKeyWithPassword" : "IssueKey",
                        &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_issue(m, args, wish), &reply);
        return rc != CTL_OK ? rc : handout_key(args, reply, NULL);
}

enum exit_code cmd_key_issue(const struct args *args) {
        char password[PROMPT_PASSWORD_MAX + 2] = "", prompt[300], expires[OPTIONS_EXPIRES_LEN];
        struct wish wish = { .user = user_of(args) };
        enum exit_code rc;

        if (!wish.user)
                return CTL_USAGE;
        if (args_has(args, "require-certificate") && args_has(args, "require-proof")) {
                say_error("--require-certificate and --require-proof exclude each other: "
                          "--require-proof asks for more");
                return CTL_USAGE;
        }
        rc = options_expires(args, expires, &wish.expires);
        if (rc != CTL_OK || !args_has(args, "password"))
                return rc != CTL_OK ? rc : issue(args, &wish);
        (void) snprintf(prompt, sizeof(prompt), "Password of %.256s: ", wish.user);
        rc = prompt_password(prompt, password);
        wish.password = password;
        if (rc == CTL_OK)
                rc = issue(args, &wish);
        explicit_bzero(password, sizeof(password));
        return rc;
}

enum exit_code cmd_key_reset(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;

        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = call_once(args->control, "ResetKey", &reply, "s", args->words[0]);
        return rc != CTL_OK ? rc : handout_key(args, reply, args->words[0]);
}

static int append_rotate(sd_bus_message *m, const struct args *args, const char *expires) {
        static const char *const names[] = { "overlap" };
        int r;

        r = sd_bus_message_append(m, "s", args->words[0]);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = dict_append_options(m, args, names, ARRAY_LEN(names));
        if (r >= 0)
                r = dict_append_text(m, "expires", expires);
        if (r >= 0 && args_has(args, "until-first-use"))
                r = sd_bus_message_append(m, "{sv}", "until-first-use", "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

enum exit_code cmd_key_rotate(const struct args *args) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        char buffer[OPTIONS_EXPIRES_LEN];
        const char *expires;
        enum exit_code rc;

        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = options_expires(args, buffer, &expires);
        if (rc == CTL_OK)
                rc = call_begin(&call, args->control, "RotateKey", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_rotate(m, args, expires), &reply);
        return rc != CTL_OK ? rc : handout_key(args, reply, NULL);
}

enum exit_code cmd_key_rename(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;

        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = call_once(args->control, "RenameKey", &reply, "ss", args->words[0],
                               args->words[1]);
        return rc;
}

static enum exit_code bind_to(const struct args *args, const char *certificate) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *thumbprint;
        enum exit_code rc;

        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = call_once(args->control, "BindKey", &reply, "ss", args->words[0], certificate);
        if (rc == CTL_OK)
                rc = call_read(reply, "s", &thumbprint);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_text("certificate", *thumbprint ? thumbprint : NULL);
        else if (*thumbprint) {
                _cleanup_free_ char *buffer = NULL;

                puts(harmless(thumbprint, &buffer));
        }
        return CTL_OK;
}

enum exit_code cmd_key_bind(const struct args *args) {
        /* An empty CERT would unbind the key; see cmd_key_unbind(). */
        if (args->words[1][0])
                return bind_to(args, args->words[1]);
        say_error("CERT is empty: give a name or a thumbprint ('wfapikeyctl cert list')");
        return CTL_USAGE;
}

enum exit_code cmd_key_unbind(const struct args *args) {
        return bind_to(args, "");
}

enum exit_code cmd_key_revive(const struct args *args) {
        return keyend_words(args, "ReviveKeys", NULL, "revived");
}

enum exit_code cmd_key_remove(const struct args *args) {
        return keyend_words(args, "RemoveKeys", NULL, "removed");
}
