#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""client.py LIBRARY ADDRESS - calls GetStatus on fifty new connections, by a library for D-Bus

Prints "answered" for each answer. Then it calls FollowAudit, prints "following", waits for the
signal AuditEvent, and prints "signal" and the event.
"""
import asyncio
import sys

NAME, PATH, INTERFACE = 'org.wfapikey1', '/org/wfapikey1', 'org.wfapikey1.Manager'
CALLS = 50


def say(*words):
    print(*words, flush=True)


def check(status):
    say('answered' if 'version' in status else f'wrong: {status}')


# Each function imports its library itself: one run needs only one library.


def gi(address):
    from gi.repository import Gio, GLib

    def connect():
        flags = Gio.DBusConnectionFlags
        return Gio.DBusConnection.new_for_address_sync(
            address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION
        )

    def proxy(connection):
        return Gio.DBusProxy.new_sync(
            connection, Gio.DBusProxyFlags.NONE, None, NAME, PATH, INTERFACE
        )

    def on_signal(_proxy, _sender, _signal, parameters):
        say('signal', parameters.unpack()[0]['event'])
        loop.quit()

    for _ in range(CALLS):
        connection = connect()
        check(proxy(connection).GetStatus())
        connection.close_sync()
    loop = GLib.MainLoop()
    daemon = proxy(connect())
    daemon.connect('g-signal', on_signal)
    daemon.FollowAudit()
    say('following')
    loop.run()


def gi_peer(address):
    from gi.repository import Gio, GLib

    def connect():
        return Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        )

    def call(connection, method):
        return connection.call_sync(
            None, PATH, INTERFACE, method, None, None, Gio.DBusCallFlags.NONE, -1
        )

    def on_signal(_connection, _sender, _path, _interface, _signal, parameters):
        say('signal', parameters.unpack()[0]['event'])
        loop.quit()

    for _ in range(CALLS):
        connection = connect()
        check(call(connection, 'GetStatus').unpack()[0])
        connection.close_sync()
    loop = GLib.MainLoop()
    connection = connect()
    connection.signal_subscribe(
        None, INTERFACE, 'AuditEvent', PATH, None, Gio.DBusSignalFlags.NONE, on_signal
    )
    call(connection, 'FollowAudit')
    say('following')
    loop.run()


def libdbus(address):
    from dbus.bus import BusConnection

    libdbus_with(BusConnection, address)


def libdbus_peer(address):
    from dbus.connection import Connection

    libdbus_with(Connection, address)


def libdbus_with(connect, address):
    from dbus import Interface
    from dbus.mainloop.glib import DBusGMainLoop
    from gi.repository import GLib

    def proxy(connection):
        return Interface(connection.get_object(NAME, PATH), INTERFACE)

    def on_signal(event):
        say('signal', event['event'])
        loop.quit()

    for _ in range(CALLS):
        connection = connect(address)
        check(proxy(connection).GetStatus())
        connection.close()
    DBusGMainLoop(set_as_default=True)
    loop = GLib.MainLoop()
    daemon = proxy(connect(address))
    daemon.connect_to_signal('AuditEvent', on_signal)
    daemon.FollowAudit()
    say('following')
    loop.run()


def dasbus(address):
    from dasbus.connection import AddressedMessageBus
    from dasbus.loop import EventLoop
    from dasbus.typing import get_native

    def on_signal(event):
        say('signal', get_native(event)['event'])
        loop.quit()

    for _ in range(CALLS):
        bus = AddressedMessageBus(address)
        check(bus.get_proxy(NAME, PATH, INTERFACE).GetStatus())
        bus.connection.close_sync()
    loop = EventLoop()
    daemon = AddressedMessageBus(address).get_proxy(NAME, PATH, INTERFACE)
    daemon.AuditEvent.connect(on_signal)
    daemon.FollowAudit()
    say('following')
    loop.run()


def jeepney(address):
    from jeepney import DBusAddress, MatchRule, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    daemon = DBusAddress(PATH, NAME, INTERFACE)
    for _ in range(CALLS):
        with open_dbus_connection(bus=address) as connection:
            check(connection.send_and_get_reply(new_method_call(daemon, 'GetStatus')).body[0])
    connection = open_dbus_connection(bus=address)
    rule = MatchRule(type='signal', sender=NAME, interface=INTERFACE, member='AuditEvent')
    with connection.filter(rule) as events:
        connection.send_and_get_reply(new_method_call(daemon, 'FollowAudit'))
        say('following')
        event = connection.recv_until_filtered(events).body[0]
        say('signal', event['event'][1])


def dbus_next(address):
    from dbus_next.aio import MessageBus

    async def connect():
        bus = await MessageBus(bus_address=address).connect()
        introspection = await bus.introspect(NAME, PATH)
        return bus, bus.get_proxy_object(NAME, PATH, introspection).get_interface(INTERFACE)

    async def run():
        for _ in range(CALLS):
            bus, daemon = await connect()
            check(await daemon.call_get_status())
            bus.disconnect()
        bus, daemon = await connect()
        event = asyncio.get_running_loop().create_future()
        daemon.on_audit_event(event.set_result)
        await daemon.call_follow_audit()
        say('following')
        say('signal', (await event)['event'].value)

    asyncio.run(run())


LIBRARIES = {
    'python3-gi': gi,
    'python3-gi, no bus': gi_peer,
    'python3-dbus': libdbus,
    'python3-dbus, no bus': libdbus_peer,
    'python3-dasbus': dasbus,
    'python3-jeepney': jeepney,
    'python3-dbus-next': dbus_next,
}

if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in LIBRARIES:
        sys.exit(__doc__)
    LIBRARIES[sys.argv[1]](sys.argv[2])
