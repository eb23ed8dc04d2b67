"""Clusters of nats-servers, and regions joined by gateways over links that can be cut."""

import contextlib

from link import Link
from nats_server import START_S, NatsServer, fixed_port, wait_for


def _routes(name, own, ports):
    others = ", ".join(f'"nats-route://127.0.0.1:{port}"' for port in ports if port != own)
    return (f'cluster {{\n  name: "{name}"\n  listen: "127.0.0.1:{own}"\n'
            f'  routes: [{others}]\n}}\n')


class Cluster:
    """`size` servers that are joined by routes; `with` ends them. `servers` is the list of them."""

    def __init__(self, name="cluster", size=2, blocks=lambda index: ""):
        ports = [fixed_port() for _ in range(size)]
        self.servers = [NatsServer(f"{name}{i}", _routes(name, port, ports) + blocks(i))
                        for i, port in enumerate(ports)]

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for server in self.servers:
                stack.enter_context(server)
            for server in self.servers:
                wait_for(lambda server=server: self.joined(server), START_S, "the routes stand")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def joined(self, server):
        routes = server.monitor("routez").get("routes") or []
        return len({route["remote_id"] for route in routes}) == len(self.servers) - 1


class Regions:
    """Clusters that are joined by gateways, each gateway behind a Link; `with` ends all of it.

    `clusters` maps a region's name to its Cluster. All names of a region lead through its links.
    """

    def __init__(self, names=("east", "west"), size=1):
        gateways = {name: [fixed_port() for _ in range(size)] for name in names}
        self.links = {name: [Link(port) for port in gateways[name]] for name in names}
        self.clusters = {}
        for name in names:
            def block(index, name=name):
                return self._gateway(name, gateways[name][index], self.links[name][index].port)
            self.clusters[name] = Cluster(name, size, block)

    def _gateway(self, name, port, advertised):
        remotes = ""
        for other, links in self.links.items():
            if other != name:
                urls = ", ".join(f'"nats://127.0.0.1:{link.port}"' for link in links)
                remotes += f'    {{ name: "{other}", urls: [{urls}] }}\n'
        return (f'gateway {{\n  name: "{name}"\n  listen: "127.0.0.1:{port}"\n'
                f'  advertise: "127.0.0.1:{advertised}"\n  gateways: [\n{remotes}  ]\n}}\n')

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for links in self.links.values():
                for link in links:
                    stack.callback(link.close)
            for cluster in self.clusters.values():
                stack.enter_context(cluster)
            self.wait_until_joined()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def __getitem__(self, name):
        """The servers of a region."""
        return self.clusters[name].servers

    def wait_until_joined(self):
        for cluster in self.clusters.values():
            for server in cluster.servers:
                wait_for(lambda server=server: self.joined(server), START_S, "the gateways stand")

    def joined(self, server):
        """Its way out to every other region stands."""
        page = server.monitor("gatewayz")
        return len(page.get("outbound_gateways") or {}) == len(self.clusters) - 1

    def cut(self):
        for links in self.links.values():
            for link in links:
                link.cut()

    def silence(self):
        for links in self.links.values():
            for link in links:
                link.silence()

    def heal(self):
        for links in self.links.values():
            for link in links:
                link.heal()
