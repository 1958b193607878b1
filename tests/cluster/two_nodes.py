"""A cluster of two nodes on loopback, one worker each, in this process's children.

Prints its address, kills its second node when told `kill` on standard input (SIGKILL, no farewell), ends when the input ends.
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster

_EACH = {"num_cpus": 1, "object_store_memory": 100_000_000}


def main() -> None:
    head = {**_EACH, "node_ip_address": "127.0.0.1", "include_dashboard": False}
    cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
    second = cluster.add_node(wait=True, node_ip_address="127.0.0.2", **_EACH)
    sys.stdout.write(f"address {cluster.address}\n")
    sys.stdout.flush()
    try:
        for line in sys.stdin:
            if line.strip() == "kill":
                cluster.remove_node(second, allow_graceful=False)
                sys.stdout.write("killed\n")
                sys.stdout.flush()
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
