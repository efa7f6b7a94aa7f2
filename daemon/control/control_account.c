/* SPDX-License-Identifier: BSD-2-Clause */
/* AccountRemoved: userdel or an administrator reports that a user was removed. It is not believed
 * while the passwd file has the user. PasswordExpired: likewise of a password that is not good.
 * ListVanishedAccounts, ListHeldPasswords: whom such a report could be about. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "cleanup.h"
#include "control/control_audit.h"
#include "control/control_state.h"
#include "store/store_account.h"
#include "text.h"

struct account_call {
        struct control_call call;
        struct accounts_source accounts;
        char user[WIRE_USER_MAX + 1];
};

static int user_parse(struct control_call *call, sd_bus_message *m) {
        struct account_call *ours = (struct account_call *) call;
        const char *user;
        int r;

        ours->accounts = accounts_source(call->control->fixed.accounts);
        r = sd_bus_message_read_basic(m, 's', &user);
        if (r < 0)
                return r;
        if (!user[0] || !text_copy(ours->user, sizeof(ours->user), user))
                control_fail(call, CONTROL_NO_SUCH_USER, "That is no user name: 1 to %d bytes.",
                             WIRE_USER_MAX);
        text_escape(call->about.user, sizeof(call->about.user), text_without_key(ours->user));
        return 0;
}

static void say_failed(struct account_call *ours, int r) {
        const char *why = ours->accounts.memory->error;

        if (r < 0 && why[0])
                control_fail(&ours->call, CONTROL_BUSY, "%s%s", why,
                             r == -EEXIST ? "" : "; try again");
        else if (r < 0)
                control_fail_store(&ours->call, r);
}

static void removed_run(struct control_call *call, struct store *writer) {
        struct account_call *ours = (struct account_call *) call;
        struct audit_record record;
        int r;

        control_audit_fill(call, "account-removed", &record);
        r = accounts_update_removed(writer, &ours->accounts, ours->user, &record);
        say_failed(ours, r);
}

const struct control_handlers control_account_removed = {
        .size = sizeof(struct account_call),
        .parse = user_parse,
        .run = removed_run,
};

/* --- PasswordExpired --- */

static void expired_run(struct control_call *call, struct store *writer) {
        struct account_call *ours = (struct account_call *) call;
        struct audit_record record;
        int r;

        control_audit_fill(call, "password-expired", &record);
        r = accounts_update_expired(writer, &ours->accounts, ours->user, &record);
        say_failed(ours, r);
}

const struct control_handlers control_account_expired = {
        .size = sizeof(struct account_call),
        .parse = user_parse,
        .run = expired_run,
};

/* --- ListVanishedAccounts, ListHeldPasswords --- */

#define PAGE_MAX 500

struct vanished_call {
        struct control_call call;
        char after[WIRE_USER_MAX + 1];
        size_t n;
        struct account_record *accounts; /* owned */
        bool more;
};

static int vanished_parse(struct control_call *call, sd_bus_message *m) {
        struct vanished_call *ours = (struct vanished_call *) call;
        const char *after;
        int r;

        r = sd_bus_message_read_basic(m, 's', &after);
        if (r >= 0 && !text_copy(ours->after, sizeof(ours->after), after))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "That is no user name.");
        return r;
}

static int on_vanished(const struct account_record *account, void *userdata) {
        struct vanished_call *ours = userdata;

        ours->more = ours->n == PAGE_MAX;
        if (!ours->more)
                ours->accounts[ours->n++] = *account;
        return 0;
}

static void list(struct control_call *call, struct store *writer, bool passwords) {
        struct vanished_call *ours = (struct vanished_call *) call;
        int r;

        ours->accounts = calloc(PAGE_MAX, sizeof(*ours->accounts));
        if (!ours->accounts) {
                control_fail(call, CONTROL_BUSY, "Out of memory; try again.");
                return;
        }
        r = passwords
                    ? store_account_each_held_password(writer, ours->after, PAGE_MAX + 1,
                                                       on_vanished, ours)
                    : store_account_each_gone(writer, ours->after, PAGE_MAX + 1, on_vanished, ours);
        if (r < 0)
                control_fail_store(call, r);
}

static void vanished_run(struct control_call *call, struct store *writer) {
        list(call, writer, false);
}

static void held_run(struct control_call *call, struct store *writer) {
        list(call, writer, true);
}

static int append_account(sd_bus_message *reply, const struct account_record *account) {
        int64_t since = account->password_since > 0 ? account->password_since : 0;

        if (account->state == ACCOUNT_PRESENT)
                return sd_bus_message_append(reply, "a{sv}", 2, "user", "s", account->name, "since",
                                             "x", since);
        return sd_bus_message_append(reply, "a{sv}", 3, "user", "s", account->name, "since", "x",
                                     account->gone_since, "held", "b", (int) account->held);
}

static int vanished_reply(struct control_call *call, sd_bus_message *reply) {
        const struct vanished_call *ours = (struct vanished_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < ours->n; i++)
                r = append_account(reply, &ours->accounts[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r
                     : sd_bus_message_append(reply, "s",
                                             ours->more ? ours->accounts[ours->n - 1].name : "");
}

static void vanished_release(struct control_call *call) {
        free(((struct vanished_call *) call)->accounts);
}

const struct control_handlers control_account_vanished = {
        .size = sizeof(struct vanished_call),
        .parse = vanished_parse,
        .run = vanished_run,
        .reply = vanished_reply,
        .release = vanished_release,
};

const struct control_handlers control_account_held = {
        .size = sizeof(struct vanished_call),
        .parse = vanished_parse,
        .run = held_run,
        .reply = vanished_reply,
        .release = vanished_release,
};
