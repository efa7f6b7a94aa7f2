/* SPDX-License-Identifier: BSD-2-Clause */
/* Source networks: literal IPv4 and IPv6 addresses and CIDR blocks. Names are never resolved:
 * what is not a literal address is no address. An IPv4-mapped IPv6 address is the IPv4 address
 * that it stands for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

/* the longest text with its final NUL */
#define NETWORK_TEXT_LEN 50

struct network {
        uint8_t bits;   /* of the address: 32 or 128 */
        uint8_t prefix; /* 0..bits */
        /* network order; bits past the prefix are zero */
        uint8_t addr[16];
};

/**
 * network_parse(text, ret):
 * Reads an address or an address/prefix.
 * Returns 0; -EINVAL when it is neither; -ERANGE when bits behind the prefix are set, as in
 * 10.0.0.1/8: it then says nothing about which of the two was meant.
 */
int network_parse(const char *text, struct network *ret) _must_check_;

/**
 * network_parse_address(text, ret): as network_parse(), for an address alone. 0, or -EINVAL.
 */
int network_parse_address(const char *text, struct network *ret) _must_check_;

/**
 * network_format(net, out): the canonical text of ${net}; a single address without its prefix.
 */
void network_format(const struct network *net, char out[static NETWORK_TEXT_LEN]);

/**
 * network_contains(net, address): whether the single address ${address} lies inside ${net}.
 */
bool network_contains(const struct network *net, const struct network *address);
