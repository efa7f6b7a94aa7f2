/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows and changes the policy. Knows no name and no value of it: the daemon does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/cmd_policy.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "draw/json.h"
#include "draw/table.h"
#include "parse.h"

struct setting {
        const char *name, *value; /* borrowed from the answer */
};

struct policy {
        struct setting *setting;
        size_t n;
        sd_bus_message *reply;
};

static void policy_done(struct policy *policy) {
        free(policy->setting);
        (void) sd_bus_message_unref(policy->reply);
}

static int policy_read(struct policy *policy, sd_bus_message *m) {
        struct setting s;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{ss}", &s.name, &s.value)) > 0) {
                struct setting *more = reallocarray(policy->setting, policy->n + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                policy->setting = more;
                policy->setting[policy->n++] = s;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct setting *) a)->name, ((const struct setting *) b)->name);
}

static enum exit_code fetch(const struct args *args, struct policy *policy) {
        enum exit_code rc = call_once(args->control, "GetPolicy", &policy->reply, "");
        int r;

        if (rc != CTL_OK)
                return rc;
        r = policy_read(policy, policy->reply);
        if (r < 0)
                return call_misread(r);
        if (policy->n > 0)
                qsort(policy->setting, policy->n, sizeof(*policy->setting), compare);
        return CTL_OK;
}

static const char *value_of(const struct policy *policy, const char *name) {
        for (size_t i = 0; i < policy->n; i++)
                if (strcmp(policy->setting[i].name, name) == 0)
                        return policy->setting[i].value;
        return NULL;
}

static int show_table(const struct policy *policy) {
        static const struct table_column columns[] = { { "NAME", 0 }, { "VALUE", 0 } };
        _cleanup_table_ struct table *table = NULL;
        int r;

        r = table_new(&table, columns, ARRAY_LEN(columns));
        for (size_t i = 0; r >= 0 && i < policy->n; i++) {
                const char *cells[] = { policy->setting[i].name, policy->setting[i].value };

                r = table_add(table, cells, TONE_NORMAL);
        }
        return r < 0 ? r : table_show(table);
}

/* These have more values than two, so "no" is a word among others. */
static bool is_word(const char *name) {
        static const char need[] = "require-certificate";
        size_t len = sizeof(need) - 1;

        return strncmp(name, need, len) == 0 && (name[len] == ':' || name[len] == '\0');
}

/* The daemon sends texts. Their types are those of their values: yes and no, a number, none. A
 * duration stays as people write it. */
static void json_setting(struct json *j, const char *name, const char *value) {
        if (!is_word(name) && (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0))
                json_bool(j, name, strcmp(value, "yes") == 0);
        else if (*value && !value[strspn(value, "0123456789")])
                json_digits(j, name, value);
        else
                json_text(j, name, strcmp(value, "none") == 0 ? NULL : value);
}

static void show_json(const struct policy *policy) {
        struct json j = {};

        json_open(&j, NULL, '{');
        for (size_t i = 0; i < policy->n; i++)
                json_setting(&j, policy->setting[i].name, policy->setting[i].value);
        json_close(&j, '}');
}

static enum exit_code show_one(const struct policy *policy, const struct args *args) {
        for (size_t i = 0; i < policy->n; i++) {
                struct policy one = { .setting = &policy->setting[i], .n = 1 };
                _cleanup_free_ char *buffer = NULL;

                if (strcmp(policy->setting[i].name, args->words[0]) != 0)
                        continue;
                if (args->json)
                        show_json(&one);
                else
                        puts(harmless(policy->setting[i].value, &buffer));
                return CTL_OK;
        }
        say_error("there is no policy '%s': 'wfapikeyctl policy show' lists them", args->words[0]);
        return CTL_NOT_FOUND;
}

enum exit_code cmd_policy_show(const struct args *args) {
        _cleanup_(policy_done) struct policy policy = {};
        enum exit_code rc;

        rc = fetch(args, &policy);
        if (rc != CTL_OK)
                return rc;
        if (args->n_words > 0)
                return show_one(&policy, args);
        if (args->json) {
                show_json(&policy);
                return CTL_OK;
        }
        return table_result(show_table(&policy));
}

/* Each word must be NAME=VALUE, and no name may come twice: a dictionary does not say which
 * value counts. */
static enum exit_code check_changes(const struct args *args) {
        for (size_t i = 0; i < args->n_words; i++) {
                const char *word = args->words[i];
                size_t len = strcspn(word, "=");

                if (len == 0 || word[len] == '\0') {
                        say_error("'%s' is not a change: write NAME=VALUE ('wfapikeyctl policy "
                                  "show' lists the names)",
                                  word);
                        return CTL_USAGE;
                }
                for (size_t j = 0; j < i; j++)
                        if (strncmp(args->words[j], word, len + 1) == 0) {
                                say_error("%.*s is given twice", (int) len, word);
                                return CTL_USAGE;
                        }
        }
        return CTL_OK;
}

static int append_changes(sd_bus_message *m, const struct args *args) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
        for (size_t i = 0; r >= 0 && i < args->n_words; i++) {
                _cleanup_free_ char *name = strndup(args->words[i], strcspn(args->words[i], "="));

                if (!name)
                        return -ENOMEM;
                r = sd_bus_message_append(m, "{ss}", name, args->words[i] + strlen(name) + 1);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* --- For people --- */

struct status {
        uint64_t active;
};

static const struct field status_fields[] = {
        { "keys-active", FIELD_COUNT, offsetof(struct status, active), "-" },
};

static void say_active(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct status status;

        fields_init(status_fields, ARRAY_LEN(status_fields), &status);
        if (call_once(args->control, "GetStatus", &reply, "") == CTL_OK &&
            dict_read(status_fields, ARRAY_LEN(status_fields), reply, &status) > 0 &&
            status.active != UINT64_MAX)
                say_note("%" PRIu64 " keys are active now.", status.active);
}

/* Two values that do not fit together are no error: each is right by itself. */
static void say_contradictions(const struct policy *policy) {
        const char *lifetime = value_of(policy, "lifetime"),
                   *most = value_of(policy, "max-lifetime");
        int64_t lifetime_s, most_s;

        if (lifetime && most && parse_duration(most, &most_s) >= 0 &&
            (parse_duration(lifetime, &lifetime_s) < 0 || lifetime_s > most_s))
                say_note("lifetime=%s is longer than max-lifetime=%s, which counts for new keys.",
                         lifetime, most);
        if (strcmp(value_of(policy, "enabled") ?: "yes", "no") == 0)
                say_note("No key is accepted, because enabled=no.");
}

/* A new policy must not surprise anybody in three months. */
static void say_idle(const char *value) {
        if (strcmp(value, "none") != 0)
                say_note("A key of this host that is not used for %s from now on ends. See which "
                         "were "
                         "not used for so long: wfapikeyctl key list --status=active "
                         "--unused-since=%s",
                         value, value);
}

static void say_changes(const struct args *args, const struct policy *before) {
        _cleanup_(policy_done) struct policy after = {};
        bool any = false;

        if (fetch(args, &after) != CTL_OK)
                return;
        for (size_t i = 0; i < after.n; i++) {
                const char *old = value_of(before, after.setting[i].name);

                if (old && strcmp(old, after.setting[i].value) == 0)
                        continue;
                say_note("%s: %s becomes %s", after.setting[i].name, old ?: "nothing",
                         after.setting[i].value);
                if (strcmp(after.setting[i].name, "idle") == 0)
                        say_idle(after.setting[i].value);
                any = true;
        }
        for (size_t i = 0; i < before->n; i++)
                if (!value_of(&after, before->setting[i].name)) {
                        say_note("%s=%s is gone", before->setting[i].name,
                                 before->setting[i].value);
                        any = true;
                }
        if (any)
                say_active(args);
        else
                say_note("Nothing has changed.");
        say_contradictions(&after);
}

/* --- Without the change --- */

struct effect {
        uint64_t keys, ended, sooner, later, refused, accepted, certificate, purged;
};

static const struct field effect_fields[] = {
        { "keys", FIELD_COUNT, offsetof(struct effect, keys), "-", "keys touched" },
        { "ended", FIELD_COUNT, offsetof(struct effect, ended), "-", "end at once" },
        { "sooner", FIELD_COUNT, offsetof(struct effect, sooner), "-", "end sooner" },
        { "later", FIELD_COUNT, offsetof(struct effect, later), "-", "end later" },
        { "refused", FIELD_COUNT, offsetof(struct effect, refused), "-", "refused" },
        { "accepted", FIELD_COUNT, offsetof(struct effect, accepted), "-", "accepted again" },
        { "certificate", FIELD_COUNT, offsetof(struct effect, certificate), "-",
          "need a certificate" },
        { "purged", FIELD_COUNT, offsetof(struct effect, purged), "-", "forgotten" },
};

static enum exit_code show_effect(const struct args *args) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        struct effect effect;
        enum exit_code rc;
        int r;

        if (args_has(args, "fleet")) {
                say_error("--dry-run and --fleet exclude each other: this host does not know the "
                          "keys of the others");
                return CTL_USAGE;
        }
        rc = call_begin(&call, args->control, "PreviewPolicy", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_changes(m, args), &reply);
        if (rc != CTL_OK)
                return rc;
        fields_init(effect_fields, ARRAY_LEN(effect_fields), &effect);
        r = dict_read(effect_fields, ARRAY_LEN(effect_fields), reply, &effect);
        if (r <= 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        fields_print(effect_fields, ARRAY_LEN(effect_fields), &effect, args->json);
        return CTL_OK;
}

enum exit_code cmd_policy_set(const struct args *args) {
        _cleanup_(policy_done) struct policy before = {};
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        bool fleet = args_has(args, "fleet"), person = isatty(STDERR_FILENO);
        enum exit_code rc;

        rc = check_changes(args);
        if (rc == CTL_OK && args_has(args, "dry-run"))
                return show_effect(args);
        if (rc == CTL_OK && person)
                rc = fetch(args, &before);
        if (rc == CTL_OK)
                rc = call_begin(&call, args->control, fleet ? "SetFleetPolicy" : "SetPolicy", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_changes(m, args), &reply);
        if (rc == CTL_OK && person)
                say_changes(args, &before);
        return rc;
}
