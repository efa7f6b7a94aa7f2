/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of a configuration, and the answer of the helper that reads them. A configuration that is
 * accepted has only what its types allow, goes through the helper unchanged, and reads back the
 * same when it is printed. One that is refused says where. Files are separated by FF FE; the first
 * is the configuration, the others are beside it. An input that begins with A is an answer. */
#include "fuzz.h"

#include <errno.h>

#include "base/conf.h"
#include "base/conf_ask.h"
#include "base/conf_realm.h"
#include "base/helper.h"
#include "base/nss.h"
#include "text.h"

#define FILES_MAX 3

int __wrap_nss_user(const char *name, struct nss_entry *ret);
int __wrap_nss_group(const char *name, gid_t *ret);
int __wrap_nss_local_group(const char *path, const char *name, gid_t *ret);

/* Names of one letter are of users and groups, which have its number. */
int __wrap_nss_user(const char *name, struct nss_entry *ret) {
        if (name[0] < 'a' || name[0] > 'z' || name[1])
                return -ENOENT;
        *ret = (struct nss_entry){ .uid = (uid_t) name[0] };
        return 0;
}

int __wrap_nss_group(const char *name, gid_t *ret) {
        if (name[0] < 'a' || name[0] > 'z' || name[1])
                return -ENOENT;
        *ret = (gid_t) name[0];
        return 0;
}

int __wrap_nss_local_group(const char *path, const char *name, gid_t *ret) {
        (void) path;
        return __wrap_nss_group(name, ret);
}

static const char *const names[FILES_MAX] = { "conf", "conf.d/a.conf", "conf.d/b.conf" };

static const char *path_of(char out[static 300]) {
        (void) snprintf(out, 300, "%s/conf", fuzz_dir_get());
        return out;
}

static void write_files(struct fuzz *f) {
        char path[300];

        (void) snprintf(path, sizeof(path), "%s/conf.d", fuzz_dir_get());
        (void) mkdir(path, 0700);
        for (size_t i = 0; i < FILES_MAX; i++) {
                struct fuzz part = fuzz_until(f, "\xff\xfe");

                if (part.left > 0 || i == 0)
                        fuzz_write(names[i], part.at, part.left);
        }
}

static void remove_files(void) {
        char path[300];

        for (size_t i = 0; i < FILES_MAX; i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", fuzz_dir_get(), names[i]);
                (void) unlink(path);
        }
        (void) snprintf(path, sizeof(path), "%s/conf.d", fuzz_dir_get());
        (void) rmdir(path);
}

/* --- What is accepted --- */

/* Calls ${is_one} for each word, which are separated by one blank each. */
static void check_words(const char *list, bool (*is_one)(const char *word)) {
        char word[RECORD_LIST_LEN];

        must(memchr(list, '\0', RECORD_LIST_LEN));
        for (const char *p = list; *p;) {
                size_t len = strcspn(p, " ");

                must(len > 0);
                memcpy(word, p, len);
                word[len] = '\0';
                must(is_one(word) && text_has_word(list, word));
                p += len;
                must(!*p || p[1]);
                p += *p != '\0';
        }
}

static bool is_folded_service(const char *word) {
        return text_is_service(word) && !strpbrk(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool is_suffix(const char *word) {
        return word[0] == '@' && word[1] && !strchr(word + 1, '@');
}

/* A service of a realm is of that one alone, and is none that logs in accounts. */
static void check_service(const struct conf *conf, const struct realm *realm) {
        char word[RECORD_LIST_LEN];

        for (const char *p = realm->services; *p; p += strspn(p, " ")) {
                size_t len = strcspn(p, " ");

                memcpy(word, p, len);
                word[len] = '\0';
                p += len;
                must(strcmp(word, "sshd") != 0 && strcmp(word, "sudo") != 0 &&
                     strcmp(word, "login") != 0 && strcmp(word, "su") != 0);
                must(realms_of_service(conf->realms, word) == realm);
        }
}

static void check_realms(const struct conf *conf) {
        for (size_t i = 0; conf->realms && i < conf->realms->n; i++) {
                const struct realm *realm = &conf->realms->of[i];

                must(realm_is_name(realm->name));
                must(realms_find(conf->realms, realm->name) == realm);
                check_words(realm->services, is_folded_service);
                check_words(realm->suffixes, is_suffix);
                must(!realm->suffixes[0] || !realm->list[0]);
                must(!realm->list[0] ||
                     (realm->list[0] == '/' && text_is_label(realm->list, REALMS_PATH_MAX)));
                check_service(conf, realm);
        }
        must(!conf->realms || (conf->realms->n > 0 && conf->realms->n <= REALMS_MAX));
}

/* Who may speak for a service, worked out by simple code. */
static void check_claim(const struct conf *conf, const char *service, uid_t uid) {
        bool named = false, tied = false;

        for (size_t i = 0; i < conf->n_peers; i++) {
                bool has = text_has_word(conf->peers[i].services, service);

                tied |= has;
                named |= has && conf->peers[i].uid == uid;
        }
        must(conf_peer_may_claim(conf, uid, service) == (!tied || named));
}

static void check_conf(const struct conf *conf) {
        must(conf->n_peers <= CONF_PEERS_MAX);
        for (size_t i = 0; i < conf->n_peers; i++) {
                char first[RECORD_LIST_LEN] = "";

                must(conf->peers[i].uid >= 'a' && conf->peers[i].uid <= 'z');
                check_words(conf->peers[i].services, is_folded_service);
                check_words(conf->peers[i].certificates, is_folded_service);
                memcpy(first, conf->peers[i].services, strcspn(conf->peers[i].services, " "));
                for (uid_t uid = 'a'; first[0] && uid <= 'e'; uid++)
                        check_claim(conf, first, uid);
        }
        check_realms(conf);
}

static void check_same(const struct conf *a, const struct conf *b) {
        must(a->has_admin_group == b->has_admin_group && a->admin_group == b->admin_group);
        must(a->admin_group_default == b->admin_group_default);
        must(a->has_developer_group == b->has_developer_group &&
             a->developer_group == b->developer_group);
        must(a->has_reader_group == b->has_reader_group && a->reader_group == b->reader_group);
        must(a->has_fleet_user == b->has_fleet_user && a->fleet_user == b->fleet_user);
        must(a->reader_group_default == b->reader_group_default);
        must(strcmp(a->admin_name, b->admin_name) == 0);
        must(strcmp(a->developer_name, b->developer_name) == 0);
        must(strcmp(a->reader_name, b->reader_name) == 0);
        must(strcmp(a->fleet_name, b->fleet_name) == 0);
        must(a->n_peers == b->n_peers && !a->realms == !b->realms);
        for (size_t i = 0; i < a->n_peers; i++)
                must(a->peers[i].uid == b->peers[i].uid &&
                     strcmp(a->peers[i].user, b->peers[i].user) == 0 &&
                     strcmp(a->peers[i].services, b->peers[i].services) == 0 &&
                     strcmp(a->peers[i].certificates, b->peers[i].certificates) == 0);
        must(!a->realms || a->realms->n == b->realms->n);
        for (size_t i = 0; a->realms && i < a->realms->n; i++) {
                const struct realm *x = &a->realms->of[i], *y = &b->realms->of[i];

                must(strcmp(x->name, y->name) == 0 && strcmp(x->services, y->services) == 0);
                must(strcmp(x->suffixes, y->suffixes) == 0 && strcmp(x->list, y->list) == 0);
                must(x->has_issuers == y->has_issuers);
                must(!x->has_issuers || x->issuers == y->issuers);
                must(!x->has_issuers || strcmp(x->issuers_name, y->issuers_name) == 0);
        }
}

/* --- Through the helper --- */

static uint8_t answer[HELPER_BYTES_MAX];

static void check_helper(const struct conf *conf, const char *why) {
        char path[300], error[ERROR_LEN] = "";
        uint8_t question[400];
        size_t len = strlen(path_of(path));
        struct conf *again = NULL;
        ssize_t n;
        int r;

        question[0] = 'C';
        question[1] = true;
        for (unsigned i = 0; i < 4; i++)
                question[2 + i] = (uint8_t) (len >> 8 * i);
        memcpy(question + 6, path, len);
        n = conf_ask_run(question, 6 + len, answer);
        must(n > 0);
        r = conf_ask_take(answer, (size_t) n, &again, error);
        if (!conf) {
                must(r == -EINVAL && strcmp(error, why) == 0);
                return;
        }
        must(r == 0);
        check_same(conf, again);
        (void) conf_free(again);
}

/* --- Printed, and read again --- */

static void print_group(FILE *f, const char *name, bool has, unsigned number) {
        (void) fprintf(f, has ? "%s = %c\n" : "%s =\n", name, (int) number);
}

/* Words with a list of its own line each, as a line has an end. */
static void print_words(FILE *f, const char *name, const char *list) {
        for (const char *p = list; *p; p += strspn(p, " ")) {
                int len = (int) strcspn(p, " ");

                (void) fprintf(f, "%s = %.*s\n", name, len, p);
                p += len;
        }
}

static void print(const struct conf *conf, FILE *f) {
        (void) fputs("[daemon]\n", f);
        if (!conf->admin_group_default)
                print_group(f, "admin-group", conf->has_admin_group, conf->admin_group);
        print_group(f, "developer-group", conf->has_developer_group, conf->developer_group);
        if (!conf->reader_group_default)
                print_group(f, "reader-group", conf->has_reader_group, conf->reader_group);
        print_group(f, "fleet-user", conf->has_fleet_user, conf->fleet_user);
        for (size_t i = 0; i < conf->n_peers; i++) {
                (void) fprintf(f, "[Peer %c]\n", (int) conf->peers[i].uid);
                print_words(f, "services", conf->peers[i].services);
                print_words(f, "certificates", conf->peers[i].certificates);
        }
        for (size_t i = 0; conf->realms && i < conf->realms->n; i++) {
                const struct realm *realm = &conf->realms->of[i];

                (void) fprintf(f, "[Realm %s]\n", realm->name);
                print_words(f, "services", realm->services);
                print_words(f, "suffix", realm->suffixes);
                if (realm->list[0])
                        (void) fprintf(f, "list = %s\n", realm->list);
                if (realm->has_issuers)
                        (void) fprintf(f, "issuers = %c\n", (int) realm->issuers);
        }
}

static void check_printed(const struct conf *conf) {
        char path[300], error[ERROR_LEN], *text = NULL;
        struct conf *again = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);

        must(f != NULL);
        print(conf, f);
        must(fclose(f) == 0);
        remove_files();
        fuzz_write("conf", text, len);
        free(text);
        must(conf_load(&again, path_of(path), true, error) == 0);
        check_same(conf, again);
        (void) conf_free(again);
}

/* --- What is refused --- */

/* It names file, line and column, or a file, or a realm. */
static void check_error(const char *error) {
        const char *dir = strstr(error, fuzz_dir_get()), *at = dir ? strchr(dir, ':') : NULL;
        int line = 0, column = 0;

        must(error[0] && text_is_label(error, ERROR_LEN - 1));
        must(dir == error || strncmp(error, "[Realm ", 7) == 0 ||
             strncmp(error, "the service ", 12) == 0 || strstr(error, "configuration"));
        if (dir == error)
                must(at && sscanf(at, ":%d:%d:", &line, &column) == 2 && line > 0 && column > 0);
}

static void try_files(struct fuzz f) {
        char path[300], error[ERROR_LEN] = "";
        struct conf *conf = NULL;

        write_files(&f);
        if (conf_load(&conf, path_of(path), true, error) < 0) {
                must(!conf);
                check_error(error);
                check_helper(NULL, error);
        } else {
                check_conf(conf);
                check_helper(conf, NULL);
                check_printed(conf);
        }
        (void) conf_free(conf);
        remove_files();
}

/* A helper has loaded modules of others. */
static void try_answer(struct fuzz f) {
        struct conf *conf = NULL;
        char error[ERROR_LEN] = "";
        int r = conf_ask_take(f.at, f.left, &conf, error);

        if (r == -EINVAL)
                must(text_is_label(error, ERROR_LEN - 1));
        if (r < 0)
                return;
        for (size_t i = 0; conf->realms && i < conf->realms->n; i++)
                must(realm_is_name(conf->realms->of[i].name) &&
                     (!conf->realms->of[i].suffixes[0] || !conf->realms->of[i].list[0]));
        (void) conf_free(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size > 0 && data[0] == 'A')
                try_answer((struct fuzz){ data + 1, size - 1 });
        else
                try_files((struct fuzz){ data, size });
        return 0;
}
