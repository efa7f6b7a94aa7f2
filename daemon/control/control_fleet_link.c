/* SPDX-License-Identifier: BSD-2-Clause */
/* What wfapikey-fleetd and the daemon say to each other: FleetAttach, FleetDone, FleetWrite,
 * FleetHeads, FleetSignHeads, FleetLink, and the signal FleetWork. fleetd is believed in nothing
 * but that the database has taken a change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "base/log.h"
#include "control/control_fleet.h"
#include "control/control_state.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_apply.h"
#include "mirror/mirror_key.h"
#include "text.h"

#define LINK_VERSION 1

static struct fleet *fleet_of(const struct control_call *call) {
        return call->control->writer.fleet;
}

/* --- FleetWork --- */

static int append_frames(sd_bus_message *m, const struct fleet_change *change) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(stay)");
        for (size_t i = 0; change && r >= 0 && i < change->n; i++) {
                r = sd_bus_message_open_container(m, 'r', "stay");
                if (r >= 0)
                        r = sd_bus_message_append(m, "st", change->frames[i].group,
                                                  (uint64_t) change->frames[i].number);
                if (r >= 0)
                        r = sd_bus_message_append_array(m, 'y', change->frames[i].bytes,
                                                        change->frames[i].len);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int emit(struct control *control, const char *kind, const struct control_fleet_out *out) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        struct control_fleet *fleet = &control->loop.fleet;
        int r;

        if (!fleet->link)
                return -ENOTCONN;
        r = sd_bus_message_new_signal(fleet->link, &m, CONTROL_OBJECT_PATH, CONTROL_INTERFACE,
                                      "FleetWork");
        if (r >= 0)
                r = sd_bus_message_sensitive(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "st", kind, fleet->token);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; out && r >= 0 && i < out->n_arguments; i++)
                r = sd_bus_message_append_basic(m, 's', out->arguments[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = append_frames(m, out ? &out->change : NULL);
        return r < 0 ? r : sd_bus_send(fleet->link, m, NULL);
}

int control_fleet_link_send(struct control *control, const struct control_fleet_out *out) {
        return emit(control, "append", out);
}

int control_fleet_link_order(struct control *control, const char *kind) {
        return emit(control, kind, NULL);
}

/* Nothing is known of the database until fleetd says so. */
static void forget(struct control *control) {
        struct control_fleet *fleet = &control->loop.fleet;

        fleet->connected = fleet->reached = fleet->told = false;
        fleet->state = NULL;
        control_fleet_snapshot_drop(control);
}

void control_fleet_link_changed(struct control *control) {
        /* A change that waits is sent when fleetd has attached again. */
        forget(control);
        (void) emit(control, "again", NULL);
}

void control_fleet_link_drop(struct control *control) {
        struct control_fleet *fleet = &control->loop.fleet;

        fleet->link = sd_bus_unref(fleet->link);
        forget(control);
        fleet->text[0] = '\0';
        control_fleet_finish(control, CONTROL_FLEET_AWAY, "wfapikey-fleetd has ended");
}

/* --- FleetAttach --- */

struct attach_call {
        struct control_call call;
        uint32_t version;
        bool joined;
        struct store_fleet self;
        size_t n_groups, n_issuers;
        struct store_fleet_group groups[FLEET_GROUPS_MAX];
        struct store_fleet_issuer issuers[FLEET_ISSUERS_MAX];
};

static int attach_parse(struct control_call *call, sd_bus_message *m) {
        struct attach_call *attach = (struct attach_call *) call;
        int r;

        r = sd_bus_message_read_basic(m, 'u', &attach->version);
        if (r >= 0 && attach->version != LINK_VERSION)
                control_fail(
                        call, CONTROL_INVALID_ARGUMENT,
                        "wfapikey-fleetd speaks version %u, and this daemon speaks version %d: "
                        "install the same version of both.",
                        attach->version, LINK_VERSION);
        return r;
}

static void attach_run(struct control_call *call, struct store *writer) {
        struct attach_call *attach = (struct attach_call *) call;
        const struct store_fleet *self = fleet_self(fleet_of(call));
        const struct store_fleet_group *group;
        const struct store_fleet_issuer *issuer;
        struct fleet_news news;

        attach->joined = self;
        if (!self && fleet_is_unread(fleet_of(call)))
                /* fleetd tries again soon */
                control_fleet_fail(call, fleet_absence(fleet_of(call)));
        if (!self)
                return;
        fleet_apply_forget(fleet_of(call));
        attach->self = *self;
        while ((group = fleet_group(fleet_of(call), attach->n_groups))) {
                attach->groups[attach->n_groups++] = *group;
                /* what another fleetd has left unfinished is forgotten */
                (void) !fleet_apply_bytes(fleet_of(call), writer, group->name, NULL, 0, &news);
        }
        while ((issuer = fleet_issuer(fleet_of(call), attach->n_issuers)))
                attach->issuers[attach->n_issuers++] = *issuer;
}

static int append_groups(const struct attach_call *attach, sd_bus_message *m) {
        int r;

        r = control_open_array(m, "groups", "as");
        for (size_t i = 0; r >= 0 && i < attach->n_groups; i++)
                r = sd_bus_message_append_basic(m, 's', attach->groups[i].name);
        if (r >= 0)
                r = control_close_array(m);
        if (r >= 0)
                r = control_open_array(m, "numbers", "at");
        for (size_t i = 0; r >= 0 && i < attach->n_groups; i++)
                r = sd_bus_message_append(m, "t", (uint64_t) attach->groups[i].number);
        if (r >= 0)
                r = control_close_array(m);
        if (r >= 0)
                r = control_open_array(m, "issuers", "as");
        for (size_t i = 0; r >= 0 && i < attach->n_issuers; i++)
                r = sd_bus_message_append_basic(m, 's', attach->issuers[i].host);
        return r < 0 ? r : control_close_array(m);
}

static int append_self(const struct attach_call *attach, sd_bus_message *m) {
        char fleet[SEAL_TEXT_LEN + 1];
        int r;

        seal_text_format(attach->self.id, fleet);
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "fleet", "s", fleet, "host", "s",
                                  attach->self.host, "issuing", "b", attach->self.issuing,
                                  "database", "s", attach->self.database);
        return r < 0 ? r : append_groups(attach, m);
}

/* The connection is that of fleetd from now on. */
static int attach_reply(struct control_call *call, sd_bus_message *reply) {
        const struct attach_call *attach = (struct attach_call *) call;
        struct control_fleet *fleet = &call->control->loop.fleet;
        int r;

        /* Nobody would notice its end any more. */
        if (sd_bus_is_open(sd_bus_message_get_bus(call->message)) <= 0)
                return -ENOTCONN;
        /* The caller may not be the fleet-user any more. It is disconnected, and attaches again. */
        if (call->conf_serial != call->control->loop.conf_serial)
                return -ESTALE;
        if (fleet->link_connection != call->connection)
                control_fleet_link_drop(call->control);
        sd_bus_unref(fleet->link);
        fleet->link = sd_bus_ref(sd_bus_message_get_bus(call->message));
        fleet->link_connection = call->connection;
        forget(call->control);
        control_fleet_attached(call->control);
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "joined", "b", attach->joined);
        if (r >= 0 && attach->joined)
                r = append_self(attach, reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_fleet_attach = {
        .size = sizeof(struct attach_call),
        .parse = attach_parse,
        .run = attach_run,
        .reply = attach_reply,
};

bool control_fleet_link_check(struct control_call *call) {
        const struct control_fleet *fleet = &call->control->loop.fleet;

        if (fleet->link && fleet->link_connection == call->connection)
                return true;
        control_fail(call, CONTROL_REFUSED, "Another wfapikey-fleetd has attached since.");
        return false;
}

int control_fleet_link_note(struct control_call *call, sd_bus_message *m) {
        struct control_fleet_order *order = (struct control_fleet_order *) call;
        const struct control_fleet *fleet = &call->control->loop.fleet;

        (void) m;
        if (!fleet->link || !fleet->reached)
                (void) text_copy(order->away, sizeof(order->away),
                                 !fleet->link     ? "wfapikey-fleetd does not run"
                                 : fleet->text[0] ? fleet->text
                                                  : "it was not reached yet");
        return 0;
}

bool control_fleet_link_reached(struct control_call *call) {
        const char *away = ((struct control_fleet_order *) call)->away;

        if (away[0])
                control_fail(call, CONTROL_FLEET, "The fleet's database is not there: %s.", away);
        return !away[0];
}

/* --- FleetDone, FleetLink --- */

static void nothing_run(struct control_call *call, struct store *writer) {
        (void) call;
        (void) writer;
}

static const struct {
        const char *word;
        enum control_fleet_outcome outcome;
} outcomes[] = {
        { "committed", CONTROL_FLEET_COMMITTED },
        { "conflict", CONTROL_FLEET_CONFLICT },
        { "failed", CONTROL_FLEET_FAILED },
        { "away", CONTROL_FLEET_AWAY },
};

static void escape(char out[static ERROR_LEN], const char *text) {
        size_t len;

        text_escape(out, ERROR_LEN, text);
        len = strlen(out);
        /* libpq's messages end with a line's end, and ours with a full stop. */
        while (len > 0 && (out[len - 1] == '.' || out[len - 1] == ' '))
                out[--len] = '\0';
}

static int done_parse(struct control_call *call, sd_bus_message *m) {
        const char *word, *text;
        char shown[ERROR_LEN];
        uint64_t token;
        int r;

        r = sd_bus_message_read(m, "tss", &token, &word, &text);
        if (r < 0 || !control_fleet_link_check(call))
                return r;
        escape(shown, text);
        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
                if (strcmp(outcomes[i].word, word) == 0) {
                        if (token == call->control->loop.fleet.token)
                                control_fleet_finish(call->control, outcomes[i].outcome, shown);
                        return 0;
                }
        control_fail(call, CONTROL_INVALID_ARGUMENT,
                     "The outcome is committed, conflict, failed or away.");
        return 0;
}

const struct control_handlers control_fleet_done = {
        .size = sizeof(struct control_call),
        .parse = done_parse,
        .run = nothing_run,
};

/* The same word, as a text of ours. What is not known is "away". */
static const char *state_of(const char *word) {
        static const char *const states[] = { "connected", "refused", "behind" };

        for (size_t i = 0; i < ARRAY_LEN(states); i++)
                if (strcmp(states[i], word) == 0)
                        return states[i];
        return "away";
}

static int link_parse(struct control_call *call, sd_bus_message *m) {
        struct control_fleet *fleet = &call->control->loop.fleet;
        const char *state, *text;
        bool was;
        int r;

        r = sd_bus_message_read(m, "ss", &state, &text);
        if (r < 0 || !control_fleet_link_check(call))
                return r;
        was = fleet->connected;
        fleet->state = state_of(state);
        fleet->connected = strcmp(fleet->state, "connected") == 0;
        fleet->reached = strcmp(fleet->state, "away") != 0;
        if (!fleet->reached)
                control_fleet_snapshot_drop(call->control);
        escape(fleet->text, text);
        if (was && !fleet->connected)
                log_line(LOG_WARNING, "the fleet's database is not there: %s", fleet->text);
        else if (!was && fleet->connected)
                log_line(LOG_INFO, "the fleet's database is there");
        /* While it connects for the first time, changes wait. */
        if (strcmp(state, "connecting") != 0)
                control_fleet_told(call->control);
        return 0;
}

const struct control_handlers control_fleet_link = {
        .size = sizeof(struct control_call),
        .parse = link_parse,
        .run = nothing_run,
};

/* --- FleetWrite, FleetHeads --- */

struct write_call {
        struct control_call call;
        char group[FRAME_GROUP_MAX + 1];
        const void *in; /* in the message */
        size_t len;
        struct fleet_news news;
};

static int write_parse(struct control_call *call, sd_bus_message *m) {
        struct write_call *write = (struct write_call *) call;
        const char *group;
        int r;

        r = sd_bus_message_read_basic(m, 's', &group);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &write->in, &write->len);
        if (r < 0 || !control_fleet_link_check(call))
                return r;
        if (!fleet_is_name(group))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "That is no group of hosts.");
        else
                (void) text_copy(write->group, sizeof(write->group), group);
        return 0;
}

static void write_run(struct control_call *call, struct store *writer) {
        struct write_call *write = (struct write_call *) call;
        int r;

        r = write->news.more ? fleet_apply_more(fleet_of(call), writer, write->group, &write->news)
                             : fleet_apply_bytes(fleet_of(call), writer, write->group, write->in,
                                                 write->len, &write->news);
        if (r < 0)
                write->news.more = false;
        if (r >= 0)
                r = fleet_age_keep(fleet_of(call), writer, false);
        control_fleet_publish(call->control);
        if (r < 0 && fleet_refusal(r))
                log_line(LOG_ERR, "a change of group %s of the fleet is refused: %s", write->group,
                         fleet_refusal(r));
        if (r < 0 && fleet_refusal(r))
                control_fail(call, CONTROL_REFUSED, "%s.", fleet_refusal(r));
        else if (r == -EAGAIN)
                control_fail(
                        call, CONTROL_BUSY,
                        "It follows changes of the group of all hosts that are still to come.");
        else if (r < 0)
                control_fail_store(call, r);
}

/* The next piece. Others have their turn between two of them. */
static void write_settle(struct control_call *call) {
        const struct write_call *write = (struct write_call *) call;

        if (write->news.more)
                control_resume(call);
        else
                control_answer(call);
}

static int write_reply(struct control_call *call, sd_bus_message *reply) {
        const struct write_call *write = (struct write_call *) call;

        if (write->news.owners)
                accounts_refresh(call->control->fixed.accounts);
        if (write->news.self)
                control_fleet_link_changed(call->control);
        return sd_bus_message_append(reply, "t", (uint64_t) write->news.number);
}

const struct control_handlers control_fleet_write = {
        .size = sizeof(struct write_call),
        .parse = write_parse,
        .run = write_run,
        .settle = write_settle,
        .reply = write_reply,
};

static int heads_parse(struct control_call *call, sd_bus_message *m) {
        struct write_call *write = (struct write_call *) call;
        int r;

        r = sd_bus_message_read_array(m, 'y', &write->in, &write->len);
        if (r >= 0)
                (void) control_fleet_link_check(call);
        return r;
}

static void heads_run(struct control_call *call, struct store *writer) {
        struct write_call *write = (struct write_call *) call;
        int r;

        r = fleet_age_take(fleet_of(call), write->in, write->len);
        control_fleet_publish(call->control);
        if (r >= 0)
                r = fleet_age_keep(fleet_of(call), writer, false);
        if (r < 0)
                control_fail(call, CONTROL_REFUSED, "%s.", fleet_refusal(r) ?: store_error_text(r));
}

const struct control_handlers control_fleet_heads = {
        .size = sizeof(struct write_call),
        .parse = heads_parse,
        .run = heads_run,
};

/* --- FleetSignHeads --- */

struct sign_call {
        struct control_call call;
        struct fleet_change heads; /* as far as they are alike */
        bool waits;                /* a revocation that was made here */
};

static void sign_run(struct control_call *call, struct store *writer) {
        struct sign_call *sign = (struct sign_call *) call;
        const struct store_fleet_group *group;
        uint8_t secret[SEAL_SECRET_LEN];
        int r;

        r = fleet_age_may_state(fleet_of(call), writer);
        sign->waits = r == 0;
        if (r == 0)
                return;
        if (r > 0)
                r = mirror_key_source(call->control->fixed.state_fd, secret);
        for (size_t i = 0; r >= 0 && (group = fleet_group(fleet_of(call), i)); i++) {
                struct fleet_frame *frame = &sign->heads.frames[i];

                frame->bytes = malloc(FRAME_STATE_LEN);
                r = frame->bytes ? fleet_age_state(fleet_of(call), i, secret, frame->bytes)
                                 : -ENOMEM;
                frame->len = FRAME_STATE_LEN;
                frame->number = group->number;
                memcpy(frame->group, group->name, sizeof(frame->group));
                sign->heads.n++;
        }
        explicit_bzero(secret, sizeof(secret));
        if (r >= 0)
                r = fleet_age_keep(fleet_of(call), writer, false);
        if (r < 0)
                control_fleet_fail(call, r);
}

/* It can come of the sweeper, or of what the log has brought, or the database has not taken it. */
static void sign_settle(struct control_call *call) {
        if (((struct sign_call *) call)->waits)
                control_fleet_flush_again(call->control);
        control_answer(call);
}

static int sign_reply(struct control_call *call, sd_bus_message *reply) {
        return append_frames(reply, &((struct sign_call *) call)->heads);
}

static void sign_release(struct control_call *call) {
        fleet_change_done(&((struct sign_call *) call)->heads);
}

const struct control_handlers control_fleet_sign_heads = {
        .size = sizeof(struct sign_call),
        .run = sign_run,
        .settle = sign_settle,
        .reply = sign_reply,
        .release = sign_release,
};
