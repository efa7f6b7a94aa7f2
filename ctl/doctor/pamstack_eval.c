/* SPDX-License-Identifier: BSD-2-Clause */
/* Works out what a stack returns, by the rules of libpam/pam_dispatch.c. Asks no module: the
 * caller supplies the answers. */

#include "doctor/pamstack.h"

enum impression {
        IMPRESSION_NONE,
        IMPRESSION_GOOD,
        IMPRESSION_BAD,
};

struct outcome {
        enum impression impression;
        int code;
};

/* A walk through the lines of one type. */
struct eval {
        const struct pamstack *stack;
        enum pamstack_type type;
        size_t at; /* stack->n: behind the last line */
        struct outcome now;
        /* the outcome when a substack of that level began */
        struct outcome before[PAMSTACK_LEVEL_MAX];
};

static size_t find_next(const struct eval *e, size_t at) {
        do
                at++;
        while (at < e->stack->n && e->stack->lines[at].type != e->type);
        return at;
}

/* The level of the next line; -1 when this is the last one. */
static int next_level(const struct eval *e) {
        size_t next = find_next(e, e->at);

        return next < e->stack->n ? (int) e->stack->lines[next].level : -1;
}

/* Skips ${count} lines. A substack counts as one line. */
static void jump(struct eval *e, int count) {
        int level = (int) e->stack->lines[e->at].level;

        while (next_level(e) >= level && count > 0) {
                do
                        e->at = find_next(e, e->at);
                while (next_level(e) > level);
                count--;
        }
        if (count > 0) /* libpam: "bad jump in stack" */
                e->now = (struct outcome){ IMPRESSION_BAD, PAMSTACK_PERM_DENIED };
}

/* Ends this stack or substack. */
static void decide(struct eval *e) {
        int level = (int) e->stack->lines[e->at].level;

        while (next_level(e) >= level)
                e->at = find_next(e, e->at);
}

static void take_good(struct eval *e, int code, bool done) {
        struct outcome *now = &e->now;

        if (now->impression == IMPRESSION_NONE ||
            (now->impression == IMPRESSION_GOOD && now->code == PAMSTACK_SUCCESS))
                *now = (struct outcome){ IMPRESSION_GOOD, code };
        if (now->impression == IMPRESSION_GOOD && done)
                decide(e);
}

static void take_bad(struct eval *e, int code, bool die) {
        if (e->now.impression != IMPRESSION_BAD)
                e->now = (struct outcome){ IMPRESSION_BAD,
                                           code == PAMSTACK_IGNORE ? PAMSTACK_PERM_DENIED : code };
        if (die)
                decide(e);
}

static void take_answer(struct eval *e, int code) {
        const struct pamstack_line *line = &e->stack->lines[e->at];
        int action;

        if (code < 0 || code >= PAMSTACK_CODES) {
                take_bad(e, PAMSTACK_PERM_DENIED, false);
                return;
        }
        action = line->actions[code];
        if (action > 0)
                jump(e, action);
        else if (action == PAMSTACK_DO_OK || action == PAMSTACK_DO_DONE)
                take_good(e, code, action == PAMSTACK_DO_DONE);
        else if (action == PAMSTACK_DO_RESET)
                e->now = e->before[line->level];
        else if (action != PAMSTACK_DO_IGNORE)
                take_bad(e, code, action == PAMSTACK_DO_DIE);
}

int pamstack_eval(const struct pamstack *stack, enum pamstack_type type,
                  int (*answer)(const struct pamstack_line *line, void *userdata), void *userdata) {
        struct eval e = { .stack = stack,
                          .type = type,
                          .now = { IMPRESSION_NONE, PAMSTACK_PERM_DENIED } };
        unsigned level = 0;

        if (stack->dead)
                return PAMSTACK_ABORT;
        e.before[0] = e.now;
        for (e.at = find_next(&e, SIZE_MAX); e.at < stack->n; e.at = find_next(&e, e.at)) {
                const struct pamstack_line *line = &stack->lines[e.at];

                if (level < line->level)
                        e.before[line->level] = e.now;
                level = line->level;
                if (!line->substack)
                        take_answer(&e,
                                    line->broken ? PAMSTACK_PERM_DENIED : answer(line, userdata));
        }
        return e.now.code == PAMSTACK_SUCCESS && e.now.impression != IMPRESSION_GOOD
                       ? PAMSTACK_PERM_DENIED
                       : e.now.code;
}
