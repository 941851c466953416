"""Replay: the events of a population, in scaled time, into the interfaces of a platform."""

from codeblue.patients.replay.channel import Channel
from codeblue.patients.replay.delivery import Delivery, deliveries
from codeblue.patients.replay.fhir_channel import FhirChannel
from codeblue.patients.replay.mllp_channel import MllpChannel
from codeblue.patients.replay.player import Player, Summary

__all__ = [
    "Channel",
    "Delivery",
    "FhirChannel",
    "MllpChannel",
    "Player",
    "Summary",
    "deliveries",
]
