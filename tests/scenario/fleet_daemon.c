/* SPDX-License-Identifier: BSD-2-Clause */
/* fleet_daemon DIR KEY - stands in for a daemon that is in a fleet. It serves the socket
 * DIR/control, and appends a line for each call, with its arguments, to DIR/calls. KEY is the key
 * that it issues. The name of an error in DIR/error is its answer to all calls about the fleet.
 * With the file DIR/alone the host is in no fleet, and has no key to seal for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* 2027-01-15T08:00:00Z */
#define AT INT64_C(1800000000)

static const char *directory, *key;

static const char *path_of(const char *name) {
        static char path[4096];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        return path;
}

static int is_alone(void) {
        return access(path_of("alone"), F_OK) == 0;
}

/* Writes what follows in the message; bytes as text, because the tests send text. */
static int dump(sd_bus_message *m, FILE *out) {
        const char *contents, *text;
        const void *bytes;
        uint64_t number;
        uint32_t small;
        int64_t moment;
        char type;
        size_t len;
        int r, flag;

        while ((r = sd_bus_message_peek_type(m, &type, &contents)) > 0) {
                if (type == 's') {
                        r = sd_bus_message_read_basic(m, 's', &text);
                        fprintf(out, " %s", r < 0 ? "?" : text);
                } else if (type == 't') {
                        r = sd_bus_message_read_basic(m, 't', &number);
                        fprintf(out, " %" PRIu64, r < 0 ? 0 : number);
                } else if (type == 'u') {
                        r = sd_bus_message_read_basic(m, 'u', &small);
                        fprintf(out, " %" PRIu32, r < 0 ? 0 : small);
                } else if (type == 'x') {
                        r = sd_bus_message_read_basic(m, 'x', &moment);
                        fprintf(out, " %" PRId64, r < 0 ? 0 : moment);
                } else if (type == 'b') {
                        r = sd_bus_message_read_basic(m, 'b', &flag);
                        fputs(r >= 0 && flag ? " yes" : " no", out);
                } else if (type == 'a' && strcmp(contents, "y") == 0) {
                        r = sd_bus_message_read_array(m, 'y', &bytes, &len);
                        fprintf(out, " %.*s", r < 0 ? 0 : (int) len, (const char *) bytes);
                } else {
                        r = sd_bus_message_enter_container(m, type, contents);
                        fputs(type == 'a' ? " [" : "", out);
                        if (r >= 0)
                                r = dump(m, out);
                        fputs(type == 'a' ? " ]" : "", out);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(m);
                }
                if (r < 0)
                        return r;
        }
        return r;
}

static int note(sd_bus_message *m) {
        FILE *out = fopen(path_of("calls"), "ae");
        int r;

        if (!out)
                return -errno;
        fprintf(out, "%s", sd_bus_message_get_member(m));
        r = dump(m, out);
        fputc('\n', out);
        return fclose(out) == 0 ? r : -EIO;
}

static int answer_status(sd_bus_message *m) {
        if (is_alone())
                return sd_bus_reply_method_return(m, "a{sv}aa{sv}", 1, "joined", "b", 0, 0);
        return sd_bus_reply_method_return(
                m, "a{sv}aa{sv}", 14, "joined", "b", 1, "fleet", "s", "wfm_fleet", "host", "s",
                "db", "issuing", "b", 1, "link", "s", "away", "link-text", "s",
                "connection \033 refused", "keys", "t", UINT64_C(3), "age", "t", UINT64_C(7),
                "silent", "t", UINT64_C(9), "silent-host", "s", "db", "waiting", "t", UINT64_C(1),
                "groups", "as", 2, "all", "web", "numbers", "at", 2, UINT64_C(412), UINT64_C(17),
                "of a newer daemon", "a(st)", 1, "x", UINT64_C(1), 3, 6, "name", "s", "db",
                "groups", "s", "all web", "issuing", "b", 1, "heard", "t", UINT64_C(8), "reported",
                "x", AT, "fault", "s", "", 3, "name", "s", "www1", "groups", "s", "web", "issuing",
                "b", 0, 2, "name", "s", "gone", "groups", "s", "");
}

static int answer_list(sd_bus_message *m) {
        return sd_bus_reply_method_return(m, "aa{sv}s", 2, 2, "id", "s", "0000000001", "status",
                                          "s", "active", 3, "id", "s", "0000000002", "status", "s",
                                          "active", "hosts", "as", 2, "mail", "web", "");
}

static int answer_audit(sd_bus_message *m) {
        return sd_bus_reply_method_return(
                m, "aa{sv}t", 1, 9, "host", "s", "www1", "count", "t", UINT64_C(1), "seq", "t",
                UINT64_C(7), "at", "x", AT, "until", "x", AT, "event", "s", "login", "verdict", "s",
                "accepted", "key", "s", "abcdefghij", "user", "s", "al\033ice", UINT64_C(0));
}

#define HOST(name, number, age, records, fault)                                                    \
        8, "host", "s", name, "records", "t", UINT64_C(records), "fault", "s", fault, "number",    \
                "t", UINT64_C(number), "at", "x", AT, "age", "t", UINT64_C(age), "seq", "t",       \
                UINT64_C(records), "last", "t", UINT64_C(41)

static int answer_hosts(sd_bus_message *m) {
        return sd_bus_reply_method_return(
                m, "aa{sv}", 4, HOST("db", 12, 7, 40, ""), 3, "host", "s", "gone", "records", "t",
                UINT64_C(0), "fault", "s", "", HOST("late", 12, 7200, 40, ""), 12, "host", "s",
                "www1", "records", "t", UINT64_C(5), "fault", "s", "forked", "number", "t",
                UINT64_C(3), "at", "x", AT, "age", "t", UINT64_C(7), "seq", "t", UINT64_C(5),
                "last", "t", UINT64_C(5), "fault-text", "s",
                "has sent a report that does not follow its last one", "fault-at", "x", AT,
                "fault-number", "t", UINT64_C(3), "fault-seq", "t", UINT64_C(0));
}

static int answer_key(sd_bus_message *m) {
        return sd_bus_reply_method_return(
                m, "a{sv}", 10, "id", "s", "abcdefghij", "status", "s", "active", "name", "s",
                "backup", "owner", "s", "alice", "hosts", "as", 1, "web", "created", "x", AT,
                "updated", "x", AT, "origin", "s", "environment", "uses", "t", UINT64_C(3),
                "hosts-used", "a(sxsst)", 1, "www1", AT, "sshd", "192.0.2.7", UINT64_C(3));
}

/* What hosts have reported. 0: another method. */
static int answer_reports(sd_bus_message *m) {
        const char *member = sd_bus_message_get_member(m);

        if (strcmp(member, "ListFleetAudit") == 0)
                return answer_audit(m);
        if (strcmp(member, "FleetAuditHosts") == 0)
                return answer_hosts(m);
        return strcmp(member, "GetKey") == 0 ? answer_key(m) : 0;
}

static int answer(sd_bus_message *m) {
        static const char *const empty[] = { "FleetAskReport", "FleetAuditAccept",
                                             "FleetAddGroup",  "FleetAskSnapshot",
                                             "FleetDrop",      "FleetMove",
                                             "FleetRebase",    "SetFleetPolicy" };
        const char *member = sd_bus_message_get_member(m);
        char id[11];
        int r;

        for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
                if (strcmp(member, empty[i]) == 0)
                        return sd_bus_reply_method_return(m, "");
        r = answer_reports(m);
        if (r != 0)
                return r;
        (void) snprintf(id, sizeof(id), "%s", key + 4);
        if (strcmp(member, "FleetStatus") == 0)
                return answer_status(m);
        if (strcmp(member, "FleetInit") == 0)
                return sd_bus_reply_method_return(m, "s", "wfm_fleet");
        if (strcmp(member, "FleetInvite") == 0)
                return sd_bus_reply_method_return(m, "ay", 8, 'a', '>', '>', '>', '?', '?', '?',
                                                  'z');
        if (strcmp(member, "FleetJoin") == 0)
                return sd_bus_reply_method_return(m, "a{sv}", 3, "fleet", "s", "wfm_fleet", "host",
                                                  "s", "www1", "issuing", "b", 0);
        if (strcmp(member, "FleetLeave") == 0 || strcmp(member, "RemoveAllFleetKeys") == 0)
                return sd_bus_reply_method_return(m, "t", UINT64_C(3));
        if (strcmp(member, "RevokeKeys") == 0)
                return sd_bus_reply_method_return(m, "u", 1);
        if (strcmp(member, "IssueKey") == 0)
                return sd_bus_reply_method_return(m, "ss", id, key);
        if (strcmp(member, "ListKeys") == 0)
                return answer_list(m);
        if (strcmp(member, "FleetKey") == 0)
                return sd_bus_reply_method_return(m, "s", "wfm_key");
        /* A daemon of before this method, during an upgrade. */
        return strcmp(member, "GetServer") == 0 ? 0 : -EBADRQC;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char name[128] = "";
        int fd = open(path_of("error"), O_RDONLY | O_CLOEXEC);
        int r = note(m);

        (void) userdata;
        (void) error;
        if (fd >= 0 && read(fd, name, sizeof(name) - 1) < 0)
                r = -errno;
        if (fd >= 0)
                (void) close(fd);
        name[strcspn(name, "\n")] = '\0';
        if (r >= 0 && *name)
                return sd_bus_reply_method_errorf(m, name, "The database is away.");
        return r < 0 ? r : answer(m);
}

static int serve(int fd) {
        sd_bus *bus = NULL;
        sd_id128_t id = { .bytes = { 1 } };
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r >= 0)
                r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_set_anonymous(bus, 1);
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, "/org/wfapikey1", on_call, NULL);
        if (r >= 0)
                r = sd_bus_start(bus);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_close_unref(bus);
        return r;
}

int main(int argc, char *argv[]) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (argc != 3 || strlen(argv[1]) + sizeof("/control") > sizeof(sa.sun_path))
                return EXIT_FAILURE;
        directory = argv[1];
        key = argv[2];
        memcpy(sa.sun_path, path_of("control"), strlen(path_of("control")));
        if (listener < 0 || bind(listener, (const struct sockaddr *) &sa, sizeof(sa)) < 0 ||
            listen(listener, 16) < 0)
                return EXIT_FAILURE;
        for (;;) {
                int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        return EXIT_FAILURE;
                (void) serve(fd);
        }
}
