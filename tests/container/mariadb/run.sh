#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: MariaDB accepts keys and passwords by PAM for users that are identified so, and its own
# passwords for all other users.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start mariadb
rhost=no
tie peer-root
lines_of mariadb >/etc/pam.d/mariadb
service_runs mariadb.service
lines_of mariadb-sql >"$work/sql"
printf '%s\n' "CREATE USER bob IDENTIFIED BY '$password'; CREATE USER dave IDENTIFIED VIA pam USING 'mariadb';" >>"$work/sql"
test_that "MariaDB takes the lines" mariadb -e "source $work/sql"
login() { # USER SECRET
    [[ $(MYSQL_PWD=$2 timeout 120 mariadb -h 127.0.0.1 -u "$1" -NBe 'SELECT current_user()' 2>"$work/error") == "$1@%" ]] || { cat "$work/error"; return 1; }
}

service_logins
key=$(issue bob)
refused "bob, who is not identified by PAM, with a key," bob "$key"
accepted "bob with his password in MariaDB" bob "$password"
refused "a user of MariaDB who is no user of the host, with alice's key," dave "$(issue alice)" 'another user'
systemctl stop mariadb.service
finish
