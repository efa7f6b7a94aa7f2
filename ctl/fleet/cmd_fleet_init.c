/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a fleet: first what it needs in PostgreSQL, by wfapikey-fleetd, then in the daemon. Keeps
 * no password, and passes none as an argument. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/digits.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "conninfo.h"
#include "draw/json.h"
#include "fleet/cmd_fleet_init.h"
#include "fleet/dbsetup.h"
#include "fleet/fleetstatus.h"
#include "text.h"

#define HOST_MAX     64
#define ROLE_HEAD    "wfapikey_host_"
#define PASSWORD_LEN 43 /* 256 bits */

/* A connection string is an argument, which all users of the host can see. */
static enum exit_code check_conninfo(const char *option, const char *text, const char *instead) {
        int sets = conninfo_sets(text, "password");

        if (sets < 0) {
                say_error("--%s is not a connection string of PostgreSQL in keywords, such as "
                          "'host=db.example dbname=wfapikey sslmode=verify-full'",
                          option);
                return CTL_USAGE;
        }
        if (sets > 0) {
                say_error("--%s has a password, which is now in the shell's history and was in the "
                          "list of processes. Change it, and %s",
                          option, instead);
                return CTL_USAGE;
        }
        return CTL_OK;
}

static enum exit_code check_options(const struct args *args) {
        const char *database = args_value(args, "database"), *setup = args_value(args, "setup");
        enum exit_code rc;

        if (!database) {
                say_error("--database=CONNINFO is missing: how the hosts of the fleet reach "
                          "PostgreSQL");
                return CTL_USAGE;
        }
        if (setup && args_has(args, "password")) {
                say_error("--setup and --password exclude each other: --setup makes the role and "
                          "its password");
                return CTL_USAGE;
        }
        if (!setup && args_has(args, "setup-as")) {
                say_error("--setup-as needs --setup");
                return CTL_USAGE;
        }
        rc = check_conninfo("database", database, "give --password, which asks for it");
        if (rc == CTL_OK && setup)
                rc = check_conninfo("setup", setup,
                                    "put it into ~/.pgpass, or use --setup-as=postgres");
        return rc;
}

/* The host's name up to the first dot, where the user gave no other. */
static enum exit_code name_host(const struct args *args, char ret[static HOST_MAX + 1]) {
        const char *given = args_value(args, "host");

        if (given && !text_copy(ret, HOST_MAX + 1, given)) {
                say_error("--host has more than %d bytes", HOST_MAX);
                return CTL_USAGE;
        }
        if (!given && gethostname(ret, HOST_MAX) < 0) {
                say_error("the name of this host is not known: give --host=NAME");
                return CTL_USAGE;
        }
        ret[HOST_MAX] = '\0';
        if (!given)
                ret[strcspn(ret, ".")] = '\0';
        /* In capitals the name of a host is the same. */
        for (char *p = ret; !given && *p; p++)
                *p = (char) tolower((unsigned char) *p);
        return CTL_OK;
}

/* The password of the host's role; empty where the connection needs none. */
static enum exit_code get_password(const struct args *args, const char *host,
                                   char ret[static PROMPT_PASSWORD_MAX + 2]) {
        char prompt[HOST_MAX + 40];
        int r;

        (void) snprintf(prompt, sizeof(prompt), "Password of the role " ROLE_HEAD "%s: ", host);
        if (args_has(args, "password"))
                return prompt_password(prompt, ret);
        r = args_has(args, "setup") ? digits_draw(ret, PASSWORD_LEN) : 0;
        if (r < 0)
                say_error("cannot draw a password: %s", strerror(-r));
        return r < 0 ? CTL_FAILED : CTL_OK;
}

/* What this host connects with. Without --setup the role may have another name. */
static enum exit_code build(const struct args *args, const char *host, const char *password,
                            char **ret) {
        const char *database = args_value(args, "database");
        char role[HOST_MAX + sizeof(ROLE_HEAD)];
        int r;

        *ret = strdup(database);
        if (!*ret)
                return say_no_memory();
        (void) snprintf(role, sizeof(role), ROLE_HEAD "%s", host);
        r = args_has(args, "setup") || conninfo_sets(database, "user") <= 0
                    ? conninfo_add(ret, "user", role)
                    : 0;
        if (r >= 0 && *password)
                r = conninfo_add(ret, "password", password);
        return r < 0 ? say_no_memory() : CTL_OK;
}

/* A host that is in a fleet must not get another password in the database. */
static enum exit_code check_alone(const struct call *call) {
        _cleanup_fleetstatus_ struct fleetstatus status = {};
        enum exit_code rc = fleetstatus_fetch(call, &status);

        if (rc != CTL_OK || status.joined <= 0)
                return rc;
        say_error("this host is in the fleet %s already ('wfapikeyctl fleet status')",
                  status.fleet ? status.fleet : "");
        return CTL_REFUSED;
}

static struct dbsetup dbsetup_of(const struct args *args, const char *host) {
        const char *program = args_value(args, "fleetd");

        return (struct dbsetup){ .program = program ? program : FLEETD_PATH,
                                 .user = args_value(args, "setup-as"),
                                 .admin = args_value(args, "setup"),
                                 .host = host };
}

static enum exit_code set_up(const struct args *args, const char *host, const char *password) {
        struct dbsetup setup = dbsetup_of(args, host);

        return setup.admin ? dbsetup_run(&setup, password) : CTL_OK;
}

static enum exit_code init(const struct args *args, const struct call *call, const char *host,
                           const char *database) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *fleet;
        enum exit_code rc;
        int r;

        rc = call_method(call, "FleetInit", &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_sensitive(m); /* sd-bus wipes it when it is freed */
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", host, database);
        rc = call_send(call, m, r, &reply);
        if (rc == CTL_OK)
                rc = call_read(reply, "s", &fleet);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_text("fleet", fleet);
        else
                puts(fleet);
        say_line("Next: systemctl enable --now wfapikey-fleetd");
        return CTL_OK;
}

static enum exit_code make(const struct args *args, char password[static PROMPT_PASSWORD_MAX + 2]) {
        _cleanup_conninfo_ char *database = NULL;
        _cleanup_call_ struct call call = {};
        char host[HOST_MAX + 1];
        enum exit_code rc;

        rc = name_host(args, host);
        if (rc == CTL_OK)
                rc = get_password(args, host, password);
        if (rc == CTL_OK)
                rc = build(args, host, password, &database);
        if (rc == CTL_OK)
                rc = call_open(&call, args->control);
        if (rc == CTL_OK)
                rc = check_alone(&call);
        if (rc == CTL_OK)
                rc = set_up(args, host, password);
        return rc == CTL_OK ? init(args, &call, host, database) : rc;
}

enum exit_code cmd_fleet_init(const struct args *args) {
        char password[PROMPT_PASSWORD_MAX + 2] = "";
        struct dbsetup setup = dbsetup_of(args, NULL);
        enum exit_code rc;

        if (args_has(args, "print-sql") && args->json) {
                say_error("--print-sql prints SQL: leave out --json");
                return CTL_USAGE;
        }
        if (args_has(args, "print-sql"))
                return dbsetup_print_sql(&setup);
        rc = check_options(args);
        if (rc == CTL_OK)
                rc = make(args, password);
        explicit_bzero(password, sizeof(password));
        return rc;
}
