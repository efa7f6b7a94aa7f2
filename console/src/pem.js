// SPDX-License-Identifier: BSD-2-Clause
// Certificates and revocation lists out of a file, PEM or DER, and whether a private key is in it:
// such a file is refused before anything of it leaves the browser. Private keys are known by their
// form, as ctl/pki/privkey.c knows them. Pure.

const SEQUENCE = 0x30;
const PKCS5 = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
const PKCS12 = [0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
const JAVA = [0xfe, 0xed, 0xfe, 0xed];

const starts = (bytes, at, what) => what.every((byte, i) => bytes[at + i] === byte);

/** Where the content of the SEQUENCE at an offset begins; -1 when there is none. */
function enter(bytes, at) {
    if (at < 0 || bytes[at] !== SEQUENCE || at + 2 > bytes.length)
        return -1;
    const more = bytes[at + 1] > 0x80 ? bytes[at + 1] & 0x7f : 0;

    return more <= 4 && at + 2 + more <= bytes.length ? at + 2 + more : -1;
}

/** Whether a private key, or a store that is made for them, begins at an offset. */
function keyAt(bytes, offset) {
    let at = enter(bytes, offset);

    if (at < 0)
        return false;
    // A version, followed by what only private keys and key stores have there.
    if (starts(bytes, at, [0x02, 0x01])) {
        const version = bytes[at + 2], next = bytes[at + 3];

        return version <= 1 ? [0x30, 0x02, 0x04].includes(next) : version === 3 && next === SEQUENCE;
    }
    at = enter(bytes, at);
    return at >= 0 && (starts(bytes, at, PKCS5) || starts(bytes, at, PKCS12));
}

/** Where the SEQUENCE at an offset ends; -1 when there is none, or not all of it. */
function endOf(bytes, at) {
    const content = enter(bytes, at);

    if (content < 0 || bytes[at + 1] === 0x80)
        return -1;
    const length = bytes[at + 1] < 0x80 ? bytes[at + 1] : bytes.subarray(at + 2, content).reduce((sum, byte) => sum * 256 + byte, 0);

    return content + length <= bytes.length ? content + length : -1;
}

/**
 * Whether a private key begins anywhere. What is inside of a whole SEQUENCE that is no key is left
 * out: a revocation list begins within as a key does.
 */
function keyInBytes(bytes) {
    for (let at = 0; at < bytes.length;) {
        if (bytes[at] === SEQUENCE && keyAt(bytes, at))
            return true;
        const end = endOf(bytes, at);

        at = end > 0 ? end : at + 1;
    }
    return false;
}

const keyInText = text => /BEGIN [^\n]*PRIVATE KEY/.test(text) || /openssh-key-v1|PuTTY-User-Key-File-/.test(text) ||
    (text.includes('"kty"') && text.includes('"d"'));

const textOf = bytes => Array.from(bytes, byte => String.fromCharCode(byte)).join("");

/** The bytes of a text in base64; undefined when it is none. */
function decode(base64) {
    try {
        return Uint8Array.from(atob(base64.replace(/\s/g, "")), sign => sign.charCodeAt(0));
    } catch {
        return undefined;
    }
}

/** The text in base64 of bytes, as Cockpit sends an ay. */
export const encode = bytes => btoa(textOf(bytes));

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

/**
 * What a file has.
 * @param {Uint8Array} bytes of the file
 * @returns {{secret: boolean, blocks: {label, bytes}[]}} with secret there are no blocks. A file in
 *     DER is one block without a label.
 */
export function readFile(bytes) {
    const text = textOf(bytes);
    const blocks = [...text.matchAll(BLOCK)].map(([, label, base64]) => ({ label, bytes: decode(base64) })).filter(block => block.bytes);

    if (starts(bytes, 0, JAVA) || keyInText(text) || keyInBytes(bytes) || blocks.some(block => keyInBytes(block.bytes)))
        return { secret: true, blocks: [] };
    if (blocks.length > 0)
        return { secret: false, blocks };
    return { secret: false, blocks: bytes[0] === SEQUENCE ? [{ label: "", bytes }] : [] };
}

/** The certificates of blocks, in base64. */
export const certificatesOf = blocks => blocks.filter(({ label }) => ["", "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].includes(label))
    .map(block => encode(block.bytes));

/** The bytes of the one revocation list of blocks; undefined when there is not just one. */
export function crlOf(blocks) {
    const lists = blocks.filter(({ label }) => label === "" || label === "X509 CRL");

    return lists.length === 1 ? lists[0].bytes : undefined;
}
