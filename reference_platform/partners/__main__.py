"""`python -m reference_platform.partners --insurer-port N --ehr-port M`."""

from __future__ import annotations

import argparse

from reference_platform.partners import run


def main() -> None:
    """Run the partners on the ports of the command line."""
    parser = argparse.ArgumentParser(prog="python -m reference_platform.partners")
    parser.add_argument("--insurer-port", type=int, required=True)
    parser.add_argument("--ehr-port", type=int, required=True)
    arguments = parser.parse_args()
    run(arguments.insurer_port, arguments.ehr_port)


if __name__ == "__main__":
    main()
