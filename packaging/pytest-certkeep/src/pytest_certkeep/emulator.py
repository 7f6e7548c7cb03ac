"""Starts `certkeep serve --emulate` and speaks with its control calls. Standard library only."""

import datetime
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

# The emulator is on this machine: a proxy has no say in it.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class CertkeepError(Exception):
    """The emulator did not start, or refused a control call; the message says why."""


class Account:
    """An account's administrator, with what each vendor's client wants."""

    def __init__(self, credentials):
        self.account_id = credentials["accountId"]
        self.account_name = credentials["accountName"]
        self.domain_id = credentials["domainId"]
        #: Huawei's clients want one for regional services; it is the account's domain id.
        self.project_id = credentials["domainId"]
        self.user_name = credentials["userName"]
        self.password = credentials["password"]
        self.access_key_id = credentials["accessKeyId"]
        self.access_key_secret = credentials["accessKeySecret"]


class Certkeep:
    """A running emulator, and the account that a test has in it."""

    _names = itertools.count(1)

    def __init__(self, url, account, stop=lambda: None):
        #: `http://127.0.0.1:54321`, as Huawei's clients want their endpoint.
        self.url = url
        #: `127.0.0.1:54321`, as Alibaba's clients want theirs (with the protocol http).
        self.endpoint = url[len("http://"):]
        self.account = account
        self.stop = stop

    @property
    def access_key_id(self):
        return self.account.access_key_id

    @property
    def access_key_secret(self):
        return self.account.access_key_secret

    @property
    def project_id(self):
        return self.account.project_id

    def create_account(self, name=None):
        """A further, empty account."""
        name = name or "pytest-%d-%d" % (os.getpid(), next(self._names))
        return Account(self._control("POST", "accounts", {"name": name}))

    def seed(self, declaration):
        """Makes what a declaration says, and gives it back with ids and access keys (docs/testing.md)."""
        return self._control("POST", "seed", declaration)

    def now(self):
        """The emulator's clock."""
        return _instant(self._control("GET", "clock"))

    def advance(self, by):
        """Moves the clock on: "30d", "1d12h" or a timedelta; back with "-1h". Returns when what fell due has been done."""
        change = {"advance_seconds": by.total_seconds()} if isinstance(by, datetime.timedelta) else {"advance": by}
        return _instant(self._control("POST", "clock", change))

    def set_time(self, to):
        """Sets the clock to an aware datetime or an ISO 8601 text."""
        text = to.isoformat() if isinstance(to, datetime.datetime) else to
        return _instant(self._control("POST", "clock", {"set": text}))

    def freeze(self):
        return _instant(self._control("POST", "clock", {"frozen": True}))

    def thaw(self):
        return _instant(self._control("POST", "clock", {"frozen": False}))

    def fault(self, **order):
        """For example fault(operation="DeleteCertificateAuthority", status=500, code="PCA.00010002", times=2)."""
        self._control("POST", "faults", order)

    def clear_faults(self):
        self._control("DELETE", "faults")

    def strict(self, on=True):
        """Refuse parameters that nobody reads, which the clouds ignore."""
        self._control("POST", "strict", {"strict": on})

    def reset(self):
        """Clock as the host's, no faults, strict as at the start; accounts and what they have stay."""
        self._control("POST", "reset")

    def with_account(self, account):
        """The same emulator for another account."""
        return Certkeep(self.url, account)

    def _control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request("%s/emulator/%s" % (self.url, path), data=data, method=method)
        try:
            with _opener.open(request, timeout=120) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise CertkeepError("%s: %s" % (path, json.load(error).get("error"))) from None


def start_certkeep(seed=None, strict=False, command=None, timeout=60.0):
    """Starts an emulator on a folder of its own, and returns when it is ready. `stop()` ends it and removes the folder.

    command: a list; default: CERTKEEP_COMMAND (words as in a shell), else `certkeep` of the PATH, else npx.
    """
    folder = tempfile.mkdtemp(prefix="certkeep-pytest-")
    arguments = ["serve", "--emulate", "--data", folder, "--port", "0", "--workers", "1", "--until-input-ends"]
    try:
        process = subprocess.Popen(
            (command or _command()) + arguments + (["--strict"] if strict else []),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CertkeepError("certkeep cannot be started: %s" % error) from None

    def stop():
        process.stdin.close()  # it stops by itself; and so it does when we are killed
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        url = _ready(process, timeout)
        with open(os.path.join(folder, "first-credentials.json"), encoding="utf-8") as file:
            certkeep = Certkeep(url, Account(json.load(file)), stop)
        if seed is not None:
            certkeep.seed(seed)
        return certkeep
    except BaseException:
        stop()
        raise


def _command():
    words = os.environ.get("CERTKEEP_COMMAND")
    if words:
        return shlex.split(words)
    found = shutil.which("certkeep")
    if found:
        return [found]
    npx = shutil.which("npx")
    if npx:
        return [npx, "--no-install", "certkeep"]
    raise CertkeepError("certkeep is not there: npm install certkeep, or name it in CERTKEEP_COMMAND")


def _ready(process, timeout):
    complaints = []
    watch = threading.Timer(timeout, process.kill)
    watch.start()
    reader = threading.Thread(target=lambda: complaints.extend(process.stderr), daemon=True)
    reader.start()
    try:
        url = None
        for line in process.stdout:
            found = re.search(r"Emulator +(http://\S+)/emulator/", line)
            url = found.group(1) if found else url
            if url and "Stop with Ctrl-C." in line:
                # What it says later must not fill the pipe.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return url
    finally:
        watch.cancel()
    process.wait()
    reader.join(5)
    raise CertkeepError("certkeep did not start: %s" % ("".join(complaints[-20:]).strip() or "it said nothing"))


def _instant(clock):
    return datetime.datetime.fromtimestamp(clock["now_ms"] / 1000, datetime.timezone.utc)
