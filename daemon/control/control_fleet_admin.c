/* SPDX-License-Identifier: BSD-2-Clause */
/* FleetInit, FleetKey, FleetJoin, FleetLeave, FleetStatus: what administrators do with the
 * fleet of this host. What a fleet is, is in fleet/. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "conninfo.h"
#include "control/control_audit.h"
#include "control/control_fleet.h"
#include "control/control_fleet_admin.h"
#include "control/control_state.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_join.h"
#include "fleet/fleet_reported.h"
#include "store/store_audit.h"
#include "text.h"

static struct fleet *fleet_of(const struct control_call *call) {
        return call->control->writer.fleet;
}

bool control_fleet_admin_take_host(struct control_call *call, const char *in,
                                   char out[static STORE_FLEET_HOST_MAX + 1]) {
        if (fleet_join_is_host(in))
                return text_copy(out, STORE_FLEET_HOST_MAX + 1, in);
        control_fail(call, CONTROL_INVALID_ARGUMENT,
                     "That is no name for a host: small letters, digits, hyphens and dots, at most "
                     "%d.",
                     STORE_FLEET_HOST_MAX);
        return false;
}

struct audit_record control_fleet_admin_record(const struct control_call *call,
                                               const char *detail) {
        struct audit_record record = {};

        control_audit_fill(call, "fleet", &record);
        record.at = record.until = clock_now();
        (void) text_copy(record.detail, sizeof(record.detail), detail);
        return record;
}

/* fleetd has to know who this host is now. */
static int changed_reply(struct control_call *call) {
        control_fleet_link_changed(call->control);
        return 0;
}

/* --- FleetInit, FleetKey --- */

struct init_call {
        struct control_call call;
        char host[STORE_FLEET_HOST_MAX + 1];
        char database[STORE_FLEET_DATABASE_MAX + 1];
        char fleet[FLEET_KEY_LEN + 1];
};

/* What belongs to another host is put behind it. */
void control_fleet_admin_take_database(struct control_call *call, const char *in,
                                       char out[static STORE_FLEET_DATABASE_MAX + 1]) {
        if (!text_copy(out, STORE_FLEET_DATABASE_MAX + 1, in) || conninfo_sets(in, "user") < 0)
                control_fail(
                        call, CONTROL_INVALID_ARGUMENT,
                        "The database is libpq's connection string in keywords, such as "
                        "'host=db.example.org dbname=wfapikey sslmode=verify-full', of at most "
                        "%d bytes.",
                        STORE_FLEET_DATABASE_MAX);
}

static int init_parse(struct control_call *call, sd_bus_message *m) {
        struct init_call *init = (struct init_call *) call;
        const char *host, *database;
        int r;

        r = sd_bus_message_read(m, "ss", &host, &database);
        if (r < 0 || !control_fleet_admin_take_host(call, host, init->host))
                return r;
        control_fleet_admin_take_database(call, database, init->database);
        return 0;
}

static void init_run(struct control_call *call, struct store *writer) {
        struct init_call *init = (struct init_call *) call;
        struct audit_record record = control_fleet_admin_record(call, "begun");
        int r;

        r = fleet_join_init(fleet_of(call), writer, init->host, init->database, &record);
        if (r < 0) {
                control_fleet_fail(call, r);
                return;
        }
        seal_text_format(fleet_self(fleet_of(call))->id, init->fleet);
        log_line(LOG_NOTICE, "fleet %s begun by %s, this host is %s", init->fleet, call->who,
                 init->host);
}

static int init_reply(struct control_call *call, sd_bus_message *reply) {
        (void) changed_reply(call);
        return sd_bus_message_append(reply, "s", ((struct init_call *) call)->fleet);
}

const struct control_handlers control_fleet_init = {
        .size = sizeof(struct init_call),
        .parse = init_parse,
        .run = init_run,
        .reply = init_reply,
};

static void key_run(struct control_call *call, struct store *writer) {
        int r;

        (void) writer;
        r = fleet_join_key(fleet_of(call), ((struct init_call *) call)->fleet);
        if (r < 0)
                control_fleet_fail(call, r);
}

static int key_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", ((struct init_call *) call)->fleet);
}

const struct control_handlers control_fleet_key = {
        .size = sizeof(struct init_call),
        .run = key_run,
        .reply = key_reply,
};

/* --- FleetJoin, FleetLeave --- */

struct join_call {
        struct control_call call;
        const void *in; /* in the message */
        size_t len;
        struct store_fleet self;
        uint64_t keys;
};

static int join_parse(struct control_call *call, sd_bus_message *m) {
        struct join_call *join = (struct join_call *) call;

        return sd_bus_message_read_array(m, 'y', &join->in, &join->len);
}

static void join_run(struct control_call *call, struct store *writer) {
        struct join_call *join = (struct join_call *) call;
        struct audit_record record = control_fleet_admin_record(call, "joined");
        char fleet[SEAL_TEXT_LEN + 1];
        int r;

        r = fleet_join_accept(fleet_of(call), writer, join->in, join->len, &record);
        control_fleet_publish(call->control);
        if (r < 0) {
                control_fleet_fail(call, r);
                return;
        }
        join->self = *fleet_self(fleet_of(call));
        seal_text_format(join->self.id, fleet);
        log_line(LOG_NOTICE, "fleet %s joined as host %s, by %s", fleet, join->self.host,
                 call->who);
}

static int join_reply(struct control_call *call, sd_bus_message *reply) {
        const struct join_call *join = (struct join_call *) call;
        char fleet[SEAL_TEXT_LEN + 1];

        (void) changed_reply(call);
        seal_text_format(join->self.id, fleet);
        return sd_bus_message_append(reply, "a{sv}", 3, "fleet", "s", fleet, "host", "s",
                                     join->self.host, "issuing", "b", join->self.issuing);
}

const struct control_handlers control_fleet_join = {
        .size = sizeof(struct join_call),
        .parse = join_parse,
        .run = join_run,
        .reply = join_reply,
};

static void leave_run(struct control_call *call, struct store *writer) {
        struct join_call *join = (struct join_call *) call;
        struct audit_record record = control_fleet_admin_record(call, "left");
        int r;

        r = store_fleet_keys(writer, &join->keys);
        if (r >= 0)
                r = fleet_join_leave(fleet_of(call), writer, &record);
        control_fleet_publish(call->control);
        if (r < 0)
                control_fleet_fail(call, r);
        else
                log_line(LOG_NOTICE, "the fleet was left by %s", call->who);
}

static int leave_reply(struct control_call *call, sd_bus_message *reply) {
        (void) changed_reply(call);
        return sd_bus_message_append(reply, "t", ((struct join_call *) call)->keys);
}

const struct control_handlers control_fleet_leave = {
        .size = sizeof(struct join_call),
        .run = leave_run,
        .reply = leave_reply,
};

/* --- FleetStatus --- */

/* What is known of a host's reports. */
struct told {
        int64_t at; /* of the last one; 0: none */
        const char *fault;
};

struct status_call {
        struct control_call call;
        bool joined;
        struct store_fleet self;
        uint64_t keys, waiting;
        int64_t current_ms;
        size_t n_groups, n_hosts;
        struct store_fleet_group groups[FLEET_GROUPS_MAX];
        struct store_fleet_host *hosts; /* owned */
        /* of each host, on an issuing host; owned */
        struct told *told;
        size_t n_told;
        size_t n_issuers;
        struct store_fleet_issuer issuers[FLEET_ISSUERS_MAX];
        int64_t stated_ms[FLEET_ISSUERS_MAX]; /* of each issuer */
        int64_t silent_ms;                    /* the least of these */
        char silent[STORE_FLEET_HOST_MAX + 1];
        /* of a group that has another history elsewhere */
        char fork[256];
};

static int count_revocation(const struct store_fleet_revocation *revocation, void *userdata) {
        (void) revocation;
        ((struct status_call *) userdata)->waiting++;
        return 0;
}

static int take_status_host(const struct store_fleet_host *host, void *userdata) {
        struct status_call *status = userdata;
        struct store_fleet_host *hosts;

        if ((status->n_hosts & (status->n_hosts - 1)) == 0) {
                hosts = reallocarray(status->hosts, status->n_hosts == 0 ? 1 : 2 * status->n_hosts,
                                     sizeof(*hosts));
                if (!hosts)
                        return -ENOMEM;
                status->hosts = hosts;
        }
        status->hosts[status->n_hosts++] = *host;
        return 0;
}

static void take_status_issuers(struct status_call *status, const struct fleet *f) {
        const struct store_fleet_issuer *issuer;
        size_t i;

        while ((issuer = fleet_issuer(f, status->n_issuers))) {
                status->stated_ms[status->n_issuers] = fleet_age_issuer(f, status->n_issuers);
                status->issuers[status->n_issuers++] = *issuer;
        }
        status->silent_ms = fleet_age_silent(f, &i);
        if (status->silent_ms != INT64_MAX)
                memcpy(status->silent, status->issuers[i].host, sizeof(status->silent));
}

/* Both are in the order of the names. */
static int take_told(const struct store_reported *reported, void *userdata) {
        struct status_call *status = userdata;

        while (status->n_told < status->n_hosts &&
               strcmp(status->hosts[status->n_told].name, reported->host) < 0)
                status->n_told++;
        if (status->n_told < status->n_hosts &&
            strcmp(status->hosts[status->n_told].name, reported->host) == 0)
                status->told[status->n_told] =
                        (struct told){ reported->taken_at, fleet_reported_word(reported->fault) };
        return 0;
}

static int get_told(struct status_call *status, struct store *writer) {
        if (!status->self.issuing || status->n_hosts == 0)
                return 0;
        status->told = calloc(status->n_hosts, sizeof(*status->told));
        return status->told ? store_reported_each(writer, take_told, status) : -ENOMEM;
}

static void take_status_fork(struct status_call *status, const struct fleet *f) {
        const char *host, *group = fleet_age_fork(f, &host);

        if (group)
                (void) snprintf(status->fork, sizeof(status->fork),
                                "group %s has another history on the issuing host %s", group, host);
}

static void status_run(struct control_call *call, struct store *writer) {
        struct status_call *status = (struct status_call *) call;
        const struct store_fleet *self = fleet_self(fleet_of(call));
        const struct store_fleet_group *group;
        int r;

        status->joined = self;
        if (!self && fleet_is_unread(fleet_of(call)))
                control_fleet_fail(call, fleet_absence(fleet_of(call)));
        if (!self)
                return;
        status->self = *self;
        status->current_ms = fleet_age_current(fleet_of(call));
        while ((group = fleet_group(fleet_of(call), status->n_groups)))
                status->groups[status->n_groups++] = *group;
        r = store_fleet_keys(writer, &status->keys);
        if (r >= 0)
                r = store_fleet_each_revocation(writer, count_revocation, status);
        if (r >= 0)
                r = store_fleet_each_host(writer, take_status_host, status);
        take_status_issuers(status, fleet_of(call));
        take_status_fork(status, fleet_of(call));
        if (r >= 0)
                r = get_told(status, writer);
        if (r < 0)
                control_fail_store(call, r);
}

static uint64_t seconds_since(int64_t at_ms) {
        int64_t now = clock_boot_ms();

        return now > at_ms ? (uint64_t) (now - at_ms) / 1000 : 0;
}

static int append_status(const struct status_call *status, sd_bus_message *m) {
        const struct control_fleet *fleet = &status->call.control->loop.fleet;
        /* The database has what it should have, as far as fleetd can see. */
        bool forked = status->fork[0] && fleet->connected;
        char id[SEAL_TEXT_LEN + 1];
        int r;

        seal_text_format(status->self.id, id);
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "fleet", "s", id, "host", "s",
                                  status->self.host, "issuing", "b", status->self.issuing, "link",
                                  "s",
                                  !fleet->link   ? "no fleetd"
                                  : forked       ? "refused"
                                  : fleet->state ? fleet->state
                                                 : "away",
                                  "link-text", "s", forked ? status->fork : fleet->text, "keys",
                                  "t", status->keys, "waiting", "t", status->waiting);
        if (r >= 0 && status->current_ms != INT64_MIN)
                r = sd_bus_message_append(m, "{sv}", "age", "t", seconds_since(status->current_ms));
        if (r >= 0 && status->silent[0])
                r = sd_bus_message_append(m, "{sv}{sv}", "silent", "t",
                                          seconds_since(status->silent_ms), "silent-host", "s",
                                          status->silent);
        if (r >= 0)
                r = control_open_array(m, "groups", "as");
        for (size_t i = 0; r >= 0 && i < status->n_groups; i++)
                r = sd_bus_message_append_basic(m, 's', status->groups[i].name);
        if (r >= 0)
                r = control_close_array(m);
        if (r >= 0)
                r = control_open_array(m, "numbers", "at");
        for (size_t i = 0; r >= 0 && i < status->n_groups; i++)
                r = sd_bus_message_append(m, "t", (uint64_t) status->groups[i].number);
        return r < 0 ? r : control_close_array(m);
}

/* Which issuer the host is; n_issuers: none. */
static size_t issuer_of(const struct status_call *status, const struct store_fleet_host *host) {
        size_t i = 0;

        while (i < status->n_issuers &&
               memcmp(status->issuers[i].public, host->issuer, sizeof(host->issuer)) != 0)
                i++;
        return i;
}

static int append_host(const struct status_call *status, size_t n, sd_bus_message *m) {
        const struct store_fleet_host *host = &status->hosts[n];
        size_t i = issuer_of(status, host);
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "name", "s", host->name, "issuing",
                                          "b", (int) (i < status->n_issuers), "groups", "s",
                                          host->groups);
        if (r >= 0 && i < status->n_issuers)
                r = sd_bus_message_append(m, "{sv}", "heard", "t",
                                          seconds_since(status->stated_ms[i]));
        if (r >= 0 && status->told && status->told[n].at > 0)
                r = sd_bus_message_append(m, "{sv}{sv}", "reported", "x", status->told[n].at,
                                          "fault", "s", status->told[n].fault);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_hosts(const struct status_call *status, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < status->n_hosts; i++)
                r = append_host(status, i, m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int status_reply(struct control_call *call, sd_bus_message *reply) {
        const struct status_call *status = (struct status_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "joined", "b", status->joined);
        if (r >= 0 && status->joined)
                r = append_status(status, reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : append_hosts(status, reply);
}

static void status_release(struct control_call *call) {
        free(((struct status_call *) call)->hosts);
        free(((struct status_call *) call)->told);
}

const struct control_handlers control_fleet_status = {
        .size = sizeof(struct status_call),
        .run = status_run,
        .reply = status_reply,
        .release = status_release,
};
