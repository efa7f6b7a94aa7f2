/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and CIDR blocks: literal ones only, each with one meaning. No name is looked up. */
#include "unit.h"

#include "network.h"

/* A text that is read, and how it is written again. */
static const struct {
        const char *text, *shown;
        unsigned bits, prefix;
} good[] = {
        { "10.0.0.1", "10.0.0.1", 32, 32 },
        { "10.0.0.1/32", "10.0.0.1", 32, 32 },
        { "0.0.0.0", "0.0.0.0", 32, 32 },
        { "0.0.0.0/0", "0.0.0.0/0", 32, 0 },
        { "128.0.0.0/1", "128.0.0.0/1", 32, 1 },
        { "10.0.0.0/8", "10.0.0.0/8", 32, 8 },
        { "172.16.0.0/12", "172.16.0.0/12", 32, 12 },
        { "192.0.2.254/31", "192.0.2.254/31", 32, 31 },
        { "255.255.255.255", "255.255.255.255", 32, 32 },
        { "::", "::", 128, 128 },
        { "::/0", "::/0", 128, 0 },
        { "::1", "::1", 128, 128 },
        { "::1/128", "::1", 128, 128 },
        { "8000::/1", "8000::/1", 128, 1 },
        { "2001:DB8::A", "2001:db8::a", 128, 128 },
        { "2001:0db8:0000:0000:0000:0000:0000:000a", "2001:db8::a", 128, 128 },
        { "2001:db8::/32", "2001:db8::/32", 128, 32 },
        { "fe80::/10", "fe80::/10", 128, 10 },
        { "2001:db8::2/127", "2001:db8::2/127", 128, 127 },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", 128, 127 },
        /* not IPv4: these addresses of IPv6 mean themselves */
        { "64:ff9b::192.0.2.1", "64:ff9b::c000:201", 128, 128 },
        /* IPv4, written in the longer form */
        { "::ffff:10.0.0.1", "10.0.0.1", 32, 32 },
        { "::ffff:a00:1", "10.0.0.1", 32, 32 },
        { "::FFFF:10.0.0.1/128", "10.0.0.1", 32, 32 },
        { "::ffff:10.0.0.0/104", "10.0.0.0/8", 32, 8 },
        { "::ffff:0:0/96", "0.0.0.0/0", 32, 0 },
};

static const struct {
        const char *text;
        int error;
} bad[] = {
        { "10.0.0.1/8", -ERANGE },
        { "10.0.0.1/31", -ERANGE },
        { "10.0.0.0/6", -ERANGE },
        { "0.0.0.1/0", -ERANGE },
        { "::1/127", -ERANGE },
        { "2001:db8::1/32", -ERANGE },
        { "::1/0", -ERANGE },
        { "fe80::/8", -ERANGE },
        { "::ffff:10.0.0.1/104", -ERANGE },
        { "::ffff:10.0.0.1/96", -ERANGE },
        { "", -EINVAL },
        { "/", -EINVAL },
        { "/8", -EINVAL },
        { "10.0.0.0/", -EINVAL },
        { "10.0.0.0/33", -EINVAL },
        { "10.0.0.0/128", -EINVAL },
        { "10.0.0.0/08", -EINVAL },
        { "10.0.0.0/ 8", -EINVAL },
        { "10.0.0.0/+8", -EINVAL },
        { "10.0.0.0/-1", -EINVAL },
        { "10.0.0.0/8 ", -EINVAL },
        { "10.0.0.0/8/8", -EINVAL },
        { "10.0.0.0/255.0.0.0", -EINVAL },
        { "10.0.0.0/4294967304", -EINVAL },
        { "10.0.0.0/18446744073709551624", -EINVAL },
        { "::/129", -EINVAL },
        { "::/00", -EINVAL },
        { "::ffff:10.0.0.0/95", -EINVAL },
        { "::ffff:10.0.0.0/8", -EINVAL },
        { "::ffff:10.0.0.0/129", -EINVAL },
        { "10.0.0", -EINVAL },
        { "10.1", -EINVAL },
        { "167772161", -EINVAL },
        { "0x0a000001", -EINVAL },
        { "10.0.0.0.1", -EINVAL },
        { "10.0.0.256", -EINVAL },
        { "10.0.0.01", -EINVAL },
        { "010.0.0.1", -EINVAL },
        { "10.0.0.0x1", -EINVAL },
        { "10.0.0.1.", -EINVAL },
        { " 10.0.0.1", -EINVAL },
        { "10.0.0.1 ", -EINVAL },
        { "10.0.0.1\n", -EINVAL },
        { "10.0.0.-1", -EINVAL },
        { "::ffff:010.0.0.1", -EINVAL },
        { ":::", -EINVAL },
        { "1::2::3", -EINVAL },
        { "12345::", -EINVAL },
        { "1:2:3:4:5:6:7", -EINVAL },
        { "1:2:3:4:5:6:7:8:9", -EINVAL },
        { "[::1]", -EINVAL },
        { "fe80::1%eth0", -EINVAL },
        { "fe80::1%1", -EINVAL },
        { "fe80::%eth0/64", -EINVAL },
        { "localhost", -EINVAL },
        { "host.example.org", -EINVAL },
        { "host.example.org/24", -EINVAL },
        { "face", -EINVAL },
        { "10.0.0.1:22", -EINVAL },
        { "::g", -EINVAL },
        { "\xd9\xa1\xd9\xa0.0.0.1", -EINVAL },
        { "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000/8",
          -EINVAL },
};

static void test_addresses_and_blocks_are_read_and_written_in_one_way(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(good); i++) {
                struct network net, again;
                char shown[NETWORK_TEXT_LEN];
                const char *row = good[i].text;

                unit_poison(&net, sizeof(net));
                unit_int(row, network_parse(row, &net), 0);
                unit_int(row, net.bits, good[i].bits);
                unit_int(row, net.prefix, good[i].prefix);
                network_format(&net, shown);
                unit_str(row, shown, good[i].shown);
                unit_int(row, network_parse(shown, &again), 0);
                unit_mem(row, &again, &net, sizeof(net));
        }
}

static void test_what_is_no_network_is_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                struct network net;

                unit_poison(&net, sizeof(net));
                unit_int(bad[i].text, network_parse(bad[i].text, &net), bad[i].error);
                unit_poisoned(bad[i].text, &net, sizeof(net));
        }
}

static void test_a_single_address_has_no_prefix_and_no_name(void **state) {
        struct network net;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                unit_poison(&net, sizeof(net));
                unit_int(bad[i].text, network_parse_address(bad[i].text, &net), -EINVAL);
                unit_poisoned(bad[i].text, &net, sizeof(net));
        }
        for (size_t i = 0; i < ARRAY_LEN(good); i++) {
                const char *row = good[i].text;
                bool single = !strchr(row, '/');

                unit_int(row, network_parse_address(row, &net), single ? 0 : -EINVAL);
        }
        assert_int_equal(network_parse_address("10.0.0.1/32", &net), -EINVAL);
        assert_int_equal(network_parse_address("UNKNOWN", &net), -EINVAL);
}

/* Every block of both kinds. A bit set anywhere behind the prefix makes it -ERANGE. */
static void test_every_bit_behind_the_prefix_counts(void **state) {
        (void) state;
        for (unsigned prefix = 0; prefix <= 128; prefix++)
                for (unsigned bit = 0; bit < 128; bit++) {
                        uint8_t a[16] = {};
                        struct network net;
                        char text[64], row[NETWORK_TEXT_LEN];

                        a[bit / 8] = (uint8_t) (0x80 >> bit % 8);
                        net = (struct network){ .bits = 128, .prefix = 128 };
                        memcpy(net.addr, a, sizeof(a));
                        network_format(&net, row);
                        (void) snprintf(text, sizeof(text), "%s/%u", row, prefix);
                        unit_int(text, network_parse(text, &net), bit < prefix ? 0 : -ERANGE);
                }
}

static void test_a_network_contains_what_shares_its_prefix(void **state) {
        static const struct {
                const char *net, *address;
                bool inside;
        } rows[] = {
                { "10.0.0.0/8", "10.0.0.0", true },
                { "10.0.0.0/8", "10.255.255.255", true },
                { "10.0.0.0/8", "11.0.0.0", false },
                { "10.0.0.0/8", "9.255.255.255", false },
                { "192.0.2.128/25", "192.0.2.127", false },
                { "192.0.2.128/25", "192.0.2.128", true },
                { "192.0.2.0/31", "192.0.2.1", true },
                { "192.0.2.0/31", "192.0.2.2", false },
                { "192.0.2.7", "192.0.2.7", true },
                { "192.0.2.7/32", "192.0.2.6", false },
                { "0.0.0.0/0", "0.0.0.0", true },
                { "0.0.0.0/0", "255.255.255.255", true },
                { "0.0.0.0/0", "::1", false },
                { "0.0.0.0/0", "::", false },
                { "::/0", "10.0.0.1", false },
                { "::/0", "::ffff:10.0.0.1", false },
                { "::/0", "::", true },
                { "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true },
                { "10.0.0.0/8", "::ffff:10.1.2.3", true },
                { "::ffff:10.0.0.0/104", "10.1.2.3", true },
                { "::ffff:0:0/96", "192.0.2.1", true },
                /* the same bytes in front, but of the other family */
                { "a00::/8", "10.0.0.1", false },
                { "10.0.0.0/8", "a00::1", false },
                { "::a00:0/104", "10.0.0.1", false },
                { "2001:db8::/32", "2001:db8:ffff::1", true },
                { "2001:db8::/32", "2001:db9::", false },
                { "2001:db8::/33", "2001:db8:8000::", false },
                { "2001:db8::1", "2001:db8::1", true },
                { "2001:db8::1", "2001:db8::2", false },
                { "2001:db8::/127", "2001:db8::1", true },
                { "2001:db8::/127", "2001:db8::2", false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct network net, address;
                char row[128];

                (void) snprintf(row, sizeof(row), "%s in %s", rows[i].address, rows[i].net);
                unit_int(row, network_parse(rows[i].net, &net), 0);
                unit_int(row, network_parse_address(rows[i].address, &address), 0);
                unit_int(row, network_contains(&net, &address), rows[i].inside);
        }
}

static void test_a_network_does_not_contain_networks(void **state) {
        struct network net, inner;

        (void) state;
        assert_int_equal(network_parse("10.0.0.0/8", &net), 0);
        assert_int_equal(network_parse("10.1.0.0/16", &inner), 0);
        assert_int_equal(network_contains(&net, &inner), false);
        assert_int_equal(network_contains(&net, &net), false);
}

/* What a service says of its client. */
static void test_the_zone_of_a_source_does_not_matter(void **state) {
        static const struct {
                const char *text, *address; /* NULL: refused */
        } rows[] = {
                { "fe80::1%eth0", "fe80::1" },
                { "fe80::1%2", "fe80::1" },
                { "fe80::1", "fe80::1" },
                { "10.0.0.1", "10.0.0.1" },
                { "fec0::1%%", "fec0::1" },
                { "fe80::1%", NULL },
                { "10.0.0.1%eth0", NULL },
                { "::ffff:10.0.0.1%eth0", NULL },
                { "%eth0", NULL },
                { "%", NULL },
                { "", NULL },
                { "fe80::%eth0/64", "fe80::" },
                { "fe80::/64%eth0", NULL },
                { "host%eth0", NULL },
        };
        char out[NETWORK_TEXT_LEN];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct network net;
                int r = network_parse_source(rows[i].text, &net);

                unit_int(rows[i].text, r, rows[i].address ? 0 : -EINVAL);
                if (r < 0)
                        continue;
                network_format(&net, out);
                unit_str(rows[i].text, out, rows[i].address);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses_and_blocks_are_read_and_written_in_one_way),
                cmocka_unit_test(test_what_is_no_network_is_refused),
                cmocka_unit_test(test_a_single_address_has_no_prefix_and_no_name),
                cmocka_unit_test(test_every_bit_behind_the_prefix_counts),
                cmocka_unit_test(test_a_network_contains_what_shares_its_prefix),
                cmocka_unit_test(test_a_network_does_not_contain_networks),
                cmocka_unit_test(test_the_zone_of_a_source_does_not_matter),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
