# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Certificates for the scenarios, made by openssl(1) in $dir/pki: a root, an intermediate, and
# leaves below that. Source it after lib.sh.

# shellcheck disable=SC2154 # lib.sh has it
command -v openssl >/dev/null || skip "there is no openssl to make certificates with"
# shellcheck disable=SC2154
mkdir "$dir/pki"
pki=$dir/pki

pki_run() { # COMMAND...: quiet, unless it fails
    "$@" >"$pki/log" 2>&1 || fail "'$*': $(<"$pki/log")"
}

pki_key() { # NAME
    pki_run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$pki/$1.key"
}

# pki_cert NAME ISSUER SUBJECT EXTENSIONS [X509-OPTION...]: with the existing key, or a new one
pki_cert() {
    [[ -e $pki/$1.key ]] || pki_key "$1"
    printf '%b\n' "$4" >"$pki/$1.ext"
    pki_run openssl req -new -utf8 -key "$pki/$1.key" -subj "$3" -out "$pki/$1.csr"
    if [[ $1 == "$2" ]]; then
        pki_run openssl x509 -req -in "$pki/$1.csr" -signkey "$pki/$1.key" -days 30 -extfile "$pki/$1.ext" -out "$pki/$1.pem" "${@:5}"
    else
        pki_run openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -CAcreateserial -days 30 \
            -extfile "$pki/$1.ext" -out "$pki/$1.pem" "${@:5}"
    fi
}

pki_ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
pki_client='basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash'

pki_layout() { # root, middle, alice
    pki_cert root root '/C=DE/O=Example/CN=Example Root' "$pki_ca"
    pki_cert middle root '/O=Example/OU=PKI/CN=Example Clients' "$pki_ca"
    pki_cert alice middle '/O=Müller GmbH/OU=Einkauf/OU=Büro/CN=alice' "$pki_client"
}

pki_thumbprint() { # NAME
    openssl x509 -in "$pki/$1.pem" -outform DER | sha256sum | cut -c 1-64
}

# pki_short NAME ISSUER SUBJECT SECONDS: a certificate that expires after so many seconds
pki_short() {
    [[ -e $pki/$1.key ]] || pki_key "$1"
    pki_database "$2"
    pki_run openssl req -new -key "$pki/$1.key" -subj "$3" -out "$pki/$1.csr"
    printf '%b\n' "$pki_client" >"$pki/$1.ext"
    pki_run openssl ca -batch -notext -config "$pki/$2.cnf" -in "$pki/$1.csr" -out "$pki/$1.pem" -extfile "$pki/$1.ext" \
        -startdate "$(date -u -d '-1 hour' +%y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$4 seconds" +%y%m%d%H%M%SZ)"
}

pki_database() { # CA: the files that openssl ca needs
    [[ ! -e $pki/$1.cnf ]] || return 0
    : >"$pki/$1.index"
    printf '%s\n' '[ca]' 'default_ca = here' '[here]' "database = $pki/$1.index" "certificate = $pki/$1.pem" "private_key = $pki/$1.key" \
        "new_certs_dir = $pki" 'default_md = sha256' 'policy = any' 'rand_serial = yes' 'unique_subject = no' 'default_crl_days = 7' \
        '[any]' 'commonName = optional' 'organizationName = optional' 'organizationalUnitName = optional' 'countryName = optional' >"$pki/$1.cnf"
}

pki_crl() { # CA FILE [NAME...]: revokes these, in addition to earlier ones
    local name
    pki_database "$1"
    for name in "${@:3}"; do pki_run openssl ca -config "$pki/$1.cnf" -revoke "$pki/$name.pem"; done
    pki_run openssl ca -config "$pki/$1.cnf" -gencrl -out "$pki/$2"
}
