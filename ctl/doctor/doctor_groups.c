/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon for its group of administrators, and NSS who is in it. */
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "doctor/doctor_groups.h"

#define GROUP "wfapikey-admin"

struct status {
        const char *version;
        uint32_t admin_group;
        int64_t started;
};

static const struct field fields[] = {
        { "version", FIELD_TEXT, offsetof(struct status, version), NULL },
        { "admin-group", FIELD_NUMBER, offsetof(struct status, admin_group), NULL },
        /* absent where the caller is not told everything */
        { "started", FIELD_TIME, offsetof(struct status, started), NULL },
};

static bool has_members(const struct group *group) {
        const struct passwd *user;
        bool found = group->gr_mem[0] != NULL;

        setpwent();
        while (!found && (user = getpwent()))
                found = user->pw_gid == group->gr_gid && user->pw_uid != 0;
        endpwent();
        return found;
}

static void judge(const struct status *status, struct doctor_report *report) {
        bool set = status->admin_group != UINT32_MAX;
        const struct group *group = set ? getgrgid((gid_t) status->admin_group) : getgrnam(GROUP);

        if (set && group && !has_members(group))
                doctor_report_add(report, DOCTOR_HINT, "admin-group",
                                  "to let others administer: adduser USER, with this group",
                                  "only root administers: the group %s has no members",
                                  group->gr_name);
        else if (set && !group)
                doctor_report_add(report, DOCTOR_WARNING, "admin-group",
                                  "name another group in wfapikeyd.conf, and: systemctl reload "
                                  "wfapikeyd",
                                  "the group %u, whose members administer, does not exist",
                                  (unsigned) status->admin_group);
        else if (!set && group && has_members(group))
                doctor_report_add(report, DOCTOR_WARNING, "admin-group",
                                  "admin-group = " GROUP " in wfapikeyd.conf, or empty the group",
                                  "the group " GROUP " has members, and no effect");
}

void doctor_groups(const char *control, struct doctor_report *report) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct status status;

        if (call_aside(control, "GetServer", &reply) != CTL_OK)
                return;
        fields_init(fields, ARRAY_LEN(fields), &status);
        if (dict_read(fields, ARRAY_LEN(fields), reply, &status) > 0 && status.started != INT64_MAX)
                judge(&status, report);
}
