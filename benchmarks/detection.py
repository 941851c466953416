"""Detection power, scored like mutation testing.

Takes away one engineering decision at a time and counts in how many runs a check that examines it
fails; runs ``production`` and counts false alarms; runs ``pilot`` and counts the gaps it names.
The last line is one JSON object: ``false_alarms``, ``production_runs``, ``detected`` (runs by
switch), ``runs_per_switch``, ``wrongly_blamed`` (failed checks that examine other switches only)
and ``seconds_per_run`` (median).

    python benchmarks/detection.py --production 10 --each 5 --pilot 2
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def switches(answers: Iterable[dict[str, Any]]) -> list[str]:
    """The switches that a check of these runs examined, in the order of the reports."""
    examined = {
        name
        for answer in answers
        for check in answer["checks"]
        if check["verdict"] != "not exercised"
        for name in check["examines"]
    }
    known = tomllib.loads((ROOT / "reports" / "switches.toml").read_text())
    return [name for name in known if name in examined]


def assess(profile: str, seed: int) -> dict[str, Any]:
    """One assessment; its JSON object."""
    command = [sys.executable, "-m", "codeblue.cli", "assess", "--json", "-q"]
    done = subprocess.run(
        [*command, "--profile", profile, "--seed", str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"{profile}: no result (exit {done.returncode}). {done.stderr.strip()}")
    return answer


def failed(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The checks of a run that failed."""
    return (check for check in answer["checks"] if check["verdict"] == "fail")


def say(profile: str, seed: int, answer: dict[str, Any]) -> None:
    """One line for the person who waits."""
    notable = ", ".join(
        f"{check['id']} {check['verdict']}"
        for check in answer["checks"]
        if check["verdict"] in ("fail", "inconclusive")
    )
    print(
        f"{profile:<36} seed {seed:>2}  {answer['verdict']:<12} {answer['seconds']:6.1f} s  "
        f"{notable or 'every check that ran passed'}",
        flush=True,
    )


def run_profile(profile: str, count: int) -> list[dict[str, Any]]:
    """``count`` assessments of ``profile``, each with a seed of its own."""
    answers = []
    for seed in range(1, count + 1):
        answers.append(assess(profile, seed))
        say(profile, seed, answers[-1])
    return answers


def main() -> None:
    """Run everything, print the table, and the JSON object last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--production", type=int, default=10, help="at least 1")
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--pilot", type=int, default=2)
    wanted = parser.parse_args()

    production = run_profile("production", wanted.production)
    names = switches(production)
    without = {name: run_profile(f"production-{name}", wanted.each) for name in names}
    pilot = run_profile("pilot", wanted.pilot)
    named = Counter(
        name
        for answer in pilot
        for name in {name for check in failed(answer) for name in check["examines"]}
    )
    everything = [*production, *pilot, *(answer for runs in without.values() for answer in runs)]
    print(
        json.dumps(
            {
                "false_alarms": sum(answer["exit"] != 0 for answer in production),
                "production_runs": len(production),
                "detected": {
                    name: sum(any(name in c["examines"] for c in failed(answer)) for answer in runs)
                    for name, runs in without.items()
                },
                "runs_per_switch": wanted.each,
                "wrongly_blamed": sum(
                    name not in check["examines"]
                    for name, runs in without.items()
                    for answer in runs
                    for check in failed(answer)
                ),
                "pilot_runs": len(pilot),
                "pilot_named": dict(named),
                "seconds_per_run": statistics.median(answer["seconds"] for answer in everything),
            }
        )
    )


if __name__ == "__main__":
    main()
