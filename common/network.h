/* SPDX-License-Identifier: BSD-2-Clause */
/* Source networks: literal IPv4 and IPv6 addresses and CIDR blocks. Names are never resolved: a
 * text that is not a literal address is refused. An IPv4-mapped IPv6 address is treated as its IPv4
 * address. */
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
        /* in network order; bits after the prefix are zero */
        uint8_t addr[16];
};

/**
 * network_parse(text, ret):
 * Reads an address or an address/prefix.
 * Returns 0; -EINVAL when it is neither; -ERANGE when bits after the prefix are set, as in
 * 10.0.0.1/8. Such a text does not say which of the two was meant.
 */
int network_parse(const char *text, struct network *ret) _must_check_;

/**
 * network_parse_address(text, ret):
 * Does the same for an address alone. Returns 0 or -EINVAL.
 */
int network_parse_address(const char *text, struct network *ret) _must_check_;

/**
 * network_parse_source(text, ret):
 * Does the same for the address of a client, as getnameinfo(3) writes it: an IPv6 address may have
 * a zone, as in fe80::1%eth0. The zone says by which interface the client came. It is left out,
 * because no network has one. Returns 0 or -EINVAL.
 */
int network_parse_source(const char *text, struct network *ret) _must_check_;

/**
 * network_format(net, out):
 * Writes the canonical text of ${net}. A single address has no prefix.
 */
void network_format(const struct network *net, char out[static NETWORK_TEXT_LEN]);

/**
 * network_contains(net, address):
 * Whether the single address ${address} lies inside ${net}.
 */
bool network_contains(const struct network *net, const struct network *address);
