"""The reference platform: a small hospital network whose engineering decisions are switches."""
