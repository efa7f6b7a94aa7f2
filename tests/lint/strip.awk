# SPDX-License-Identifier: BSD-2-Clause
# Prints C source as "file:line:text". Comments are left out, and every character between quotes
# becomes an underscore. So every match in the text is code. The name in an #include stays.
# Trigraphs and strings over several lines are not understood.
FNR == 1 { comment = 0 }
{
        out = ""
        keep = /^[ \t]*#[ \t]*include/
        quote = ""
        n = length($0)
        # Most lines need no look at each character.
        if (comment && !index($0, "*/"))
                n = 0
        else if (!comment && !/["'\/]/) {
                out = $0
                n = 0
        }
        for (i = 1; i <= n; i++) {
                c = substr($0, i, 1)
                two = substr($0, i, 2)
                if (comment) {
                        if (two == "*/") {
                                comment = 0
                                i++
                        }
                } else if (quote != "") {
                        if (c == "\\") {
                                out = out "_"
                                i++
                                c = "_"
                        } else if (c == quote)
                                quote = ""
                        else if (!keep)
                                c = "_"
                        out = out c
                } else if (two == "/*") {
                        comment = 1
                        out = out " "
                        i++
                } else if (two == "//" && !keep)
                        break
                else {
                        if (c == "\"" || c == "'")
                                quote = c
                        out = out c
                }
        }
        sub(/[ \t]+$/, "", out)
        print FILENAME ":" FNR ":" out
}
