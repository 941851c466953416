"""What journeys are made of: a front desk, an HL7 feed, FHIR servers, steps of a history.

Content imports it; nothing of the engine does, except ``codeblue.load.journey``.
"""
