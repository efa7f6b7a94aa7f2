/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the checks of this host, of the daemon and of pam.d, and prints what they found. Checks
 * nothing itself. */
#include <errno.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/options.h"
#include "cli/say.h"
#include "doctor/cmd_doctor.h"
#include "doctor/doctor_groups.h"
#include "doctor/doctor_host.h"
#include "doctor/doctor_keys.h"
#include "doctor/doctor_pam.h"
#include "doctor/doctor_units.h"
#include "text.h"

struct finding {
        const char *severity, *check, *seen, *todo;
};

static const struct field fields[] = {
        { "severity", FIELD_TEXT, offsetof(struct finding, severity), NULL },
        { "check", FIELD_TEXT, offsetof(struct finding, check), NULL },
        { "seen", FIELD_TEXT, offsetof(struct finding, seen), NULL },
        { "do", FIELD_TEXT, offsetof(struct finding, todo), NULL },
};

static int take_findings(sd_bus_message *m, struct doctor_report *report) {
        struct finding f;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;
        fields_init(fields, ARRAY_LEN(fields), &f);
        while ((r = dict_read(fields, ARRAY_LEN(fields), m, &f)) > 0) {
                if (!f.severity || !f.check || !f.seen)
                        return -EBADMSG;
                doctor_report_add(report, doctor_report_severity(f.severity), f.check,
                                  f.todo && *f.todo ? f.todo : NULL, "%s", f.seen);
                fields_init(fields, ARRAY_LEN(fields), &f);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* The services that the daemon's rules name. They come sorted in no way, and several times where
 * several rules name them. */
static int take_services(sd_bus_message *m, const char *pam_dir, struct doctor_report *report) {
        const char *by, *service;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ss)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(ss)", &by, &service)) > 0) {
                if (!text_is_service(service))
                        return -EBADMSG;
                doctor_pam_service(pam_dir, service, by, report);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Adds what only the daemon sees. ${reply} must outlive ${report}. */
static enum exit_code ask_daemon(const struct args *args, sd_bus_message **reply,
                                 struct doctor_report *report) {
        enum exit_code rc = call_once(args->control, "Diagnose", reply, "");
        int r;

        if (rc == CTL_DENIED)
                doctor_report_add(report, DOCTOR_HINT, "daemon", "run it as root",
                                  "the daemon tells administrators alone what only it can see");
        else if (rc != CTL_OK)
                doctor_report_add(report, DOCTOR_ERROR, "daemon", "journalctl -u wfapikeyd -n 20",
                                  "the daemon does not tell its state");
        if (rc != CTL_OK)
                return rc;
        r = take_findings(*reply, report);
        if (r >= 0)
                r = take_services(*reply, args_value(args, "pam-dir"), report);
        return r < 0 ? call_misread(r) : CTL_OK;
}

enum exit_code cmd_doctor(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_report_ struct doctor_report report = {};
        const char *module = args_value(args, "module");
        struct doctor_host host = {
                .verify = options_verify(args),
                .control = options_control(args->control),
                .module = module ? module : MODULE_PATH,
        };
        enum exit_code rc;

        rc = options_server_uid(args, &host.server_uid);
        if (rc != CTL_OK)
                return rc;
        doctor_host(&host, &report);
        doctor_units(&report);
        rc = ask_daemon(args, &reply, &report);
        if (rc == CTL_OK)
                doctor_groups(args->control, &report);
        doctor_pam(args_value(args, "pam-dir"),
                   rc == CTL_OK && doctor_keys_unlimited(args->control), &report);
        if (args->json)
                doctor_report_json(&report);
        else
                doctor_report_show(&report);
        if (report.error < 0) {
                say_error("some findings are missing: %s", strerror(-report.error));
                return CTL_FAILED;
        }
        if (rc != CTL_OK && rc != CTL_DENIED)
                return rc;
        return report.worst > DOCTOR_HINT ? CTL_REFUSED : CTL_OK;
}
