"""Feature: records."""
