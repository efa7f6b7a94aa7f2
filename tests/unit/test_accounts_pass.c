/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a pass over the accounts: the ways of the drawing, one by one, and then all the
 * ways that there are, compared with who would be at work. */
#include "unit.h"

#include "accounts/accounts_pass.h"

#define IDLE           ACCOUNTS_PASS_IDLE
#define READING        ACCOUNTS_PASS_READING
#define ASKING         ACCOUNTS_PASS_ASKING
#define ASKING_READING ACCOUNTS_PASS_ASKING_READING
#define WRITING        ACCOUNTS_PASS_WRITING
#define STOPPED        ACCOUNTS_PASS_STOPPED
#define END            ACCOUNTS_PASS_END
#define ASK            ACCOUNTS_PASS_ASK
#define WRITE          ACCOUNTS_PASS_WRITE
#define READ_FILES     ACCOUNTS_PASS_READ_FILES
#define READ_ALL       ACCOUNTS_PASS_READ_ALL

/* The list is empty; all of it was asked for; some are left. */
static const struct accounts_pass_list empty = {}, asked = { .any = true },
                                       left = { .left = true, .any = true };

static const struct row {
        const char *name;
        struct accounts_pass from;
        enum accounts_pass_event event;
        const struct accounts_pass_list *list;
        unsigned acts;
        struct accounts_pass to;
} rows[] = {
        { "a change begins a pass",
          { IDLE },
          ACCOUNTS_PASS_CHANGED,
          &empty,
          READ_FILES,
          { READING } },
        { "so does a look at everybody",
          { IDLE },
          ACCOUNTS_PASS_REFRESH,
          &empty,
          READ_ALL,
          { READING } },
        { "a change while reading",
          { READING },
          ACCOUNTS_PASS_CHANGED,
          &empty,
          0,
          { READING, true, false } },
        { "everybody while reading",
          { READING },
          ACCOUNTS_PASS_REFRESH,
          &empty,
          0,
          { READING, false, true } },
        { "nobody to ask", { READING }, ACCOUNTS_PASS_READ, &empty, END, { IDLE } },
        { "... and a change",
          { READING, true, false },
          ACCOUNTS_PASS_READ,
          &empty,
          END | READ_FILES,
          { READING } },
        { "... and everybody",
          { READING, true, true },
          ACCOUNTS_PASS_READ,
          &empty,
          END | READ_ALL,
          { READING } },
        { "some to ask", { READING }, ACCOUNTS_PASS_READ, &left, ASK, { ASKING } },
        { "some to ask, and a change",
          { READING, true, true },
          ACCOUNTS_PASS_READ,
          &left,
          ASK | READ_FILES,
          { ASKING_READING, false, true } },
        { "all answered meanwhile", { READING }, ACCOUNTS_PASS_READ, &asked, WRITE, { WRITING } },
        { "more to ask", { ASKING }, ACCOUNTS_PASS_ANSWERED, &left, ASK, { ASKING } },
        { "all answered",
          { ASKING, false, true },
          ACCOUNTS_PASS_ANSWERED,
          &asked,
          WRITE,
          { WRITING, false, true } },
        { "a change is read beside a helper",
          { ASKING },
          ACCOUNTS_PASS_CHANGED,
          &left,
          READ_FILES,
          { ASKING_READING } },
        { "everybody waits for it",
          { ASKING },
          ACCOUNTS_PASS_REFRESH,
          &left,
          0,
          { ASKING, false, true } },
        { "one reading at a time",
          { ASKING_READING },
          ACCOUNTS_PASS_CHANGED,
          &left,
          0,
          { ASKING_READING, true, false } },
        { "read beside a helper", { ASKING_READING }, ACCOUNTS_PASS_READ, &left, 0, { ASKING } },
        { "read, and changed again",
          { ASKING_READING, true, false },
          ACCOUNTS_PASS_READ,
          &left,
          READ_FILES,
          { ASKING_READING } },
        { "more to ask beside a reading",
          { ASKING_READING },
          ACCOUNTS_PASS_ANSWERED,
          &left,
          ASK,
          { ASKING_READING } },
        { "all answered beside a reading",
          { ASKING_READING },
          ACCOUNTS_PASS_ANSWERED,
          &asked,
          0,
          { READING } },
        { "a change while writing",
          { WRITING },
          ACCOUNTS_PASS_CHANGED,
          &asked,
          0,
          { WRITING, true, false } },
        { "written", { WRITING }, ACCOUNTS_PASS_WRITTEN, &asked, END, { IDLE } },
        { "written, and everybody waits",
          { WRITING, false, true },
          ACCOUNTS_PASS_WRITTEN,
          &asked,
          END | READ_ALL,
          { READING } },
        { "no reading", { READING, true, true }, ACCOUNTS_PASS_NOT_READ, &empty, END, { IDLE } },
        { "no reading beside a helper",
          { ASKING_READING },
          ACCOUNTS_PASS_NOT_READ,
          &left,
          0,
          { ASKING, true, false } },
        { "no helper", { ASKING }, ACCOUNTS_PASS_NOT_ASKED, &left, END, { IDLE } },
        { "no helper, and a change",
          { ASKING, true, false },
          ACCOUNTS_PASS_NOT_ASKED,
          &left,
          END | READ_FILES,
          { READING } },
        { "no helper beside a reading",
          { ASKING_READING },
          ACCOUNTS_PASS_NOT_ASKED,
          &left,
          END,
          { READING } },
        { "no writing",
          { WRITING, true, false },
          ACCOUNTS_PASS_NOT_WRITTEN,
          &asked,
          END,
          { IDLE } },
        { "the end",
          { ASKING_READING, true, true },
          ACCOUNTS_PASS_STOP,
          &left,
          0,
          { STOPPED, true, true } },
};

static void test_ways(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct row *row = &rows[i];
                struct accounts_pass pass = row->from;

                unit_int(row->name, accounts_pass_step(&pass, row->event, *row->list), row->acts);
                unit_int(row->name, pass.state, row->to.state);
                unit_int(row->name, pass.changed, row->to.changed);
                unit_int(row->name, pass.everybody, row->to.everybody);
        }
}

static void test_nothing_after_the_end(void **state) {
        (void) state;
        for (unsigned event = 0; event < _ACCOUNTS_PASS_EVENT_MAX; event++) {
                struct accounts_pass pass = { .state = STOPPED };

                assert_int_equal(accounts_pass_step(&pass, event, left), 0);
                assert_int_equal(pass.state, STOPPED);
        }
}

/* --- All the ways --- */

/* Who is at work, by the state. */
static bool has_helper(enum accounts_pass_state state) {
        return state == ASKING || state == ASKING_READING;
}

static bool is_read(enum accounts_pass_state state) {
        return state == READING || state == ASKING_READING;
}

/* Whether the event can come in the state. What was begun can also turn out not to have been. */
static bool can_come(enum accounts_pass_state state, enum accounts_pass_event event) {
        switch (event) {
        case ACCOUNTS_PASS_CHANGED:
        case ACCOUNTS_PASS_REFRESH:
        case ACCOUNTS_PASS_STOP:
                return true;
        case ACCOUNTS_PASS_READ:
        case ACCOUNTS_PASS_NOT_READ:
                return is_read(state);
        case ACCOUNTS_PASS_ANSWERED:
        case ACCOUNTS_PASS_NOT_ASKED:
                return has_helper(state);
        case ACCOUNTS_PASS_WRITTEN:
        case ACCOUNTS_PASS_NOT_WRITTEN:
                return state == WRITING;
        case _ACCOUNTS_PASS_EVENT_MAX:
                break;
        }
        return false;
}

/* Nobody is sent to work who is at work, and whoever is at work was sent. */
static void check(const struct accounts_pass *from, enum accounts_pass_event event,
                  struct accounts_pass_list list) {
        struct accounts_pass to = *from;
        unsigned acts = accounts_pass_step(&to, event, list);
        bool reading = is_read(from->state) && event != ACCOUNTS_PASS_READ &&
                       event != ACCOUNTS_PASS_NOT_READ;
        bool asking = has_helper(from->state) && event != ACCOUNTS_PASS_ANSWERED &&
                      event != ACCOUNTS_PASS_NOT_ASKED;
        bool writing = from->state == WRITING && event != ACCOUNTS_PASS_WRITTEN &&
                       event != ACCOUNTS_PASS_NOT_WRITTEN;
        bool reads = acts & (READ_FILES | READ_ALL);

        if (to.state == STOPPED)
                return;
        assert_in_range(to.state, IDLE, WRITING);
        assert_int_equal(is_read(to.state), reading || reads);
        assert_int_equal(has_helper(to.state), asking || (acts & ASK));
        assert_int_equal(to.state == WRITING, writing || (acts & WRITE));
        assert_false(reads && (reading || writing));
        assert_false((acts & ASK) && (asking || writing));
        assert_false((acts & WRITE) && (reading || asking || writing));
        /* somebody who is not asked for after all, or nobody to be asked */
        assert_false((acts & ASK) && !list.left);
        assert_false((acts & WRITE) && (list.left || !list.any));
        /* The list is dropped only when nobody uses it. */
        assert_false((acts & END) && (asking || writing));
        /* A change is not forgotten, but for the one that a look at everybody sees as well. */
        if (event == ACCOUNTS_PASS_CHANGED)
                assert_true(to.changed || reads);
        if (event == ACCOUNTS_PASS_REFRESH)
                assert_true(to.everybody || (acts & READ_ALL));
        /* Nobody rests while there is something to be read. */
        assert_false(to.state == IDLE && (to.changed || to.everybody));
}

static void test_nobody_is_at_work_twice(void **state) {
        const struct accounts_pass_list lists[] = { empty, asked, left };

        (void) state;
        for (unsigned from = IDLE; from < STOPPED; from++)
                for (unsigned event = 0; event < _ACCOUNTS_PASS_EVENT_MAX; event++)
                        for (unsigned wanted = 0; wanted < 4; wanted++)
                                for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
                                        struct accounts_pass pass = { from, wanted & 1,
                                                                      wanted & 2 };

                                        if (can_come(from, event) && (from != IDLE || wanted == 0))
                                                check(&pass, event, lists[i]);
                                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ways),
                cmocka_unit_test(test_nothing_after_the_end),
                cmocka_unit_test(test_nobody_is_at_work_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
