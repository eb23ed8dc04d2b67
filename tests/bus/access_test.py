"""Who may use the NATS servers, and by which way: passwords, NKEYs, credentials files, TLS."""

import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from certificates import make_certificate
from clients_test import command_of
from lab import Listener, Node
from nats_server import NatsServer


class AccessTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory(prefix="tideway-bus-")))

    def check_joined(self, server, **how):
        """Two nodes that know how hear each other."""
        here, there = (self.enterContext(Node(server, **how)) for _ in range(2))
        self.enterContext(Listener(there, channels=["c"])).reach(here)
        return here

    def check_kept_out(self, server, **how):
        """A node that does not serves its own clients, and nobody else hears of it."""
        listener = self.enterContext(Listener(self.insider, channels=["c"]))
        node = Node(server, **how)
        node.on_bus = False  # nothing to wait for
        with node:
            client = node.client()
            with Listener(node, channels=["c"]) as own:
                for _ in range(3):
                    self.assertEqual(client("PUBLISH", "c", "kept out"), 1)
                    time.sleep(0.3)
                own.wait(lambda heard: len(heard) == 3)
            self.assertFalse(node.is_connected())
            self.assertEqual(listener.payloads(), [])
            client.close()
        return node

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_a_password(self):
        server = self.enterContext(NatsServer(
            blocks='authorization { user: "tide", password: "w@y-secret" }\n'))
        self.insider = self.check_joined(server, user="tide:w%40y-secret@")
        for secret in ("w@y-secret", "w%40y-secret"):
            self.assertNotIn(secret, self.insider.log())
            self.assertNotIn(secret, str(self.insider.bus()))
        self.check_kept_out(server, user="tide:wrong-one@")
        self.check_kept_out(server)

    def nkey(self, name):
        """The public key of a new user, and the file of its seed."""
        made = subprocess.run([*command_of("go"), "nkey"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.split()
        return made[0], self.write(name, made[1] + "\n")

    def test_an_nkey(self):
        public, seed = self.nkey("seed")
        other, other_seed = self.nkey("other")
        server = self.enterContext(NatsServer(
            blocks=f'authorization {{ users: [ {{ nkey: "{public}" }} ] }}\n'))
        self.insider = self.check_joined(
            server, args=("--bus-nkey", public, "--bus-nkey-seed-file", seed))
        self.check_kept_out(server,
                            args=("--bus-nkey", other, "--bus-nkey-seed-file", other_seed))

    def test_a_credentials_file(self):
        made = subprocess.run([*command_of("go"), "credentials", self.folder],
                              stdout=subprocess.PIPE, text=True, check=True)
        server = self.enterContext(NatsServer(blocks=made.stdout))
        self.insider = self.check_joined(
            server, args=("--bus-credentials-file", str(self.folder / "user.creds")))
        self.check_kept_out(server,
                            args=("--bus-credentials-file", str(self.folder / "stranger.creds")))

    def certificate(self, name, issuer=None):
        return make_certificate(self.folder, name, ["127.0.0.1"], issuer)

    @unittest.skipUnless(shutil.which("openssl"), "there is no openssl to make certificates with")
    def test_tls_both_ways(self):
        authority = self.certificate("authority")
        stranger = self.certificate("stranger")
        certificate, key = self.certificate("server", authority)
        own, own_key = self.certificate("node", authority)
        server = self.enterContext(NatsServer(blocks=(
            f'tls {{ cert_file: "{certificate}", key_file: "{key}", ca_file: "{authority[0]}", '
            "verify: true }\n")))
        mine = ("--bus-tls-cert-file", own, "--bus-tls-key-file", own_key)
        self.insider = self.check_joined(
            server, args=("--bus-tls", "verify", "--bus-tls-ca-file", authority[0], *mine))
        # Without a certificate of its own, and with a server that it has no reason to trust.
        self.check_kept_out(server,
                            args=("--bus-tls", "verify", "--bus-tls-ca-file", authority[0]))
        self.check_kept_out(server, args=("--bus-tls", "verify", "--bus-tls-ca-file", stranger[0],
                                          *mine))
