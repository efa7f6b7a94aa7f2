/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges names of realms and of their users. It knows no configuration and no locale. What a
 * service could read otherwise than we do is refused. */
#include <string.h>

#include "realm.h"
#include "text.h"

#define SMALL    "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS   "0123456789"
/* Not the slash: a service may make a path of the name. */
#define LOCAL  SMALL CAPITALS DIGITS "._-+=~"
#define DOMAIN SMALL CAPITALS DIGITS ".-"

static bool is_first(char c) {
        return c != '\0' && strchr(SMALL CAPITALS DIGITS "_", c);
}

bool realm_is_name(const char *text) {
        size_t len = strspn(text, SMALL DIGITS "-");

        return len > 0 && len <= REALM_NAME_MAX && text[len] == '\0' && strchr(SMALL, text[0]);
}

bool realm_is_suffix(const char *text) {
        size_t len;

        if (text[0] != '@' || !is_first(text[1]))
                return false;
        len = strspn(text + 1, DOMAIN);
        return len > 0 && text[1 + len] == '\0' && len < REALM_USER_MAX;
}

bool realm_is_user(const char *text) {
        size_t len = strspn(text, LOCAL);

        if (!is_first(text[0]) || strnlen(text, REALM_USER_MAX + 1) > REALM_USER_MAX)
                return false;
        return text[len] == '\0' || realm_is_suffix(text + len);
}

const char *realm_split(const char *owner, char ret[static REALM_NAME_MAX + 1]) {
        const char *colon = strchr(owner, ':');
        char name[REALM_NAME_MAX + 1] = {};

        if (!colon || (size_t) (colon - owner) > REALM_NAME_MAX)
                return NULL;
        memcpy(name, owner, (size_t) (colon - owner));
        if (!realm_is_name(name) || !realm_is_user(colon + 1) || strlen(owner) > WIRE_USER_MAX)
                return NULL;
        memcpy(ret, name, sizeof(name));
        return colon + 1;
}

bool realm_has_suffix(const char *user, const char *suffixes) {
        const char *at = strchr(user, '@');

        return realm_is_user(user) && at && text_has_word(suffixes, at);
}
