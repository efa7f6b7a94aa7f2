/* SPDX-License-Identifier: BSD-2-Clause */
/* FleetInvite, FleetAddGroup, FleetMove, FleetDrop: what administrators do with the hosts and
 * groups of a fleet, on an issuing host. All hosts hear of it by the log. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "conninfo.h"
#include "control/control_fleet.h"
#include "control/control_fleet_admin.h"
#include "control/control_state.h"
#include "fleet/fleet_hosts.h"
#include "fleet/fleet_join.h"
#include "store/store_audit.h"
#include "text.h"

static struct fleet *fleet_of(const struct control_call *call) {
        return call->control->writer.fleet;
}

static bool issues(const struct fleet *f, const char *host) {
        const struct store_fleet_issuer *issuer;

        for (size_t i = 0; (issuer = fleet_issuer(f, i)); i++)
                if (strcmp(issuer->host, host) == 0)
                        return true;
        return false;
}

/* --- FleetInvite --- */

struct invite_call {
        struct control_call call;
        struct fleet_invite invite;
        bool issued; /* a host of that name did */
        size_t len;
        uint8_t invitation[FLEET_INVITATION_MAX];
};

static void add_group(struct control_call *call, char list[static STORE_FLEET_GROUPS_LEN],
                      const char *group) {
        size_t used = strlen(list), len = strlen(group);

        if (text_has_word(list, group))
                return;
        if (!fleet_is_name(group)) {
                control_fail(
                        call, CONTROL_INVALID_ARGUMENT,
                        "That is no group of hosts: a small letter, then small letters, digits "
                        "and hyphens, at most %d in all.",
                        RECORD_GROUP_MAX);
                return;
        }
        if (used + len + 2 > STORE_FLEET_GROUPS_LEN) {
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "The names of a host's groups have more than %d characters in all.",
                             STORE_FLEET_GROUPS_LEN - 1);
                return;
        }
        if (used > 0)
                list[used++] = ' ';
        memcpy(list + used, group, len + 1);
}

/* Every host is in the group of all. */
static int parse_groups(struct control_call *call, sd_bus_message *m,
                        char list[static STORE_FLEET_GROUPS_LEN]) {
        const char *group;
        int r;

        add_group(call, list, FLEET_GROUP_ALL);
        r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &group)) > 0)
                add_group(call, list, group);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int invite_parse(struct control_call *call, sd_bus_message *m) {
        struct invite_call *ours = (struct invite_call *) call;
        const char *host, *key, *database = "";
        int r, issuing = 0;

        r = sd_bus_message_read(m, "ss", &host, &key);
        if (r < 0 || !control_fleet_admin_take_host(call, host, ours->invite.host.name))
                return r;
        if (fleet_join_take_key(&ours->invite, key) < 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That is no key as 'fleet key' prints it on the host: there is a "
                             "typing error in it, or it is cut off.");
        r = parse_groups(call, m, ours->invite.host.groups);
        if (r >= 0)
                r = sd_bus_message_read(m, "bs", &issuing, &database);
        ours->invite.issuing = issuing;
        if (r >= 0 && database[0])
                control_fleet_admin_take_database(call, database, ours->invite.database);
        return r;
}

/* An issuing host must be able to sign for every group. */
static void add_all_groups(struct control_call *call, const struct fleet *f,
                           char list[static STORE_FLEET_GROUPS_LEN]) {
        const struct store_fleet_group *group;

        for (size_t i = 0; (group = fleet_group(f, i)); i++)
                add_group(call, list, group->name);
}

static int make_invite(struct fleet *f, struct store *writer, void *userdata,
                       struct fleet_change *ret) {
        struct invite_call *ours = userdata;

        if (ours->invite.issuing)
                add_all_groups(&ours->call, f, ours->invite.host.groups);
        return fleet_join_invite(f, writer, &ours->invite, ret);
}

static void seal_invite(struct control_call *call, struct store *writer) {
        struct invite_call *ours = (struct invite_call *) call;
        struct audit_record record = control_fleet_admin_record(call, ours->invite.host.name);
        int r;

        r = fleet_join_seal(fleet_of(call), writer, &ours->invite, ours->invitation, &ours->len);
        if (r >= 0)
                r = store_begin(writer);
        if (r >= 0)
                r = store_audit_add(writer, &record);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        if (r < 0)
                control_fleet_fail(call, r);
        else
                log_line(LOG_NOTICE, "host %s invited into the fleet by %s", ours->invite.host.name,
                         call->who);
}

/* The words that make the database's role of the host, one for each group at the end. */
static int put_arguments(struct control_fleet_out *out, const char *verb, const char *host,
                         const char *password, bool issuing, const char *groups) {
        char word[RECORD_GROUP_MAX + 1];
        const char *at = groups;
        int r;

        r = control_fleet_argument(out, verb);
        if (r >= 0)
                r = control_fleet_argument(out, host);
        if (r >= 0 && password)
                r = control_fleet_argument(out, password);
        if (r >= 0)
                r = control_fleet_argument(out, issuing ? "yes" : "no");
        while (r >= 0 && *at) {
                size_t len = strcspn(at, " ");

                memcpy(word, at, len);
                word[len] = '\0';
                r = control_fleet_argument(out, word);
                at += len;
                at += strspn(at, " ");
        }
        return r;
}

static void invite_run(struct control_call *call, struct store *writer) {
        struct invite_call *ours = (struct invite_call *) call;

        ours->issued = issues(fleet_of(call), ours->invite.host.name);
        control_fleet_say(call, writer, make_invite, ours);
        if (!call->out)
                return;
        call->out->applied = seal_invite;
        if (call->out->change.n > 0 &&
            put_arguments(call->out, "host", ours->invite.host.name, ours->invite.password,
                          ours->invite.issuing, ours->invite.host.groups) < 0)
                control_fail_store(call, -ENOMEM);
}

static int invite_reply(struct control_call *call, sd_bus_message *reply) {
        const struct invite_call *ours = (struct invite_call *) call;

        return sd_bus_message_append_array(reply, 'y', ours->invitation, ours->len);
}

/* Hosts that come later do not believe what its former key has signed. */
static void invite_settle(struct control_call *call) {
        if (((struct invite_call *) call)->issued)
                control_fleet_snapshot_want(call->control);
        control_answer(call);
}

const struct control_handlers control_fleet_invite = {
        .size = sizeof(struct invite_call),
        .parse = invite_parse,
        .run = invite_run,
        .reply = invite_reply,
        .settle = invite_settle,
};

/* --- FleetAddGroup, FleetMove, FleetDrop --- */

struct name_call {
        struct control_call call;
        char name[STORE_FLEET_HOST_MAX + 1];
        bool issued; /* it was an issuing host */
};

static int group_parse(struct control_call *call, sd_bus_message *m) {
        struct name_call *ours = (struct name_call *) call;
        const char *name;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r >= 0 && !fleet_is_name(name))
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That is no name for a group: a small letter, then small letters, "
                             "digits and hyphens, at most %d in all.",
                             RECORD_GROUP_MAX);
        else if (r >= 0)
                (void) text_copy(ours->name, sizeof(ours->name), name);
        return r;
}

static int host_parse(struct control_call *call, sd_bus_message *m) {
        struct name_call *ours = (struct name_call *) call;
        const char *name;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r >= 0)
                (void) control_fleet_admin_take_host(call, name, ours->name);
        return r;
}

static int make_group(struct fleet *f, struct store *writer, void *userdata,
                      struct fleet_change *ret) {
        return fleet_hosts_group(f, writer, ((struct name_call *) userdata)->name, ret);
}

static int make_drop(struct fleet *f, struct store *writer, void *userdata,
                     struct fleet_change *ret) {
        return fleet_hosts_drop(f, writer, ((struct name_call *) userdata)->name, ret);
}

static void say_name(struct control_call *call, struct store *writer, const char *verb,
                     int (*make)(struct fleet *f, struct store *writer, void *userdata,
                                 struct fleet_change *ret)) {
        struct name_call *ours = (struct name_call *) call;

        control_fleet_say(call, writer, make, ours);
        if (call->out && call->out->change.n > 0 &&
            (control_fleet_argument(call->out, verb) < 0 ||
             control_fleet_argument(call->out, ours->name) < 0))
                control_fail_store(call, -ENOMEM);
}

static void group_run(struct control_call *call, struct store *writer) {
        if (fleet_has_group(fleet_of(call), ((struct name_call *) call)->name))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "There is such a group already.");
        else
                say_name(call, writer, "group", make_group);
}

static void group_settle(struct control_call *call) {
        control_fleet_link_changed(call->control);
        control_answer(call);
}

struct move_call {
        struct control_call call;
        struct fleet_move move;
        bool issued;
};

static int move_parse(struct control_call *call, sd_bus_message *m) {
        struct move_call *ours = (struct move_call *) call;
        const char *host;
        int r, issuing = 0;

        r = sd_bus_message_read_basic(m, 's', &host);
        if (r < 0 || !control_fleet_admin_take_host(call, host, ours->move.host))
                return r;
        r = parse_groups(call, m, ours->move.groups);
        if (r >= 0)
                r = sd_bus_message_read_basic(m, 'b', &issuing);
        ours->move.issuing = issuing;
        return r;
}

static int make_move(struct fleet *f, struct store *writer, void *userdata,
                     struct fleet_change *ret) {
        struct move_call *ours = userdata;

        if (ours->move.issuing)
                add_all_groups(&ours->call, f, ours->move.groups);
        return fleet_hosts_move(f, writer, &ours->move, ret);
}

static void move_run(struct control_call *call, struct store *writer) {
        struct move_call *ours = (struct move_call *) call;

        ours->issued = issues(fleet_of(call), ours->move.host);
        control_fleet_say(call, writer, make_move, ours);
        if (call->out && call->out->change.n > 0 &&
            put_arguments(call->out, "move", ours->move.host, NULL, ours->move.issuing,
                          ours->move.groups) < 0)
                control_fail_store(call, -ENOMEM);
}

static void move_settle(struct control_call *call) {
        const struct move_call *ours = (struct move_call *) call;

        control_fleet_link_changed(call->control);
        if (ours->issued && !ours->move.issuing)
                control_fleet_snapshot_want(call->control);
        control_answer(call);
}

const struct control_handlers control_fleet_move = {
        .size = sizeof(struct move_call),
        .parse = move_parse,
        .run = move_run,
        .settle = move_settle,
};

static void drop_run(struct control_call *call, struct store *writer) {
        const struct store_fleet *self = fleet_self(fleet_of(call));
        struct name_call *ours = (struct name_call *) call;

        ours->issued = issues(fleet_of(call), ours->name);
        if (self && strcmp(self->host, ours->name) == 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "This host does not drop itself: see 'fleet leave'.");
        else
                say_name(call, writer, "drop", make_drop);
}

const struct control_handlers control_fleet_add_group = {
        .size = sizeof(struct name_call),
        .parse = group_parse,
        .run = group_run,
        .settle = group_settle,
};

static void drop_settle(struct control_call *call) {
        if (((struct name_call *) call)->issued)
                control_fleet_snapshot_want(call->control);
        control_answer(call);
}

const struct control_handlers control_fleet_drop = {
        .size = sizeof(struct name_call),
        .parse = host_parse,
        .run = drop_run,
        .settle = drop_settle,
};
