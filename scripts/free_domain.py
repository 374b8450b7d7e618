"""Prints ROS_DOMAIN_IDs that nobody on this machine uses at the moment: one, or as many as are asked for."""

import itertools
import random
import socket
import sys

# Up to 101 the ports of a domain lie below those that Linux gives to outgoing connections.
DOMAINS = range(1, 102)


def in_use(domain: int) -> bool:
    """DDS participants of a domain share its multicast discovery port; without sharing, only the first can bind it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("", 7400 + 250 * domain))
        except OSError:
            return True
    return False


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    free = (domain for domain in random.sample(DOMAINS, len(DOMAINS)) if not in_use(domain))
    found = list(itertools.islice(free, wanted))
    if len(found) < wanted:
        print("All ROS domains from 1 to 101 are in use on this machine.", file=sys.stderr)
        return 1
    print(*found, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
