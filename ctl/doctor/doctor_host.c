/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks the sockets and the module, and tries a verification as the user nobody. Knows nothing
 * about pam.d. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "cleanup.h"
#include "cli/unixsocket.h"
#include "doctor/doctor_host.h"

#define NOBODY     65534
#define TIMEOUT_MS 2000
#define WANTS      "/etc/systemd/system/sockets.target.wants"

struct place {
        const char *check, *path, *unit;
        int type;
};

/* What the child process that asks as nobody reports. */
struct told {
        int r;
        enum verdict verdict;
        enum reason reason;
};

/* Connects. Returns 0, or a negative errno; ${ret} is the uid of the server. */
static int probe(const struct place *place, uid_t *ret) {
        _cleanup_close_ int fd = unixsocket_connect(place->path, place->type, TIMEOUT_MS / 1000);
        struct ucred peer;
        socklen_t len = sizeof(peer);

        if (fd < 0)
                return fd;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
                return -errno;
        *ret = peer.uid;
        return 0;
}

/* A user who can write the directory can replace the socket by another one. */
static void check_directory(const struct doctor_host *host, const struct place *place,
                            struct doctor_report *report) {
        char dir[PATH_MAX];
        struct stat st;
        char *slash;

        (void) snprintf(dir, sizeof(dir), "%s", place->path);
        slash = strrchr(dir, '/');
        if (!slash || slash == dir)
                return;
        *slash = '\0';
        if (stat(dir, &st) < 0)
                return; /* the next check says more */
        if ((st.st_uid != 0 && st.st_uid != host->server_uid) || (st.st_mode & 022) != 0)
                doctor_report_add(report, DOCTOR_ERROR, place->check,
                                  "chown root: and chmod 0755 the directory",
                                  "other users than root can write %s (uid %u, mode %04o) and "
                                  "replace the socket in it",
                                  dir, st.st_uid, st.st_mode & 07777);
}

static void check_unit(const struct place *place, struct doctor_report *report) {
        char link[PATH_MAX], advice[128];
        struct stat st;

        (void) snprintf(link, sizeof(link), WANTS "/%s", place->unit);
        (void) snprintf(advice, sizeof(advice), "systemctl enable --now %s", place->unit);
        if (lstat("/run/systemd/system", &st) == 0 && lstat(link, &st) < 0)
                doctor_report_add(report, DOCTOR_HINT, place->check, advice,
                                  "%s is not enabled: after the next boot nobody listens",
                                  place->unit);
}

static void check_socket(const struct doctor_host *host, const struct place *place,
                         struct doctor_report *report) {
        char advice[192];
        struct stat st;
        uid_t server = (uid_t) -1;
        int r;

        (void) snprintf(advice, sizeof(advice),
                        "systemctl enable --now %s; if it is enabled, journalctl -u wfapikeyd -n "
                        "20 says why",
                        place->unit);
        check_directory(host, place, report);
        if (lstat(place->path, &st) < 0) {
                doctor_report_add(report, DOCTOR_ERROR, place->check, advice, "the socket %s: %s",
                                  place->path, strerror(errno));
                return;
        }
        if (!S_ISSOCK(st.st_mode)) {
                doctor_report_add(report, DOCTOR_ERROR, place->check,
                                  "remove it, then restart the unit", "%s is not a socket",
                                  place->path);
                return;
        }
        if ((st.st_mode & 0666) != 0666)
                doctor_report_add(
                        report, DOCTOR_WARNING, place->check,
                        "SocketMode=0666 in the unit, or chmod 0666",
                        "%s has mode %04o: services and users that are not root cannot ask",
                        place->path, st.st_mode & 07777);
        r = probe(place, &server);
        if (r < 0)
                doctor_report_add(report, DOCTOR_ERROR, place->check, advice,
                                  "nobody answers at %s: %s", place->path, strerror(-r));
        else if (server != host->server_uid)
                doctor_report_add(report, DOCTOR_ERROR, place->check,
                                  "find out who that is: ss -xlp; pam_wfapikey sends it nothing "
                                  "(server_uid=)",
                                  "%s is served by uid %u and not by uid %u", place->path, server,
                                  host->server_uid);
        else
                doctor_report_add(report, DOCTOR_OK, place->check, NULL, "%s is served by uid %u",
                                  place->path, server);
}

static void check_module(const struct doctor_host *host, struct doctor_report *report) {
        struct stat st;

        if (stat(host->module, &st) < 0)
                doctor_report_add(report, DOCTOR_ERROR, "module",
                                  "install it where libpam looks (configure --with-pamdir=)",
                                  "%s: %s", host->module, strerror(errno));
        else if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != host->server_uid) ||
                 (st.st_mode & 022) != 0)
                doctor_report_add(report, DOCTOR_ERROR, "module",
                                  "install it again, after a look at who changed it",
                                  "other users than root can write %s (uid %u, mode %04o)",
                                  host->module, st.st_uid, st.st_mode & 07777);
        else
                doctor_report_add(report, DOCTOR_OK, "module", NULL,
                                  "%s is there, and only root can write it", host->module);
}

/* Makes a well-formed key at random. That such a key exists is as unlikely as guessing one. */
static int make_key(struct secret *ret) {
        uint8_t random[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN];
        char text[sizeof(random)];

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        for (size_t i = 0; i < sizeof(random); i++)
                text[i] = keytext_alphabet()[random[i] % strlen(keytext_alphabet())];
        keytext_format(ret->text, text, text + KEYTEXT_ID_LEN);
        return 0;
}

/* Runs in a child process. */
static struct told ask_as_nobody(const struct doctor_host *host) {
        struct ask_server server = { .path = host->verify,
                                     .uid = host->server_uid,
                                     .timeout_ms = TIMEOUT_MS };
        _cleanup_request_ struct wire_request req = {
                .kind = WIRE_VERIFY, .seq = 1, .user = "root", .service = "wfapikeyctl"
        };
        struct wire_reply reply = {};
        struct told told = {};

        if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
                told.r = -errno;
        if (told.r == 0)
                told.r = make_key(&req.key);
        if (told.r == 0)
                told.r = ask_verdict(&server, &req, &reply);
        told.verdict = reply.verdict;
        told.reason = reply.reason;
        return told;
}

static int ask_apart(const struct doctor_host *host, struct told *ret) {
        _cleanup_close_ int out = -1, in = -1;
        struct told told = {};
        int fds[2];
        pid_t pid;
        ssize_t n;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        out = fds[0];
        in = fds[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                told = ask_as_nobody(host);
                _exit(write(in, &told, sizeof(told)) == sizeof(told) ? 0 : 1);
        }
        cleanup_close(&in);
        in = -1;
        n = read(out, &told, sizeof(told));
        (void) waitpid(pid, NULL, 0);
        if (n != sizeof(told))
                return -EIO;
        *ret = told;
        return 0;
}

static void check_verification(const struct doctor_host *host, struct doctor_report *report) {
        bool root = geteuid() == 0, told_all = !root && geteuid() == host->server_uid;
        const char *who = root ? "nobody" : "you";
        struct told told = {};
        int r = ask_apart(host, &told);

        if (r == 0)
                r = told.r;
        if (r < 0)
                doctor_report_add(
                        report, DOCTOR_ERROR, "verification",
                        "see the findings about the socket; journalctl -u wfapikeyd -n 20",
                        "a verification as %s got no answer: %s", who, strerror(-r));
        else if (told.verdict == VERDICT_ALLOW)
                doctor_report_add(report, DOCTOR_ERROR, "verification",
                                  "stop what serves the verify socket: it is not wfapikeyd",
                                  "a key that nobody ever made was ACCEPTED for root");
        else if (told.verdict != VERDICT_DENY && told.reason != REASON_NONE)
                doctor_report_add(report, DOCTOR_ERROR, "verification",
                                  "journalctl -u wfapikeyd -n 20",
                                  "a verification as %s was not decided: %s", who,
                                  verdict_reason_text(told.reason));
        else if (told.verdict != VERDICT_DENY)
                doctor_report_add(report, DOCTOR_ERROR, "verification",
                                  "journalctl -u wfapikeyd -n 20",
                                  "a verification as %s was not decided", who);
        else if (told.reason != REASON_NONE && !told_all)
                doctor_report_add(report, DOCTOR_WARNING, "verification",
                                  "this should not be: report it",
                                  "%s is told why a key is refused", who);
        else
                doctor_report_add(report, DOCTOR_OK, "verification", NULL,
                                  "a key that does not exist is refused to %s, without a reason",
                                  who);
}

void doctor_host(const struct doctor_host *host, struct doctor_report *report) {
        const struct place places[] = {
                { "verify-socket", host->verify, "wfapikeyd-verify.socket", SOCK_SEQPACKET },
                { "control-socket", host->control, "wfapikeyd-control.socket", SOCK_STREAM },
        };

        for (size_t i = 0; i < ARRAY_LEN(places); i++) {
                check_socket(host, &places[i], report);
                check_unit(&places[i], report);
        }
        check_module(host, report);
        check_verification(host, report);
}
