/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a pass over the accounts and the ways between them. It knows no files, no helpers
 * and no store, and does nothing by itself.
 *
 *           changed, refresh            some to ask              changed
 *     IDLE -----------------> READING --------------> ASKING ---------------> ASKING_READING
 *      ^                      |  |  ^                  |   ^                     |     |
 *      |    nobody to ask     |  |  |                  |   |        read         |     |
 *      +----------------------+  |  |                  |   +---------------------+     |
 *      |                         |  |    all answered  |                               |
 *      |                         |  +------------------|-------------------------------+
 *      |            all answered |                     | all answered
 *      |                         v                     |
 *      +--------------------- WRITING <----------------+
 *              written
 *
 * A pass begins with the files. It goes on with directories as long as a user on the list has not
 * been asked for, and ends when the answers are written. A change of the files is read while a
 * helper asks, because a directory that hangs must not hold the change up. The users that it adds
 * go to the end of the list. A look at everybody begins in IDLE only. Otherwise each look would put
 * everybody on the list again. IDLE is left at once when something is to be read. When a step
 * cannot be begun, the pass ends. STOPPED can be reached from every state, and is not left. */
#include "accounts/accounts_pass.h"

static unsigned read_files(struct accounts_pass *pass, enum accounts_pass_state state) {
        pass->changed = false;
        pass->state = state;
        return ACCOUNTS_PASS_READ_FILES;
}

static unsigned rest(struct accounts_pass *pass) {
        bool everybody = pass->everybody;

        pass->state = ACCOUNTS_PASS_IDLE;
        if (!pass->changed && !everybody)
                return 0;
        pass->everybody = false;
        (void) read_files(pass, ACCOUNTS_PASS_READING);
        return everybody ? ACCOUNTS_PASS_READ_ALL : ACCOUNTS_PASS_READ_FILES;
}

static unsigned end(struct accounts_pass *pass) {
        return ACCOUNTS_PASS_END | rest(pass);
}

static unsigned look_beside(struct accounts_pass *pass) {
        return pass->changed ? read_files(pass, ACCOUNTS_PASS_ASKING_READING) : 0;
}

/* Neither a helper nor the writer thread is at work for the pass now. */
static unsigned go_on(struct accounts_pass *pass, struct accounts_pass_list list) {
        if (list.left) {
                pass->state = ACCOUNTS_PASS_ASKING;
                return ACCOUNTS_PASS_ASK | look_beside(pass);
        }
        if (!list.any)
                return end(pass);
        pass->state = ACCOUNTS_PASS_WRITING;
        return ACCOUNTS_PASS_WRITE;
}

static unsigned on_wanted(struct accounts_pass *pass) {
        if (pass->state == ACCOUNTS_PASS_IDLE)
                return rest(pass);
        return pass->state == ACCOUNTS_PASS_ASKING ? look_beside(pass) : 0;
}

static unsigned on_read(struct accounts_pass *pass, struct accounts_pass_list list) {
        if (pass->state != ACCOUNTS_PASS_ASKING_READING)
                return go_on(pass, list);
        pass->state = ACCOUNTS_PASS_ASKING;
        return look_beside(pass);
}

/* accounts.c looks at everybody again after a while. A helper that is at work goes on. */
static unsigned on_not_read(struct accounts_pass *pass) {
        if (pass->state == ACCOUNTS_PASS_ASKING_READING) {
                pass->state = ACCOUNTS_PASS_ASKING;
                pass->changed = true;
                return 0;
        }
        *pass = (struct accounts_pass){};
        return ACCOUNTS_PASS_END;
}

static unsigned on_answered(struct accounts_pass *pass, struct accounts_pass_list list) {
        if (pass->state == ACCOUNTS_PASS_ASKING)
                return go_on(pass, list);
        if (list.left)
                return ACCOUNTS_PASS_ASK;
        pass->state = ACCOUNTS_PASS_READING;
        return 0;
}

/* The list is dropped. What the writer thread reads meanwhile makes the next list. */
static unsigned on_not_asked(struct accounts_pass *pass) {
        if (pass->state == ACCOUNTS_PASS_ASKING)
                return end(pass);
        pass->state = ACCOUNTS_PASS_READING;
        return ACCOUNTS_PASS_END;
}

unsigned accounts_pass_step(struct accounts_pass *pass, enum accounts_pass_event event,
                            struct accounts_pass_list list) {
        if (pass->state == ACCOUNTS_PASS_STOPPED)
                return 0;
        switch (event) {
        case ACCOUNTS_PASS_CHANGED:
                pass->changed = true;
                return on_wanted(pass);
        case ACCOUNTS_PASS_REFRESH:
                pass->everybody = true;
                return on_wanted(pass);
        case ACCOUNTS_PASS_READ:
                return on_read(pass, list);
        case ACCOUNTS_PASS_NOT_READ:
        case ACCOUNTS_PASS_NOT_WRITTEN:
                return on_not_read(pass);
        case ACCOUNTS_PASS_ANSWERED:
                return on_answered(pass, list);
        case ACCOUNTS_PASS_NOT_ASKED:
                return on_not_asked(pass);
        case ACCOUNTS_PASS_WRITTEN:
                return end(pass);
        case ACCOUNTS_PASS_STOP:
        case _ACCOUNTS_PASS_EVENT_MAX:
                break;
        }
        pass->state = ACCOUNTS_PASS_STOPPED;
        return 0;
}
