/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the daemon's answer about the fleet. Does not know what it is for. */
#include <errno.h>
#include <string.h>

#include "call/dict.h"
#include "cli/say.h"
#include "fleet/fleetstatus.h"

/* In the order of `fleet status` and of the JSON members. */
const struct field fleetstatus_fields[FLEETSTATUS_FIELDS] = {
        { "joined", FIELD_BOOL, offsetof(struct fleetstatus, joined), "-" },
        { "fleet", FIELD_TEXT, offsetof(struct fleetstatus, fleet), NULL },
        { "host", FIELD_TEXT, offsetof(struct fleetstatus, host), NULL },
        { "issuing", FIELD_BOOL, offsetof(struct fleetstatus, issuing), NULL },
        { "link", FIELD_TEXT, offsetof(struct fleetstatus, link), NULL },
        { "link-text", FIELD_TEXT, offsetof(struct fleetstatus, link_text), NULL },
        { "keys", FIELD_COUNT, offsetof(struct fleetstatus, keys), NULL },
        { "age", FIELD_COUNT, offsetof(struct fleetstatus, age_s), NULL, "age in seconds" },
        { "silent", FIELD_COUNT, offsetof(struct fleetstatus, silent_s), NULL,
          "longest silence in seconds" },
        { "silent-host", FIELD_TEXT, offsetof(struct fleetstatus, silent_host), NULL },
        { "waiting", FIELD_COUNT, offsetof(struct fleetstatus, waiting), NULL },
        { "groups", FIELD_LIST, offsetof(struct fleetstatus, groups), NULL },
};

const struct field fleethost_fields[FLEETHOST_FIELDS] = {
        { "name", FIELD_TEXT, offsetof(struct fleethost, name), "-" },
        { "groups", FIELD_LIST, offsetof(struct fleethost, groups), "-" },
        { "issuing", FIELD_BOOL, offsetof(struct fleethost, issuing), "-" },
        { "heard", FIELD_COUNT, offsetof(struct fleethost, heard_s), "-" },
        { "reported", FIELD_TIME, offsetof(struct fleethost, reported), "-" },
        { "fault", FIELD_TEXT, offsetof(struct fleethost, fault), "-" },
};

/* As the daemon sends them. */
static const struct field host_fields[] = {
        { "name", FIELD_TEXT, offsetof(struct fleethost, name), "-" },
        { "groups", FIELD_TEXT, offsetof(struct fleethost, words), "-" },
        { "issuing", FIELD_BOOL, offsetof(struct fleethost, issuing), "-" },
        { "heard", FIELD_COUNT, offsetof(struct fleethost, heard_s), "-" },
        { "reported", FIELD_TIME, offsetof(struct fleethost, reported), "-" },
        { "fault", FIELD_TEXT, offsetof(struct fleethost, fault), "-" },
};

void fleetstatus_done(struct fleetstatus *status) {
        for (size_t i = 0; i < status->n_hosts; i++)
                fields_done(fleethost_fields, FLEETHOST_FIELDS, &status->hosts[i]);
        free(status->hosts);
        fields_done(fleetstatus_fields, FLEETSTATUS_FIELDS, status);
        sd_bus_message_unref(status->message);
        *status = (struct fleetstatus){};
}

static size_t count(char *const *list) {
        size_t n = 0;

        while (list && list[n])
                n++;
        return n;
}

/* Makes a list of the words between blanks, which fields_done() frees, also after a failure. NULL
 * for an empty list. */
static int split(const char *words, char ***ret) {
        char **list;
        size_t n = 0, len;

        words += strspn(words, " ");
        if (!*words)
                return 0;
        list = *ret = calloc(strlen(words) / 2 + 2, sizeof(*list));
        if (!list)
                return -ENOMEM;
        for (; *words; words += strspn(words, " ")) {
                len = strcspn(words, " ");
                list[n] = strndup(words, len);
                if (!list[n++])
                        return -ENOMEM;
                words += len;
        }
        return 0;
}

static int read_hosts(struct fleetstatus *s, sd_bus_message *m) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0) {
                struct fleethost *more = reallocarray(s->hosts, s->n_hosts + 1, sizeof(*s->hosts));

                if (!more)
                        return -ENOMEM;
                s->hosts = more;
                more += s->n_hosts;
                *more = (struct fleethost){};
                fields_init(host_fields, ARRAY_LEN(host_fields), more);
                r = dict_read(host_fields, ARRAY_LEN(host_fields), m, more);
                if (r <= 0)
                        break;
                s->n_hosts++;
                r = more->words ? split(more->words, &more->groups) : 0;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_numbers(struct fleetstatus *s, sd_bus_message *m) {
        const void *numbers;
        size_t bytes;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, "at");
        if (r >= 0)
                r = sd_bus_message_read_array(m, 't', &numbers, &bytes);
        if (r < 0)
                return r;
        if (bytes != count(s->groups) * sizeof(*s->numbers))
                return -EBADMSG;
        s->numbers = numbers;
        return sd_bus_message_exit_container(m);
}

/* A second look at the dictionary: dict_read() has no type for numbers. */
static int read_again(struct fleetstatus *s, sd_bus_message *m) {
        const char *name;
        int r;

        r = sd_bus_message_rewind(m, true);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        while (r >= 0 &&
               (r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
                if (r >= 0)
                        r = strcmp(name, "numbers") == 0 ? read_numbers(s, m)
                                                         : sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

enum exit_code fleetstatus_fetch(const struct call *call, struct fleetstatus *ret) {
        _cleanup_fleetstatus_ struct fleetstatus s = {};
        enum exit_code rc;
        int r;

        rc = call_plain(call, "FleetStatus", &s.message, "");
        if (rc != CTL_OK)
                return rc;
        fields_init(fleetstatus_fields, FLEETSTATUS_FIELDS, &s);
        r = dict_read(fleetstatus_fields, FLEETSTATUS_FIELDS, s.message, &s);
        if (r >= 0)
                r = read_again(&s, s.message);
        if (r >= 0)
                r = read_hosts(&s, s.message);
        if (r < 0)
                return call_misread(r);
        *ret = s;
        s = (struct fleetstatus){};
        return CTL_OK;
}

void fleetstatus_note_none(void) {
        say_note("This host is in no fleet: 'wfapikeyctl fleet init' begins one, and 'wfapikeyctl "
                 "fleet join' takes an invitation to one.");
}
