#!/usr/bin/env python3
"""Verifies a receipt of a CA's destruction (GET /receipt/{ca-id}) with Python's standard library and the openssl binary:
    python3 verify-receipt.py receipt.json [key]
`key` is the line of GET /audit/key that you noted earlier; without it the receipt's own is believed. Exit code 0: it holds."""
import base64, hashlib, json, os, subprocess, sys, tempfile

FIELDS = ("at accountId userId userName accessKeyId sourceIp door requestId operation "
          "objectType objectId outcome code facts").split()

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def demand(holds, what):
    if not holds:
        sys.exit(f"NOT VALID: {what}")

def signed(key, message, signature):  # Ed25519, RFC 8032
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for name, content in zip(names, (bytes.fromhex("302a300506032b6570032100") + key, message, signature)):
            open(name, "wb").write(content)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0], "-rawin",
                               "-in", names[1], "-sigfile", names[2]], capture_output=True).returncode == 0

def commitment(name, field):  # [value, salt], or [commitment] of a field that was erased
    return bytes.fromhex(field[0]) if len(field) == 1 else sha256(bytes.fromhex(field[1]), name.encode(), b"\0", field[0].encode())

def root_of(leaf, index, size, path):  # RFC 9162, 2.1.3.2
    fn, sn, r = index, size - 1, leaf
    for p in path:
        demand(sn > 0, "the path is too long")
        if fn % 2 or fn == sn:
            r = sha256(b"\1", p, r)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    demand(sn == 0, "the path is too short")
    return r

receipt = json.load(open(sys.argv[1], encoding="utf-8"))
name, _, raw = (sys.argv[2] if len(sys.argv) > 2 else receipt["key"]).strip().split("+", 2)
key, statement, fields = base64.b64decode(raw)[1:], receipt["statement"], receipt["entry"]["fields"]
demand(signed(key, b"certkeep receipt 1\n" + statement.encode(), base64.b64decode(receipt["signature"])), "the statement's signature")
demand(fields["facts"][0] == statement, "the entry of the log says something else")
demand(fields["operation"][0] == "DestroyCaKey" and fields["objectId"][0] == json.loads(statement)["ca"]["id"], "an entry about something else")
text, _, last = receipt["checkpoint"].partition("\n\n")
demand(text.startswith(name + "\n") and signed(key, text.encode() + b"\n", base64.b64decode(last.split()[-1])[4:]), "the checkpoint's signature")
size, root = int(text.split("\n")[1]), base64.b64decode(text.split("\n")[2])
demand(0 <= receipt["entry"]["index"] < size, "the entry's number")
leaf = sha256(b"\0\1", *(commitment(each, fields[each]) for each in FIELDS))
path = [base64.b64decode(each) for each in receipt["path"]]
demand(root_of(leaf, receipt["entry"]["index"], size, path) == root, "the log does not hold this entry")
print(f"valid: entry {receipt['entry']['index']} of {size} in {name}\n{json.dumps(json.loads(statement), indent=2, ensure_ascii=False)}")
