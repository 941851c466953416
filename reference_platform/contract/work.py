"""Requests and answers of what is done later: letters, referrals, billing runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reference_platform.contract.primitives import Code, Id, Line, Paragraph, Strict, absent


class DischargeRequest(Strict):
    """A patient goes home, and is to get a letter that says so."""

    patient: Id
    visit: Line = absent()
    summary: Paragraph


class Letter(Strict):
    """A discharge letter, on its way or sent."""

    id: Id
    status: Literal["queued", "done", "failed"]


class ReferralRequest(Strict):
    """A patient is to see a specialist: in this slot, paid by this payer."""

    patient: Id
    slot: Id
    specialty: Code
    payer: Code
    member: Line


class ReferralStep(Strict):
    """One system's part in a referral."""

    name: Literal["appointment", "eligibility", "ehr_order", "notification"]
    state: Literal["pending", "running", "done", "failed", "compensated"]


class Referral(Strict):
    """A referral, under way or at its end; "compensated" says that nothing of it is left."""

    id: Id
    status: Literal["accepted", "completed", "compensated", "failed"]
    steps: list[ReferralStep]


class BillingRun(Strict):
    """A billing run so far: the sum that was billed, in cents, and the number of accounts."""

    id: Id
    status: Literal["running", "done", "failed"]
    billed: Annotated[int, Field(ge=0)]
    accounts: Annotated[int, Field(ge=0)]
