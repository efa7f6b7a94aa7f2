/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a method, read from messages that never go over a bus. */
#include "unit.h"

#include <sys/socket.h>

#include "control/control_issue.h"
#include "control/control_options.h"

struct tried_call {
        struct control_call call;
        char text[9];
        char words[32];
        bool yes;
        uint32_t few;
        uint64_t many;
        int64_t at, any;
        char after[9];
        char id[KEYTEXT_ID_LEN + 1];
};

/* A word that begins with a dot will not do. */
static void take_word(struct control_call *call, const struct control_option *option,
                      const char *value, void *out) {
        size_t used = strlen(out);

        if (value[0] == '.')
                control_fail(call, CONTROL_NO_SUCH_USER, "no dots");
        else
                (void) snprintf((char *) out + used, option->size - used, "%s;", value);
}

#define TO(member) CONTROL_OPTION_TO(struct tried_call, member)

static const struct control_option options[] = {
        { "text", "s", TO(text) }, { "words", "as", TO(words), .max = 3, .take = take_word },
        { "yes", "b", TO(yes) },   { "few", "u", TO(few), .min = 1, .max = 10 },
        { "many", "t", TO(many) }, { "at", "x", TO(at), .min = 1, .max = INT64_MAX },
        { "any", "x", TO(any) },   { "after", "s", TO(after), .take = take_word },
};

static int connect_bus(void **state) {
        sd_bus *bus = NULL;
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || sd_bus_new(&bus) < 0 ||
            sd_bus_set_fd(bus, fds[0], fds[0]) < 0 || sd_bus_start(bus) < 0)
                return -1;
        (void) close(fds[1]);
        *state = bus;
        return 0;
}

static int drop_bus(void **state) {
        sd_bus_close(*state);
        sd_bus_unref(*state);
        return 0;
}

/* As it is when it has come. */
static sd_bus_message *message_of(sd_bus *bus, const char *types, va_list ap) {
        sd_bus_message *m = NULL;

        unit_succeeds("new", sd_bus_message_new_method_call(bus, &m, "a.b", "/a", "a.b", "C"));
        unit_succeeds("append", sd_bus_message_appendv(m, types, ap));
        unit_succeeds("seal", sd_bus_message_seal(m, 1, 0));
        unit_succeeds("rewind", sd_bus_message_rewind(m, true));
        return m;
}

static sd_bus_message *message_with(sd_bus *bus, const char *types, ...) {
        sd_bus_message *m;
        va_list ap;

        va_start(ap, types);
        m = message_of(bus, types, ap);
        va_end(ap);
        return m;
}

static int read_it(sd_bus *bus, struct tried_call *tried, const char *types, ...) {
        sd_bus_message *m;
        va_list ap;
        int r;

        va_start(ap, types);
        m = message_of(bus, types, ap);
        va_end(ap);
        r = control_options_read(&tried->call, m, options, ARRAY_LEN(options));
        if (r >= 0 && tried->call.error == CONTROL_OK)
                unit_int(types, sd_bus_message_at_end(m, true), 1);
        sd_bus_message_unref(m);
        return r;
}

static void test_each_goes_to_its_place(void **state) {
        struct tried_call tried = {};

        unit_int("all",
                 read_it(*state, &tried, "a{sv}", 8, "any", "x", INT64_C(-5), "text", "s",
                         "12345678", "words", "as", 3, "a", "bc", "", "yes", "b", 1, "few", "u", 10,
                         "many", "t", UINT64_MAX, "at", "x", INT64_C(1), "after", "s", "x"),
                 0);
        assert_string_equal(tried.call.error_text, "");
        assert_string_equal(tried.text, "12345678");
        assert_string_equal(tried.words, "a;bc;;");
        assert_true(tried.yes);
        assert_int_equal(tried.few, 10);
        assert_true(tried.many == UINT64_MAX);
        assert_int_equal(tried.at, 1);
        assert_int_equal(tried.any, -5);
        assert_string_equal(tried.after, "x;");
}

static void test_what_is_not_there_stays_as_it_was(void **state) {
        struct tried_call tried = { .text = "as was", .few = 7, .yes = true };

        unit_int("none", read_it(*state, &tried, "a{sv}", 0), 0);
        unit_int("some", read_it(*state, &tried, "a{sv}", 2, "yes", "b", 0, "words", "as", 0), 0);
        assert_int_equal(tried.call.error, CONTROL_OK);
        assert_string_equal(tried.text, "as was");
        assert_int_equal(tried.few, 7);
        assert_false(tried.yes);
        assert_string_equal(tried.words, "");
}

/* A call that fails with this text; what follows is not looked at. */
#define refused(bus, text_, n, ...)                                                                \
        do {                                                                                       \
                struct tried_call tried_ = {};                                                     \
                                                                                                   \
                unit_int(text_,                                                                    \
                         read_it((bus), &tried_, "a{sv}", (n) + 1, __VA_ARGS__, "any", "x",        \
                                 INT64_C(3)),                                                      \
                         0);                                                                       \
                unit_int(text_, tried_.call.error, CONTROL_INVALID_ARGUMENT);                      \
                unit_str(text_, tried_.call.error_text, text_);                                    \
                unit_int(text_, tried_.any, 0);                                                    \
        } while (0)

static void test_an_option_that_nobody_knows(void **state) {
        refused(*state,
                "Unknown option 'colour': known are text, words, yes, few, many, at, any, after.",
                1, "colour", "s", "red");
        refused(*state,
                "Unknown option 'Text\\x0a': known are text, words, yes, few, many, at, any, "
                "after.",
                2, "text", "s", "a", "Text\n", "a{sv}", 0);
        refused(*state, "Unknown option '': known are text, words, yes, few, many, at, any, after.",
                1, "", "y", 1);
}

static void test_an_option_of_another_type(void **state) {
        refused(*state, "The option 'text' has the type s, and not as.", 1, "text", "as", 0);
        refused(*state, "The option 'text' has the type s, and not o.", 1, "text", "o", "/");
        refused(*state, "The option 'words' has the type as, and not s.", 1, "words", "s", "a");
        refused(*state, "The option 'words' has the type as, and not ao.", 1, "words", "ao", 0);
        refused(*state, "The option 'yes' has the type b, and not s.", 1, "yes", "s", "yes");
        refused(*state, "The option 'few' has the type u, and not i.", 1, "few", "i", 1);
        refused(*state, "The option 'many' has the type t, and not x.", 1, "many", "x", INT64_C(1));
        refused(*state, "The option 'at' has the type x, and not v.", 1, "at", "v", "x",
                INT64_C(1));
}

static void test_an_option_that_comes_twice(void **state) {
        refused(*state, "The option 'yes' came twice.", 2, "yes", "b", 1, "yes", "b", 1);
        refused(*state, "The option 'after' came twice.", 3, "after", "s", "a", "yes", "b", 1,
                "after", "as", 0);
}

static void test_a_value_that_will_not_do(void **state) {
        refused(*state, "That text is too long: at most 8 bytes.", 1, "text", "s", "123456789");
        refused(*state, "Too many words: at most 3.", 1, "words", "as", 4, "a", "b", "c", "d");
        refused(*state, "The option 'few' is a number from 1 to 10.", 1, "few", "u", 0);
        refused(*state, "The option 'few' is a number from 1 to 10.", 1, "few", "u", 11);
        refused(*state, "The option 'at' is a number from 1 to 9223372036854775807.", 1, "at", "x",
                INT64_C(0));
}

static void test_what_a_row_itself_refuses(void **state) {
        struct tried_call tried = {};

        unit_int("text", read_it(*state, &tried, "a{sv}", 1, "after", "s", ".a"), 0);
        assert_int_equal(tried.call.error, CONTROL_NO_SUCH_USER);
        tried = (struct tried_call){};
        unit_int("texts", read_it(*state, &tried, "a{sv}", 1, "words", "as", 3, "a", ".b", "c"), 0);
        assert_int_equal(tried.call.error, CONTROL_NO_SUCH_USER);
        assert_string_equal(tried.words, "a;");
}

static void test_a_call_that_has_failed_reads_nothing(void **state) {
        struct tried_call tried = {};

        control_fail(&tried.call, CONTROL_BUSY, "before");
        unit_int("failed", read_it(*state, &tried, "a{sv}", 1, "colour", "s", "red"), 0);
        assert_int_equal(tried.call.error, CONTROL_BUSY);
        assert_string_equal(tried.call.error_text, "before");
}

static void test_another_message_is_an_error_of_the_bus(void **state) {
        struct tried_call tried = {};

        unit_int("string", read_it(*state, &tried, "s", "text"), -ENXIO);
        unit_int("other", read_it(*state, &tried, "a{ss}", 1, "text", "a"), -ENXIO);
        assert_int_equal(tried.call.error, CONTROL_OK);
}

static void fails(struct tried_call *tried, const char *value, const char *text,
                  void (*take)(struct control_call *call, const struct control_option *option,
                               const char *value, void *out)) {
        *tried = (struct tried_call){};
        take(&tried->call, &options[0], value, tried->text);
        unit_int(value, tried->call.error, text ? CONTROL_INVALID_ARGUMENT : CONTROL_OK);
        unit_str(value, tried->text, text ? "" : value);
        if (text)
                unit_str(value, tried->call.error_text, text);
}

static void test_what_rows_share(void **state) {
        struct tried_call tried;

        (void) state;
        fails(&tried, "12345678", NULL, control_options_take);
        fails(&tried, "", NULL, control_options_take);
        fails(&tried, "alice", NULL, control_options_take_user);
        fails(&tried, "", "That is no user name: 1 to 8 bytes.", control_options_take_user);
        fails(&tried, "123456789", "That is no user name: 1 to 8 bytes.",
              control_options_take_user);
        fails(&tried, "a b", NULL, control_options_take_label);
        fails(&tried, "a\nb",
              "That text will not do: 1 to 8 bytes of UTF-8 without control characters, and no key "
              "in it.",
              control_options_take_label);
}

static void test_an_id(void **state) {
        static const struct control_option option = { "id", "s", TO(id) };
        struct tried_call tried = {};

        (void) state;
        control_options_take_id(&tried.call, &option, "0123456789", tried.id);
        assert_int_equal(tried.call.error, CONTROL_OK);
        assert_string_equal(tried.id, "0123456789");
        control_options_take_id(&tried.call, &option, "01234567890", tried.id);
        assert_int_equal(tried.call.error, CONTROL_INVALID_ARGUMENT);
        assert_string_equal(tried.id, "0123456789");
}

#define test_with_bus(f) cmocka_unit_test_setup_teardown(f, connect_bus, drop_bus)

static struct control_issue_call read_source(sd_bus *bus, const char *source) {
        struct control_issue_call ours = {};
        sd_bus_message *m = message_with(bus, "a{sv}", 1, "source", "s", source);

        unit_int(source, control_issue_parse_options(&ours, m, true), 0);
        unit_int(source, ours.call.error, CONTROL_OK);
        sd_bus_message_unref(m);
        return ours;
}

/* Else a client would have the wrong passwords of as many askers as its address has texts. */
static void test_an_address_is_one_source(void **state) {
        static const struct {
                const char *given, *source;
        } rows[] = {
                { "192.0.2.7", "192.0.2.7" },
                { "::ffff:192.0.2.7", "192.0.2.7" },
                { "::FFFF:c000:0207", "192.0.2.7" },
                { "0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7" },
                { "2001:db8::1", "2001:db8::/64" },
                { "2001:0DB8:0:0:1::", "2001:db8::/64" },
                { "fe80::1%eth0", "fe80::/64" },
                { "host.example", "host.example" },
                { "", "" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_str(rows[i].given, read_source(*state, rows[i].given).source, rows[i].source);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_with_bus(test_each_goes_to_its_place),
                test_with_bus(test_what_is_not_there_stays_as_it_was),
                test_with_bus(test_an_option_that_nobody_knows),
                test_with_bus(test_an_option_of_another_type),
                test_with_bus(test_an_option_that_comes_twice),
                test_with_bus(test_a_value_that_will_not_do),
                test_with_bus(test_what_a_row_itself_refuses),
                test_with_bus(test_a_call_that_has_failed_reads_nothing),
                test_with_bus(test_another_message_is_an_error_of_the_bus),
                test_with_bus(test_an_address_is_one_source),
                cmocka_unit_test(test_what_rows_share),
                cmocka_unit_test(test_an_id),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
