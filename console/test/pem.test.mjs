// SPDX-License-Identifier: BSD-2-Clause
// Goal: a private key in any form is seen before a file is used, and certificates and lists are found
// in PEM and DER.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { certificatesOf, crlOf, encode, readFile } from "../src/pem.js";

const bytesOf = text => new TextEncoder().encode(text);
const pem = (label, bytes) => `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString("base64")}\n-----END ${label}-----\n`;
// A SEQUENCE in a SEQUENCE, as certificates and lists begin.
const DER = Uint8Array.from([0x30, 0x05, 0x30, 0x03, 0x0c, 0x01, 0x41]);
// As a revocation list begins: with a version within, as a key does.
const CRL = Uint8Array.from([0x30, 0x0a, 0x30, 0x08, 0x02, 0x01, 0x01, 0x30, 0x03, 0x0c, 0x01, 0x41]);
const key = (type, options, encoding) => generateKeyPairSync(type, options).privateKey.export(encoding);
const EC = { namedCurve: "P-256" };

const SECRETS = {
    "PKCS#8 in PEM": bytesOf(key("ec", EC, { type: "pkcs8", format: "pem" })),
    "PKCS#8 in DER": new Uint8Array(key("ec", EC, { type: "pkcs8", format: "der" })),
    "SEC 1 in DER": new Uint8Array(key("ec", EC, { type: "sec1", format: "der" })),
    "PKCS#1 in DER": new Uint8Array(key("rsa", { modulusLength: 1024 }, { type: "pkcs1", format: "der" })),
    "an encrypted key in DER": new Uint8Array(key("ec", EC, { type: "pkcs8", format: "der", cipher: "aes-256-cbc", passphrase: "x" })),
    "an encrypted key in PEM": bytesOf(key("ec", EC, { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })),
    "Ed25519 in DER": new Uint8Array(key("ed25519", {}, { type: "pkcs8", format: "der" })),
    "PKCS#12": Uint8Array.from([0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03, 0x30, 0x82]),
    "a key of OpenSSH": bytesOf("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n"),
    "a key of PuTTY": bytesOf("PuTTY-User-Key-File-3: ssh-ed25519\n"),
    "a Java key store": Uint8Array.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]),
    JWK: bytesOf('{"kty":"EC","crv":"P-256","d":"x"}'),
    "a key behind a certificate": bytesOf(pem("CERTIFICATE", DER) + key("ec", EC, { type: "sec1", format: "pem" })),
    "a key under a certificate's label": bytesOf(pem("CERTIFICATE", key("ec", EC, { type: "pkcs8", format: "der" }))),
    "a key behind a certificate in DER": Uint8Array.from([...DER, ...new Uint8Array(key("ec", EC, { type: "sec1", format: "der" }))]),
    "a key with a broken label": bytesOf("--BEGIN EC PRIVATE KEY\nMHc"),
};

for (const [name, bytes] of Object.entries(SECRETS))
    test(`${name} is a private key`, () => assert.deepEqual(readFile(bytes), { secret: true, blocks: [] }));

test("certificates in PEM and DER", () => {
    const text = `subject\n${pem("CERTIFICATE", DER)}\nand\n${pem("CERTIFICATE", DER)}${pem("X509 CRL", DER)}`;

    assert.deepEqual(certificatesOf(readFile(bytesOf(text)).blocks), [encode(DER), encode(DER)]);
    assert.deepEqual(certificatesOf(readFile(DER).blocks), [encode(DER)]);
});

test("one revocation list in PEM and DER", () => {
    assert.deepEqual(crlOf(readFile(bytesOf(pem("X509 CRL", CRL))).blocks), CRL);
    assert.deepEqual(crlOf(readFile(CRL).blocks), CRL);
    assert.equal(crlOf(readFile(bytesOf(pem("X509 CRL", DER) + pem("X509 CRL", DER))).blocks), undefined);
});

test("a file with nothing", () => assert.deepEqual(readFile(bytesOf("hello")), { secret: false, blocks: [] }));
test("an empty file", () => assert.deepEqual(readFile(new Uint8Array()), { secret: false, blocks: [] }));
