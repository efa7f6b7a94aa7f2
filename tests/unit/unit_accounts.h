/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is who, without asking anybody: accounts_ask() as the tests want it, wrapped at link time. */
#pragma once

#include "unit.h"

#include "accounts/accounts.h"

/* What the next question is answered with, when it is not 0. */
static int unit_accounts_error;
/* what else is known of those that are there */
static struct account_record unit_accounts_as;

/* The answer for a user: those of a host of our own making are there, others are not. */
static inline struct account_record unit_accounts_look(const char *name) {
        static const struct account_record users[] = {
                { .name = "alice", .state = ACCOUNT_PRESENT, .uid = 1001, .local = true },
                { .name = "bob", .state = ACCOUNT_PRESENT, .uid = 1002, .local = true },
                { .name = "postgres", .state = ACCOUNT_PRESENT, .uid = 110, .local = true },
        };

        for (size_t i = 0; i < ARRAY_LEN(users); i++)
                if (strcmp(users[i].name, name) == 0) {
                        struct account_record account = unit_accounts_as;

                        memcpy(account.name, name, strlen(name) + 1);
                        account.state = users[i].state;
                        account.uid = users[i].uid;
                        return account;
                }
        return (struct account_record){ .state = ACCOUNT_GONE };
}

int __wrap_accounts_ask(struct accounts *a, const char *const *names, size_t n,
                        void (*done)(int r, const struct account_record *accounts, void *userdata),
                        void *userdata);

/* Answers at once, which the real one does not. */
int __wrap_accounts_ask(struct accounts *a, const char *const *names, size_t n,
                        void (*done)(int r, const struct account_record *accounts, void *userdata),
                        void *userdata) {
        struct account_record accounts[ACCOUNTS_ASK_NAMES];

        (void) a;
        for (size_t i = 0; i < n; i++)
                accounts[i] = unit_accounts_look(names[i]);
        done(unit_accounts_error, unit_accounts_error < 0 ? NULL : accounts, userdata);
        return 0;
}
