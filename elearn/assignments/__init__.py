"""Feature: assignments."""
