/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows one key. Its secret never comes here: the daemon does not have it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "call/call.h"
#include "cli/harmless.h"
#include "key/cmd_key_show.h"
#include "key/keyfields.h"
#include "key/keyid.h"
#include "parse.h"

/* The last use on one host of the fleet. */
struct use {
        const char *host, *service, *rhost;
        int64_t at;
        uint64_t uses;
};

static void show_use(const struct use *use) {
        _cleanup_free_ char *host = NULL, *service = NULL, *rhost = NULL;
        char at[PARSE_TIME_LEN];

        parse_time_format(use->at, at);
        printf("used on %s: %s, service %s from %s, %" PRIu64 " times\n",
               harmless(use->host, &host), at, harmless(use->service, &service),
               *use->rhost ? harmless(use->rhost, &rhost) : "-", use->uses);
}

static void json_use(const struct use *use, struct json *j) {
        char at[PARSE_TIME_LEN];

        parse_time_format(use->at, at);
        json_open(j, NULL, '{');
        json_text(j, "host", use->host);
        json_text(j, "last-used", at);
        json_text(j, "service", use->service);
        json_text(j, "rhost", use->rhost);
        json_number(j, "uses", use->uses);
        json_close(j, '}');
}

/* ${j} is NULL for people. */
static int show_uses(sd_bus_message *m, struct json *j) {
        struct use use;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, "a(sxsst)");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(sxsst)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(sxsst)", &use.host, &use.at, &use.service,
                                                  &use.rhost, &use.uses)) > 0) {
                if (j)
                        json_use(&use, j);
                else
                        show_use(&use);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A second look at the dictionary: dict_read() has no type for this. */
static int find_uses(sd_bus_message *m, struct json *j) {
        const char *name;
        int r;

        r = sd_bus_message_rewind(m, true);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        while (r >= 0 &&
               (r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
                if (r >= 0)
                        r = strcmp(name, "hosts-used") == 0 ? show_uses(m, j)
                                                            : sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

static int show(const struct args *args, const struct key *key, sd_bus_message *reply) {
        struct json j = {};
        int r;

        if (!args->json) {
                fields_show(keyfields, _KEYFIELD_MAX, key);
                return find_uses(reply, NULL);
        }
        json_open(&j, NULL, '{');
        fields_json_members(keyfields, _KEYFIELD_MAX, key, &j);
        json_open(&j, "hosts-used", '[');
        r = find_uses(reply, &j);
        json_close(&j, ']');
        json_close(&j, '}');
        return r;
}

enum exit_code cmd_key_show(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(keyfields_done) struct key key = {};
        enum exit_code rc;
        int r;

        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = call_once(args->control, "GetKey", &reply, "s", args->words[0]);
        if (rc != CTL_OK)
                return rc;
        r = keyfields_read(&key, reply);
        if (r <= 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        r = show(args, &key, reply);
        return r < 0 ? call_misread(r) : CTL_OK;
}
