"""Feature: courses."""
