/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/control_state.h"

static int on_hello(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;
        return sd_bus_reply_method_return(m, "s", ":1.1");
}

/* UNPRIVILEGED: otherwise sd-bus refuses all but root; who may do what is decided by role. */
static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("IssueKey", SD_BUS_ARGS("s", user, "a{sv}", options),
                                SD_BUS_RESULT("s", id, "s", key), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("IssueKeyWithPassword",
                                SD_BUS_ARGS("s", user, "s", password, "a{sv}", options),
                                SD_BUS_RESULT("s", id, "s", key), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("ListKeys", SD_BUS_ARGS("a{sv}", filter),
                                SD_BUS_RESULT("aa{sv}", keys, "s", next), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetKey", SD_BUS_ARGS("s", id), SD_BUS_RESULT("a{sv}", key),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RenameKey", SD_BUS_ARGS("s", id, "s", name), SD_BUS_NO_RESULT,
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ResetKey", SD_BUS_ARGS("s", id), SD_BUS_RESULT("s", key),
                                control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("RotateKey", SD_BUS_ARGS("s", id, "a{sv}", options),
                                SD_BUS_RESULT("s", new_id, "s", key), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("BindKey", SD_BUS_ARGS("s", id, "s", certificate),
                                SD_BUS_RESULT("s", thumbprint), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("AddCertificates",
                                SD_BUS_ARGS("aay", certificates, "a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", certificates), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListCertificates", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("aa{sv}", certificates), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetCertificate", SD_BUS_ARGS("s", certificate),
                                SD_BUS_RESULT("a{sv}", properties, "ay", der), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveCertificate", SD_BUS_ARGS("s", certificate),
                                SD_BUS_RESULT("u", keys), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("LoadCrl", SD_BUS_ARGS("ay", part, "b", more),
                                SD_BUS_RESULT("a{sv}", crl), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RevokeKeys", SD_BUS_ARGS("as", ids, "s", reason),
                                SD_BUS_RESULT("u", revoked), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveKeys", SD_BUS_ARGS("as", ids), SD_BUS_RESULT("u", removed),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ExplainKey", SD_BUS_ARGS("s", id, "a{sv}", login),
                                SD_BUS_RESULT("a{sv}", verdict), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CountKeys", SD_BUS_NO_ARGS, SD_BUS_RESULT("t", keys),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveAllKeys", SD_BUS_ARGS("t", expected),
                                SD_BUS_RESULT("t", removed), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetPolicy", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{ss}", policy),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetPolicy", SD_BUS_ARGS("a{ss}", changes),
                                SD_BUS_RESULT("t", ended), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", findings),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetStatus", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", status),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMetrics", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a{sv}", metrics, "a(ssst)", verifications, "a(tt)",
                                              latencies, "a(stt)", queues),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListAudit", SD_BUS_ARGS("a{sv}", filter),
                                SD_BUS_RESULT("aa{sv}", events, "t", next), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("VerifyAudit", SD_BUS_ARGS("t", after),
                                SD_BUS_RESULT("t", next, "t", checked, "t", bad, "s", fault),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("FollowAudit", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("AuditEvent", SD_BUS_ARGS("a{sv}", event), 0),
        SD_BUS_METHOD_WITH_ARGS("MirrorKeygen", SD_BUS_ARGS("b", replace),
                                SD_BUS_RESULT("s", public), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorShowKey", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", public),
                                control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorExportBegin", SD_BUS_ARGS("s", recipient, "s", kind),
                                SD_BUS_RESULT("t", token, "t", keys), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorExportRead", SD_BUS_ARGS("t", token),
                                SD_BUS_RESULT("ay", bytes, "t", keys, "b", last), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorImportBegin", SD_BUS_ARGS("s", kind, "b", foreign),
                                SD_BUS_RESULT("t", token), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorImportWrite", SD_BUS_ARGS("t", token, "ay", bytes),
                                SD_BUS_NO_RESULT, control_on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorImportCheck", SD_BUS_ARGS("t", token),
                                SD_BUS_RESULT("a{sv}", summary), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MirrorImportCommit", SD_BUS_ARGS("t", token),
                                SD_BUS_RESULT("t", keys), control_on_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* What busctl says first to every address. */
static const sd_bus_vtable bus_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int control_vtable_attach(sd_bus *bus, struct control_caller *caller) {
        int r;

        caller->connection = ++caller->control->n_connections;
        r = sd_bus_add_object_vtable(bus, NULL, CONTROL_OBJECT_PATH, CONTROL_INTERFACE,
                                     manager_vtable, caller);
        if (r < 0)
                return r;
        return sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        bus_vtable, caller);
}
