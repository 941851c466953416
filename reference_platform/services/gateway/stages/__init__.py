"""The stages of the gateway, one concern each."""
