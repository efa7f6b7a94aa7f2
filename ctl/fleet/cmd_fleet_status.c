/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows what the daemon knows about the fleet, and has groups made. Looks at nothing itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "draw/json.h"
#include "draw/table.h"
#include "fleet/cmd_fleet_status.h"
#include "fleet/fleetstatus.h"

static enum exit_code fetch(const struct args *args, struct fleetstatus *ret) {
        _cleanup_call_ struct call call = {};
        enum exit_code rc = call_open(&call, args->control);

        return rc == CTL_OK ? fleetstatus_fetch(&call, ret) : rc;
}

static void json_hosts(const struct fleetstatus *s, const char *name, struct json *j) {
        json_open(j, name, '[');
        for (size_t i = 0; i < s->n_hosts; i++)
                fields_json(fleethost_fields, FLEETHOST_FIELDS, &s->hosts[i], j);
        json_close(j, ']');
}

static void json_status(const struct fleetstatus *s) {
        struct json j = {};

        json_open(&j, NULL, '{');
        fields_json_members(fleetstatus_fields, FLEETSTATUS_FIELDS, s, &j);
        json_open(&j, "numbers", '{');
        for (size_t i = 0; s->numbers && s->groups && s->groups[i]; i++)
                json_number(&j, s->groups[i], s->numbers[i]);
        json_close(&j, '}');
        json_hosts(s, "hosts", &j);
        json_close(&j, '}');
}

enum exit_code cmd_fleet_status(const struct args *args) {
        _cleanup_fleetstatus_ struct fleetstatus status = {};
        enum exit_code rc = fetch(args, &status);

        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_status(&status);
        else
                fields_show(fleetstatus_fields, FLEETSTATUS_FIELDS, &status);
        if (status.joined == 0)
                fleetstatus_note_none();
        return CTL_OK;
}

/* --- Hosts --- */

static int table_hosts(const struct fleetstatus *s) {
        static const struct table_column columns[FLEETHOST_FIELDS] = {
                { "NAME", 0 },     { "GROUPS", 0 }, { "ISSUING", 0 }, { "HEARD (S)", TABLE_RIGHT },
                { "REPORTED", 0 }, { "FAULT", 0 },
        };
        _cleanup_table_ struct table *table = NULL;
        char texts[FLEETHOST_FIELDS][FIELDS_TEXT_LEN];
        const char *cells[FLEETHOST_FIELDS];
        int r;

        r = table_new(&table, columns, FLEETHOST_FIELDS);
        for (size_t i = 0; r >= 0 && i < s->n_hosts; i++) {
                for (size_t c = 0; c < FLEETHOST_FIELDS; c++)
                        cells[c] = fields_text(&fleethost_fields[c], &s->hosts[i], texts[c]);
                r = table_add(table, cells, TONE_NORMAL);
        }
        return r < 0 ? r : table_show(table);
}

enum exit_code cmd_fleet_status_hosts(const struct args *args) {
        _cleanup_fleetstatus_ struct fleetstatus status = {};
        enum exit_code rc = fetch(args, &status);
        struct json j = {};

        if (rc != CTL_OK)
                return rc;
        if (args->json) {
                json_hosts(&status, NULL, &j);
                return CTL_OK;
        }
        if (status.joined == 0)
                fleetstatus_note_none();
        return table_result(table_hosts(&status));
}

/* --- Groups --- */

static int table_groups(const struct fleetstatus *s) {
        static const struct table_column columns[] = { { "NAME", 0 }, { "NUMBER", TABLE_RIGHT } };
        _cleanup_table_ struct table *table = NULL;
        char number[24] = "-";
        int r;

        r = table_new(&table, columns, ARRAY_LEN(columns));
        for (size_t i = 0; r >= 0 && s->groups && s->groups[i]; i++) {
                const char *cells[] = { s->groups[i], number };

                if (s->numbers)
                        (void) snprintf(number, sizeof(number), "%" PRIu64, s->numbers[i]);
                r = table_add(table, cells, TONE_NORMAL);
        }
        return r < 0 ? r : table_show(table);
}

static void json_groups(const struct fleetstatus *s) {
        struct json j = {};

        json_open(&j, NULL, '[');
        for (size_t i = 0; s->groups && s->groups[i]; i++) {
                json_open(&j, NULL, '{');
                json_text(&j, "name", s->groups[i]);
                if (s->numbers)
                        json_number(&j, "number", s->numbers[i]);
                else
                        json_text(&j, "number", NULL);
                json_close(&j, '}');
        }
        json_close(&j, ']');
}

static enum exit_code add_groups(const struct args *args) {
        _cleanup_call_ struct call call = {};
        enum exit_code rc;

        if (strcmp(args->words[0], "add") != 0 || args->n_words == 1) {
                say_error("to make groups, say so: wfapikeyctl fleet groups add NAME...");
                return CTL_USAGE;
        }
        rc = call_open(&call, args->control);
        for (size_t i = 1; rc == CTL_OK && i < args->n_words; i++) {
                _cleanup_message_ sd_bus_message *reply = NULL;

                rc = call_plain(&call, "FleetAddGroup", &reply, "s", args->words[i]);
                if (rc != CTL_OK && i > 1)
                        say_error("the groups before '%s' were made", args->words[i]);
        }
        return rc;
}

enum exit_code cmd_fleet_status_groups(const struct args *args) {
        _cleanup_fleetstatus_ struct fleetstatus status = {};
        enum exit_code rc;

        if (args->n_words > 0)
                return add_groups(args);
        rc = fetch(args, &status);
        if (rc != CTL_OK)
                return rc;
        if (args->json) {
                json_groups(&status);
                return CTL_OK;
        }
        if (status.joined == 0)
                fleetstatus_note_none();
        return table_result(table_groups(&status));
}
