# SPDX-License-Identifier: BSD-2-Clause
# Writes the interface as XML, as D-Bus has it for introspection. Its input is control_methods.h.
# 090-control.sh compares the result with what a daemon says of itself.

# Takes the list in brackets that comes next. A type can have brackets, too.
function take_list(    list) {
        match(text, /\(([^()"]|"[^"]*")*\)/)
        list = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        gsub(/[" ]/, "", list)
        return list
}
function arguments(list, direction,    parts, n, i) {
        n = split(list, parts, ",")
        for (i = 1; i < n; i += 2)
                printf "   <arg type=\"%s\" name=\"%s\"%s/>\n", parts[i], parts[i + 1], direction
}
{ sub(/\\$/, ""); text = text $0 }
END {
        print "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\""
        print "\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">"
        print "<node>"
        print " <interface name=\"org.wfapikey1.Manager\">"
        while (match(text, /(METHOD|SIGNAL)\("[A-Za-z]+"/)) {
                row = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                split(row, names, "\"")
                tag = row ~ /^METHOD/ ? "method" : "signal"
                printf "  <%s name=\"%s\">\n", tag, names[2]
                arguments(take_list(), tag == "method" ? " direction=\"in\"" : "")
                if (tag == "method")
                        arguments(take_list(), " direction=\"out\"")
                printf "  </%s>\n", tag
        }
        print " </interface>"
        print "</node>"
}
