"""Prints a ROS_DOMAIN_ID that nobody on this machine uses at the moment."""

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
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        if not in_use(domain):
            print(domain)
            return 0
    print("All ROS domains from 1 to 101 are in use on this machine.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
