"""`python -m reference_platform.partners --insurer-port N --ehr-port M ...`."""

from __future__ import annotations

import argparse

from reference_platform.partners import run

PORTS = ("insurer", "fhir-partner", "sms", "ehr")


def main() -> None:
    """Run the partners on the ports of the command line."""
    parser = argparse.ArgumentParser(prog="python -m reference_platform.partners")
    for name in PORTS:
        parser.add_argument(f"--{name}-port", type=int, required=True)
    given = vars(parser.parse_args())
    run(**{option.removesuffix("_port"): port for option, port in given.items()})


if __name__ == "__main__":
    main()
