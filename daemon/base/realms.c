/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds realms and says what they have to do with a login. It reads no list and asks nobody. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/realms.h"
#include "text.h"

int realms_new(struct realms **ret, const struct realm *from, size_t n) {
        struct realms *realms = calloc(1, sizeof(*realms) + n * sizeof(*from));

        if (!realms)
                return -ENOMEM;
        realms->users = 1;
        realms->n = n;
        if (n > 0)
                memcpy(realms->of, from, n * sizeof(*from));
        *ret = realms;
        return 0;
}

struct realms *realms_ref(struct realms *realms) {
        if (realms)
                realms->users++;
        return realms;
}

struct realms *realms_unref(struct realms *realms) {
        if (realms && --realms->users == 0)
                free(realms);
        return NULL;
}

const struct realm *realms_find(const struct realms *realms, const char *name) {
        for (size_t i = 0; realms && i < realms->n; i++)
                if (strcmp(realms->of[i].name, name) == 0)
                        return &realms->of[i];
        return NULL;
}

const struct realm *realms_of_service(const struct realms *realms, const char *service) {
        for (size_t i = 0; realms && i < realms->n; i++)
                if (text_has_word(realms->of[i].services, service))
                        return &realms->of[i];
        return NULL;
}

/* A list decides by the row of the account, which accounts_look.c keeps. */
static bool can_have(const struct realm *realm, const char *owner) {
        char name[REALM_NAME_MAX + 1];
        const char *user = realm_split(owner, name);

        return user && strcmp(name, realm->name) == 0 &&
               (realm->list[0] || realm_has_suffix(user, realm->suffixes));
}

struct realm_facts realms_facts(const struct realms *realms, const struct key_record *key,
                                const char *service) {
        const struct realm *serves = NULL, *of = NULL;

        if (key && key->realm[0])
                of = realms_find(realms, key->realm);
        if (service)
                serves = realms_of_service(realms, service);
        else
                serves = of;
        return (struct realm_facts){ .accounts = !serves,
                                     .known = of,
                                     .named = of && can_have(of, key->owner),
                                     .served = of && of == serves };
}
