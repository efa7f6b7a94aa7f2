/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keys of [Realm NAME] mean, and which realms cannot be. What could let somebody in by
 * mistake is an error of the configuration, not a choice between two readings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/conf_realm.h"
#include "base/nss.h"
#include "text.h"

/* Programs that take the name for one of passwd and run as that user. A key of a realm would log in
 * as the account of the same name. The list cannot be complete: see accounts_realms.c, too. */
static const char accounts_only[] =
        "atd chfn chsh cockpit common-account common-auth common-password common-session "
        "common-session-noninteractive chpasswd cron crond doas gdm gdm-autologin "
        "gdm-fingerprint gdm-launch-environment gdm-password gdm-smartcard groupmems kcheckpass "
        "kde "
        "lightdm lightdm-autologin lightdm-greeter login lxdm newusers other passwd pkexec "
        "polkit-1 remote rexec rlogin rsh runuser runuser-l samba screen sddm sddm-autologin "
        "sddm-greeter sshd su su-l sudo sudo-i swaylock systemd-run0 systemd-user vlock wfapikey "
        "xdm xlock xrdp-sesman xscreensaver";

enum key {
        KEY_SERVICES,
        KEY_SUFFIX,
        KEY_LIST,
        KEY_ISSUERS,
        _KEY_MAX,
};

static const char *const keys[] = { [KEY_SERVICES] = "services",
                                    [KEY_SUFFIX] = "suffix",
                                    [KEY_LIST] = "list",
                                    [KEY_ISSUERS] = "issuers" };
_Static_assert(ARRAY_LEN(keys) == _KEY_MAX, "a name for each key");

static bool wrong(struct conf_file *file, enum conf_file_place place, size_t offset,
                  const char *what, const char *name, const char *instead) {
        char shown[128];

        text_escape(shown, sizeof(shown), name);
        return conf_file_wrong(file, place, offset, "%s '%s': %s", what, shown, instead);
}

void conf_realm_begin_file(struct conf_realms *realms) {
        memset(realms->given, 0, sizeof(realms->given));
}

bool conf_realm_begin(struct conf_realms *realms, struct conf_file *file, const char *name,
                      size_t offset) {
        if (!realm_is_name(name))
                return wrong(
                        file, CONF_FILE_SECTION, offset, "no name of a realm in [Realm]", name,
                        "a small letter, then small letters, digits and hyphens, at most 31 in "
                        "all");
        for (realms->current = 0; realms->current < realms->n; realms->current++)
                if (strcmp(realms->of[realms->current].name, name) == 0)
                        return true;
        if (realms->n == REALMS_MAX)
                return wrong(file, CONF_FILE_SECTION, 0, "too many sections, from [Realm]", name,
                             "64 are enough");
        (void) text_copy(realms->of[realms->n].name, sizeof(realms->of[0].name), name);
        realms->current = realms->n++;
        return true;
}

/* --- Values --- */

static const char *why_no_service(const char *word) {
        char folded[WIRE_SERVICE_MAX + 1];

        if (!text_is_service(word) || !text_copy(folded, sizeof(folded), word))
                return "PAM service names separated by blanks";
        text_fold_service(folded);
        return text_has_word(accounts_only, folded)
                       ? "this service logs in accounts of the host, so it can be of no realm"
                       : NULL;
}

static const char *why_no_suffix(const char *word) {
        return realm_is_suffix(word) ? NULL : "an @ and a domain, such as @example.org, or several";
}

/* Appends the words of the value to the list. */
static bool take_words(struct conf_file *file, char list[static RECORD_LIST_LEN], const char *value,
                       const char *what, const char *(*why_not)(const char *word)) {
        const char *p = value + strspn(value, " \t"), *why;

        while (*p) {
                size_t len = strcspn(p, " \t"), used = strlen(list);
                char word[RECORD_LIST_LEN] = {};

                if (len < sizeof(word))
                        memcpy(word, p, len);
                why = why_not(word);
                if (why)
                        return wrong(file, CONF_FILE_VALUE, (size_t) (p - value), what, word, why);
                if (used + len + 2 > RECORD_LIST_LEN)
                        return wrong(file, CONF_FILE_VALUE, (size_t) (p - value), "too many", word,
                                     "there is no room for it in this realm");
                if (used > 0)
                        list[used++] = ' ';
                memcpy(list + used, word, len + 1);
                p += len;
                p += strspn(p, " \t");
        }
        return true;
}

static bool take_services(struct conf_file *file, struct realm *realm, const char *value) {
        bool right = take_words(file, realm->services, value, "bad service", why_no_service);

        text_fold_service(realm->services);
        return right;
}

static bool take_list(struct conf_file *file, struct realm *realm, const char *value) {
        if (!value[0] || (value[0] == '/' && text_copy(realm->list, sizeof(realm->list), value) &&
                          text_is_label(value, REALMS_PATH_MAX)))
                return true;
        realm->list[0] = '\0';
        return wrong(file, CONF_FILE_VALUE, 0, "bad list", value,
                     "the whole path of a file, from the /, of at most 255 bytes");
}

/* Not a group of a directory, where somebody else might make one of that name. */
static bool take_issuers(struct conf_file *file, struct realm *realm, const char *value) {
        realm->has_issuers = value[0] != '\0';
        realm->issuers_name[0] = '\0';
        if (!value[0] || (text_copy(realm->issuers_name, WIRE_USER_MAX + 1, value) &&
                          nss_local_group("/etc/group", value, &realm->issuers) >= 0))
                return true;
        return wrong(file, CONF_FILE_VALUE, 0, "no such group", value,
                     "name a group that /etc/group has");
}

static void forget(struct realm *realm, enum key key) {
        switch (key) {
        case KEY_SERVICES:
                realm->services[0] = '\0';
                return;
        case KEY_SUFFIX:
                realm->suffixes[0] = '\0';
                return;
        case KEY_LIST:
                realm->list[0] = '\0';
                return;
        case KEY_ISSUERS:
                realm->has_issuers = false;
                return;
        case _KEY_MAX:
                break;
        }
}

bool conf_realm_take(struct conf_realms *realms, struct conf_file *file, const char *name,
                     const char *value) {
        struct realm *realm = &realms->of[realms->current];
        unsigned *given = &realms->given[realms->current];
        enum key key = 0;

        while (key < _KEY_MAX && strcmp(keys[key], name) != 0)
                key++;
        if (key == _KEY_MAX)
                return wrong(file, CONF_FILE_NAME, 0, "unknown key in [Realm]", name,
                             "known are services, suffix, list and issuers");
        if (!(*given & 1U << key))
                forget(realm, key);
        else if (key == KEY_LIST || key == KEY_ISSUERS)
                return wrong(file, CONF_FILE_NAME, 0, "given twice", name,
                             "a realm has one of it, in one line");
        *given |= 1U << key;
        if (key == KEY_SERVICES)
                return take_services(file, realm, value);
        if (key == KEY_SUFFIX)
                return take_words(file, realm->suffixes, value, "bad suffix", why_no_suffix);
        return key == KEY_LIST ? take_list(file, realm, value) : take_issuers(file, realm, value);
}

/* --- All of them --- */

/* The first word of ${list} that ${other} has, too; false: none. */
static bool shared_word(const char *list, const char *other,
                        char ret[static WIRE_SERVICE_MAX + 1]) {
        while (*list) {
                size_t len = strcspn(list, " ");

                if (len <= WIRE_SERVICE_MAX) {
                        memcpy(ret, list, len);
                        ret[len] = '\0';
                        if (text_has_word(other, ret))
                                return true;
                }
                list += len;
                list += strspn(list, " ");
        }
        return false;
}

int conf_realm_check(const struct realm *realms, size_t n, char error[static ERROR_LEN]) {
        char word[WIRE_SERVICE_MAX + 1];

        for (size_t i = 0; i < n; i++) {
                if (realms[i].suffixes[0] && realms[i].list[0]) {
                        (void) snprintf(error, ERROR_LEN,
                                        "[Realm %s] has a suffix and a list: one of them says who "
                                        "its users are",
                                        realms[i].name);
                        return -EINVAL;
                }
                if (shared_word(realms[i].services, accounts_only, word)) {
                        (void) snprintf(error, ERROR_LEN,
                                        "[Realm %s] has the service '%s', which logs in accounts",
                                        realms[i].name, word);
                        return -EINVAL;
                }
                for (size_t other = 0; other < i; other++)
                        if (shared_word(realms[i].services, realms[other].services, word)) {
                                (void) snprintf(error, ERROR_LEN,
                                                "the service '%s' is in two realms, [Realm %s] and "
                                                "[Realm %s]: its keys could be of either",
                                                word, realms[other].name, realms[i].name);
                                return -EINVAL;
                        }
        }
        return 0;
}
