/* SPDX-License-Identifier: BSD-2-Clause */
/* AccountRemoved: userdel reports that it has removed a user. The caller is not believed: what the
 * passwd file says decides. */
#include "accounts/accounts.h"
#include "cleanup.h"
#include "control/control_state.h"
#include "text.h"

struct account_call {
        struct control_call call;
        struct accounts_source accounts;
        char user[WIRE_USER_MAX + 1];
};

static int removed_parse(struct control_call *call, sd_bus_message *m) {
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

static void removed_run(struct control_call *call, struct store *writer) {
        struct account_call *ours = (struct account_call *) call;
        const char *why = ours->accounts.memory->error;
        int r;

        r = accounts_update_removed(writer, &ours->accounts, ours->user);
        if (r < 0 && why[0])
                control_fail(call, CONTROL_BUSY, "%s; try again", why);
        else if (r < 0)
                control_fail_store(call, r);
}

const struct control_handlers control_account_removed = {
        .size = sizeof(struct account_call),
        .parse = removed_parse,
        .run = removed_run,
};
