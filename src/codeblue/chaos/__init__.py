"""The Chaos Toolkit side: actions, probes, tolerances and a control for plain experiment files."""

from codeblue.chaos.extension import ExperimentMeta, read_extension
from codeblue.chaos.run import run_experiment

__all__ = ["ExperimentMeta", "read_extension", "run_experiment"]
