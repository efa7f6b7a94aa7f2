/* SPDX-License-Identifier: BSD-2-Clause */
/* The sections [Realm NAME] of a configuration, while it is read. */
#pragma once

#include "base/conf_file.h"
#include "base/realms.h"

/* Zeroed at first. */
struct conf_realms {
        size_t n;
        size_t current; /* whose section is read */
        struct realm of[REALMS_MAX];
        /* which keys this file has given; a bit for each */
        unsigned given[REALMS_MAX];
};

/**
 * conf_realm_begin_file(realms): another file begins. In each key of a realm it replaces what files
 * before it say.
 */
void conf_realm_begin_file(struct conf_realms *realms);

/**
 * conf_realm_begin(realms, file, name, offset): the section [Realm ${name}] begins; the name stands
 * ${offset} bytes into the section's. Returns whether that is right; conf_file_wrong() was called.
 * conf_realm_take(realms, file, name, value): a line of it. Likewise.
 */
bool conf_realm_begin(struct conf_realms *realms, struct conf_file *file, const char *name,
                      size_t offset);
bool conf_realm_take(struct conf_realms *realms, struct conf_file *file, const char *name,
                     const char *value);

/**
 * conf_realm_check(realms, n, error):
 * Whether the ${n} realms can stand together: none has suffixes and a list, no service is of two,
 * and none has a service that logs in accounts. 0; -EINVAL with a sentence in ${error}.
 */
int conf_realm_check(const struct realm *realms, size_t n,
                     char error[static ERROR_LEN]) _must_check_;
