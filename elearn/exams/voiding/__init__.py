"""Annulling an attempt (作废): two people, a reason, and its score never counts again."""
