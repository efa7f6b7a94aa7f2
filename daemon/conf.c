#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "account.h"
#include "cleanup.h"
#include "conf.h"
#include "text.h"

#define PEERS_MAX 256
#define SECTIONS  "known are [daemon] and [Peer USER]"

struct reading {
        struct conf *conf;
        FILE *file;
        int line;       /* the last one that was read */
        int wrong_line; /* the first that inih would not have found wrong */
        char *error;
        char section[64]; /* of the last [Peer] that was begun */
};

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

struct conf *conf_free(struct conf *conf) {
        if (conf)
                free(conf->peers);
        free(conf);
        return NULL;
}

void conf_freep(struct conf **conf) {
        *conf = conf_free(*conf);
}

/* The first error is the one that is told. inih's handlers answer 0 for "wrong". */
static int wrong(struct reading *reading, const char *what, const char *name, const char *instead) {
        char shown[128];

        text_escape(shown, sizeof(shown), name);
        if (!reading->error[0])
                (void) snprintf(reading->error, CONF_ERROR_LEN, "%s '%s': %s", what, shown, instead);
        return 0;
}

static int take_group(struct reading *reading, const char *name, const char *value, bool *has, gid_t *gid) {
        if (*has)
                return wrong(reading, "given twice", name, "a group is named once, in one line");
        if (account_group(value, gid) < 0)
                return wrong(reading, "no such group", value, "name a group of this host");
        *has = true;
        return 1;
}

static int take_daemon(struct reading *reading, const char *name, const char *value) {
        struct conf *conf = reading->conf;

        if (strcmp(name, "admin-group") == 0)
                return take_group(reading, name, value, &conf->has_admin_group, &conf->admin_group);
        if (strcmp(name, "developer-group") == 0)
                return take_group(reading, name, value, &conf->has_developer_group, &conf->developer_group);
        return wrong(reading, "unknown key in [daemon]", name, "known are admin-group and developer-group");
}

static int begin_peer(struct reading *reading, const char *user) {
        struct conf *conf = reading->conf;
        struct account account;
        struct conf_peer *more;

        if (account_by_name(user, &account) < 0)
                return wrong(reading, "no such user in [Peer]", user,
                             "name the user that the service runs as");
        if (conf->n_peers == PEERS_MAX)
                return wrong(reading, "too many sections, from [Peer]", user, "256 are enough");
        more = reallocarray(conf->peers, conf->n_peers + 1, sizeof(*more));
        if (!more)
                return wrong(reading, "out of memory at [Peer]", user, "try again");
        conf->peers = more;
        conf->peers[conf->n_peers++] = (struct conf_peer){ .uid = account.uid };
        return 1;
}

static int take_services(struct reading *reading, char list[static RECORD_LIST_LEN], const char *value) {
        const char *p = value + strspn(value, " \t");

        while (*p) {
                size_t len = strcspn(p, " \t"), used = strlen(list);
                char word[WIRE_SERVICE_MAX + 1] = {};

                if (len <= WIRE_SERVICE_MAX)
                        memcpy(word, p, len);
                if (!text_is_service(word))
                        return wrong(reading, "bad service list", value,
                                     "PAM service names separated by blanks");
                if (used + len + 2 > RECORD_LIST_LEN)
                        return wrong(reading, "too many services", value, "at most 16 for one peer");
                if (used > 0)
                        list[used++] = ' ';
                memcpy(list + used, word, len + 1);
                p += len;
                p += strspn(p, " \t");
        }
        return 1;
}

static int take_peer(struct reading *reading, const char *section, const char *name, const char *value) {
        const char *user = section + strlen("Peer ");
        bool certificates = strcmp(name, "certificates") == 0;
        struct conf_peer *peer;

        if (!certificates && strcmp(name, "services") != 0)
                return wrong(reading, "unknown key in [Peer]", name, "known are services and certificates");
        if (strcmp(reading->section, section) != 0 && !begin_peer(reading, user + strspn(user, " ")))
                return 0;
        (void) snprintf(reading->section, sizeof(reading->section), "%s", section);
        peer = &reading->conf->peers[reading->conf->n_peers - 1];
        return take_services(reading, certificates ? peer->certificates : peer->services, value);
}

static int on_key(void *userdata, const char *section, const char *name, const char *value) {
        struct reading *reading = userdata;

        if (reading->error[0])
                return 0;
        if (strcmp(section, "daemon") == 0)
                return take_daemon(reading, name, value);
        if (strncmp(section, "Peer ", 5) == 0)
                return take_peer(reading, section, name, value);
        if (!section[0])
                return wrong(reading, "before any [section] stands", name, SECTIONS);
        return wrong(reading, "unknown section", section, SECTIONS);
}

static bool is_section(const char *section) {
        return strcmp(section, "daemon") == 0 || strncmp(section, "Peer ", 5) == 0;
}

/* A section that has no keys inih does not mention. */
static bool check_section(struct reading *reading, const char *line) {
        const char *p = line + strspn(line, " \t");
        char section[64];
        size_t len;

        if (*p != '[')
                return true;
        len = strcspn(p + 1, "]\n");
        (void) snprintf(section, sizeof(section), "%.*s", (int) len, p + 1);
        return len < sizeof(section) && is_section(section)
                       ? true
                       : wrong(reading, "unknown section", section, SECTIONS);
}

/* Reads a line for inih, which would take the end of one that is too long for the next. NULL ends the reading. */
static char *read_line(char *out, int size, void *userdata) {
        struct reading *reading = userdata;
        size_t len;

        if (reading->wrong_line != 0 || !fgets(out, size, reading->file))
                return NULL;
        reading->line++;
        len = strlen(out);
        if (len + 1 == (size_t) size && out[len - 1] != '\n')
                (void) wrong(reading, "too long", "this line",
                             "services may be spread over several lines of the same name");
        else if (check_section(reading, out))
                return out;
        reading->wrong_line = reading->line;
        return NULL;
}

/* 0 with a stream or without one, where a file need not be. */
static int open_safely(const char *path, bool required, FILE **ret, char *error) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT && !required)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0) {
                int r = -errno;

                (void) snprintf(error, CONF_ERROR_LEN, "cannot read the configuration '%s': %s", path,
                                strerror(-r));
                return r;
        }
        if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022) != 0) {
                (void) snprintf(
                        error, CONF_ERROR_LEN,
                        "the configuration '%s' must be a regular file that belongs to root and that nobody "
                        "else can write",
                        path);
                return -EPERM;
        }
        *ret = fdopen(fd, "r");
        if (!*ret)
                return -ENOMEM;
        (void) take_fd(&fd);
        return 0;
}

int conf_load(struct conf **ret, const char *path, bool required, char error[static CONF_ERROR_LEN]) {
        __attribute__((cleanup(conf_freep))) struct conf *conf = calloc(1, sizeof(*conf));
        __attribute__((cleanup(closep))) FILE *f = NULL;
        char first[CONF_ERROR_LEN] = "";
        struct reading reading = { .conf = conf, .error = first };
        int r, line;

        if (!conf)
                return -ENOMEM;
        r = open_safely(path, required, &f, error);
        if (r < 0)
                return r;
        reading.file = f;
        line = f ? ini_parse_stream(read_line, &reading, on_key, &reading) : 0;
        if (line == 0)
                line = reading.wrong_line;
        if (f && ferror(f)) {
                (void) snprintf(error, CONF_ERROR_LEN, "cannot read the configuration '%s' to its end", path);
                return -EIO;
        }
        conf->from_file = f != NULL;
        if (line != 0) {
                (void) snprintf(error, CONF_ERROR_LEN, "%s:%d: %.400s", path, line,
                                first[0] ? first
                                         : "neither a [section], nor a 'name = value', nor a comment");
                return -EINVAL;
        }
        *ret = take_ptr(conf);
        return 0;
}

enum role conf_role(const struct conf *conf, const struct peer *peer) {
        if (peer->cred.uid == 0 || peer->cred.uid == geteuid())
                return ROLE_ADMIN;
        if (conf->has_admin_group && peer_has_group(peer, conf->admin_group))
                return ROLE_ADMIN;
        if (conf->has_developer_group && peer_has_group(peer, conf->developer_group))
                return ROLE_DEVELOPER;
        return ROLE_USER;
}

bool conf_peer_may_claim(const struct conf *conf, uid_t uid, const char *service) {
        bool tied = false;

        if (conf->n_peers == 0 || uid == 0 || uid == geteuid())
                return true;
        for (size_t i = 0; i < conf->n_peers; i++)
                if (text_has_word(conf->peers[i].services, service)) {
                        if (conf->peers[i].uid == uid)
                                return true;
                        tied = true;
                }
        return !tied;
}

bool conf_peer_may_vouch(const struct conf *conf, uid_t uid, const char *service) {
        if (uid == 0 || uid == geteuid())
                return true;
        for (size_t i = 0; i < conf->n_peers; i++)
                if (conf->peers[i].uid == uid && text_has_word(conf->peers[i].certificates, service))
                        return true;
        return false;
}
