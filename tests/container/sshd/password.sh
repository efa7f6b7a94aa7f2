#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the same with sshd's other method, password, which asks once and shows nothing.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"
# shellcheck source=tests/container/sshd/sshd
. "${0%/*}/sshd"

sshd_start
method=password
service_logins
finish
