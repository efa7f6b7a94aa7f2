/* SPDX-License-Identifier: BSD-2-Clause */
/* Literal addresses and networks as text and as bytes. It must not resolve names, and must not know
 * what a network is used for. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "network.h"
#include "parse.h"

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

int network_parse_address(const char *text, struct network *ret) {
        struct network net = {};

        if (inet_pton(AF_INET, text, net.addr) == 1)
                net.bits = 32;
        else if (inet_pton(AF_INET6, text, net.addr) != 1)
                return -EINVAL;
        else if (memcmp(net.addr, v4_mapped, sizeof(v4_mapped)) == 0) {
                memmove(net.addr, net.addr + sizeof(v4_mapped), 4);
                memset(net.addr + 4, 0, sizeof(net.addr) - 4);
                net.bits = 32;
        } else
                net.bits = 128;

        net.prefix = net.bits;
        *ret = net;
        return 0;
}

int network_parse_source(const char *text, struct network *ret) {
        size_t len = strcspn(text, "%");
        char address[NETWORK_TEXT_LEN];
        struct network net;
        int r;

        if (text[len] == '\0')
                return network_parse_address(text, ret);
        if (len >= sizeof(address) || text[len + 1] == '\0')
                return -EINVAL;
        memcpy(address, text, len);
        address[len] = '\0';
        r = network_parse_address(address, &net);
        if (r < 0 || net.bits != 128)
                return -EINVAL;
        *ret = net;
        return 0;
}

static bool equal_bits(const uint8_t *a, const uint8_t *b, unsigned bits) {
        unsigned rest = bits % 8;

        if (memcmp(a, b, bits / 8) != 0)
                return false;
        return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool zero_behind(const struct network *net) {
        static const uint8_t zero[16];
        struct network masked = *net;

        for (unsigned i = 0; i < net->prefix; i++)
                masked.addr[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
        return memcmp(masked.addr, zero, sizeof(zero)) == 0;
}

int network_parse(const char *text, struct network *ret) {
        const char *slash = strchr(text, '/');
        char address[NETWORK_TEXT_LEN];
        struct network net;
        uint64_t prefix;
        int r;

        if (!slash)
                return network_parse_address(text, ret);
        if ((size_t) (slash - text) >= sizeof(address))
                return -EINVAL;
        memcpy(address, text, (size_t) (slash - text));
        address[slash - text] = '\0';

        r = network_parse_address(address, &net);
        if (r < 0)
                return r;
        if (parse_u64(slash + 1, 0, 128, &prefix) < 0)
                return -EINVAL;
        /* ::ffff:10.0.0.0/104 is 10.0.0.0/8. */
        if (net.bits == 32 && strchr(address, ':')) {
                if (prefix < 96)
                        return -EINVAL;
                prefix -= 96;
        }
        if (prefix > net.bits)
                return -EINVAL;
        net.prefix = (uint8_t) prefix;
        if (!zero_behind(&net))
                return -ERANGE;

        *ret = net;
        return 0;
}

void network_format(const struct network *net, char out[static NETWORK_TEXT_LEN]) {
        char *p;

        if (!inet_ntop(net->bits == 32 ? AF_INET : AF_INET6, net->addr, out,
                       NETWORK_TEXT_LEN - 4)) {
                /* This cannot happen: the buffer holds the longest address. */
                out[0] = '\0';
                return;
        }
        if (net->prefix == net->bits)
                return;
        p = out + strlen(out);
        *p++ = '/';
        if (net->prefix >= 100)
                *p++ = (char) ('0' + net->prefix / 100);
        if (net->prefix >= 10)
                *p++ = (char) ('0' + net->prefix / 10 % 10);
        *p++ = (char) ('0' + net->prefix % 10);
        *p = '\0';
}

bool network_contains(const struct network *net, const struct network *address) {
        return net->bits == address->bits && address->prefix == address->bits &&
               equal_bits(net->addr, address->addr, net->prefix);
}
