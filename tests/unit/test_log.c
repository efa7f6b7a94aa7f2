/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines that come out of the log, from one thread or several, and that no caller waits for
 * them. What a line says is not known here. */
#include <pthread.h>

#include "unit_log.h"

#include "base/log.h"

#define LOST_LINES 6000
#define THREADS    4
#define PER_THREAD 200

/* On a busy machine a reader may need longer than log_stop() waits. */
static void stop(void) {
        while (log_stop() < 0)
                continue;
}

static int begin(void **state) {
        struct unit_capture *c = calloc(1, sizeof(*c));

        *state = c;
        return c ? unit_capture_begin(c) : -1;
}

static int end(void **state) {
        int r;

        log_set_debug(false);
        stop();
        r = unit_capture_end(*state);
        free(*state);
        return r;
}

/* Ends the log. Returns what came out of it. */
static const char *output(struct unit_capture *c) {
        stop();
        return unit_capture_text(c);
}

static void test_a_line_is_its_message(void **state) {
        log_line(LOG_NOTICE, "%u keys, '%s'", 7U, "x");
        log_line(LOG_ERR, "%s", "");
        assert_string_equal(output(*state), "wfapikeyd: 7 keys, 'x'\nwfapikeyd: \n");
}

static void test_fields_are_for_the_journal_alone(void **state) {
        struct log_entry entry;

        log_begin(&entry, LOG_INFO, "accepted %s", "it");
        log_add(&entry, "WFA_USER", "alice");
        log_end(&entry);
        assert_string_equal(output(*state), "wfapikeyd: accepted it\n");
}

static void test_debug_lines_are_written_when_asked_for(void **state) {
        log_line(LOG_DEBUG, "hidden");
        log_set_debug(true);
        log_line(LOG_DEBUG, "shown");
        log_set_debug(false);
        log_line(LOG_DEBUG, "hidden");
        assert_string_equal(output(*state), "wfapikeyd: shown\n");
}

static void test_a_stream_that_is_not_ours_is_not_the_journal(void **state) {
        /* The person who runs this may have one. It is not our file either. */
        assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
        log_line(LOG_NOTICE, "to stderr");
        assert_string_equal(output(*state), "wfapikeyd: to stderr\n");
}

/* --- Entries --- */

static const char *field(const struct log_entry *entry, size_t i) {
        assert_in_range(i, 0, entry->n_fields - 1);
        return entry->text + entry->at[i];
}

static void test_values_are_escaped(void **state) {
        struct log_entry entry;

        (void) state;
        log_begin(&entry, LOG_INFO, "m");
        log_add(&entry, "A", "a\nPRIORITY=0");
        log_add(&entry, "B", "\x1b[2J");
        log_add(&entry, "C", "it's \xc3\xa9");
        log_add(&entry, "D", "");
        assert_int_equal(entry.priority, LOG_INFO);
        assert_int_equal(entry.n_fields, 5);
        assert_string_equal(field(&entry, 0), "MESSAGE=m");
        assert_string_equal(field(&entry, 1), "A=a\\x0aPRIORITY=0");
        assert_string_equal(field(&entry, 2), "B=\\x1b[2J");
        assert_string_equal(field(&entry, 3), "C=it\\x27s \xc3\xa9");
        assert_string_equal(field(&entry, 4), "D=");
}

static void check_entry(const char *row, const struct log_entry *entry) {
        size_t used = 0;

        unit_int(row, entry->n_fields <= LOG_FIELDS_MAX, true);
        unit_int(row, entry->used <= sizeof(entry->text), true);
        for (size_t i = 0; i < entry->n_fields; i++) {
                unit_int(row, entry->at[i], used);
                used += strlen(entry->text + used) + 1;
                unit_int(row, strchr(field(entry, i), '=') != NULL, true);
        }
        unit_int(row, entry->used, used);
}

static void test_what_does_not_fit_is_left_out(void **state) {
        struct log_entry entry;

        (void) state;
        log_begin(&entry, LOG_INFO, "m");
        for (unsigned i = 0; i < 2 * LOG_FIELDS_MAX; i++) {
                log_add(&entry, "NAME", "value");
                check_entry("many fields", &entry);
        }
        assert_int_equal(entry.n_fields, LOG_FIELDS_MAX);
}

/* Every length around the room that there is, of message and fields. */
static void test_long_texts_stay_inside(void **state) {
        char *text = malloc(2 * LOG_TEXT_MAX + 1);

        (void) state;
        assert_non_null(text);
        for (size_t len = 0; len <= 2 * LOG_TEXT_MAX; len += len > 900 && len < 1100 ? 1 : 37) {
                struct log_entry entry;

                memset(text, '\n', len);
                text[len] = '\0';
                unit_poison(&entry, sizeof(entry));
                log_begin(&entry, LOG_INFO, "%s", text);
                check_entry("message", &entry);
                for (unsigned i = 0; i < 4; i++) {
                        log_add(&entry, "A", text);
                        log_add(&entry, "A_LONGER_NAME", text);
                        check_entry("fields", &entry);
                }
                text[len] = 'x';
        }
        free(text);
}

static void test_a_long_message_leaves_room_for_fields(void **state) {
        struct log_entry entry;
        char text[2 * LOG_TEXT_MAX];

        (void) state;
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        log_begin(&entry, LOG_INFO, "%s", text);
        log_add(&entry, "WFA_USER", "alice");
        assert_int_equal(entry.n_fields, 2);
        assert_string_equal(field(&entry, 1), "WFA_USER=alice");
}

/* --- The thread --- */

static void test_the_thread_writes_in_order_and_to_the_end(void **state) {
        const char *text;
        unsigned i = 0;

        assert_int_equal(log_start(), 0);
        for (; i < 1000; i++)
                log_line(LOG_INFO, "line %u", i);
        text = output(*state);
        for (i = 0; i < 1000; i++) {
                char want[32];

                (void) snprintf(want, sizeof(want), "wfapikeyd: line %u\n", i);
                assert_memory_equal(text, want, strlen(want));
                text += strlen(want);
        }
        assert_string_equal(text, "");
}

static void test_stopping_without_a_thread_is_harmless(void **state) {
        stop();
        assert_int_equal(log_start(), 0);
        log_line(LOG_INFO, "first");
        stop();
        stop();
        assert_int_equal(log_start(), 0);
        log_line(LOG_INFO, "second");
        stop();
        log_line(LOG_INFO, "third");
        assert_string_equal(output(*state),
                            "wfapikeyd: first\nwfapikeyd: second\nwfapikeyd: third\n");
}

static void *write_lines(void *userdata) {
        unsigned thread = *(unsigned *) userdata;

        for (unsigned i = 0; i < PER_THREAD; i++)
                log_line(LOG_INFO, "thread %u line %u", thread, i);
        return NULL;
}

static void test_lines_of_several_threads_are_whole_and_all_there(void **state) {
        unsigned numbers[THREADS], next[THREADS] = {}, thread, line;
        pthread_t threads[THREADS];
        const char *text;
        int used;

        assert_int_equal(log_start(), 0);
        for (unsigned i = 0; i < THREADS; i++) {
                numbers[i] = i;
                assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (text = output(*state); *text; text += used) {
                used = 0;
                assert_int_equal(
                        sscanf(text, "wfapikeyd: thread %u line %u\n%n", &thread, &line, &used), 2);
                assert_in_range(thread, 0, THREADS - 1);
                assert_int_equal(line, next[thread]++);
        }
        for (unsigned i = 0; i < THREADS; i++)
                assert_int_equal(next[i], PER_THREAD);
}

/* --- A reader of the log that does not read --- */

struct pipe {
        int from, to;
};

static void *pump(void *userdata) {
        const struct pipe *pipe = userdata;
        char bytes[4096];
        ssize_t n;

        while ((n = read(pipe->from, bytes, sizeof(bytes))) > 0)
                if (write(pipe->to, bytes, (size_t) n) != n)
                        break;
        return NULL;
}

/* Reads the log from now on, and ends it. Returns what came out of it. */
static const char *output_of_pipe(struct unit_capture *c, int from) {
        struct pipe pipe = { .from = from, .to = c->file };
        pthread_t reader;

        assert_int_equal(pthread_create(&reader, NULL, pump, &pipe), 0);
        stop();
        /* the last writer of the pipe */
        assert_int_equal(dup2(c->file, STDERR_FILENO), STDERR_FILENO);
        assert_int_equal(pthread_join(reader, NULL), 0);
        assert_int_equal(close(from), 0);
        return unit_capture_text(c);
}

static int begin_unread(void) {
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
        assert_int_equal(close(ends[1]), 0);
        assert_int_equal(log_start(), 0);
        return ends[0];
}

/* Nobody reads the pipe, so the thread is stuck. The lines that find no place are counted, and
 * nothing else waits. */
static void test_what_is_lost_is_counted_and_nobody_waits(void **state) {
        unsigned lines = 0, lost = 0, n, last = 0;
        struct unit_capture *c = *state;
        int from = begin_unread();

        for (unsigned i = 1; i <= LOST_LINES; i++)
                log_line(LOG_INFO,
                         "line %u of many, long enough to fill a pipe of 64 KiB soon %060u", i, 0U);
        for (const char *text = output_of_pipe(c, from); *text; text = strchr(text, '\n') + 1)
                if (sscanf(text, "wfapikeyd: line %u of", &n) == 1) {
                        assert_int_equal(n > last, true);
                        last = n;
                        lines++;
                } else {
                        assert_int_equal(sscanf(text, "wfapikeyd: %u log lines were lost", &n), 1);
                        lost += n;
                }
        assert_in_range(lines, 2048, LOST_LINES - 1);
        assert_int_equal(lines + lost, LOST_LINES);
}

static void test_the_end_waits_for_no_reader(void **state) {
        unsigned lines = 0;
        int from = begin_unread();

        for (unsigned i = 0; i < 1000; i++)
                log_line(LOG_INFO, "line %u, long enough to fill a pipe of 64 KiB %0100u", i, 0U);
        assert_int_equal(log_stop(), -ETIMEDOUT);
        assert_int_equal(log_stop(), -ETIMEDOUT);
        /* It has lost nothing. */
        for (const char *text = output_of_pipe(*state, from); *text; text = strchr(text, '\n') + 1)
                lines++;
        assert_int_equal(lines, 1000);
}

#define test_output(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_output(test_a_line_is_its_message),
                test_output(test_fields_are_for_the_journal_alone),
                test_output(test_debug_lines_are_written_when_asked_for),
                test_output(test_a_stream_that_is_not_ours_is_not_the_journal),
                cmocka_unit_test(test_values_are_escaped),
                cmocka_unit_test(test_what_does_not_fit_is_left_out),
                cmocka_unit_test(test_long_texts_stay_inside),
                cmocka_unit_test(test_a_long_message_leaves_room_for_fields),
                test_output(test_the_thread_writes_in_order_and_to_the_end),
                test_output(test_stopping_without_a_thread_is_harmless),
                test_output(test_lines_of_several_threads_are_whole_and_all_there),
                test_output(test_what_is_lost_is_counted_and_nobody_waits),
                test_output(test_the_end_waits_for_no_reader),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
