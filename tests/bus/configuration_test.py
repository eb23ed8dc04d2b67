"""The configuration in docker/nats as it stands, on loopback: six servers, two regions."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from certificates import make_certificate
from lab import ROOT, SOON_S, Listener, Node
from nats_server import START_S, fixed_port, program, wait_for

HOSTS = {f"nats-{region}-{number}": f"127.0.1.{10 * at + number}"
         for at, region in enumerate(("eu", "us")) for number in (1, 2, 3)}


class Shipped:
    """One server of a region-*.conf whose names, ports and folders are replaced, nothing else."""

    def __init__(self, host, ports, tls, folder):
        self.address = HOSTS[host]
        self.tcp = ports["4222"]
        region = host.split("-")[1]
        self.folder = folder / host
        self.folder.mkdir()
        self.config = self.folder / f"region-{region}.conf"
        for name in ("server.conf", self.config.name):
            text = (ROOT / "docker" / "nats" / name).read_text()
            for each, address in HOSTS.items():
                text = text.replace(each, address)
            text = text.replace("0.0.0.0", self.address).replace("127.0.0.1:8222",
                                                                 self.address + ":8222")
            text = text.replace("/etc/nats/tls", str(tls)).replace('"/data"',
                                                                   f'"{self.folder}/data"')
            text = re.sub(r":(4222|6222|7222|8222)\b", lambda m: f":{ports[m.group(1)]}", text)
            (self.folder / name).write_text(text)
        self.env = {**os.environ, "SERVER_NAME": host, "NATS_USER": "tide",
                    "NATS_PASSWORD": "way"}
        self.process = None

    def __enter__(self):
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [os.environ.get("TIDEWAY_NATS") or program(), "-c", self.config], env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(self.log())
        with contextlib.suppress(OSError), socket.create_connection((self.address, self.tcp), 1):
            return True
        return False


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl to make certificates with")
class ShippedConfigurationTest(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory(prefix="tideway-bus-")))
        authority = make_certificate(folder, "ca", [])
        certificate, key = make_certificate(folder, "server", HOSTS.values(), authority)
        tls = folder / "tls"
        tls.mkdir()
        for source, name in ((authority[0], "ca.pem"), (certificate, "server.pem"),
                             (key, "server-key.pem")):
            shutil.copy(source, tls / name)
        self.authority = str(tls / "ca.pem")
        ports = {port: fixed_port() for port in ("4222", "6222", "7222", "8222")}
        self.servers = {host: self.enterContext(Shipped(host, ports, tls, folder))
                        for host in HOSTS}
        for server in self.servers.values():
            wait_for(server.answers, START_S, server.log())

    def node(self, *hosts):
        node = Node(*(self.servers[host] for host in hosts), scheme="tls", user="tide:way@",
                    args=("--bus-tls-ca-file", self.authority))
        return self.enterContext(node)

    def test_nodes_of_two_regions_hear_each_other(self):
        here = self.node("nats-eu-1", "nats-eu-2", "nats-eu-3")
        same = self.node("nats-eu-3")
        far = self.node("nats-us-2", "nats-us-1")
        for node in (here, same, far):
            node.wait_connected()
        listeners = [self.enterContext(Listener(node, channels=["c"])) for node in (same, far)]
        for listener in listeners:
            listener.reach(here, same, far, seconds=3 * SOON_S)
        client = here.client()
        client("PUBLISH", "c", "m")
        for listener in listeners:
            listener.wait_for_payload("m")
            self.assertEqual(listener.payloads(), [b"m"])
        client.close()
