"""Feature: authoring."""
