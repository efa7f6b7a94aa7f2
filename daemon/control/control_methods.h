/* SPDX-License-Identifier: BSD-2-Clause */
/* The one table of methods, in the order of common/CONTROL, and that of signals. From these rows
 * come the list of methods, what D-Bus is told of them, the declarations of their handlers, and the
 * interface as an installed file (interface.awk).
 *
 * METHOD(name, arguments, results, verb, traits, handlers)
 *   arguments, results   as for SD_BUS_ARGS(): each type with its name; (NULL) for none
 *   verb                 what a caller must be allowed to do
 *   traits               of enum control_trait, or 0
 *   handlers             a struct control_handlers in the file of the method's subject *
 * SIGNAL(name, arguments) */
#pragma once

/* clang-format off */
#define CONTROL_SIGNALS(SIGNAL) \
        SIGNAL("AuditEvent", ("a{sv}", event)) \
        SIGNAL("AuditRepeat", ("a{sv}", event)) \
        SIGNAL("FleetWork", ("s", kind, "t", token, "as", arguments, "a(stay)", frames))

#define CONTROL_METHODS(METHOD) \
        METHOD("IssueKey", ("s", user, "a{sv}", options), ("s", id, "s", key), \
               ROLE_VERB_ISSUE, CONTROL_SENSITIVE | CONTROL_ENDLESS, control_issue) \
        METHOD("IssueKeyWithPassword", ("s", user, "s", password, "a{sv}", options), \
               ("s", id, "s", key), \
               ROLE_VERB_ISSUE_PASSWORD, CONTROL_SENSITIVE | CONTROL_ENDLESS, \
               control_issue_with_password) \
        METHOD("ListKeys", ("a{sv}", filter), ("aa{sv}", keys, "s", next), \
               ROLE_VERB_LIST, 0, control_list_keys) \
        METHOD("GetKey", ("s", id), ("a{sv}", key), \
               ROLE_VERB_LIST, 0, control_list_get) \
        METHOD("RenameKey", ("s", id, "s", name), (NULL), \
               ROLE_VERB_RENAME, CONTROL_ENDLESS, control_key_rename) \
        METHOD("ResetKey", ("s", id), ("s", key), \
               ROLE_VERB_RESET, CONTROL_SENSITIVE | CONTROL_ENDLESS, control_key_reset) \
        METHOD("RotateKey", ("s", id, "a{sv}", options), ("s", new_id, "s", key), \
               ROLE_VERB_RESET, CONTROL_SENSITIVE | CONTROL_ENDLESS, control_rotate) \
        METHOD("BindKey", ("s", id, "s", certificate), ("s", thumbprint), \
               ROLE_VERB_BIND, CONTROL_ENDLESS, control_bind) \
        METHOD("RevokeKeys", ("as", ids, "s", reason), ("u", revoked), \
               ROLE_VERB_REVOKE, CONTROL_ENDS, control_key_revoke) \
        METHOD("RevokeActiveKeys", ("as", ids, "s", reason), ("u", revoked, "u", skipped), \
               ROLE_VERB_REVOKE, CONTROL_ENDS, control_key_revoke_active) \
        METHOD("ReviveKeys", ("as", ids), ("u", revived), \
               ROLE_VERB_REVIVE, 0, control_key_revive) \
        METHOD("RemoveKeys", ("as", ids), ("u", removed), \
               ROLE_VERB_REMOVE, CONTROL_ENDS, control_key_remove) \
        METHOD("BurnKey", ("s", key), ("s", id), \
               ROLE_VERB_BURN, CONTROL_SENSITIVE | CONTROL_ENDS, control_burn) \
        METHOD("CheckKey", ("s", key), ("a{sv}", state), \
               ROLE_VERB_BURN, CONTROL_SENSITIVE, control_burn_check) \
        METHOD("ExplainKey", ("s", id, "a{sv}", login), ("a{sv}", verdict), \
               ROLE_VERB_LIST, 0, control_explain) \
        METHOD("CountKeys", (NULL), ("t", keys), \
               ROLE_VERB_REMOVE_ALL, 0, control_remove_all_count) \
        METHOD("RemoveAllKeys", ("t", expected), ("t", removed), \
               ROLE_VERB_REMOVE_ALL, CONTROL_ENDS, control_remove_all) \
        METHOD("AddCertificates", ("aay", certificates, "a{sv}", options), \
               ("aa{sv}", certificates), \
               ROLE_VERB_CERTIFICATE, 0, control_cert_add) \
        METHOD("ListCertificates", (NULL), ("aa{sv}", certificates), \
               ROLE_VERB_CERTIFICATE, 0, control_cert_list) \
        METHOD("GetCertificate", ("s", certificate), ("a{sv}", certificate, "ay", der), \
               ROLE_VERB_CERTIFICATE, 0, control_cert_get) \
        METHOD("RemoveCertificate", ("s", certificate), ("u", keys), \
               ROLE_VERB_CERTIFICATE, CONTROL_ENDS, control_cert_remove) \
        METHOD("LoadCrl", ("ay", part, "b", more), ("a{sv}", crl), \
               ROLE_VERB_CERTIFICATE, CONTROL_ENDS, control_crl_load) \
        METHOD("GetPolicy", (NULL), ("a{ss}", policy), \
               ROLE_VERB_POLICY, 0, control_policy_get) \
        METHOD("SetPolicy", ("a{ss}", changes), (NULL), \
               ROLE_VERB_POLICY, 0, control_policy_set) \
        METHOD("PreviewPolicy", ("a{ss}", changes), ("a{sv}", effect), \
               ROLE_VERB_POLICY, 0, control_preview) \
        METHOD("GetStatus", (NULL), ("a{sv}", status), \
               ROLE_VERB_STATUS, 0, control_policy_status) \
        METHOD("GetServer", (NULL), ("a{sv}", status), \
               ROLE_VERB_STATUS, 0, control_policy_server) \
        METHOD("GetMetrics", (NULL), \
               ("a{sv}", metrics, "a(ssst)", verifications, "a(tt)", latencies, "a(stt)", queues), \
               ROLE_VERB_STATISTICS, 0, control_metrics_get) \
        METHOD("ListAudit", ("a{sv}", filter), ("aa{sv}", events, "t", next), \
               ROLE_VERB_AUDIT, 0, control_events_list) \
        METHOD("FollowAudit", (NULL), (NULL), \
               ROLE_VERB_AUDIT, 0, control_follow) \
        METHOD("VerifyAudit", ("t", after), ("t", next, "t", checked, "t", bad, "s", fault), \
               ROLE_VERB_AUDIT_CHECK, 0, control_events_verify) \
        METHOD("MarkAudit", ("t", seq), ("t", last, "s", seal), \
               ROLE_VERB_AUDIT_CHECK, 0, control_events_mark) \
        METHOD("Reload", (NULL), (NULL), \
               ROLE_VERB_RELOAD, 0, control_reload) \
        METHOD("AccountRemoved", ("s", user), (NULL), \
               ROLE_VERB_ACCOUNT, 0, control_account_removed) \
        METHOD("ListVanishedAccounts", ("s", after), ("aa{sv}", accounts, "s", next), \
               ROLE_VERB_ACCOUNT, 0, control_account_vanished) \
        METHOD("PasswordExpired", ("s", user), (NULL), \
               ROLE_VERB_ACCOUNT, 0, control_account_expired) \
        METHOD("ListHeldPasswords", ("s", after), ("aa{sv}", accounts, "s", next), \
               ROLE_VERB_ACCOUNT, 0, control_account_held) \
        METHOD("TrustClock", (NULL), (NULL), \
               ROLE_VERB_POLICY, 0, control_clock_trust) \
        METHOD("Diagnose", (NULL), ("aa{sv}", findings, "a(ss)", services), \
               ROLE_VERB_DIAGNOSE, 0, control_doctor_diagnose) \
        METHOD("MirrorKeygen", ("b", replace), ("s", public), \
               ROLE_VERB_MIRROR, 0, control_mirror_keygen) \
        METHOD("MirrorShowKey", (NULL), ("s", public), \
               ROLE_VERB_MIRROR, 0, control_mirror_show_key) \
        METHOD("MirrorStatus", (NULL), ("a{sv}", status), \
               ROLE_VERB_MIRROR, 0, control_mirror_status) \
        METHOD("MirrorExportBegin", ("s", recipient, "s", kind), ("t", token, "t", keys), \
               ROLE_VERB_MIRROR, CONTROL_BULK, control_mirror_export_begin) \
        METHOD("MirrorExportRead", ("t", token), ("ay", bytes, "t", keys, "b", last), \
               ROLE_VERB_MIRROR, CONTROL_BULK, control_mirror_export_read) \
        METHOD("MirrorImportBegin", ("s", kind, "a{sv}", options), ("t", token), \
               ROLE_VERB_MIRROR, CONTROL_BULK, control_mirror_import_begin) \
        METHOD("MirrorImportWrite", ("t", token, "ay", bytes), (NULL), \
               ROLE_VERB_MIRROR, CONTROL_BULK, control_mirror_import_write) \
        METHOD("MirrorImportCheck", ("t", token), ("a{sv}", summary), \
               ROLE_VERB_MIRROR, CONTROL_BULK, control_mirror_import_check) \
        METHOD("MirrorImportCommit", ("t", token), ("t", keys), \
               ROLE_VERB_MIRROR, CONTROL_BULK, control_mirror_import_commit) \
        METHOD("FleetInit", ("s", host, "s", database), ("s", fleet), \
               ROLE_VERB_FLEET, CONTROL_SENSITIVE, control_fleet_init) \
        METHOD("FleetKey", (NULL), ("s", public), \
               ROLE_VERB_FLEET, 0, control_fleet_key) \
        METHOD("FleetInvite", ("s", host, "s", key, "as", groups, "b", issuing, \
                              "s", database), \
               ("ay", invitation), \
               ROLE_VERB_FLEET, 0, control_fleet_invite) \
        METHOD("FleetJoin", ("ay", invitation), ("a{sv}", state), \
               ROLE_VERB_FLEET, 0, control_fleet_join) \
        METHOD("FleetAddGroup", ("s", group), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_add_group) \
        METHOD("FleetMove", ("s", host, "as", groups, "b", issuing), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_move) \
        METHOD("FleetDrop", ("s", host), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_drop) \
        METHOD("FleetLeave", (NULL), ("t", keys), \
               ROLE_VERB_FLEET, 0, control_fleet_leave) \
        METHOD("FleetStatus", (NULL), ("a{sv}", status, "aa{sv}", hosts), \
               ROLE_VERB_FLEET, 0, control_fleet_status) \
        METHOD("FleetAskSnapshot", (NULL), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_ask_snapshot) \
        METHOD("FleetRebase", (NULL), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_rebase) \
        METHOD("FleetAskReport", (NULL), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_ask_report) \
        METHOD("ListFleetAudit", ("a{sv}", filter), ("aa{sv}", events, "t", next), \
               ROLE_VERB_FLEET, 0, control_fleet_audit_list) \
        METHOD("FleetAuditHosts", (NULL), ("aa{sv}", hosts), \
               ROLE_VERB_FLEET, 0, control_fleet_audit_hosts) \
        METHOD("FleetAuditAccept", ("s", host), (NULL), \
               ROLE_VERB_FLEET, 0, control_fleet_audit_accept) \
        METHOD("SetFleetPolicy", ("a{ss}", changes), (NULL), \
               ROLE_VERB_POLICY, 0, control_policy_set_fleet) \
        METHOD("RemoveAllFleetKeys", ("t", expected), ("t", removed), \
               ROLE_VERB_FLEET, CONTROL_ENDS, control_remove_all_fleet) \
        METHOD("FleetAttach", ("u", version), ("a{sv}", state), \
               ROLE_VERB_CARRY, CONTROL_SENSITIVE, control_fleet_attach) \
        METHOD("FleetDone", ("t", token, "s", outcome, "s", text), (NULL), \
               ROLE_VERB_CARRY, 0, control_fleet_done) \
        METHOD("FleetWrite", ("s", group, "ay", bytes), ("t", number), \
               ROLE_VERB_CARRY, 0, control_fleet_write) \
        METHOD("FleetHeads", ("ay", heads), (NULL), \
               ROLE_VERB_CARRY, 0, control_fleet_heads) \
        METHOD("FleetSignHeads", (NULL), ("a(stay)", heads), \
               ROLE_VERB_CARRY, 0, control_fleet_sign_heads) \
        METHOD("FleetSnapshot", ("s", group, "t", page, "b", rebase), \
               ("t", number, "ay", frame, "b", last), \
               ROLE_VERB_CARRY, CONTROL_BULK, control_fleet_snapshot) \
        METHOD("FleetLink", ("s", state, "s", text), (NULL), \
               ROLE_VERB_CARRY, 0, control_fleet_link) \
        METHOD("FleetReport", (NULL), ("t", number, "ay", frame, "t", wait), \
               ROLE_VERB_CARRY, 0, control_fleet_report) \
        METHOD("FleetReported", ("t", number, "s", outcome, "t", last, "s", text), (NULL), \
               ROLE_VERB_CARRY, 0, control_fleet_report_done) \
        METHOD("FleetReports", (NULL), ("a(st)", hosts), \
               ROLE_VERB_CARRY, 0, control_fleet_reports) \
        METHOD("FleetTakeReport", ("s", host, "ay", bytes), ("t", number, "b", more), \
               ROLE_VERB_CARRY, 0, control_fleet_take_report)
/* clang-format on */
