"""Feature: reports."""
