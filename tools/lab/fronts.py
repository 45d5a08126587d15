"""Other proxies in front of the same site nodes, as rows to compare with. Each
site node then stands alone and serves what the proxy sends it, over a link of the
same shape that carries HTTP. A proxy weighs sites by their servers, which is what
one who sets it up knows. NAME=COMMAND is any other program: it is told its port
and the sites by its environment (docs/benchmark.md)."""
import argparse
import re
import shutil
import socket

from lab.common import free_port, wait_until

WAYS = {"haproxy": "haproxy leastconn", "nginx": "nginx least_conn"}
KINDS = list(WAYS)
OWN = " (front)"  # after the name of a front that is a command


def front_word(text):
    """A word of --front: one of KINDS, or NAME=COMMAND."""
    name, equals, command = text.partition("=")
    if text in KINDS:
        return text
    if not equals or not command.strip() or name in KINDS or not re.fullmatch(
            r"[a-z0-9][a-z0-9-]{0,40}", name):
        raise argparse.ArgumentTypeError(
            f"{text}: {', '.join(KINDS)}, or NAME=COMMAND, NAME of a-z, 0-9 "
            "and -")
    return text


def way(word):
    return WAYS.get(word) or word.partition("=")[0] + OWN


def kind_of(name):
    """haproxy, nginx or the name of a command's front; None for a policy of
    Petrel."""
    if name.endswith(OWN):
        return name.removesuffix(OWN)
    return next((kind for kind, text in WAYS.items() if text == name), None)


def command_of(kind, words):
    """Of the front of that name, among the words of --front."""
    return next((word.partition("=")[2] for word in words
                 if word.partition("=")[0] == kind and "=" in word), None)


def environment(port, servers):
    """What a command is told; `servers`: (name, port, servers of the site)."""
    return {"FRONT_PORT": str(port), "FRONT_SITES": " ".join(
        f"{name}=127.0.0.1:{at}={count}" for name, at, count in servers)}


def program(kind):
    return shutil.which(kind, path="/usr/sbin:/usr/local/sbin:/usr/bin")


def absent(kinds):
    return [kind for kind in kinds if kind in KINDS and program(kind) is None]


def haproxy_text(port, servers):
    """`servers`: (name, port, weight)."""
    lines = ["global", "  maxconn 8000", "  nbthread 1", "defaults",
             "  mode http", "  timeout connect 5s", "  timeout client 120s",
             "  timeout server 120s", "  http-reuse always", "frontend front",
             f"  bind 127.0.0.1:{port}", "  default_backend sites",
             "backend sites", "  balance leastconn"]
    lines += [f"  server {name} 127.0.0.1:{at} weight {weight}"
              for name, at, weight in servers]
    return "\n".join(lines) + "\n"


def nginx_text(port, servers, folder):
    hosts = "".join(f"    server 127.0.0.1:{at} weight={weight} max_fails=0;\n"
                    for _, at, weight in servers)
    temps = "".join(f"  {name}_temp_path {folder}/{name};\n" for name in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4000; }}
http {{
  access_log off;
  client_max_body_size 17m;
  client_body_buffer_size 2m;
{temps}  upstream sites {{
    least_conn;
{hosts}    keepalive 512;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://sites;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_read_timeout 120s;
    }}
  }}
}}
"""


def start(kind, cluster, words=()):
    """The port of the proxy, which is one of the cluster's processes then.
    `words`: those of --front."""
    port = free_port()
    servers = [(site.name, cluster.sites[site.name].relay_port,
                min(256, site.servers)) for site in cluster.scenario.sites]
    config = cluster.folder / f"{kind}.conf"
    if kind not in KINDS:
        told = environment(port, servers)
        command = ["env", *(f"{key}={value}" for key, value in told.items()),
                   "/bin/sh", "-c", "exec " + command_of(kind, words)]
    elif kind == "haproxy":
        config.write_text(haproxy_text(port, servers))
        command = [program(kind), "-db", "-f", config]
    else:
        config.write_text(nginx_text(port, servers, cluster.folder))
        command = [program(kind), "-e", "stderr", "-p", cluster.folder, "-c",
                   config]
    cluster.run(kind, command)
    wait_until(f"start of {kind} (see {cluster.folder})",
               lambda: listens(port) or bool(cluster.dead()))
    if cluster.dead():
        raise RuntimeError(f"{kind} ended; see {cluster.folder}/{kind}.log")
    return port


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
