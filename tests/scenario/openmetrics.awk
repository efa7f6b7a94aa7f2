# SPDX-License-Identifier: BSD-2-Clause
# openmetrics.awk - reads a text of OpenMetrics 1.0 strictly, for tests. Exit status 0 when it is
# one, else 1 with the first fault on stderr.
#
# It is stricter than the format: no type that the older Prometheus format does not have (a node
# exporter refuses the whole file for it), no exemplars, no timestamps, help for each family, and
# names that begin with wfapikey_.

function fault(why) {
    if (!failed)
        print "line " NR ": " why ": " $0 >"/dev/stderr"
    failed = 1
    exit 1
}

function is_number(text) { return text ~ /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/ || text == "+Inf" }

# Reads the labels at the start of rest, which begins after "{": leaves what follows "}" in rest,
# sets labels[name] and le, and returns the labels as text.
function take_labels(    name, value, c, all, first) {
    first = 1
    for (;;) {
        if (!first) {
            c = substr(rest, 1, 1)
            rest = substr(rest, 2)
            if (c == "}")
                return all
            if (c != ",")
                fault("a comma or } belongs behind a label")
        }
        first = 0
        if (!match(rest, /^[a-zA-Z_][a-zA-Z0-9_]*="/))
            fault("no label")
        name = substr(rest, 1, RLENGTH - 2)
        rest = substr(rest, RLENGTH + 1)
        if (!match(rest, /^([^"\\]|\\[\\n"])*"/))
            fault("no value of a label")
        value = substr(rest, 1, RLENGTH - 1)
        rest = substr(rest, RLENGTH + 1)
        if (name in labels)
            fault("a label twice")
        labels[name] = value
        if (name == "le")
            le = value
        else
            all = all name "=" value ","
    }
}

function end_family() {
    if (family == "")
        return
    if (!has_help)
        fault("no help for " family)
    if (type == "histogram" && (samples == 0 || !has_inf || count != last_bucket || !has_sum))
        fault("a histogram without +Inf, _sum or _count, or with another _count: " family)
}

function begin_family(name) {
    end_family()
    if (name in families)
        fault("a family twice, or in two places")
    if (name !~ /^wfapikey_[a-z0-9_]*$/)
        fault("no name of a family")
    families[name] = 1
    family = name
    type = unit = le = ""
    has_type = has_unit = has_help = has_inf = has_sum = samples = last_bucket = 0
    count = -1
    last_le = "none"
}

function metadata(    word, name) {
    word = $2
    name = $3
    if (name == "" || $0 !~ /^# [A-Z]+ [^ ]+ /)
        fault("not # WORD NAME TEXT")
    if (name != family)
        begin_family(name)
    if (samples > 0)
        fault("metadata behind a sample")
    rest = substr($0, length(word) + length(name) + 5)
    if (word == "TYPE") {
        if (has_type++ || rest !~ /^(gauge|counter|histogram)$/)
            fault("type")
        type = rest
    } else if (word == "UNIT") {
        if (has_unit++ || substr(name, length(name) - length(rest)) != "_" rest)
            fault("unit")
    } else if (word == "HELP") {
        if (has_help++ || rest ~ /\\[^\\n"]/ || rest ~ /\\$/)
            fault("help")
    } else
        fault("neither TYPE, UNIT nor HELP")
}

function sample(    name, suffix, all, value) {
    if (!match($0, /^[a-zA-Z_:][a-zA-Z0-9_:]*/))
        fault("no sample")
    name = substr($0, 1, RLENGTH)
    rest = substr($0, RLENGTH + 1)
    if (family == "" || substr(name, 1, length(family)) != family)
        fault("a sample of no family, or of another")
    suffix = substr(name, length(family) + 1)
    split("", labels)
    le = all = ""
    if (substr(rest, 1, 1) == "{") {
        rest = substr(rest, 2)
        all = take_labels()
    }
    if (substr(rest, 1, 1) != " ")
        fault("one space belongs before the value")
    value = substr(rest, 2)
    if (!is_number(value))
        fault("no number")
    if (name SUBSEP all SUBSEP le in seen)
        fault("a sample twice")
    seen[name, all, le] = 1
    samples++
    if (type == "gauge") {
        if (suffix != "")
            fault("a suffix of a gauge")
    } else if (value + 0 < 0 || value == "+Inf")
        fault("no count")
    else if (type == "counter") {
        if (suffix != "_total")
            fault("a counter without _total")
    } else if (type == "histogram")
        histogram(suffix, value)
    else
        fault("no type")
}

function histogram(suffix, value) {
    if (suffix == "_bucket") {
        if (le == "" || (le != "+Inf" && le !~ /[.e]/) || has_inf || (last_le != "none" && le != "+Inf" && le + 0 <= last_le + 0))
            fault("bounds ascend, are canonical, and end with +Inf")
        if (value + 0 < last_bucket + 0)
            fault("a bucket has all that those before it have")
        last_le = le
        last_bucket = value + 0
        has_inf = le == "+Inf"
    } else if (suffix == "_sum")
        has_sum = 1
    else if (suffix == "_count")
        count = value + 0
    else
        fault("a suffix of a histogram")
}

ended { fault("something behind # EOF") }
$0 == "# EOF" { ended = 1; end_family(); next }
/^#/ { metadata(); next }
{ sample() }
END {
    if (!failed && !ended) {
        print "no # EOF" >"/dev/stderr"
        failed = 1
    }
    exit failed
}
