#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""older.py SOCKET: stands in for a daemon that is older than the page. It knows a few methods of
the control socket, and says of all others that they are not known, as D-Bus does."""
import sys

from gi.repository import Gio, GLib

INTERFACE = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.wfapikey1.Manager">
  <method name="GetStatus"><arg type="a{sv}" direction="out"/></method>
  <method name="FollowAudit"/>
  <method name="ListKeys"><arg type="a{sv}" direction="in"/><arg type="aa{sv}" direction="out"/><arg type="s" direction="out"/></method>
  <method name="GetPolicy"><arg type="a{ss}" direction="out"/></method>
</interface></node>""").interfaces[0]
V = GLib.Variant
STATUS = {"version": V("s", "0.0.1"), "enabled": V("b", True), "keys-active": V("t", 1), "keys-expired": V("t", 0), "keys-revoked": V("t", 0)}
KEY = {
    "id": V("s", "0123456789"), "owner": V("s", "alice"), "owner-uid": V("u", 1000), "linked-user": V("s", "alice"), "name": V("s", "old one"),
    "status": V("s", "active"), "reason": V("s", ""), "services": V("as", []), "networks": V("as", []), "created": V("x", 1700000000),
    "updated": V("x", 1700000000), "uses": V("t", 0),
}


def on_call(_connection, _sender, _path, _interface, method, arguments, call):
    if method == "GetStatus":
        call.return_value(V("(a{sv})", (STATUS,)))
    elif method == "GetPolicy":
        call.return_value(V("(a{ss})", ({"enabled": "yes", "lifetime": "30d"},)))
    elif method == "ListKeys" and "sort" in arguments.unpack()[0]:
        call.return_dbus_error("org.wfapikey1.Error.InvalidArgument", "Unknown filter 'sort': known are owner, linked, status, search, expires-before, after, limit.")
    elif method == "ListKeys":
        call.return_value(V("(aa{sv}s)", ([KEY], "")))
    else:
        call.return_value(None)


def on_connection(_server, connection):
    connection.register_object("/org/wfapikey1", INTERFACE, on_call, None, None)
    kept.append(connection)
    return True


kept = []
server = Gio.DBusServer.new_sync(f"unix:path={sys.argv[1]}", Gio.DBusServerFlags.AUTHENTICATION_ALLOW_ANONYMOUS, Gio.dbus_generate_guid(), None, None)
server.connect("new-connection", on_connection)
server.start()
GLib.MainLoop().run()
