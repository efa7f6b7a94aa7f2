/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands about accounts that are gone, or whose passwords are. What follows from them is the
 * daemon's to decide. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/cmd_account.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"

static enum exit_code report(const struct args *args, const char *method) {
        _cleanup_call_ struct call call = {};
        enum exit_code rc = call_open(&call, args->control);

        for (size_t i = 0; rc == CTL_OK && i < args->n_words; i++) {
                _cleanup_message_ sd_bus_message *reply = NULL;

                rc = call_plain(&call, method, &reply, "s", args->words[i]);
        }
        return rc;
}

enum exit_code cmd_account_removed(const struct args *args) {
        return report(args, "AccountRemoved");
}

enum exit_code cmd_account_expired(const struct args *args) {
        return report(args, "PasswordExpired");
}

struct account {
        const char *user;
        int64_t since;
        int held;
};

static const struct field fields[] = {
        { "user", FIELD_TEXT, offsetof(struct account, user), "-" },
        { "since", FIELD_TIME, offsetof(struct account, since), "-" },
        { "held", FIELD_BOOL, offsetof(struct account, held), "-" },
};

/* A list of accounts, and which of the fields they have. */
struct list {
        const char *method;
        size_t n_fields;
};

/* Text is one user a line, for xargs(1). */
static int show_page(sd_bus_message *m, size_t n_fields, struct json *j, const char **ret_next) {
        struct account account;
        const char *next;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0) {
                _cleanup_free_ char *buffer = NULL;

                fields_init(fields, n_fields, &account);
                r = dict_read(fields, n_fields, m, &account);
                if (r <= 0)
                        break;
                if (!account.user)
                        return -EBADMSG;
                if (j)
                        fields_json(fields, n_fields, &account, j);
                else
                        puts(harmless(account.user, &buffer));
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0)
                r = sd_bus_message_read(m, "s", &next);
        if (r < 0)
                return r;
        *ret_next = next;
        return 0;
}

static enum exit_code show_all(const struct args *args, const struct list *list, struct json *j) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_call_ struct call call = {};
        enum exit_code rc = call_open(&call, args->control);
        const char *next = "", *after;
        int r;

        while (rc == CTL_OK) {
                sd_bus_message *page = NULL;

                rc = call_plain(&call, list->method, &page, "s", next);
                if (rc != CTL_OK)
                        break;
                after = next;
                r = show_page(page, list->n_fields, j, &next);
                /* Each page must begin later, or this would never end. */
                if (r >= 0 && *next && strcmp(next, after) <= 0)
                        r = -EBADMSG;
                sd_bus_message_unref(reply); /* "after" was in it */
                reply = page;
                if (r < 0)
                        return call_misread(r);
                if (!*next)
                        break;
        }
        return rc;
}

static enum exit_code show(const struct args *args, struct list list) {
        struct json j = {};
        enum exit_code rc;

        if (!args->json)
                return show_all(args, &list, NULL);
        json_open(&j, NULL, '[');
        rc = show_all(args, &list, &j);
        if (rc == CTL_OK)
                json_close(&j, ']');
        return rc;
}

enum exit_code cmd_account_vanished(const struct args *args) {
        return show(args, (struct list){ "ListVanishedAccounts", ARRAY_LEN(fields) });
}

enum exit_code cmd_account_held(const struct args *args) {
        /* all of them are held */
        return show(args, (struct list){ "ListHeldPasswords", ARRAY_LEN(fields) - 1 });
}
