/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows what hosts of the fleet have reported. The daemon judges it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/cmd_audit.h"
#include "admin/cmd_fleet_audit.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "draw/table.h"
#include "text.h"

/* More than that without a report is worth a look. */
#define SILENT_S 3600

struct reporter {
        const char *host, *fault, *fault_text;
        uint64_t number, age, records, seq, last, fault_number, fault_seq;
        int64_t at, fault_at;
};

/* In the order of the JSON members. */
static const struct field fields[] = {
        { "host", FIELD_TEXT, offsetof(struct reporter, host), "-" },
        { "number", FIELD_COUNT, offsetof(struct reporter, number), "-" },
        { "at", FIELD_TIME, offsetof(struct reporter, at), "never" },
        { "age", FIELD_COUNT, offsetof(struct reporter, age), "-" },
        { "records", FIELD_COUNT, offsetof(struct reporter, records), "-" },
        { "seq", FIELD_COUNT, offsetof(struct reporter, seq), "-" },
        { "last", FIELD_COUNT, offsetof(struct reporter, last), "-" },
        { "fault", FIELD_TEXT, offsetof(struct reporter, fault), "-" },
        { "fault-text", FIELD_TEXT, offsetof(struct reporter, fault_text), "-" },
        { "fault-at", FIELD_TIME, offsetof(struct reporter, fault_at), "-" },
        { "fault-number", FIELD_COUNT, offsetof(struct reporter, fault_number), "-" },
        { "fault-seq", FIELD_COUNT, offsetof(struct reporter, fault_seq), "-" },
};
/* of them are columns of the table; the chain is one more */
#define SHOWN 5

static bool is_wrong(const struct reporter *r) {
        return r->fault && *r->fault;
}

static const char *chain_of(const struct reporter *r) {
        if (is_wrong(r))
                return r->fault;
        if (r->number == UINT64_MAX)
                return "never reported";
        return r->age > SILENT_S ? "silent" : "whole";
}

static int add_row(struct table *table, const struct reporter *reporter) {
        char texts[SHOWN][FIELDS_TEXT_LEN];
        const char *cells[SHOWN + 1];

        for (size_t i = 0; i < SHOWN; i++)
                cells[i] = fields_text(&fields[i], reporter, texts[i]);
        cells[SHOWN] = chain_of(reporter);
        return table_add(table, cells, is_wrong(reporter) ? TONE_RED : TONE_NORMAL);
}

static void say_wrong(const struct reporter *r) {
        _cleanup_free_ char *host = NULL, *text = NULL;

        say_error("host %s %s (report %" PRIu64 ", event %" PRIu64 ")", harmless(r->host, &host),
                  harmless(r->fault_text ? r->fault_text : r->fault, &text), r->fault_number,
                  r->fault_seq);
}

/* Shows all hosts of the answer. ${table} is NULL for JSON. Returns how many are wrong, or a
 * negative errno. */
static int show_hosts(sd_bus_message *m, struct table *table) {
        struct reporter reporter;
        struct json j = {};
        int r, wrong = 0;

        if (!table)
                json_open(&j, NULL, '[');
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0) {
                fields_init(fields, ARRAY_LEN(fields), &reporter);
                r = dict_read(fields, ARRAY_LEN(fields), m, &reporter);
                if (r <= 0)
                        break;
                if (!reporter.host)
                        return -EBADMSG;
                wrong += is_wrong(&reporter);
                if (table)
                        r = add_row(table, &reporter);
                else
                        fields_json(fields, ARRAY_LEN(fields), &reporter, &j);
                if (is_wrong(&reporter))
                        say_wrong(&reporter);
        }
        if (r >= 0 && !table)
                json_close(&j, ']');
        return r < 0 ? r : wrong;
}

static enum exit_code verify(const struct args *args) {
        static const struct table_column columns[SHOWN + 1] = {
                { "HOST", 0 },          { "REPORT", TABLE_RIGHT },  { "AT", 0 },
                { "AGE", TABLE_RIGHT }, { "RECORDS", TABLE_RIGHT }, { "CHAIN", 0 }
        };
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_table_ struct table *table = NULL;
        enum exit_code rc = call_once(args->control, "FleetAuditHosts", &reply, "");
        int r;

        if (rc != CTL_OK)
                return rc;
        if (!args->json && (r = table_new(&table, columns, ARRAY_LEN(columns))) < 0)
                return table_result(r);
        r = show_hosts(reply, table);
        if (r < 0)
                return call_misread(r);
        rc = table ? table_result(table_show(table)) : CTL_OK;
        return rc == CTL_OK && r > 0 ? CTL_REFUSED : rc;
}

static enum exit_code accept_host(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_once(args->control, "FleetAuditAccept", &reply, "s", args->words[1]);
}

enum exit_code cmd_fleet_audit(const struct args *args) {
        if (args->n_words == 0)
                return cmd_audit_list_fleet(args);
        if (args->n_words == 1 && strcmp(args->words[0], "verify") == 0)
                return verify(args);
        if (args->n_words == 2 && strcmp(args->words[0], "accept") == 0)
                return accept_host(args);
        say_error("give no word, or 'verify', or 'accept HOST'");
        return CTL_USAGE;
}
